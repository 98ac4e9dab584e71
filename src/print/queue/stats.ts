/** `wrk stats` for people: totals, a bar for each day or week, and who did what. */
import type { Statistics, Tally } from '../../core/log/statistics.ts'
import { humanDuration } from '../../core/time.ts'
import { type Column, table } from '../table.ts'
import { paint, type Screen } from '../terminal.ts'

const MOST_SESSIONS = 15
const WIDEST_BAR = 40

export function describeStats(found: Statistics, terminal: Screen): string {
  const { since, done, created, cancelled, claims, refused, takeovers, claim_to_done: time } = found
  if (since === null) return 'No events in that time.\n'
  const spent =
    time.count === 0 ? '' : `From claim to done: ${span(time.median_s)} (9 of 10: ${span(time.p90_s)})\n`
  return [
    `Since ${since.slice(0, 10)}: ${done} done, ${created} created, ${cancelled} cancelled\n`,
    spent,
    `${claims} claims, ${refused} refused, ${takeovers} taken over\n`,
    `\n${paint(terminal, 'bold', `Done each ${found.period_days === 1 ? 'day' : 'week'}`)}\n`,
    bars(found, terminal),
    `\n${tallies('SESSION', found.sessions.slice(0, MOST_SESSIONS), terminal)}`,
    found.sessions.length > MOST_SESSIONS
      ? `and ${found.sessions.length - MOST_SESSIONS} more sessions: wrk stats --json\n`
      : '',
    found.agents.length > 0 ? `\n${tallies('AGENT', found.agents, terminal)}` : '',
  ].join('')
}

function span(seconds: number | null): string {
  return seconds === null ? '-' : humanDuration(seconds * 1000)
}

/** A line for each period; those before the first event that is known are left out by the caller's choice of time. */
function bars({ periods }: Statistics, terminal: Screen): string {
  const most = Math.max(1, ...periods.map(({ done }) => done))
  const width = Math.min(
    WIDEST_BAR,
    Math.max(10, (Number.isFinite(terminal.width) ? terminal.width : 80) - 34),
  )
  return periods
    .map(({ from, done, claims }) => {
      const length = done === 0 ? 0 : Math.max(1, Math.round((done / most) * width))
      const bar = paint(terminal, 'green', '█'.repeat(length))
      const counts = done === 0 && claims === 0 ? '' : `${done} done, ${claims} claimed`
      return `${from}  ${[bar, counts].filter(Boolean).join(' ')}`.trimEnd()
    })
    .map(line => `${line}\n`)
    .join('')
}

function tallies(title: string, all: readonly Tally[], terminal: Screen): string {
  const numbers = (name: string, of: (tally: Tally) => string | number): Column => ({
    title: name,
    cells: all.map(tally => String(of(tally))),
    longest: 20,
  })
  return table(terminal, [
    { title, cells: all.map(({ name }) => name), isKey: true, longest: 128 },
    numbers('DONE', ({ done }) => done),
    numbers('CLAIMS', ({ claims }) => claims),
    numbers('MEDIAN', ({ median_s }) => span(median_s)),
    numbers('REFUSED', ({ refused }) => refused),
    numbers('TOOK', ({ took }) => took),
    numbers('LOST', ({ lost }) => lost),
  ])
}
