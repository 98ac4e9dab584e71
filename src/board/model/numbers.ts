/** What the log adds up to: throughput, time from claim to done, refusals and takeovers, by agent. Pure. */
import type { BoardEvent } from '../protocol.ts'

interface DayCount {
  /** `2026-02-16`, by the UTC of the log. */
  day: string
  done: number
  claims: number
  refused: number
  takenOver: number
}

interface AgentCount {
  agent: string
  claims: number
  done: number
  refused: number
  /** Items that were taken over from it. */
  lost: number
  /** Median from claim to done in ms; null when it finished nothing that it claimed. */
  medianMs: number | null
}

export interface Numbers {
  days: DayCount[]
  agents: AgentCount[]
  /** Of each item that was claimed and finished, in ms, the shortest first. */
  durations: number[]
  since: string | null
}

const DAY_MS = 86_400_000

/**
 * @param agentOf the agent of a holder
 * @param days so many, to the present
 */
export function boardNumbers(
  events: readonly BoardEvent[],
  agentOf: (holder: string) => string,
  now: number,
  days = 30,
): Numbers {
  const byDay = new Map<string, DayCount>()
  for (let i = days - 1; i >= 0; i--) {
    const day = new Date(now - i * DAY_MS).toISOString().slice(0, 10)
    byDay.set(day, { day, done: 0, claims: 0, refused: 0, takenOver: 0 })
  }
  const byAgent = new Map<string, AgentCount & { times: number[] }>()
  const agent = (holder: string) => {
    const name = agentOf(holder)
    const known = byAgent.get(name) ?? {
      agent: name,
      claims: 0,
      done: 0,
      refused: 0,
      lost: 0,
      medianMs: null,
      times: [],
    }
    byAgent.set(name, known)
    return known
  }
  const begun = new Map<string, number>()
  const durations: number[] = []
  for (const { type, time, item, session, previous_holder } of events) {
    if (item === null) continue
    const day = byDay.get(time.slice(0, 10))
    const isTakeover = type === 'takenOver' || (type === 'started' && previous_holder !== null)
    if (type === 'granted' || type === 'takenOver' || type === 'started') {
      if (!begun.has(item)) {
        begun.set(item, Date.parse(time))
        if (day) day.claims++
        if (session !== null) agent(session).claims++
      }
    }
    if (isTakeover) {
      if (day) day.takenOver++
      if (previous_holder !== null) agent(previous_holder).lost++
    }
    if (type === 'refused') {
      if (day) day.refused++
      if (session !== null) agent(session).refused++
    }
    if (type === 'finished' || (type === 'archived' && begun.has(item))) {
      if (day) day.done++
      const since = begun.get(item)
      const took = since === undefined ? null : Date.parse(time) - since
      if (took !== null) durations.push(took)
      if (session !== null) {
        const count = agent(session)
        count.done++
        if (took !== null) count.times.push(took)
      }
      begun.delete(item)
    } else if (['released', 'reopened', 'cancelled'].includes(type)) begun.delete(item)
  }
  const agents = [...byAgent.values()].map(({ times, ...count }) => ({ ...count, medianMs: median(times) }))
  return {
    days: [...byDay.values()],
    agents: agents.sort((a, b) => b.done - a.done || b.claims - a.claims || (a.agent < b.agent ? -1 : 1)),
    durations: durations.sort((a, b) => a - b),
    since: events[0]?.time ?? null,
  }
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
