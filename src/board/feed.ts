/**
 * What the board knows of the queue, kept up to date from the operations `watch`, `candidates` and `log`, and sent to
 * all who follow.
 *
 * Guarantees: a change is a Message with the next number; whoever has a state of number N and every message after it
 * has the state as it is. A follower that is too slow is dropped, never left behind in silence.
 * Does not guarantee: every state in between (see operations/watch/watch.ts).
 */
import type { ItemKey } from '../core/items/ids.ts'
import type { WatchedItem } from '../core/watch/watch.ts'
import type { Context } from '../operations/context.ts'
import { candidates, type QueueItem } from '../operations/items/queries/candidates.ts'
import { log } from '../operations/queue/log.ts'
import { listSessions } from '../operations/sessions/status.ts'
import { type WatchEvent, watch } from '../operations/watch/watch.ts'
import { boardEvent, boardHolder, boardItem, placeOfItem } from './items.ts'
import {
  type BoardChange,
  type BoardEvent,
  type BoardHolder,
  type BoardItem,
  type BoardSession,
  type Message,
  PROTOCOL,
  type QueueFacts,
  type State,
} from './protocol.ts'

/** Of the log, so many of the last events are kept; of the messages, so many that a short absence is made up for. */
const MOST_EVENTS = 5_000
const MOST_MESSAGES = 500
/** Refusals are in the log and nowhere else, so it is looked at now and then although nothing happened. */
const LOG_EVERY_TICKS = 3

export class Feed {
  readonly #context: Context
  readonly #facts: QueueFacts
  readonly #items = new Map<string, BoardItem>()
  readonly #places = new Map<ItemKey, Set<string>>()
  readonly #holders = new Map<string, BoardHolder>()
  readonly #followers = new Set<(message: Message) => void>()
  readonly #recent: BoardChange[] = []
  #sessions: BoardSession[] = []
  #events: BoardEvent[] = []
  #warnings: string[] = []
  #there = true
  #n = 0
  /** Keys of items to look at again, and whether to read the log again. */
  #read = new Set<ItemKey>()
  #happened = false
  #ticks = 0
  #flushing: Promise<void> | null = null

  constructor(context: Context, facts: QueueFacts) {
    this.#context = context
    this.#facts = facts
  }

