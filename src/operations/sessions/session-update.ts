/** What a call changes of its known session: its heartbeat, its processes, and whether it is open again. */
import { nextSign } from '../../core/claims/lock.ts'
import { anchorsAfterCall } from '../../core/sessions/anchors.ts'
import { type Anchor, heartbeatOf, type Session } from '../../core/sessions/session.ts'
import { here } from '../../system/processes/process.ts'
import type { Context } from '../context.ts'

/** At most one write a minute for the heartbeat that any call is. */
export const HEARTBEAT_EVERY_MS = 60_000

export type SessionUpdate =
  | { kind: 'none' }
  /** Its processes are gone, and the call comes from none that could take their place. */
  | { kind: 'gone'; reason: string }
  /** `sharedWith`: another process that runs under the same id. */
  | { kind: 'write'; fields: Partial<Session>; isMoved: boolean; sharedWith: Anchor | null }

/**
 * @param call the process that outlives the call
 * @param how `heartbeat`: write the heartbeat however recent the last one is; `restart`: open it again, whatever has
 *   become of its processes
 */
export function sessionUpdate(
  { store }: Context,
  known: Session,
  call: Anchor | null,
  now: Date,
  { heartbeat = false, restart = false } = {},
): SessionUpdate {
  const found = anchorsAfterCall(known, call, { here: here(), look: store.host.look })
  if (found.kind === 'gone' && !restart) return found
  const after = found.kind === 'gone' ? { anchors: [], isNew: true, sharedWith: null } : found
  const sign = nextSign(heartbeatOf(known, now), now)
  const silence = known.heartbeatAt ? sign.getTime() - known.heartbeatAt.getTime() : Number.POSITIVE_INFINITY
  const isRecent = silence >= 0 && silence < HEARTBEAT_EVERY_MS
  if (isRecent && !heartbeat && !after.isNew && !known.endedAt) return { kind: 'none' }
  const anchors = after.isNew ? { anchors: after.anchors } : {}
  return {
    kind: 'write',
    fields: { heartbeatAt: sign, endedAt: null, ...anchors },
    isMoved: after.isNew,
    sharedWith: after.sharedWith,
  }
}
