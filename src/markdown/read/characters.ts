/** The characters of YAML as numbers, for plain.ts. */

export const LF = 10
export const CR = 13
export const SPACE = 32
export const QUOTE = 34
export const HASH = 35
export const APOSTROPHE = 39
export const COMMA = 44
export const DASH = 45
export const COLON = 58
export const GREATER = 62
export const OPEN_LIST = 91
export const BACKSLASH = 92
export const CLOSE_LIST = 93
export const OPEN_MAP = 123
export const PIPE = 124
export const CLOSE_MAP = 125

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'
export const KEY_START = table(LETTERS)
export const KEY = table(`${LETTERS}-./ `)
export const PLAIN_START = table(`${LETTERS}./~$^()+;=\\<`)
/** The characters a plain scalar runs over without a second look; the others below 128 are decided singly. */
export const PLAIN = table(`${LETTERS} !"$%&'()*+-./;<=>?@\\^\`|~`)

/** The character codes of the text read last. Texts are read one after the other, so one place is enough. */
let scratch = Buffer.alloc(1 << 15)
let shared = viewOf(scratch)
const BIG_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0

/**
 * A text's character codes and a 0 behind them, good until the next call. Reading numbers from an
 * array is faster than charCodeAt, most of all before the program has been optimized.
 */
export function codesOf(text: string): Uint16Array {
  const size = (text.length + 1) * 2
  if (size > scratch.length) {
    scratch = Buffer.alloc(size * 2)
    shared = viewOf(scratch)
  }
  scratch.write(text, 0, 'utf16le')
  if (BIG_ENDIAN) scratch.subarray(0, size).swap16()
  shared[text.length] = 0
  return shared
}

function viewOf(buffer: Buffer): Uint16Array {
  return new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length >> 1)
}

/** Characters that YAML, an editor or a terminal may take for something else: plain.ts reads none of them. */
export function isOdd(c: number): boolean {
  return !(c > 0x9f && c < 0xfeff && c !== 0x2028 && c !== 0x2029) && !(c > 0xfeff && c < 0xfffe)
}

export function isFlowMark(c: number): boolean {
  return c === COMMA || c === OPEN_LIST || c === CLOSE_LIST || c === OPEN_MAP || c === CLOSE_MAP
}

function table(characters: string): Uint8Array {
  const marks = new Uint8Array(128)
  for (const character of characters) marks[character.charCodeAt(0)] = 1
  return marks
}
