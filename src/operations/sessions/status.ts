/** Who works on what: the sessions with the items they hold, and locks that belong to no listed session. */
import { type Judge, judgeSession, type Liveness } from '../../core/sessions/liveness.ts'
import { type Session, sessionOf, sessionsIn } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import { readQueue } from '../../store/items/item-reader.ts'
import type { ItemReading } from '../../store/items/item-reading.ts'
import { cacheOf } from '../../store/items/reading-cache.ts'
import { heldLock, judgeForMany, leftWork, lockState } from '../claims/holder.ts'
import { type ElsewhereView, type SharedView, viewElsewhere } from '../claims/remote-claim.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from './caller.ts'

export interface HeldItem {
  id: string
  title: string
  locked_by: string
  locked_at: string | null
  liveness: Liveness['verdict'] | 'stale'
  /** In a coordinated queue: `local` is claimed in this clone only, and the engine does not know of it. */
  scope?: 'shared' | 'local'
}

/** An item that another clone holds. */
interface ItemElsewhere extends SharedView {
  id: string
  /** Null where this clone does not have the item. */
  title: string | null
}

export interface SessionStatus {
  session_id: string
  agent: string | null
  host: string | null
  pid: number | null
  liveness: Liveness['verdict']
  reason: string
  started_at: string | null
  heartbeat_at: string | null
  ended_at: string | null
  active_wrk: string | null
  /** Whether this call belongs to the session. */
  mine: boolean
  items: HeldItem[]
}

interface LeftItem {
  id: string
  title: string
  status: string | null
  left_by: string
  /** Null where its holder died. */
  left_at: string | null
  reason: string | null
}

export interface QueueStatus {
  sessions: SessionStatus[]
  orphans: (HeldItem & { reason: string })[]
  /** Items that were begun and left: nobody goes on with them. */
  left: LeftItem[]
  /** In a coordinated queue: what other clones hold, as far as is known. */
  elsewhere?: ItemElsewhere[]
  warnings: string[]
}

/**
 * @param given in a coordinated queue, what is known of other clones; what this one last saw unless given
 * @throws WrkError IO
 */
export async function status(context: Context, given?: ElsewhereView | null): Promise<QueueStatus> {
  const { store } = context
  const view = given === undefined ? await viewElsewhere(context) : given
  const elsewhere = new Map<string, ItemElsewhere>()
  for (const [key, found] of view?.items ?? [])
    if (found.state === 'held') elsewhere.set(key, { id: key.toUpperCase(), title: null, ...found })
  const { registry, caller } = await resolveCaller(context)
  const now = context.clock()
  const judge = judgeForMany(store, registry, now)
  const left: LeftItem[] = []
  const take = (reading: ItemReading) => {
    const held = heldLock(judge, reading)
    const { item } = reading
    const { id, title, status } = item
    const there = elsewhere.get(reading.place.key)
    if (there) Object.assign(there, { id, title })
    const work = leftWork(judge, reading, held)
    if (work) left.push({ id, title, status, left_by: work.by, left_at: work.at, reason: work.why })
    if (!held) return null
    const { lock } = held
    return {
      id,
      title,
      locked_by: lock.by,
      locked_at: lock.at && stamp(lock.at),
      liveness: lockState(judge, held),
      ...(view && {
        scope: view.localOnly.has(reading.place.key) ? ('local' as const) : ('shared' as const),
      }),
      session: sessionOf(lock.by, registry)?.id ?? null,
      reason: held.liveness.reason,
    }
  }
  const found = await readQueue(store, take, 'usual', cacheOf(store, 'usual'))
  const heldItem = ({ session: _, reason: __, ...item }: (typeof found)[number]): HeldItem => item
  const bySession = new Map<string, HeldItem[]>()
  for (const item of found) {
    if (item.session === null) continue
    const others = bySession.get(item.session)
    if (others) others.push(heldItem(item))
    else bySession.set(item.session, [heldItem(item)])
  }
  return {
    sessions: sessionsIn(registry).map(session => {
      const items = bySession.get(session.id) ?? []
      const mine = session.id === caller?.session
      return { ...sessionStatus(session, judge, latest(items)), mine, items }
    }),
    orphans: found
      .filter(({ session }) => session === null)
      .map(item => ({ ...heldItem(item), reason: item.reason })),
    left,
    ...(view && { elsewhere: [...elsewhere.values()] }),
    warnings:
      (registry.own?.isOutdated() ?? true) && registry.kind === 'unreadable'
        ? [`${store.registry.path}:${registry.line}:${registry.column}: cannot be read: ${registry.message}`]
        : [],
  }
}

/** The item that was claimed last; undefined where nothing is held: then the session itself is asked. */
function latest(items: readonly HeldItem[]): string | undefined {
  let last: HeldItem | undefined
  for (const item of items) if (!last || (item.locked_at ?? '') > (last.locked_at ?? '')) last = item
  return last?.id
}

/** The listed sessions without what they hold: as cheap with thousands of items as with one. @throws WrkError IO */
export async function listSessions(context: Context): Promise<Omit<SessionStatus, 'items'>[]> {
  const { registry, caller } = await resolveCaller(context)
  const judge = judgeForMany(context.store, registry, context.clock())
  return sessionsIn(registry).map(session => ({
    ...sessionStatus(session, judge),
    mine: session.id === caller?.session,
  }))
}

/** A session as the registry and the machine know it. */
export function sessionStatus(
  session: Session,
  judge: Judge,
  active = session.activeWrk,
): Omit<SessionStatus, 'mine' | 'items'> {
  const at = (date: Date | null) => date && stamp(date)
  const { verdict, reason } = judgeSession(session, judge)
  return {
    session_id: session.id,
    agent: session.agent,
    host: session.anchors[0]?.host ?? null,
    pid: session.anchors[0]?.pid ?? null,
    liveness: verdict,
    reason,
    started_at: at(session.startedAt),
    heartbeat_at: at(session.heartbeatAt),
    ended_at: at(session.endedAt),
    active_wrk: active,
  }
}
