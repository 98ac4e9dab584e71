/** What `wrk verify --range` has found: for people, for scripts, and as annotations of GitHub Actions. */
import type { RangeFinding } from '../../core/commits/range-findings.ts'
import { printable } from '../../core/text.ts'
import type { RangeVerification } from '../../operations/commits/verify-range.ts'
import { EXIT } from '../exit-codes.ts'
import { jsonLine, type Outcome } from '../outcome.ts'

export const RANGE_FORMATS = ['text', 'github', 'json'] as const
export type RangeFormat = (typeof RANGE_FORMATS)[number]

/** What a hook or a push found against other holders' claims; nothing: it may go on. @param what did not happen */
export function findingsOutcome(
  findings: readonly RangeFinding[],
  warnings: readonly string[],
  what: string,
): Outcome {
  if (findings.length === 0)
    return { exitCode: EXIT.done, json: { ok: true, findings: [], warnings }, text: '', warnings }
  const message = `${what}: ${count(findings.length, 'finding')} against claims of others`
  const error = { code: 'LOCKED', message, hint: CLAIM_HINT }
  return {
    exitCode: EXIT.held,
    json: { ok: false, error, findings, warnings },
    refusal: { message, hint: CLAIM_HINT, lines: findings.map(line) },
    warnings,
  }
}

const CLAIM_HINT = 'Ask the holder, or see who has it: wrk list --locked --remote'

export function rangeOutcome(
  { findings, commits, checked }: RangeVerification,
  format: RangeFormat,
): Outcome {
  const errors = findings.filter(({ severity }) => severity === 'error')
  const json = { findings, checked, commits }
  const lines = findings.map(format === 'github' ? annotation : line)
  const summary = `Verified ${count(checked, 'item')} in ${count(commits, 'commit')}.`
  const isJson = format === 'json'
  if (errors.length === 0)
    return {
      exitCode: EXIT.done,
      json: { ok: true, ...json },
      text: isJson
        ? jsonLine({ schema_version: 1, ok: true, ...json })
        : `${lines.map(one => `${one}\n`).join('')}${summary}\n`,
    }
  const message = `${count(errors.length, 'problem')} in ${count(commits, 'commit')}.`
  const isClaims = errors.some(({ code }) => code.startsWith('claim-'))
  const hint = isClaims ? CLAIM_HINT : 'Correct the items, commit, and push again.'
  const error = { code: isClaims ? 'LOCKED' : 'FAILED', message, hint }
  return {
    exitCode: isClaims ? EXIT.held : EXIT.failed,
    json: { ok: false, error, ...json },
    text: isJson
      ? jsonLine({ schema_version: 1, ok: false, error, ...json })
      : lines.map(one => `${one}\n`).join(''),
    refusal: isJson ? undefined : { message, hint },
  }
}

function line({ path, line, column, severity, message, commit }: RangeFinding): string {
  const by = commit === null ? '' : ` (${commit.slice(0, 8)})`
  return `${printable(path, 300)}:${line}:${column}: ${severity}: ${printable(message, 500)}${by}`
}

/** A workflow command; what would end it or add another is written as GitHub wants it. */
function annotation({ path, line, column, severity, code, message, commit }: RangeFinding): string {
  const by = commit === null ? '' : ` (${commit.slice(0, 8)})`
  const places = `file=${property(path)},line=${line},col=${column},title=${property(`wrk: ${code}`)}`
  return `::${severity} ${places}::${data(`${message}${by}`)}`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
