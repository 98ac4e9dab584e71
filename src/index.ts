/**
 * wrk as a library: claims, sessions and looking at the queue.
 *
 *     import { openQueue } from 'wrk-cli'
 *     const queue = await openQueue('.claude/work-queue', { session: 'nightly-7' })
 *     const claim = await queue.claim('WRK-157')
 *     if (claim.kind === 'held') console.log('held by', claim.holder.session_id)
 *     else await queue.release('WRK-157')
 *
 * "Held by another" is a result; what ends a call is a `WrkError` with a code from a closed list.
 */
import { WrkError } from './core/errors.ts'
import type { LogEvent } from './core/log/event.ts'
import { isDuration } from './core/time.ts'
import { type ClaimedItem, type ClaimOptions, claim, type RefusedClaim } from './operations/claims/claim.ts'
import { type ReleaseOptions, type ReleaseResult, release } from './operations/claims/release.ts'
import { releaseMine } from './operations/claims/release-many.ts'
import { type ContextOptions, openContext } from './operations/context.ts'
import { type ListedItem, type ListOptions, list } from './operations/items/queries/list.ts'
import { type ShownItem, show } from './operations/items/show.ts'
import { type LogOptions, log } from './operations/queue/log.ts'
import { type Whereabouts, where } from './operations/queue/where.ts'
import {
  type ClaimInHand,
  type DoneUnderClaim,
  type WithClaimOptions,
  withClaim,
} from './operations/runs/with-claim.ts'
import { type HeartbeatResult, heartbeat } from './operations/sessions/heartbeat.ts'
import {
  type Explained,
  type SessionEnd,
  type SessionInfo,
  sessionEnd,
  sessionId,
  sessionStart,
} from './operations/sessions/session.ts'
import { type QueueStatus, status } from './operations/sessions/status.ts'
import { type WatchEvent, type WatchOptions, watch } from './operations/watch/watch.ts'

export type { ErrorCode } from './core/errors.ts'
export type {
  ClaimedItem,
  ClaimInHand,
  ClaimOptions,
  DoneUnderClaim,
  Explained,
  HeartbeatResult,
  ListedItem,
  ListOptions,
  LogEvent,
  LogOptions,
  QueueStatus,
  RefusedClaim,
  ReleaseOptions,
  ReleaseResult,
  SessionEnd,
  SessionInfo,
  ShownItem,
  WatchEvent,
  WatchOptions,
  Whereabouts,
  WithClaimOptions,
}
export { WrkError }

/**
 * Who calls, and where to look: all optional. A `session` lives as long as this process, so that its items are free when
 * it has crashed; `anchor: false` for one that goes on in another process: heartbeats alone keep that alive.
 */
export type QueueOptions = Omit<ContextOptions, 'queue'>

/**
 * One queue, as one session sees it. Every method reads items, sessions and log again; the settings (`wrk.yaml`) are
 * those of when the queue was opened. A `session` that is no id ends each method with USAGE.
 */
