/**
 * Watches a queue: first what is held, then every change as it happens, by whomever it was made.
 *
 * Guarantees: changes are reported in the order in which they were seen; after a burst (a branch switch), and after
 * events that the system lost, what was reported adds up to what is there. That a holder died is reported within
 * about a second, since only looking shows it.
 * Does not guarantee: every state in between. Of several changes to one item within a tenth of a second, the last
 * may be all that is reported.
 */
import { WrkError } from '../../core/errors.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { Liveness } from '../../core/sessions/liveness.ts'
import { sessionsIn } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import type { Change, WatchedItem } from '../../core/watch/watch.ts'
import type { ElsewhereView, SharedView } from '../claims/remote-claim.ts'
import { type Context, currentRegistry, openContext, prepareState } from '../context.ts'
import { type SessionStatus, sessionStatus } from '../sessions/status.ts'
import type { StopSignal } from '../stop-signal.ts'
import { QueueView } from './queue-view.ts'
import { Reaper } from './reaper.ts'
import { type ElsewhereChange, ElsewhereWatch } from './watch-elsewhere.ts'
import { Look, type Pace } from './watch-look.ts'
import { type Moment, momentOf, SECOND_LOOK_MS, WatchState } from './watch-state.ts'

type WatchedSession = Omit<SessionStatus, 'mine' | 'items'>

type Happening =
  | {
      type: 'snapshot'
      items: WatchedItem[]
      sessions: WatchedSession[]
      /** What other clones hold; null where nothing is coordinated. */
      elsewhere: { view: ElsewhereView; items: ({ id: string } & SharedView)[] } | null
    }
  | Change
  /** Of an item in another clone: who holds it, or that nobody does any more. */
  | ElsewhereChange
  /** A session began, was judged otherwise than before, or is no longer listed. */
  | {
      type: 'session'
      session: WatchedSession
      from: Liveness['verdict'] | null
      to: Liveness['verdict'] | null
    }
  /** The queue's folder went away, or came back. */
  | { type: 'queue'; from: 'there' | 'gone'; to: 'there' | 'gone' }
  | { type: 'warning'; message: string }
  /** A second has passed. */
  | { type: 'tick' }

export type WatchEvent = Happening & { time: string }

export interface WatchOptions {
  /** Release what dead and stale holders have, as they become so. */
  reap?: boolean | undefined
  /** In a coordinated queue: ask the engine what other clones hold, not only what was last seen. */
  remote?: boolean | undefined
  /** Ends the watching. */
  signal?: StopSignal | undefined
  /**
   * `calm`: a holder's death is reported within ten seconds, thirty where hundreds of items are held, for a tenth of
   * the work. Default: `live`.
   */
  pace?: Pace | undefined
  /** Called with the items whose files were read again, before their changes are reported, also without any. */
  onRead?: ((keys: ReadonlySet<ItemKey>) => void) | undefined
}

const TICK_MS: Readonly<Record<Pace, number>> = { live: 1000, calm: 10_000 }
/** A calm look at all holders takes no more than this part of the time, unless that would be too seldom. */
const CALM_SHARE = 2_000
const LONGEST_TICK_MS = 30_000

function tickAfter(pace: Pace, took: number): number {
  return pace === 'live' ? TICK_MS.live : Math.min(LONGEST_TICK_MS, Math.max(TICK_MS.calm, CALM_SHARE * took))
}

