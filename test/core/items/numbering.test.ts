/** Numbers that nobody ever had. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WrkError } from '../../../src/core/errors.ts'
import { nextNumber, type Range } from '../../../src/core/items/numbering.ts'

const NONE: ReadonlyMap<string, Range> = new Map()
const TWO = new Map<string, Range>([
  ['devbox', { first: 100, last: 199 }],
  ['laptop', { first: 200, last: 299 }],
])
const taken = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 30 })

describe('without ranges', () => {
  test('the next number is one more than the highest', () => {
    expect(nextNumber([], NONE, ['devbox'])).toBe(1)
    fc.assert(
      fc.property(taken, numbers => {
        expect(nextNumber(numbers, NONE, ['devbox'])).toBe(Math.max(0, ...numbers) + 1)
      }),
    )
  })

  test('nine digits are the end', () => {
    expect(nextNumber([999_999_998], NONE, [])).toBe(999_999_999)
    expect(() => nextNumber([999_999_999], NONE, [])).toThrow(WrkError)
  })
})

describe('with ranges', () => {
  test('a number is never taken, is in the range of its machine, and outside of all others', () => {
    fc.assert(
      fc.property(taken, fc.constantFrom('devbox', 'laptop', 'third'), (numbers, machine) => {
        const mine = TWO.get(machine)
        let number: number
        try {
          number = nextNumber(numbers, TWO, [machine])
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' })
          expect(numbers).toContain(mine?.last)
          return
        }
        expect(numbers).not.toContain(number)
        for (const [name, { first, last }] of TWO) {
          const inside = number >= first && number <= last
          expect(inside).toBe(name === machine)
        }
        // Higher than all that count, so that a number whose item was deleted does not come back.
        const count = (n: number) =>
          mine ? n >= mine.first && n <= mine.last : ![...TWO.values()].some(r => n >= r.first && n <= r.last)
        for (const other of numbers.filter(count)) expect(number).toBeGreaterThan(other)
      }),
    )
  })

  test('the range of a machine begins at its first, and ends in words', () => {
    expect(nextNumber([5, 250], TWO, ['devbox'])).toBe(100)
    expect(nextNumber([199, 5], TWO, ['laptop'])).toBe(200)
    expect(() => nextNumber([199], TWO, ['devbox'])).toThrow('all ids from 100 to 199 are used up')
  })

  test('a machine without one steps over those of others, also over several in a row', () => {
    expect(nextNumber([98], TWO, ['third'])).toBe(99)
    expect(nextNumber([99], TWO, ['third'])).toBe(300)
    expect(nextNumber([150, 250], new Map([['x', { first: 1, last: 5 }]]), ['third'])).toBe(251)
    expect(nextNumber([], new Map([['x', { first: 1, last: 5 }]]), ['third'])).toBe(6)
  })

  test('the end of all numbers is the end, also behind the ranges of others', () => {
    const last = new Map([['x', { first: 500, last: 999_999_999 }]])
    expect(nextNumber([498], last, ['third'])).toBe(499)
    expect(() => nextNumber([499], last, ['third'])).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: 'all ids from 1 to 999999999 are used up',
        hint: expect.stringContaining('id_ranges'),
      }),
    )
  })

  test('the borders of a range belong to it', () => {
    expect(nextNumber([], new Map([['x', { first: 1, last: 1 }]]), ['third'])).toBe(2)
    expect(nextNumber([99, 100, 200], TWO, ['devbox'])).toBe(101)
    expect(nextNumber([198], TWO, ['devbox'])).toBe(199)
    expect(nextNumber([98, 100, 199, 299], TWO, ['third'])).toBe(99)
    expect(nextNumber([300], TWO, ['third'])).toBe(301)
  })

  test('machines are known in any letter case, by any of their names', () => {
    expect(nextNumber([], TWO, ['alias', 'DevBox'])).toBe(100)
  })
})
