import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitFrontmatter } from '../../src/markdown/split.ts'
import { runs } from '../support/property-runs.ts'

const split = (text: string | Buffer, whole = true) => splitFrontmatter(Buffer.from(text as string), whole)

describe('splitFrontmatter finds the YAML text', () => {
  test('between the fences, with its place in the file', () => {
    expect(split('---\nid: A\n---\nbody\n---\n')).toEqual({
      kind: 'split',
      bom: false,
      yamlStart: 4,
      yamlEnd: 10,
      yaml: 'id: A\n',
      firstLine: 2,
      eol: '\n',
    })
  })
  test.each([
    ['behind a byte order mark', '\ufeff---\nid: A\n---\n', { bom: true, yamlStart: 7, yaml: 'id: A\n' }],
    ['of no lines', '---\n---\n', { yamlStart: 4, yamlEnd: 4, yaml: '', eol: '\n' }],
    ['of no lines, with CRLF', '---\r\n---\r\n', { yamlStart: 5, yamlEnd: 5, yaml: '', eol: '\r\n' }],
    ['with blanks behind the fences', '--- \t\nid: A\n---\t \nbody', { yaml: 'id: A\n' }],
    ['with CRLF', '---\r\nid: A\r\n---\r\n', { yaml: 'id: A\r\n', eol: '\r\n' }],
    ['with the ending of the last line', '---\nid: A\r\n---\n', { eol: '\r\n' }],
    ['when the closing fence ends the file', '---\nid: A\n---', { yaml: 'id: A\n', yamlEnd: 10 }],
    [
      'past lines that only begin like a fence',
      '---\na: |\n\n---x\n----\n ---\n---\n',
      { yaml: 'a: |\n\n---x\n----\n ---\n' },
    ],
    ['in UTF-8', '---\nt: é — 😀 \ufffd\n---\n', { yaml: 't: é — 😀 \ufffd\n' }],
  ])('%s', (_, text, expected) => {
    expect(split(text)).toMatchObject({ kind: 'split', ...expected })
  })
  test.each(['\r', 'x'])(
    'and tells the same of the head of a file without a line feed and of all of it (---%j)',
    end => {
      const bytes = Buffer.from(`---${end}${'long '.repeat(1000)}\0`)
      const all = splitFrontmatter(bytes)
      expect(all).toMatchObject({ kind: 'error', line: 1, column: 4 })
      expect(splitFrontmatter(bytes, false, 4096)).toEqual(all)
    },
  )
  test('and takes any bytes as the body', () => {
    const bytes = Buffer.concat([Buffer.from('---\nid: A\n---\n'), Buffer.from([0xff, 0xfe, 0, 0x80])])
    expect(splitFrontmatter(bytes)).toMatchObject({ kind: 'split', yaml: 'id: A\n' })
  })
})

describe('splitFrontmatter says why there is no YAML text', () => {
  test.each([
    ['', 'empty', 1, 1],
    ['\ufeff', 'empty', 1, 1],
    [' \n\n', 'empty', 1, 1],
    ['# Title\n', 'none', 1, 1],
    ['\n---\nid: A\n---\n', 'none', 1, 1],
    ['----\nid: A\n----\n', 'none', 1, 1],
    ['---\rid: A\r---\r', 'none', 1, 4],
    ['---', 'unclosed', 1, 1],
    ['---\n', 'unclosed', 1, 1],
    ['---\nid: A\n', 'unclosed', 1, 1],
    ['---\nid: A\n ---\n', 'unclosed', 1, 1],
    ['---js\nmodule.exports = 1\n---\n', 'language', 1, 4],
    ['--- json\n{}\n---\n', 'language', 1, 5],
  ])('%j: %s', (text, reason, line, column) => {
    expect(split(text)).toMatchObject({ kind: 'error', reason, line, column })
  })
  test.each([
    ['UTF-16 with a mark', Buffer.from('\ufeff---\nid: A\n---\n', 'utf16le')],
    ['big-endian UTF-16', Buffer.from('\ufeff---\nid: A\n---\n', 'utf16le').swap16()],
    ['UTF-16 without a mark', Buffer.from('---\nid: A\n---\n', 'utf16le')],
  ])('%s is an encoding error', (_, bytes) => {
    expect(splitFrontmatter(bytes)).toMatchObject({ kind: 'error', reason: 'encoding' })
  })
  test.each([
    [[0xe9], 5],
    [[0xf0, 0x9f, 0x98], 5],
    [[0x41, 0x00], 6],
  ])('bytes %j in the YAML text are an encoding error with their place', (bad, column) => {
    const bytes = Buffer.concat([Buffer.from('---\nid: A\né: '), Buffer.from(bad), Buffer.from('\n---\n')])
    expect(splitFrontmatter(bytes)).toMatchObject({
      kind: 'error',
      reason: 'encoding',
      line: 3,
      column: column - 1,
    })
  })
})

test('of a head only, a fence that may go on does not close', () => {
  expect(split('---\nid: A\n---', false)).toMatchObject({ reason: 'unclosed' })
  expect(split('---\nid: A\n---\r', false)).toMatchObject({ reason: 'unclosed' })
  expect(split('---\nid: A\n---\n', false)).toMatchObject({ kind: 'split' })
})

test('any head of a file gives what the whole file gives, or is unclosed or too short', () => {
  const line = fc.constantFrom('---', '--- ', '---x', 'id: A', 'é: 😀', '', ' ---', '----')
  const text = fc
    .tuple(fc.array(line), fc.constantFrom('\n', '\r\n'))
    .map(([lines, eol]) => `---${eol}${lines.join(eol)}`)
  fc.assert(
    fc.property(text, fc.nat(), (whole, n) => {
      const bytes = Buffer.from(whole)
      const head = splitFrontmatter(bytes.subarray(0, 6 + n), false)
      if (head.kind === 'split') expect(head).toEqual(splitFrontmatter(bytes))
      else expect(head.reason).toBe('unclosed')
    }),
  )
})

test('what is behind the given length does not matter', () => {
  const piece = fc.constantFrom('---', '\n', '\r\n', '\n---', '\n---\n', ' ', 'id: A', '\uFEFF', 'x')
  const text = fc.array(piece, { maxLength: 8 }).map(pieces => Buffer.from(pieces.join('')))
  fc.assert(
    fc.property(text, text, fc.boolean(), (bytes, behind, whole) => {
      const found = splitFrontmatter(Buffer.concat([bytes, behind]), whole, bytes.length)
      expect(found).toEqual(splitFrontmatter(bytes, whole))
    }),
    { numRuns: runs(3000) },
  )
})