/** @throws WrkError IO */
export async function* watch(given: Context, options: WatchOptions = {}): AsyncGenerator<WatchEvent> {
  const { signal } = options
  const context: Context = { ...given, store: { ...given.store } }
  const wakeUp = new WakeUp()
  const pace = options.pace ?? 'live'
  const watching = new Watching(context, wakeUp, pace, options)
  const tick = () => wakeUp.ring('tick')
  let ticks = setTimeout(tick, TICK_MS[pace])
  const stop = () => wakeUp.ring()
  signal?.addEventListener('abort', stop)
  const events = function* (happenings: Iterable<Happening>): Generator<WatchEvent> {
    for (const { type, ...more } of happenings)
      yield { type, time: stamp(context.clock()), ...more } as WatchEvent
  }
  try {
    if (options.reap) prepareState(context)
    yield* events(await watching.start())
    for (let ticked = false; !signal?.aborted; ticked = await wakeUp.heard()) {
      const began = performance.now()
      const happenings = await watching.step(ticked)
      if (ticked) ticks = setTimeout(tick, tickAfter(pace, performance.now() - began))
      yield* events(happenings)
      if (options.reap && !signal?.aborted) yield* events(await watching.reapOne())
      if (ticked) yield* events([{ type: 'tick' }])
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    clearTimeout(ticks)
    await watching.close()
  }
}

/** Wakes the one who waits; rung while nobody waits, the next does not wait. */
class WakeUp {
  #rung = false
  #ticked = false
  #answer: () => void = () => undefined

  ring(tick?: 'tick'): void {
    this.#rung = true
    this.#ticked ||= tick === 'tick'
    this.#answer()
  }

  /** @returns whether a tick was among what rang */
  async heard(): Promise<boolean> {
    if (!this.#rung)
      await new Promise<void>(settle => {
        this.#answer = settle
      })
    const ticked = this.#ticked
    this.#rung = this.#ticked = false
    return ticked
  }
}

class Watching {
  readonly #context: Context
  readonly #wakeUp: WakeUp
  readonly #onRead: WatchOptions['onRead']
  readonly #look: Look
  readonly #state: WatchState
  readonly #reaper = new Reaper()
  readonly #elsewhere: ElsewhereWatch
  #sessions = new Map<string, WatchedSession>()
  #there = true
  #settingsProblem = ''

  constructor(context: Context, wakeUp: WakeUp, pace: Pace, { onRead, remote = false }: WatchOptions) {
    this.#context = context
    this.#wakeUp = wakeUp
    this.#onRead = onRead
    const view = new QueueView(context.store)
    this.#look = new Look(context.store, view, () => wakeUp.ring(), pace)
    this.#state = new WatchState(view)
    this.#elsewhere = new ElsewhereWatch(context, remote, () => wakeUp.ring())
  }

  async start(): Promise<Happening[]> {
    await this.#look.start()
    const moment = await this.#moment()
    this.#state.begin(moment)
    this.#sessionChanges(moment)
    const view = await this.#elsewhere.start()
    const held = [...(view?.items ?? [])].filter(([, { state }]) => state === 'held')
    const elsewhere = view && { view, items: held.map(([key, one]) => ({ id: key.toUpperCase(), ...one })) }
    return [
      { type: 'snapshot', items: this.#state.held(), sessions: [...this.#sessions.values()], elsewhere },
    ]
  }

  async close(): Promise<void> {
    await this.#elsewhere.close()
    await this.#look.close()
  }

  /** Looks where something happened. */
  async step(ticked: boolean): Promise<Happening[]> {
    const happenings: Happening[] = []
    const seen = await this.#look.look(ticked)
    if (seen.keys.size > 0) this.#onRead?.(seen.keys)
    if (seen.settings) happenings.push(...(await this.#reloadSettings()))
    if (seen.there !== this.#there) {
      const word = (there: boolean) => (there ? 'there' : 'gone')
      happenings.push({ type: 'queue', from: word(this.#there), to: word(seen.there) })
      this.#there = seen.there
    }
    const at = performance.now()
    const keys = new Set([...seen.keys, ...(seen.there ? this.#state.due(at) : [])])
    if (seen.there && (keys.size > 0 || seen.registry || ticked)) {
      const moment = await this.#moment()
      if (seen.registry || ticked) happenings.push(...this.#sessionChanges(moment))
      happenings.push(...this.#state.changes(keys, moment, at))
      if (seen.registry || ticked) happenings.push(...this.#state.judged(moment))
      if (this.#state.isDoubtful()) setTimeout(() => this.#wakeUp.ring(), SECOND_LOOK_MS).unref()
    }
    happenings.push(...this.#elsewhere.changes())
    const warnings = [...this.#look.warnings.splice(0), ...this.#elsewhere.warnings.splice(0)]
    happenings.push(...warnings.map(message => ({ type: 'warning', message }) as const))
    return happenings
  }

  /** Reaps one item if there is one to reap; what happened meanwhile comes before the next. */
  async reapOne(): Promise<Happening[]> {
    const at = performance.now()
    const item = this.#there ? this.#reaper.next(this.#state.held(), at) : undefined
    if (!item) return []
    this.#wakeUp.ring()
    const { result, warnings } = await this.#reaper.reap(this.#context, item, at)
    // There may be hundreds to reap; signals and the screen have their turn in between.
    await new Promise(settle => setImmediate(settle))
    const happenings: Happening[] = warnings.map(message => ({ type: 'warning', message }))
    if (result?.kind === 'reaped') {
      this.#state.freed(item.key)
      happenings.unshift({
        type: 'reaped',
        item: { ...item, holder: null },
        from: result.from.session_id,
        to: null,
        reason: result.reason,
      })
    }
    if (result) happenings.push(...(await this.#again(item.key)))
    return happenings
  }

  async #again(key: ItemKey): Promise<Happening[]> {
    const keys = await this.#look.again(key)
    return this.#state.changes(keys, await this.#moment(), performance.now())
  }

  /** What is to be judged by now. */
  async #moment(): Promise<Moment> {
    const { store, clock } = this.#context
    return momentOf(store, await currentRegistry(this.#context), clock())
  }

  #sessionChanges({ registry, judge }: Moment): Happening[] {
    // A registry that cannot be read says nothing of sessions, and one by older tooling lists none.
    if ((registry.own?.isOutdated() ?? true) && registry.kind !== 'registry') return []
    const before = this.#sessions
    this.#sessions = new Map(sessionsIn(registry).map(session => [session.id, sessionStatus(session, judge)]))
    const changes: Happening[] = []
    for (const [id, session] of this.#sessions) {
      const from = before.get(id)?.liveness ?? null
      if (from !== session.liveness) changes.push({ type: 'session', session, from, to: session.liveness })
    }
    for (const [id, session] of before)
      if (!this.#sessions.has(id))
        changes.push({ type: 'session', session, from: session.liveness, to: null })
    return changes
  }

  async #reloadSettings(): Promise<Happening[]> {
    const { store, env, session, agent, clock } = this.#context
    try {
      const { settings } = (await openContext({ queue: store.root, env, session, agent, clock })).store
      store.settings = settings
      return []
    } catch (error) {
      if (!(error instanceof WrkError)) throw error
      const message = `the earlier settings stay in use: ${error.message}`
      const again = message === this.#settingsProblem
      this.#settingsProblem = message
      return again ? [] : [{ type: 'warning', message }]
    }
  }
}