export interface Queue {
  /**
   * Claims an item, or says who holds it.
   * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, CLOSED, BUSY, IO
   */
  claim(id: string, options?: ClaimOptions): Promise<ClaimedItem | RefusedClaim>
  /**
   * Claims an item, keeps the claim alive while the work runs, and releases it when the work has ended, failed or was
   * aborted. The work's signal fires when the claim is lost. An item that this session held before stays held.
   * @returns what the work gave, or who holds the item; then the work was not begun
   * @throws WrkError as claim does; what the work throws
   */
  withClaim<T>(
    id: string,
    work: (claim: ClaimInHand) => T | Promise<T>,
    options?: WithClaimOptions,
  ): Promise<DoneUnderClaim<T> | RefusedClaim>
  /**
   * Releases an item that this session holds.
   * @throws WrkError USAGE, NOT_FOUND, NO_SESSION (unless forced), AMBIGUOUS, INVALID_ITEM, BUSY, IO
   */
  release(id: string, options?: ReleaseOptions): Promise<ReleaseResult>
  /**
   * Releases all that this session holds; what its helpers hold stays. A queue that was opened with `agent` releases
   * that helper's items. One that cannot be changed is given with its error.
   * @throws WrkError USAGE, NO_SESSION, BUSY, IO
   */
  releaseMine(): Promise<ReleaseResult[]>
  /** Keeps the session's claims alive, and says which ones were lost. @throws WrkError USAGE, NO_SESSION, BUSY, IO */
  heartbeat(): Promise<HeartbeatResult>
  /** One item; several entries when its id has several files. @throws WrkError USAGE, NOT_FOUND, IO */
  show(id: string): Promise<ShownItem[]>
  /** The items with their locks, as far as they pass all filters. @throws WrkError USAGE (a parent that is no id), IO */
  list(options?: ListOptions): Promise<ListedItem[]>
  /** The sessions with what they hold, and locks of sessions that are not listed. @throws WrkError USAGE, IO */
  status(): Promise<QueueStatus>
  /** The event log, oldest first; of an item also when it is gone. @throws WrkError USAGE (an invalid id), NOT_FOUND (one that never existed), IO */
  log(options?: LogOptions): Promise<LogEvent[]>
  /**
   * What is held, then every change as it happens, until the signal ends it; also a `tick` each second, and `warning`
   * where something cannot be watched or released.
   * @throws WrkError IO
   */
  watch(options?: WatchOptions): AsyncGenerator<WatchEvent>
  /** Which queue this is, how it was found, where its files are, and its settings. @throws WrkError USAGE */
  where(): Promise<Whereabouts>
  /**
   * Which session this is, and by which rule; a terminal that has not worked here is registered.
   * @throws WrkError USAGE, NO_SESSION, BUSY, IO
   */
  sessionId(): Promise<Explained>
  /**
   * Registers a session for the agent or terminal above this process, or under an id of one's own. It is the caller of
   * later calls where that agent or terminal identifies it; otherwise open the queue with it as `session`.
   * @throws WrkError USAGE, BUSY, IO
   */
  sessionStart(options: { provider: string; sessionId?: string }): Promise<SessionInfo>
  /**
   * Ends a session (this one by default) and releases what it and its helpers hold.
   * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, LOCKED (another that lives or may live, without `force`), BUSY, IO
   */
  sessionEnd(options?: { id?: string; force?: string }): Promise<SessionEnd>
}

/**
 * Opens a queue.
 * @param dir the queue's folder or its workspace; undefined: WRK_QUEUE, WORK_ITEM_ROOT, else the nearest above
 * @throws WrkError NOT_FOUND; USAGE (settings or `agent` that cannot be read); INVALID_ITEM or IO (a `wrk.yaml` that is
 *   no file, or may not be read)
 */
export async function openQueue(dir?: string, options: QueueOptions = {}): Promise<Queue> {
  if (typeof (dir ?? '') !== 'string')
    throw new WrkError('USAGE', `the folder of a queue must be a string, not ${typeof dir}`)
  const context = await openContext({ anchor: true, ...options, queue: dir })
  return {
    claim: async (id, claimOptions) => claim(context, id, checked(claimOptions)),
    withClaim: async (id, work, claimOptions) => {
      if (typeof work !== 'function') throw new WrkError('USAGE', 'withClaim needs a function')
      return withClaim(context, id, work, checked(claimOptions))
    },
    release: async (id, releaseOptions) => release(context, id, checked(releaseOptions)),
    releaseMine: () => releaseMine(context),
    heartbeat: () => heartbeat(context),
    show: id => show(context, id),
    list: listOptions => list(context, listOptions),
    status: () => status(context),
    log: logOptions => log(context, logOptions),
    watch: watchOptions => watch(context, watchOptions),
    where: () => where(context),
    sessionId: () => sessionId(context),
    sessionStart: startOptions => sessionStart(context, startOptions),
    sessionEnd: async endOptions => sessionEnd(context, checked(endOptions)),
  }
}

/** Refuses what the command line would refuse, for callers may be in JavaScript. @throws WrkError USAGE */
function checked<T extends { force?: unknown; ttlMs?: unknown; waitMs?: unknown }>(
  options: T | undefined,
): T | undefined {
  const { force, ttlMs, waitMs } = options ?? {}
  if (force !== undefined && !(typeof force === 'string' && force.trim()))
    throw new WrkError('USAGE', 'force needs a reason')
  for (const [name, ms] of Object.entries({ ttlMs, waitMs }))
    if (!isDuration(ms ?? 0))
      throw new WrkError('USAGE', `${name} must be a length of time in milliseconds, not ${String(ms)}`)
  return options
}
