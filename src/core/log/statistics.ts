/** What the event log tells of the work: how much, how fast, and where sessions met. Pure. */
import { type LogEvent, takesLock } from './event.ts'

interface Period {
  /** The first day of it, `2026-02-16`. */
  from: string
  created: number
  claims: number
  done: number
  cancelled: number
}

export interface Tally {
  name: string
  claims: number
  done: number
  /** Times that it was refused because another held the item. */
  refused: number
  /** Items that it took from others, and that others took from it. */
  took: number
  lost: number
  /** Half of its items were done within this time, from the claim; null when it did none. */
  median_s: number | null
}

export interface Statistics {
  /** The time of the first event that counts; null without any. */
  since: string | null
  until: string
  created: number
  claims: number
  done: number
  cancelled: number
  refused: number
  takeovers: number
  /** From the claim to done: half of the items, and nine of ten, within this time. */
  claim_to_done: { count: number; median_s: number | null; p90_s: number | null }
  periods: Period[]
  period_days: number
  sessions: Tally[]
  agents: Tally[]
}

interface Options {
  /** Only events from then on. */
  since: Date | null
  now: Date
  /** The day of an instant, where one is: `2026-02-16`. */
  dayOf: (at: Date) => string
  /** What kind of agent a holder is. */
  agentOf: (session: string) => string
}

const DAY_MS = 86_400_000
/** Days are shown one by one up to so many, then in weeks. */
const MOST_DAYS = 31

/**
 * An item's time runs from the first claim since it was created, released or reopened. A holder that was taken over
 * leaves it running: the item was at work.
 */
export function statisticsOf(
  events: readonly LogEvent[],
  { since, now, dayOf, agentOf }: Options,
): Statistics {
  const counted = events.filter(({ time }) => !since || Date.parse(time) >= since.getTime())
  const first = since ?? new Date(counted[0]?.time ?? now)
  const days = Math.floor((now.getTime() - first.getTime()) / DAY_MS) + 1
  const period_days = days > MOST_DAYS ? 7 : 1
  const periods = emptyPeriods(first, now, period_days, dayOf)
  const sessions = new Tallies()
  const agents = new Tallies()
  const begun = new Map<string, number>()
  const durations: number[] = []
  const totals = { created: 0, claims: 0, done: 0, cancelled: 0, refused: 0, takeovers: 0 }

  for (const event of events) {
    const { type, time, item, session, previous_holder } = event
    if (item === null) continue
    const at = Date.parse(time)
    const isCounted = !since || at >= since.getTime()
    const starts = takesLock(type) && type !== 'renewed' && !begun.has(item)
    const took = type === 'finished' ? spent(begun.get(item), at) : null
    if (starts) begun.set(item, at)
    if (['finished', 'cancelled', 'archived', 'released', 'reopened', 'blocked'].includes(type))
      begun.delete(item)
    if (!isCounted) continue

    const period = periods.findLast(({ from }) => from <= dayOf(new Date(at)))
    const both = (holder: string | null, count: (tally: Working) => void) => {
      if (holder === null) return
      const own = sessionName(holder)
      count(sessions.of(own))
      count(agents.of(agentOf(own)))
    }
    const total = (name: 'created' | 'claims' | 'done' | 'cancelled') => {
      totals[name]++
      if (period) period[name]++
    }
    const isTakeover =
      previous_holder !== null &&
      previous_holder !== session &&
      (type === 'takenOver' || type === 'started' || event.forced)
    if (type === 'created') total('created')
    if (starts) {
      total('claims')
      both(session, tally => tally.claims++)
    }
    if (type === 'refused') {
      totals.refused++
      both(session, tally => tally.refused++)
    } else if (isTakeover) {
      totals.takeovers++
      both(session, tally => tally.took++)
      both(previous_holder, tally => tally.lost++)
    }
    if (type === 'cancelled') total('cancelled')
    if (type === 'finished') {
      total('done')
      if (took !== null) durations.push(took)
      both(session, tally => {
        tally.done++
        if (took !== null) tally.times.push(took)
      })
    }
  }
  return {
    since: counted[0]?.time ?? null,
    until: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    ...totals,
    claim_to_done: {
      count: durations.length,
      median_s: quantile(durations, 0.5),
      p90_s: quantile(durations, 0.9),
    },
    periods,
    period_days,
    sessions: sessions.all(),
    agents: agents.all(),
  }
}

/** A helper counts for its session. */
function sessionName(holder: string): string {
  const slash = holder.lastIndexOf('/')
  return slash < 0 ? holder : holder.slice(0, slash)
}

function spent(from: number | undefined, to: number): number | null {
  return from === undefined || Number.isNaN(to - from) ? null : Math.max(0, to - from) / 1000
}

function emptyPeriods(first: Date, now: Date, length: number, dayOf: (at: Date) => string): Period[] {
  const found = new Map<string, Period>()
  for (let at = first.getTime(); at <= now.getTime(); at += length * DAY_MS) {
    const from = dayOf(new Date(at))
    found.set(from, { from, created: 0, claims: 0, done: 0, cancelled: 0 })
  }
  return [...found.values()]
}

type Working = Omit<Tally, 'median_s'> & { times: number[] }

class Tallies {
  readonly #byName = new Map<string, Working>()

  of(name: string): Working {
    const known = this.#byName.get(name)
    if (known) return known
    const made = { name, claims: 0, done: 0, refused: 0, took: 0, lost: 0, times: [] }
    this.#byName.set(name, made)
    return made
  }

  /** Who did most first. */
  all(): Tally[] {
    return [...this.#byName.values()]
      .sort((a, b) => b.done - a.done || b.claims - a.claims || (a.name < b.name ? -1 : 1))
      .map(({ times, ...tally }) => ({ ...tally, median_s: quantile(times, 0.5) }))
  }
}

/** The least value that such a part of all does not exceed. */
function quantile(values: readonly number[], part: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length === 0 ? null : sorted[Math.ceil(part * sorted.length) - 1]!
}
