/** The message when some of several items could not be released. */
import type { ReleaseResult } from '../../operations/claims/release.ts'
import { EXIT_OF } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'

/** The first failure, by which the command ends, and a line for each; null when there was none. */
export function failureOf(results: readonly ReleaseResult[]) {
  const failures = results.flatMap(({ item, error }) => (error ? { item, error } : []))
  const [first] = failures
  if (!first) return null
  const lines = failures.map(({ item, error }) => `${item.id} could not be released: ${error.message}`)
  const { code, hint, details } = first.error
  const [message, ...others] = lines as [string, ...string[]]
  return {
    exitCode: EXIT_OF[code],
    json: {
      error: { code, message, hint: hint ?? null, ...details },
      failed: failures.map(({ item, error }) => ({ id: item.id, code: error.code, message: error.message })),
    },
    refusal: { message, hint, lines: others.map(line => `     ${line}`) } satisfies Outcome['refusal'],
  }
}
