/** Runs a search and says what it saw. */
import { expect } from 'vitest'
import { interleave, type Report, type Setting } from './claims.ts'

/** WRK_INTERLEAVINGS=all: without the bounds that keep the tests short. */
export const ALL = process.env.WRK_INTERLEAVINGS === 'all'
export const TIMEOUT = ALL ? 3_600_000 : 240_000

export async function search(what: string, setting: Setting): Promise<Report> {
  const report = await interleave(setting)
  const { states, steps, interleavings, runs, seconds, violation } = report
  console.info(
    violation
      ? `${what}: after ${states} states: ${violation.message}`
      : `${what}: ${states} states, ${steps} steps, ${interleavings.toPrecision(3)} interleavings, ${runs} runs of production code, ${seconds.toFixed(1)} s`,
  )
  return report
}

export async function expectNone(what: string, setting: Setting): Promise<Report> {
  const report = await search(what, setting)
  expect(report.violation && [report.violation.message, ...report.violation.trace].join('\n')).toBeNull()
  return report
}
