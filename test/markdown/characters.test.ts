/** Characters and sizes at which the fast reader could go wrong. */
import { expect, test } from 'vitest'
import { readPlain } from '../../src/markdown/read/plain.ts'
import { toData } from '../../src/markdown/scalar.ts'

const named = (code: number) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
const WANTED = new Set(['a'])
/** One text for every way in which a value may be read. */
const texts = (code: number) =>
  ['a: b?\n', 'a: ?b\n', 'a: "?"\n', "a: '?'\n", 'a: [b?]\n', 'a: |\n  b?\n'].map(text =>
    text.replace('?', String.fromCharCode(code)),
  )

test.each(
  [0x00, 0x08, 0x0b, 0x1f, 0x7f, 0x80, 0x85, 0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff].map(named),
)('%s, which an editor or a terminal may take for something else, is left to the yaml package', name => {
  for (const text of texts(Number.parseInt(name.slice(2), 16))) {
    expect(readPlain(text), JSON.stringify(text)).toBeNull()
    expect(readPlain(text, WANTED), JSON.stringify(text)).toBeNull()
  }
})

test.each([0xa0, 0x2027, 0x202a, 0xd83d, 0xfefe, 0xff00, 0xfffd].map(named))('%s is read', name => {
  for (const text of texts(Number.parseInt(name.slice(2), 16))) {
    expect(readPlain(text), JSON.stringify(text)).not.toBeNull()
    expect(readPlain(text, WANTED), JSON.stringify(text)).not.toBeNull()
  }
})

test('texts of all lengths are read to their end, longer ones behind shorter ones and the other way round', () => {
  const lengths = [10, 16_382, 16_383, 16_384, 16_385, 16_386, 40_000, 300_000, 16_385, 10]
  for (const length of lengths) {
    const value = 'b'.repeat(length - 4)
    expect(toData(readPlain(`a: ${value}\n`)!), `${length}`).toEqual({ a: value })
  }
})
