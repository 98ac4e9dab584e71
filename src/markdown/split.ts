/**
 * Finds the YAML text between the two `---` lines of a markdown file. Works on bytes: only the YAML
 * part is decoded, the body may hold anything and is never looked at.
 */

export interface Split {
  kind: 'split'
  /** The file begins with a UTF-8 byte order mark. */
  bom: boolean
  /** Byte offsets of the YAML text: behind the opening fence's line, and at the closing fence. */
  yamlStart: number
  yamlEnd: number
  yaml: string
  /** The file's line that the first YAML line is, counted from 1. */
  firstLine: number
  /** The line ending in front of the closing fence: the one a new line before it should have. */
  eol: '\n' | '\r\n'
}

export type SplitReason = 'none' | 'unclosed' | 'language' | 'encoding' | 'empty'

/** Why there is no YAML text; `line` and `column` count from 1 within the file. */
export interface SplitError {
  kind: 'error'
  reason: SplitReason
  message: string
  line: number
  column: number
}

const LF = 10
const CR = 13
const DASH = 45
const BOM = '\uFEFF'.length + 2
const CLOSING = Buffer.from('\n---')
const HEAD = 256

/**
 * Takes a file's bytes, or with `whole` false only its first ones: then a file with a closing fence that is
 * not surely among them is `unclosed`, and the caller reads on.
 * @param length how many of the bytes are the file's; behind them may be anything
 */
export function splitFrontmatter(bytes: Buffer, whole = true, length = bytes.length): Split | SplitError {
  const bom = length >= BOM && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const start = bom ? BOM : 0
  const rest = start + 3
  if (rest > length || bytes[start] !== DASH || bytes[start + 1] !== DASH || bytes[start + 2] !== DASH)
    return noFence(bytes.subarray(0, length), start)

  const blanksEnd = skipBlanks(bytes, rest, length)
  const lineEnd = lineFeedFrom(bytes, blanksEnd, length)
  const isBare = blanksEnd === lineEnd || (bytes[blanksEnd] === CR && blanksEnd + 1 === lineEnd)
  if (!isBare && blanksEnd < length)
    return oddFence(bytes, start, blanksEnd, lineEnd === -1 ? length : lineEnd)

  const at = lineEnd === -1 ? -1 : closingFence(bytes, lineEnd, whole, length)
  if (at === -1) return failure('unclosed', 'the frontmatter has no closing `---` line', 1, 1)

  const yamlStart = lineEnd + 1
  const yamlEnd = at + 1
  const yaml = bytes.toString('utf8', yamlStart, yamlEnd)
  // U+FFFD is what the decoder writes for bytes that are not UTF-8; it may also simply be in the text.
  if (yaml.includes('\uFFFD') || yaml.includes('\0')) {
    const bad = firstBadByte(bytes.subarray(yamlStart, yamlEnd), yaml)
    if (bad !== -1) return badByte(bytes, yamlStart + bad)
  }
  const eol = bytes[at - 1] === CR ? '\r\n' : '\n'
  return { kind: 'split', bom, yamlStart, yamlEnd, yaml, firstLine: 2, eol }
}

/** The byte offset of what follows the line of the closing fence. */
export function bodyStart(bytes: Buffer, { yamlEnd }: Split): number {
  const lineEnd = bytes.indexOf(LF, yamlEnd)
  return lineEnd === -1 ? bytes.length : lineEnd + 1
}

function lineFeedFrom(bytes: Buffer, from: number, length: number): number {
  const at = bytes[from] === LF ? from : bytes.indexOf(LF, from)
  return at < length ? at : -1
}

/** The offset of the line feed in front of the closing fence, or -1. */
function closingFence(bytes: Buffer, from: number, whole: boolean, length: number): number {
  let at = bytes.indexOf(CLOSING, from)
  while (at !== -1 && at + 4 <= length) {
    const end = skipBlanks(bytes, at + 4, length)
    // Only of a whole file is it known that nothing follows the last byte.
    if (end === length) return whole ? at : -1
    if (bytes[end] === LF || (bytes[end] === CR && end + 1 < length && bytes[end + 1] === LF)) return at
    at = bytes.indexOf(CLOSING, at + 4)
  }
  return -1
}

function skipBlanks(bytes: Buffer, from: number, length: number): number {
  let at = from
  while (at < length && (bytes[at] === 32 || bytes[at] === 9)) at++
  return at
}

function noFence(bytes: Buffer, start: number): SplitError {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return failure('encoding', 'the file is UTF-16; save it as UTF-8', 1, 1)
  }
  if (bytes.toString('latin1', 0, 10) === '\0GITCRYPT\0') {
    return failure('encoding', 'the file is encrypted by git-crypt', 1, 1)
  }
  if (bytes.subarray(0, HEAD).includes(0)) {
    return failure('encoding', 'the file holds NUL bytes, so it is not UTF-8 text', 1, 1)
  }
  if (
    bytes
      .subarray(start, start + HEAD)
      .toString('latin1')
      .trim() === '' &&
    bytes.length - start <= HEAD
  ) {
    return failure('empty', 'the file is empty', 1, 1)
  }
  if (bytes.toString('latin1', 0, 42) === 'version https://git-lfs.github.com/spec/v1') {
    return failure('encoding', 'the file is a pointer of Git LFS', 1, 1)
  }
  return failure('none', 'the file has no frontmatter: its first line is not `---`', 1, 1)
}

function oddFence(bytes: Buffer, start: number, rest: number, lineEnd: number): SplitError {
  const word = bytes.toString('utf8', rest, Math.min(lineEnd, rest + 40)).trim()
  if (bytes[start + 3] === DASH) {
    return failure('none', 'the file has no frontmatter: its first line is not exactly `---`', 1, 1)
  }
  if (bytes[rest] === CR) {
    return failure('none', 'the first line does not end in a line feed, only in a carriage return', 1, 4)
  }
  // Not further: the head of a file and the whole of it must give the same answer.
  if (bytes.subarray(rest, Math.min(lineEnd, rest + HEAD)).includes(0)) {
    return failure('encoding', 'the file holds NUL bytes, so it is not UTF-8 text', 1, rest - start + 1)
  }
  const message = `the opening fence names a language (${JSON.stringify(word)}); wrk reads only YAML`
  return failure('language', message, 1, rest - start + 1)
}

/** The offset of the first byte that is not part of UTF-8 text (or is NUL), or -1. */
function firstBadByte(raw: Buffer, decoded: string): number {
  const again = Buffer.from(decoded, 'utf8')
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== again[i] || raw[i] === 0) return i
  }
  return -1
}

function badByte(bytes: Buffer, at: number): SplitError {
  const before = bytes.subarray(0, at)
  const lineStart = before.lastIndexOf(LF) + 1
  let line = 1
  for (let i = before.indexOf(LF); i !== -1; i = before.indexOf(LF, i + 1)) line++
  const column = bytes.toString('utf8', lineStart, at).length + 1
  const byte = bytes[at]!.toString(16).padStart(2, '0')
  return failure('encoding', `the frontmatter is not UTF-8 text: byte 0x${byte}`, line, column)
}

function failure(reason: SplitReason, message: string, line: number, column: number): SplitError {
  return { kind: 'error', reason, message, line, column }
}
