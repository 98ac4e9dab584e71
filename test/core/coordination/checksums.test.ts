import { createHash } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStoredZlib, sha1, storedInZlib } from '../../../src/coordination/git/checksums.ts'

test('SHA-1 is what Node makes of any bytes, at every length around a block', () => {
  const node = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')
  for (let length = 0; length <= 200; length++) {
    const bytes = Buffer.alloc(length, length)
    expect(sha1(bytes)).toBe(node(bytes))
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), bytes => sha1(bytes) === node(bytes)))
})

test('what is framed for zlib is read back by zlib; what is too large for one block is left to zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), bytes =>
      inflateSync(storedInZlib(Buffer.from(bytes))!).equals(Buffer.from(bytes)),
    ),
  )
  const largest = Buffer.alloc(65_535, 255)
  expect(inflateSync(storedInZlib(largest)!).equals(largest)).toBe(true)
  expect(storedInZlib(Buffer.alloc(65_536))).toBeNull()
})

test('what was framed is read without zlib; anything else, and what is damaged, is left to zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), given => {
      const bytes = Buffer.from(given)
      const framed = storedInZlib(bytes)!
      expect(readStoredZlib(framed)).toEqual(bytes)
      expect(readStoredZlib(framed.subarray(0, -1))).toBeNull()
      framed[7 + (bytes.length >> 1)]! ^= 1
      expect(readStoredZlib(framed)).toBeNull()
      const read = readStoredZlib(deflateSync(bytes))
      expect(read === null || read.equals(bytes)).toBe(true)
    }),
  )
})