  /**
   * Reads everything, then follows the queue until the signal ends it.
   * @param ready called when the state is complete
   * @throws WrkError IO
   */
  async run(signal: AbortSignal, ready: () => void): Promise<void> {
    const onRead = (keys: ReadonlySet<ItemKey>) => {
      for (const key of keys) this.#read.add(key)
      this.#flushSoon()
    }
    let began = false
    for await (const event of watch(this.#context, { signal, pace: 'calm', onRead })) {
      this.#take(event)
      if (began) continue
      began = true
      await this.#begin()
      ready()
    }
    await this.#flushing
  }

  get n(): number {
    return this.#n
  }

  get isThere(): boolean {
    return this.#there
  }

  state(): State {
    return {
      protocol: PROTOCOL,
      n: this.#n,
      as_of: this.#now(),
      queue: this.#facts,
      there: this.#there,
      items: [...this.#items.values()],
      sessions: this.#sessions,
      events: this.#events,
      warnings: this.#warnings,
    }
  }

  itemsOf(key: ItemKey): BoardItem[] {
    return [...(this.#places.get(key) ?? [])].flatMap(place => this.#items.get(place) ?? [])
  }

  /**
   * Tells every message from now on, first those after number N.
   * @returns ends it
   */
  follow(after: number, tell: (message: Message) => void): () => void {
    const first = this.#recent[0]?.n ?? this.#n + 1
    if (after > this.#n || after < first - 1) tell({ type: 'reset', n: this.#n, as_of: this.#now() })
    else for (const message of this.#recent) if (message.n > after) tell(message)
    this.#followers.add(tell)
    return () => this.#followers.delete(tell)
  }

  /** Tells all followers that nothing has happened, or that this is the end. */
  say(type: 'alive' | 'bye'): void {
    for (const tell of this.#followers) tell({ type, n: this.#n, as_of: this.#now() })
  }

  /** Looks at the items again, and sends what changed; done when that is sent. */
  async look(keys: Iterable<ItemKey>): Promise<void> {
    for (const key of keys) this.#read.add(key)
    this.#happened = true
    await this.#flush()
  }

  #now(): string {
    return this.#context.clock().toISOString()
  }

  async #begin(): Promise<void> {
    this.#read.clear()
    this.#hear((await log(this.#context, { last: MOST_EVENTS })).map(boardEvent))
    for (const item of await candidates(this.#context, 'details'))
      this.#set(placeOfItem(item), item.key, this.#described(item))
    this.#sessions = (await listSessions(this.#context)).map(sessionOnly)
  }

  #take(event: WatchEvent): void {
    if (event.type === 'snapshot') for (const item of event.items) this.#hold(item)
    else if (event.type === 'warning') this.#warn(event.message)
    else if (event.type === 'queue') {
      this.#there = event.to === 'there'
      this.#tell({ there: this.#there })
    }
    if ('item' in event) {
      if (event.type === 'moved' && event.from !== null) this.#holders.delete(event.from)
      if (event.type === 'removed') this.#holders.delete(event.item.path)
      else this.#hold(event.item)
      this.#read.add(event.item.key)
    }
    const isIdle = event.type === 'tick' && ++this.#ticks % LOG_EVERY_TICKS !== 0
    if (event.type !== 'snapshot' && !isIdle) this.#flushSoon()
  }

  #hold({ path, holder }: WatchedItem): void {
    if (holder) this.#holders.set(path, boardHolder(holder))
    else this.#holders.delete(path)
  }

  #warn(message: string): void {
    this.#warnings = [...this.#warnings.slice(-9), message]
    this.#tell({ warnings: this.#warnings })
  }

  #flushSoon(): void {
    if (this.#happened) return
    this.#happened = true
    // What belongs to one happening comes in one message.
    setImmediate(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    while (this.#flushing) await this.#flushing
    if (!this.#happened) return
    this.#flushing = this.#lookAgain().finally(() => {
      this.#flushing = null
    })
    await this.#flushing
  }

  async #lookAgain(): Promise<void> {
    const keys = this.#read
    this.#read = new Set()
    this.#happened = false
    try {
      const change: Omit<BoardChange, 'type' | 'n' | 'as_of'> = {}
      const events = (await log(this.#context, { after: this.#events.at(-1)?.seq ?? 0 })).map(boardEvent)
      if (events.length > 0) change.events = events
      this.#hear(events)
      if (keys.size > 0) Object.assign(change, await this.#changedItems(keys))
      const sessions = (await listSessions(this.#context)).map(sessionOnly)
      if (JSON.stringify(sessions) !== JSON.stringify(this.#sessions)) change.sessions = sessions
      this.#sessions = sessions
      if (Object.keys(change).length > 0) this.#tell(change)
    } catch (error) {
      // The queue may be going away under it, or cannot be read for the moment: the next look shows.
      this.#warn(error instanceof Error ? error.message : String(error))
    }
  }

  async #changedItems(keys: ReadonlySet<ItemKey>): Promise<Pick<BoardChange, 'items' | 'removed'>> {
    const found = await candidates(this.#context, 'details', undefined, keys)
    const items: BoardItem[] = []
    const present = new Set<string>()
    for (const item of found) {
      const place = placeOfItem(item)
      const now = this.#described(item)
      present.add(place)
      if (JSON.stringify(now) === JSON.stringify(this.#items.get(place))) continue
      this.#set(place, item.key, now)
      items.push(now)
    }
    const removed = [...keys].flatMap(key =>
      [...(this.#places.get(key) ?? [])].filter(place => !present.has(place)),
    )
    for (const place of removed) this.#remove(place)
    return { ...(items.length > 0 && { items }), ...(removed.length > 0 && { removed }) }
  }

  #described(item: QueueItem): BoardItem {
    return boardItem(item, this.#holders.get(item.path) ?? null)
  }

  #hear(events: readonly BoardEvent[]): void {
    this.#events = [...this.#events, ...events].slice(-MOST_EVENTS)
  }

  #set(place: string, key: ItemKey, item: BoardItem): void {
    this.#items.set(place, item)
    const places = this.#places.get(key)
    if (places) places.add(place)
    else this.#places.set(key, new Set([place]))
  }

  #remove(place: string): void {
    const key = this.#items.get(place)?.key as ItemKey
    this.#items.delete(place)
    const places = this.#places.get(key)
    places?.delete(place)
    if (places?.size === 0) this.#places.delete(key)
  }

  #tell(change: Omit<BoardChange, 'type' | 'n' | 'as_of'>): void {
    const message: BoardChange = { type: 'change', n: ++this.#n, as_of: this.#now(), ...change }
    this.#recent.push(message)
    if (this.#recent.length > MOST_MESSAGES) this.#recent.shift()
    for (const tell of this.#followers) tell(message)
  }
}

function sessionOnly(session: BoardSession): BoardSession {
  const { session_id, agent, host, pid, liveness, reason, started_at, heartbeat_at, ended_at } = session
  return { session_id, agent, host, pid, liveness, reason, started_at, heartbeat_at, ended_at }
}
