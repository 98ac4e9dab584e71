/** The block in CLAUDE.md and its like: what stood before is restored byte for byte. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BEGIN,
  blockOf,
  END,
  findBlock,
  withBlock,
  withoutBlock,
} from '../../../src/core/agents/marked-block.ts'
import { runs } from '../../support/property-runs.ts'

const CONTENT = 'Claim before you work.\n\n- wrk claim WRK-1\n'

const lines = fc.array(
  fc.constantFrom('', 'text', '# head', '  - list', '<!-- other -->', 'wrk: begin', '---'),
)
const text = fc.tuple(lines, fc.constantFrom('\n', '\r\n'), fc.boolean()).map(([all, newline, ended]) => {
  const joined = all.join(newline)
  return ended && joined !== '' ? joined + newline : joined
})

test('a block that is put in and taken out leaves every text as it was', () => {
  fc.assert(
    fc.property(text, before => {
      const after = withBlock(before, CONTENT)
      expect(after.startsWith(before)).toBe(true)
      expect(withoutBlock(after)).toBe(before)
      expect(withBlock(after, CONTENT)).toBe(after)
    }),
    { numRuns: runs(2000) },
  )
})

test('a block is renewed in its place, and still taken out without a trace', () => {
  fc.assert(
    fc.property(text, text, (before, behind) => {
      const old = withBlock(before, 'old words\nof another version')
      const moved = old + behind
      const renewed = withBlock(moved, CONTENT)
      expect(findBlock(renewed)).toMatchObject({ kind: 'block', content: blockOf(CONTENT) })
      expect(withoutBlock(renewed)).toBe(withoutBlock(moved))
    }),
    { numRuns: runs(1000) },
  )
})

describe('a file', () => {
  test('that holds only the block was made for it', () => {
    const made = withBlock(null, CONTENT)
    expect(made).toBe(`${BEGIN}\n${CONTENT.trim()}\n${END}\n`)
    expect(withoutBlock(made)).toBeNull()
    expect(withoutBlock(`${made}\nmore\n`)).toBe('\nmore\n')
  })

  test('with text gets one blank line before the block, in its own line endings', () => {
    expect(withBlock('a\n', 'x')).toBe(`a\n\n${BEGIN}\nx\n${END}\n`)
    expect(withBlock('a\r\n', 'x')).toBe(`a\r\n\r\n${BEGIN}\r\nx\r\n${END}\r\n`)
    expect(withBlock('a\nb\r\n', 'x')).toBe(`a\nb\r\n\n${BEGIN}\nx\n${END}\n`)
  })

  test('whose last line is not ended gets a block that ends its own, and comes back as it was', () => {
    expect(withBlock('a', 'x')).toBe(`a\n${BEGIN}\nx\n${END}\n`)
    expect(withBlock('a\r\nb', 'x')).toBe(`a\r\nb\r\n${BEGIN}\r\nx\r\n${END}\r\n`)
    for (const before of ['a', '', 'a\r\nb']) expect(withoutBlock(withBlock(before, 'x'))).toBe(before)
    expect(withoutBlock(`${withBlock('a', 'x')}more\n`)).toBe('a\nmore\n')
    expect(withoutBlock(`${withBlock('', 'x')}more\n`)).toBe('more\n')
  })

  test('whose last line break an editor took away is read and renewed', () => {
    for (const before of ['a', 'a\n', '', 'a\r\nb\r\n']) {
      const cut = withBlock(before, 'x').replace(/\r?\n$/, '')
      expect(withoutBlock(cut)).toBe(before)
      expect(withBlock(cut, 'y')).toBe(withBlock(before, 'y'))
    }
    expect(withoutBlock(withBlock(null, 'x').trimEnd())).toBeNull()
  })

  test('with text right behind the end mark is not guessed at', () => {
    const message = expect.stringContaining(`${END} is missing`)
    expect(findBlock(`a\n\n${BEGIN}\nx\n${END}more text\n`)).toEqual({ kind: 'broken', offset: 3, message })
    expect(findBlock(`${END} is a mark\n`)).toEqual({ kind: 'none' })
    expect(findBlock(`${withBlock(null, 'x')}${END} is a mark\n`).kind).toBe('block')
  })

  test.each([
    ['an end without a begin', `a\n${END}\n`, 2, `${BEGIN} is missing`],
    ['a begin without an end', `${BEGIN}\na\n`, 0, `${END} is missing`],
    ['an end before the begin', `${END}\n${BEGIN}\n`, END.length + 1, `${END} is missing`],
    ['two begins', `${BEGIN}\n${BEGIN}\n${END}\n`, BEGIN.length + 1, `duplicate ${BEGIN}`],
    ['two ends', `${BEGIN}\n${END}\n${END}\n`, BEGIN.length + END.length + 2, `duplicate ${END}`],
  ])('with %s is not guessed at', (_, broken, offset, why) => {
    expect(findBlock(broken)).toEqual({ kind: 'broken', offset, message: expect.stringContaining(why) })
  })

  test('that talks of the marks within a line has no block', () => {
    const talk = `the mark ${BEGIN} and ${END}\n    ${BEGIN}\n`
    expect(findBlock(talk)).toEqual({ kind: 'none' })
    expect(withoutBlock(talk)).toBe(talk)
  })
})
