/** What is reported of a file without readable frontmatter: the reason, the sentence and the place. */
import { describe, expect, test } from 'vitest'
import { splitFrontmatter } from '../../src/markdown/split.ts'

const at = (line: number, column: number) => ({ line, column })
const bytesOf = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

describe('a file', () => {
  const blank = (size: number) => ' '.repeat(size)
  test.each<
    [what: string, bytes: Buffer, reason: string, message: string, place: { line: number; column: number }]
  >([
    ['of nothing', bytesOf(''), 'empty', 'the file is empty', at(1, 1)],
    ['of a mark alone', bytesOf('\ufeff'), 'empty', 'the file is empty', at(1, 1)],
    ['of blanks', bytesOf(blank(256)), 'empty', 'the file is empty', at(1, 1)],
    ['of a mark and blanks', bytesOf('\ufeff', blank(256)), 'empty', 'the file is empty', at(1, 1)],
    ['of very many blanks', bytesOf(blank(257)), 'none', 'its first line is not `---`', at(1, 1)],
    ['of two dashes', bytesOf('--'), 'none', 'its first line is not `---`', at(1, 1)],
    ['of two dashes and more', bytesOf('--x\n---\n'), 'none', 'its first line is not `---`', at(1, 1)],
    ['of a dash in the middle', bytesOf('x--\n---\n'), 'none', 'its first line is not `---`', at(1, 1)],
    ['of dashes apart', bytesOf('-x-\n---\n'), 'none', 'its first line is not `---`', at(1, 1)],
    ['with half a mark', bytesOf([0xef, 0xbb], '---\na: 1\n---\n'), 'none', 'is not `---`', at(1, 1)],
    ['with another mark', bytesOf([0xef, 0xbb, 0xbe], '---\na: 1\n---\n'), 'none', 'is not `---`', at(1, 1)],
    ['with half a mark of UTF-16', bytesOf([0xff], '---\na: 1\n---\n'), 'none', 'is not `---`', at(1, 1)],
    ['with the other half', bytesOf([0xfe], '---\na: 1\n---\n'), 'none', 'is not `---`', at(1, 1)],
    ['in UTF-16', bytesOf([0xff, 0xfe], 'x'), 'encoding', 'UTF-16; save it as UTF-8', at(1, 1)],
    [
      'in UTF-16, big end first',
      bytesOf([0xfe, 0xff], 'x'),
      'encoding',
      'UTF-16; save it as UTF-8',
      at(1, 1),
    ],
    ['with a NUL', bytesOf('x'.repeat(255), [0]), 'encoding', 'the file holds NUL bytes', at(1, 1)],
    ['with a NUL far behind', bytesOf('x'.repeat(256), [0]), 'none', 'is not `---`', at(1, 1)],
    ['of four dashes', bytesOf('----\na: 1\n---\n'), 'none', 'its first line is not exactly `---`', at(1, 1)],
    ['of many dashes and words', bytesOf('---- x\n'), 'none', 'is not exactly `---`', at(1, 1)],
    ['of another language', bytesOf('---  toml \r\na = 1\n---\n'), 'language', '("toml")', at(1, 6)],
    ['of another language behind a mark', bytesOf('\ufeff---js\n---\n'), 'language', '("js")', at(1, 4)],
    [
      'of another language and no line',
      bytesOf('---js'),
      'language',
      '("js"); wrk reads only YAML',
      at(1, 4),
    ],
    ['of a long language', bytesOf(`---${'x'.repeat(50)}\n`), 'language', `("${'x'.repeat(40)}")`, at(1, 4)],
    ['of a language with a NUL', bytesOf('--- x', [0], '\n---\n'), 'encoding', 'NUL bytes', at(1, 5)],
    [
      'whose first line ends in a return',
      bytesOf('---\ra\n---\n'),
      'none',
      'only in a carriage return',
      at(1, 4),
    ],
    ['that is not closed', bytesOf('---\na: 1\n'), 'unclosed', 'has no closing `---` line', at(1, 1)],
    [
      'closed by a longer line',
      bytesOf('---\na: 1\n---x'),
      'unclosed',
      'has no closing `---` line',
      at(1, 1),
    ],
    ['closed by a return', bytesOf('---\na: 1\n---\rx'), 'unclosed', 'has no closing `---` line', at(1, 1)],
    ['closed before it ends', bytesOf('---\na: 1\n---\r'), 'unclosed', 'has no closing `---` line', at(1, 1)],
    ['with a bad byte', bytesOf('---\na: 1\n  ', [0x80], '\n---\n'), 'encoding', 'byte 0x80', at(3, 3)],
    ['with a bad byte first', bytesOf('---\n', [0xff], '\n---\n'), 'encoding', 'byte 0xff', at(2, 1)],
    [
      'with a NUL in YAML',
      bytesOf('---\né', [0], 'b\n---\n'),
      'encoding',
      'not UTF-8 text: byte 0x00',
      at(2, 2),
    ],
    [
      'with a sign cut off',
      bytesOf('---\na\n\né', [0xe2, 0x82], '\n---\n'),
      'encoding',
      'byte 0xe2',
      at(4, 2),
    ],
    ['with the end of a mark', bytesOf('xx', [0xbf], '---\na: 1\n---\n'), 'none', 'is not `---`', at(1, 1)],
    ['with a mark but its first', bytesOf('x', [0xbb, 0xbf], '---\n---\n'), 'none', 'is not `---`', at(1, 1)],
    [
      'with a mark but its second',
      bytesOf([0xef], 'x', [0xbf], '---\n---\n'),
      'none',
      'is not `---`',
      at(1, 1),
    ],
    ['with a byte in second place', bytesOf('x', [0xfe], 'x'), 'none', 'is not `---`', at(1, 1)],
    ['with another in second place', bytesOf('x', [0xff], 'x'), 'none', 'is not `---`', at(1, 1)],
    ['of a mark and a NUL', bytesOf('\ufeff--- x', [0], '\n---\n'), 'encoding', 'NUL bytes', at(1, 5)],
  ])('%s: %#', (_, bytes, reason, message, place) => {
    expect(splitFrontmatter(bytes)).toEqual({
      kind: 'error',
      reason,
      message: expect.stringContaining(message),
      ...place,
    })
  })

  test('with the sign for bad bytes in its text, and no bad byte, is valid', () => {
    expect(splitFrontmatter(bytesOf('---\na: \ufffd\n---\n'))).toMatchObject({ yaml: 'a: \ufffd\n' })
    // What the body holds is not looked at.
    expect(splitFrontmatter(bytesOf('---\na: 1\n---\n', [0, 0xff]))).toMatchObject({ yaml: 'a: 1\n' })
  })

  test('counts as whole by default: its last line may close', () => {
    expect(splitFrontmatter(bytesOf('---\na: 1\n---'))).toMatchObject({ kind: 'split', yaml: 'a: 1\n' })
  })

  test('is looked at no further than its length', () => {
    const bytes = bytesOf('\ufeff---\na: 1\n---\n')
    for (let length = 0; length < bytes.length - 1; length++)
      expect(splitFrontmatter(bytes, false, length).kind).toBe('error')
    expect(splitFrontmatter(bytes, true, bytes.length - 1)).toMatchObject({ kind: 'split', yaml: 'a: 1\n' })
    for (const length of [3, 4, 5])
      expect(splitFrontmatter(bytesOf('---\n\n'), true, length)).toMatchObject({ reason: 'unclosed' })
    for (const length of [0, 1, 2])
      expect(splitFrontmatter(bytesOf('---\n---\n'), true, length).kind).toBe('error')
    expect(splitFrontmatter(bytesOf('--- \t\n---\n'), true, 5)).toMatchObject({ reason: 'unclosed' })
    const crlf = bytesOf('---\r\na: 1\r\n---\r\n')
    for (const whole of [true, false])
      expect(splitFrontmatter(crlf, whole, crlf.length - 1)).toMatchObject({ reason: 'unclosed' })
    expect(splitFrontmatter(bytesOf('---\na: 1\n--- x'), true, 12)).toMatchObject({ kind: 'split' })
    // The line goes on behind it, but that is not known here.
    expect(splitFrontmatter(bytesOf('---js\n---\n'), true, 3)).toMatchObject({ reason: 'unclosed' })
  })
})
