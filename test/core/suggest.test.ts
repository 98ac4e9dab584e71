/** What may have been meant: one slip away, and never more than three. */
import { describe, expect, test } from 'vitest'
import { didYouMean, nearIds, nearWords, unknownWord } from '../../src/core/suggest.ts'

describe('a word', () => {
  test.each([
    ['claim', 'the word itself'],
    ['CLAIM', 'in other letters'],
    ['clai', 'its last letter left out'],
    ['laim', 'its first letter left out'],
    ['claaim', 'a letter twice'],
    ['xclaim', 'a letter too many'],
    ['cloim', 'another letter'],
    ['lcaim', 'two neighbours swapped'],
    ['clami', 'the last two swapped'],
    ['cla', 'its beginning'],
  ])('%s is taken for claim: %s', word => {
    expect(nearWords(word, ['release', 'claim'])).toEqual(['claim'])
  })

  test.each([
    ['', 'nothing'],
    ['cl', 'too little of it'],
    ['aim', 'its end'],
    ['claimxx', 'two letters too many'],
    ['xlaix', 'two other letters'],
    ['cxyim', 'two other letters side by side'],
    ['caxim', 'a swap and another letter'],
    ['cxlim', 'another letter and a swap'],
    ['mlaic', 'a swap of letters apart'],
    ['cliam x', 'a swap and more'],
  ])('%j is not taken for claim: %s', word => {
    expect(nearWords(word, ['claim'])).toEqual([])
  })

  test.each([
    ['aa', 'aaa', true],
    ['aaa', 'aa', true],
    ['a', 'aaa', false],
    ['abab', 'ab', false],
    ['abcb', 'ab', false],
    ['ab', 'ba', true],
    ['ab', 'bac', false],
    ['bac', 'ab', false],
    ['cab', 'ba', false],
  ])('of letters that come again, %s for %s: %s', (word, known, isNear) => {
    expect(nearWords(word, [known])).toEqual(isNear ? [known] : [])
  })

  test('is taken for three at most, in the order in which they are known', () => {
    expect(nearWords('sho', ['shot', 'show', 'other', 'shoe', 'shop'])).toEqual(['shot', 'show', 'shoe'])
  })
})

describe('an id', () => {
  test.each<[key: string, known: string[], near: string[], why: string]>([
    ['hub-12', ['wrk-7', 'wrk-12'], ['wrk-12'], 'the same number elsewhere'],
    ['b-12', ['a-b-12'], ['a-b-12'], 'the number is what stands behind the last dash'],
    ['wrk-31', ['wrk-77', 'wrk-1', 'wrk-13'], ['wrk-13', 'wrk-1'], 'near numbers, the nearest first'],
    ['hub-12', ['wrk-12', 'hab-12'], ['hab-12', 'wrk-12'], 'the nearer prefix first'],
    ['hub-12', ['hab-12', 'wrk-12'], ['hab-12', 'wrk-12'], 'the nearer prefix stays first'],
    ['hub-12', ['hub-13', 'wrk-12'], ['wrk-12', 'hub-13'], 'the same number before a near one'],
    ['hub-12', ['wrk-13', 'hab-13'], [], 'another prefix and another number'],
    ['hub-12', ['hub-345'], [], 'a number far off'],
    ['hub-12', ['wrk-12', 'wrk-12'], ['wrk-12'], 'each once'],
    ['w-12', ['w-1', 'w-2', 'w-13', 'w-120'], ['w-13', 'w-2', 'w-1'], 'three at most'],
  ])('%s among %j is taken for %j: %s', (key, known, near) => {
    expect(nearIds(key, known)).toEqual(near)
  })
})

test.each([
  [[], ''],
  [['done'], 'Did you mean done? '],
  [['done', 'gone'], 'Did you mean done or gone? '],
])('the question for %j', (near, question) => {
  expect(didYouMean(near)).toBe(question)
})

test('a word of no meaning is reported as it was typed, with what is near', () => {
  expect(unknownWord('status', 'Dnoe', ['done', 'open'])).toBe('unknown status "Dnoe". Did you mean done?')
  expect(unknownWord('priority', 'x\x1by', ['low'])).toBe('unknown priority "x?y".')
  expect(unknownWord('status', 'y'.repeat(50), [])).toMatch(/^unknown status "y{1,40}[^y]?"\./)
})
