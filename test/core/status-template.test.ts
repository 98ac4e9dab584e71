import { describe, expect, test } from 'vitest'
import { fillStatusTemplate, parseStatusTemplate } from '../../src/core/sessions/status-template.ts'

function line(template: string, values: object): string {
  const parsed = parseStatusTemplate(template)
  if (parsed.kind === 'wrong') throw new Error(parsed.why)
  return fillStatusTemplate(parsed.parts, values)
}

describe('a template of wrk status --format', () => {
  test.each([
    ['{mine} {ready}', { mine: 'WRK-1', ready: '3' }, 'WRK-1 3'],
    ['[{mine} ]{ready} ready', { mine: '', ready: '0' }, '0 ready'],
    ['[{mine} ]{ready} ready', { mine: 'WRK-1 WRK-2', ready: '0' }, 'WRK-1 WRK-2 0 ready'],
    ['a[, {orphaned} of {held}]b', { orphaned: '0', held: '2' }, 'a, 0 of 2b'],
    ['a[, {orphaned} of {held}]b', { orphaned: '0', held: '0' }, 'ab'],
    ['[[{ready}]] {{x}}', { ready: '1' }, '[1] {x}'],
    ['', {}, ''],
  ])('%j with %j gives %j', (template, values, expected) => {
    expect(line(template, values)).toBe(expected)
  })

  test.each([
    ['{title}', 'unknown name {title}'],
    ['{toString}', 'unknown name {toString}'],
    ['{mine', '{ without its other half'],
    ['mine}', '} without its other half'],
    ['[{mine}', '[ without its other half'],
    ['{mine}]', '] without its other half'],
    ['[a[{mine}]]', '[ without its other half'],
    ['[mine]', 'without a name'],
  ])('%j cannot be read', (template, why) => {
    expect(parseStatusTemplate(template)).toEqual({ kind: 'wrong', why: expect.stringContaining(why) })
  })

  test('says which names it needs', () => {
    expect(parseStatusTemplate('{mine}[{held}]')).toMatchObject({ words: new Set(['mine', 'held']) })
  })
})
