/** What the pieces of a finding have in common, whatever it is about. */
import { describe, expect, test } from 'vitest'
import { counts, type Finding, isSameFinding, newFinding } from '../../../src/core/doctor/finding.ts'

const finding = newFinding('dead-lock', 'warning', 'locked by they', 'wrk claim WRK-1')

test('a new finding is about no item and no place, and is for a person', () => {
  expect(finding).toEqual({
    code: 'dead-lock',
    severity: 'warning',
    item: null,
    path: null,
    line: 0,
    column: 0,
    message: 'locked by they',
    fix: null,
    advice: 'wrk claim WRK-1',
  })
})

describe('a finding seen again', () => {
  test.each<[Partial<Finding>, boolean]>([
    [{}, true],
    [{ line: 7, column: 1, advice: 'something else', severity: 'error' }, true],
    [{ fix: { kind: 'repair-log', does: 'end that line' } }, true],
    [{ code: 'stale-lock' }, false],
    [{ item: 'WRK-1' }, false],
    [{ path: '/queue/pending/WRK-1.md' }, false],
    [{ message: 'locked by others' }, false],
  ])('with %j is the same: %s', (other, isSame) => {
    expect(isSameFinding(finding, { ...finding, ...other })).toBe(isSame)
  })
})

test.each([
  ['error', true],
  ['warning', true],
  ['note', false],
] as const)('%s has to be repaired: %s', (severity, isWrong) => {
  expect(counts({ ...finding, severity })).toBe(isWrong)
})
