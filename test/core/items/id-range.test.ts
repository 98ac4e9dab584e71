/** Ranges of ids, and that none of them could be an id. */
import { describe, expect, test } from 'vitest'
import { isInRange, parseIdRange } from '../../../src/core/items/id-range.ts'
import { type ItemKey, parseId } from '../../../src/core/items/ids.ts'
import { isOneItem } from '../../../src/core/items/one-item.ts'

describe('a range', () => {
  test.each([
    ['3-7', 'wrk-', 3, 7],
    ['WRK-3-7', 'wrk-', 3, 7],
    ['workspace-hub#10-12', 'workspace-hub-', 10, 12],
    ['workspace-hub-010-012', 'workspace-hub-', 10, 12],
    ['5-5', 'wrk-', 5, 5],
  ])('%s', (text, prefix, from, to) => {
    expect(parseIdRange(text, 'WRK')).toEqual({ text, prefix, from, to })
    expect(isOneItem([text])).toBe(false)
    expect(() => parseId(text, 'WRK')).toThrow()
  })

  test.each([
    '3',
    'WRK-3',
    'workspace-hub-1311',
    'workspace-hub#1311',
    'WRK-222.1',
    '1.5',
    'a2-5',
    'x',
    '-5',
    '3-',
  ])('is not what %j is', text => {
    expect(parseIdRange(text, 'WRK')).toBeNull()
    expect(isOneItem([text])).toBe(true)
  })

  test.each(['7-3', 'WRK-7-3'])(
    'that ends before it starts is refused, with the way to write it: %s',
    text => {
      expect(() => parseIdRange(text, 'WRK')).toThrow(
        expect.objectContaining({ code: 'USAGE', hint: `Write it as ${text.slice(0, -3)}3-7` }),
      )
    },
  )

  test('holds whole numbers of its own prefix', () => {
    const range = parseIdRange('3-11', 'WRK')!
    const held = ['wrk-2', 'wrk-3', 'wrk-11', 'wrk-12', 'wrk-4.1', 'other-4', 'wrk-x-4'].filter(key =>
      isInRange(range, key as ItemKey),
    )
    expect(held).toEqual(['wrk-3', 'wrk-11'])
  })
})
