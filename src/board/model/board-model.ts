/**
 * The state of a board as its page holds it: what came, in maps. Pure, without a clock: `as_of` of the last message is
 * the present.
 */
import type { BoardEvent, BoardItem, BoardSession, Message, QueueFacts, State } from '../protocol.ts'

export interface Model {
  n: number
  as_of: string
  queue: QueueFacts
  there: boolean
  /** By place. */
  items: ReadonlyMap<string, BoardItem>
  /** One item for each key: of several files of one id the first. */
  byKey: ReadonlyMap<string, BoardItem>
  sessions: ReadonlyMap<string, BoardSession>
  events: readonly BoardEvent[]
  warnings: readonly string[]
  /** Rises when items, sessions or events do; not with time alone. */
  version: number
}

const MOST_EVENTS = 5_000

export function modelOf(state: State, version: number): Model {
  const items = new Map(state.items.map(item => [item.place, item]))
  return {
    ...state,
    items,
    byKey: keysOf(items),
    sessions: new Map(state.sessions.map(session => [session.session_id, session])),
    version,
  }
}

/** @returns the model after a message; null when messages are missing in between: the state has to be fetched again */
export function after(model: Model, message: Message): Model | null {
  const { as_of } = message
  if (message.type === 'reset') return null
  if (message.type !== 'change') return message.n === model.n ? { ...model, as_of } : null
  if (message.n <= model.n) return model
  if (message.n !== model.n + 1) return null
  const { n, there = model.there, warnings = model.warnings } = message
  let { items, byKey, sessions, events } = model
  if (message.items || message.removed) {
    const changed = new Map(items)
    for (const place of message.removed ?? []) changed.delete(place)
    for (const item of message.items ?? []) changed.set(item.place, item)
    items = changed
    byKey = keysOf(changed)
  }
  if (message.sessions) sessions = new Map(message.sessions.map(session => [session.session_id, session]))
  if (message.events) events = [...events, ...message.events].slice(-MOST_EVENTS)
  return { ...model, n, as_of, there, items, byKey, sessions, events, warnings, version: model.version + 1 }
}

function keysOf(items: ReadonlyMap<string, BoardItem>): Map<string, BoardItem> {
  const byKey = new Map<string, BoardItem>()
  for (const item of items.values()) {
    const known = byKey.get(item.key)
    // Of an id that is in two places an open one counts: it is not known to be done.
    if (!known || (known.closed && !item.closed)) byKey.set(item.key, item)
  }
  return byKey
}

/** The session that a holder belongs to: itself, or the part before a helper's name. */
export function sessionOfHolder(model: Model, holder: string): BoardSession | undefined {
  for (let name = holder; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('/')))) {
    const found = model.sessions.get(name)
    if (found) return found
  }
  return undefined
}

/** The agent that a session's id or record names: `claude`, `codex`; `terminal` for a person's. */
export function agentOf(model: Model, holder: string): string {
  const agent = sessionOfHolder(model, holder)?.agent
  return agent || /^[a-z]+(?=-)/.exec(holder)?.[0] || holder
}
