/**
 * wrk as a library: the operations behind the commands.
 *
 *     import { openQueue } from 'wrk-cli'
 *     const queue = await openQueue('.claude/work-queue', { session: 'nightly-7' })
 *     const claim = await queue.claim('WRK-157')
 *     if (claim.kind === 'held') console.log('held by', claim.holder.session_id)
 *     else await queue.release('WRK-157')
 *
 * "Held by another" is a result; what ends a call is a `WrkError` with a code from a closed list.
 */
import type { LogEvent } from './core/event.ts'
import { type ClaimedItem, type ClaimOptions, claim, type RefusedClaim } from './operations/claim.ts'
import { type ContextOptions, openContext } from './operations/context.ts'
import { type HeartbeatResult, heartbeat } from './operations/heartbeat.ts'
import { type ListedItem, type ListOptions, list } from './operations/list.ts'
import { type LogOptions, log } from './operations/log.ts'
import { type ReleaseOptions, type ReleaseResult, release, releaseMine } from './operations/release.ts'
import {
  type Explained,
  type SessionEnd,
  type SessionInfo,
  sessionEnd,
  sessionId,
  sessionStart,
} from './operations/session.ts'
import { type ShownItem, show } from './operations/show.ts'
import { type QueueStatus, status } from './operations/status.ts'
import { type WatchEvent, type WatchOptions, watch } from './operations/watch.ts'
import { type Whereabouts, where } from './operations/where.ts'

export { type ErrorCode, WrkError } from './core/errors.ts'
export type {
  ClaimedItem,
  ClaimOptions,
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
}

/** Who calls, and where to look: all optional. */
export type QueueOptions = Omit<ContextOptions, 'queue'>

/** One queue, as one session sees it. Every method reads the files anew; nothing is kept between calls. */
export interface Queue {
  /** Claims an item, or tells who holds it. @throws WrkError */
  claim(id: string, options?: ClaimOptions): Promise<ClaimedItem | RefusedClaim>
  /** Releases an item that this session holds. @throws WrkError */
  release(id: string, options?: ReleaseOptions): Promise<ReleaseResult>
  /** Releases all that this session holds; one that cannot be changed is told with its error. @throws WrkError */
  releaseMine(): Promise<ReleaseResult[]>
  /** Gives a sign of life, and tells which claims were lost. @throws WrkError */
  heartbeat(): Promise<HeartbeatResult>
  /** One item; several entries when its id stands in several places. @throws WrkError */
  show(id: string): Promise<ShownItem[]>
  list(options?: ListOptions): Promise<ListedItem[]>
  status(): Promise<QueueStatus>
  log(options?: LogOptions): Promise<LogEvent[]>
  /** What is held, then every change as it happens, until the signal ends it. @throws WrkError */
  watch(options?: WatchOptions): AsyncGenerator<WatchEvent>
  where(): Promise<Whereabouts>
  /** Which session this is. @throws WrkError NO_SESSION */
  sessionId(): Promise<Explained>
  sessionStart(options: { provider: string; sessionId?: string }): Promise<SessionInfo>
  /** Ends a session (this one by default) and releases what it holds. @throws WrkError */
  sessionEnd(options?: { id?: string; force?: string }): Promise<SessionEnd>
}

/**
 * Opens a queue.
 * @param dir the queue's folder or its workspace; undefined looks above the working directory
 * @throws WrkError NOT_FOUND, USAGE
 */
export async function openQueue(dir?: string, options: QueueOptions = {}): Promise<Queue> {
  const context = await openContext({ ...options, queue: dir })
  return {
    claim: (id, claimOptions) => claim(context, id, claimOptions),
    release: (id, releaseOptions) => release(context, id, releaseOptions),
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
    sessionEnd: endOptions => sessionEnd(context, endOptions),
  }
}
