/** JSON with comments: read for its places, and changed there without touching the rest. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  insertLast,
  isMadeWhole,
  memberOf,
  removeContent,
  removeElement,
} from '../../../src/core/agents/jsonc-edit.ts'
import { type JsonArray, type JsonNode, type JsonObject, readJsonc } from '../../../src/markdown/jsonc.ts'
import { runs } from '../../support/property-runs.ts'

function rootOf(text: string): JsonNode {
  const read = readJsonc(text)
  if (read.kind === 'error') throw new Error(`${read.message} at ${read.offset} of ${text}`)
  return read.root
}

function containerOf(text: string): JsonObject | JsonArray {
  const root = rootOf(text)
  if (root.kind === 'scalar') throw new Error('a scalar')
  return root
}

function output(node: JsonNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'array') return node.elements.map(({ value }) => output(value))
  return Object.fromEntries(node.elements.map(({ key, value }) => [key, output(value)]))
}

/** JSON with blanks and comments wherever they may stand. */
const gap = fc.constantFrom('', '', ' ', '\n  ', '\r\n\t', '/* ]} */', '// [", \n', ' /* * // */ ', '/**/\n')
const scalar = fc.constantFrom('null', 'true', 'false', '0', '-1.50e+3', '""', '"// \\"[\\u00e9\\\\"', '[]')
const spaced = (text: fc.Arbitrary<string>) => fc.tuple(gap, text, gap).map(parts => parts.join(''))
const elements = (one: fc.Arbitrary<string>, minLength: number) =>
  fc
    .tuple(fc.array(spaced(one), { minLength, maxLength: 4 }), spaced(fc.constantFrom('', ',')))
    .map(([all, end]) => all.join(',') + (all.length > 0 ? end : ''))
const array = (minLength: number) => elements(scalar, minLength).map(inner => `[${inner}]`)
const member = fc
  .tuple(fc.constantFrom('a', 'b', 'c c'), spaced(fc.constant(':')), fc.oneof(scalar, array(0)))
  .map(([key, colon, value]) => `"${key}"${colon}${value}`)
const object = (minLength: number) => elements(member, minLength).map(inner => `{${inner}}`)
const container = (minLength: number) => fc.oneof(array(minLength), object(minLength))

