/** Changes to bytes as accidents make them, and the real files that they are made to. */
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { corpus, markdownBelow } from '../support/corpus.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const FIXTURES = join(ROOT, 'fixtures', 'queue')

/** The fixtures' items, and those of the corpus where there is one. */
export function realItems(): Buffer[] {
  return [...markdownBelow(FIXTURES), ...corpus()].map(({ bytes }) => bytes)
}

/** Bytes that mean something to YAML, JSON or UTF-8. */
const BYTES = [
  ...Array.from(Buffer.from(' \t\n\r:#-?"\'[]{},|>&*!%@`\\~0a_./=<')),
  ...[0, 0x1b, 0x7f, 0x80, 0xbf, 0xc2, 0xc3, 0xe2, 0xef, 0xf0, 0xff],
]

/** `at` is the place as a share of the length. */
type Mutation =
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'insert'; at: number; bytes: number[] }
  | { kind: 'delete'; at: number; length: number }
  | { kind: 'repeat'; at: number; length: number; to: number }
  | { kind: 'other'; at: number; from: number }

const share = fc.integer({ min: 0, max: 9999 }).map(n => n / 10_000)
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: share, bit: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: share,
    bytes: fc.array(fc.constantFrom(...BYTES), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('delete' as const), at: share, length: fc.integer({ min: 1, max: 24 }) }),
  fc.record({
    kind: fc.constant('repeat' as const),
    at: share,
    length: fc.integer({ min: 1, max: 60 }),
    to: share,
  }),
  fc.record({ kind: fc.constant('other' as const), at: share, from: share }),
)

function mutated(bytes: Buffer, other: Buffer, change: Mutation, within: number): Buffer {
  const at = Math.floor(change.at * (Math.min(within, bytes.length) + 1))
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (change.kind) {
    case 'flip': {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at]! ^= 1 << change.bit
      return copy
    }
    case 'insert':
      return Buffer.concat([before, Buffer.from(change.bytes), after])
    case 'delete':
      return Buffer.concat([before, after.subarray(change.length)])
    case 'repeat': {
      const to = Math.floor(change.to * (Math.min(within, bytes.length) + 1))
      return Buffer.concat([bytes.subarray(0, to), after.subarray(0, change.length), bytes.subarray(to)])
    }
    case 'other':
      return Buffer.concat([before, other.subarray(Math.floor(change.from * other.length))])
  }
}

/**
 * One of the texts with up to four accidents.
 * @param end how much of a text is of interest: accidents happen in front of that
 */
export function mutatedBytes(
  texts: readonly Buffer[],
  end = (text: Buffer) => text.length,
): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.constantFrom(...texts), fc.array(mutation, { maxLength: 4 }))
    .map(([text, other, changes]) => {
      const within = end(text)
      return changes.reduce((bytes, change) => mutated(bytes, other, change, within), text)
    })
}

/** Bytes as they can be put into a test: text where they are text, with what cannot be seen in it escaped. */
export function shown(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes)
    ? visible(text)
    : `Buffer.from(${visible(bytes.toString('latin1'))}, 'latin1')`
}

function visible(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\xa0\u2000-\u202f\ufeff\ufffe\uffff]/g,
    odd => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
