/** What the tests of bad-input have in common. */
import { expect } from 'vitest'
import type { Result } from '../support/result.ts'

/** No command shows its inner workings, whatever it was fed. */
export function expectCalm(result: Result): void {
  expect(result.stderr + result.stdout).not.toMatch(/\n\s+at .*\d+:\d+|node:internal|\.cjs:\d+/)
  expect(result.stderr + result.stdout).not.toContain('a bug in wrk')
  expect([70, null]).not.toContain(result.code)
}