describe('reading', () => {
  test('takes every JSON text for what it says, and refuses what JSON refuses', () => {
    const piece = fc.constantFrom(
      ...'{}[],:"\\/ue0-1.+ \t\n\u0001',
      'true',
      'false',
      'null',
      '"a"',
      '{"b":',
      '\\u00e',
    )
    const damaged = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.nat(2), piece)
      .map(([text, at, count, put]) => {
        const from = at % (text.length + 1)
        return text.slice(0, from) + put + text.slice(from + count)
      })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          damaged,
          fc.array(piece).map(all => all.join('')),
        ),
        text => {
          const read = readJsonc(text)
          let value: unknown
          try {
            value = JSON.parse(text)
          } catch {
            // Comments and trailing commas are what it takes beyond JSON.
            if (!/\/[/*]|,\s*[\]}]/.test(text)) expect(read.kind).toBe('error')
            return
          }
          expect(output(rootOf(text))).toEqual(value)
        },
      ),
      { numRuns: runs(1000) },
    )
  })

  test.each(['0', '-0', '10', '-1.50', '1e5', '2E-10', '0.1e+3'])('takes the number %s', number => {
    expect(output(rootOf(number))).toBe(JSON.parse(number))
  })

  test('tells where every value, key and comma stands', () => {
    const check = (text: string, node: JsonNode): void => {
      if (node.kind === 'scalar') {
        expect(text.slice(node.start, node.end)).toBe(JSON.stringify(node.value))
        return
      }
      expect(text[node.start]).toBe(node.kind === 'array' ? '[' : '{')
      expect(text[node.end - 1]).toBe(node.kind === 'array' ? ']' : '}')
      for (const [i, { start, end, value, comma }] of node.elements.entries()) {
        expect(end).toBe(value.end)
        if (node.kind === 'array') expect(start).toBe(value.start)
        else
          expect(text.slice(start, value.start).startsWith(JSON.stringify(node.elements[i]!.key))).toBe(true)
        if (i < node.elements.length - 1) expect(comma).not.toBeNull()
        if (comma !== null) expect(text[comma]).toBe(',')
        check(text, value)
      }
    }
    const plain = fc.tuple(
      fc.constantFrom('', '\ufeff', '\u00ef\u00bb\u00bf'),
      gap,
      container(0).map(text => text.replaceAll('-1.50e+3', '1.5').replaceAll('\\u00e9', 'é')),
      gap,
    )
    fc.assert(
      fc.property(plain, parts => check(parts.join(''), rootOf(parts.join('')))),
      { numRuns: runs(1000) },
    )
  })

  test.each([
    ['', 0, 'value'],
    [' // only this', 13, 'value'],
    ['/* not ended', 0, 'comment'],
    ['{', 1, 'closing bracket'],
    ['{a: 1}', 1, 'keys and strings need double quotes'],
    ["{'a': 1}", 1, 'keys and strings need double quotes'],
    ['{,}', 1, 'keys and strings need double quotes'],
    ['{"a" 1}', 5, 'colon'],
    ['{"a": }', 6, 'value'],
    ['{"a": 1 "b": 2}', 8, 'comma or a closing bracket'],
    ['[1 2]', 3, 'comma or a closing bracket'],
    ['[1, , 2]', 4, 'value'],
    ['[1}', 2, 'comma or a closing bracket'],
    ['["a]', 1, 'string'],
    ['{"a\n": 1}', 1, 'string'],
    ['["\\u12"]', 1, 'string'],
    ['[01]', 2, 'comma'],
    ['{} {}', 3, 'unexpected text'],
  ])('says of %j at %i what is wrong: %s', (text, offset, message) => {
    expect(readJsonc(text)).toEqual({ kind: 'error', offset, message: expect.stringContaining(message) })
  })

  test('goes deep, but not without end', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const nested = (depth: number) => readJsonc(`${open.repeat(depth)}[]${close.repeat(depth)}`)
      expect(nested(200).kind).toBe('ok')
      expect(nested(201)).toMatchObject({
        offset: open.length * 201,
        message: expect.stringContaining('deep'),
      })
    }
  })
})

test('of members with one name the last one counts', () => {
  const root = rootOf('{"a": 1, "a": 2, "b": 3}')
  expect(memberOf(root, 'a')!.value).toMatchObject({ value: 2 })
  expect(memberOf(root, 'b')!.value).toMatchObject({ value: 3 })
  expect(memberOf(root, 'c')).toBeUndefined()
  expect(memberOf(rootOf('["a"]'), 'a')).toBeUndefined()
  expect(memberOf(undefined, 'a')).toBeUndefined()
})

describe('changing', () => {
  const says = (text: string) => {
    const { kind, elements } = containerOf(text)
    return {
      kind,
      elements: elements.map(one => [kind === 'object' && (one as { key?: string }).key, output(one.value)]),
    }
  }

  test('adds one element at the end, and takes it out again without a trace', () => {
    fc.assert(
      fc.property(container(0), text => {
        const before = containerOf(text)
        const own = before.kind === 'array' ? '"own"' : '"own": "own"'
        const added = insertLast(text, before, own, '\n  ')
        const expected = says(text)
        expected.elements.push([before.kind === 'object' && 'own', 'own'])
        expect(says(added)).toEqual(expected)
        const after = containerOf(added)
        const { length } = before.elements
        expect(length === 0 ? removeContent(added, after) : removeElement(added, after, length)).toBe(text)
      }),
      { numRuns: runs(1000) },
    )
  })

  test('takes out one element of several, and leaves what the others say', () => {
    fc.assert(
      fc.property(container(2), fc.nat(), (text, at) => {
        const before = containerOf(text)
        const index = at % before.elements.length
        const expected = says(text)
        expected.elements.splice(index, 1)
        expect(says(removeElement(text, before, index))).toEqual(expected)
      }),
      { numRuns: runs(1000) },
    )
  })

  test.each([
    ['[1]', '[1,\n  2]'],
    ['[1,]', '[1,\n  2,]'],
    ['[1 // one\n]', '[1, // one\n  2\n]'],
    ['[1, // one\n]', '[1, // one\n  2,\n]'],
    ['[\n]', '[\n2]'],
  ])('%j with one more is %j', (text, added) => {
    expect(insertLast(text, containerOf(text), '2', '\n  ')).toBe(added)
  })

  test.each([
    ['[1, 2, 3]', 1, '[1, 3]'],
    ['[1, 2]', 0, '[ 2]'],
    ['[1, 2]', 1, '[1]'],
    ['[1, 2,]', 1, '[1,]'],
    ['[\n  1,\n  2 /* two */ ,\n  3\n]', 1, '[\n  1, /* two */ \n  3\n]'],
    ['[1, // one\n  2\n]', 1, '[1 // one\n]'],
    ['[1, // one\n  2]', 1, '[1 // one\n  ]'],
    ['[ // one\n  1, 2]', 0, '[ // one\n   2]'],
    ['[1, // one\n  /* two */ 2]', 1, '[1 // one\n  /* two */]'],
    ['[1, // one /* so */\n  2]', 1, '[1 // one /* so */\n  ]'],
    ['["//",\n  1]', 1, '["//"]'],
  ])('%j without the element %i is %j', (text, index, left) => {
    expect(removeElement(text, containerOf(text), index)).toBe(left)
  })

  test.each([
    ['[ 1]', '[ ]'],
    ['{\n"a": 1, "b": 2,}', '{\n}'],
  ])('%j without its content is %j', (text, left) => {
    expect(removeContent(text, containerOf(text))).toBe(left)
  })

  test.each([
    ['[1]', false],
    ['[1 ]', true],
    ['{"a": 1\n}', true],
    ['[ \n1,]', false],
  ])('%j was made with its content: %s', (text, isWhole) => {
    expect(isMadeWhole(text, containerOf(text))).toBe(isWhole)
  })
})
