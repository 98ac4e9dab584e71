/** A heartbeat: as long as they come, the session's locks do not expire. */
import { stamp } from '../../core/time.ts'
import { lostClaims, type Superseded } from '../claims/lost-claims.ts'
import { sharedClaims } from '../claims/remote-claim.ts'
import type { Context } from '../context.ts'
import { register } from './caller.ts'

export interface HeartbeatResult {
  session: { id: string; source: string }
  /** Null when no heartbeat was written, the session having ended. */
  heartbeat_at: string | null
  /** When it ended. A heartbeat does not bring it back: it may be a loop that was left running. */
  ended_at: string | null
  /** Why it is dead, its processes being gone. A heartbeat of what they left running does not bring it back. */
  gone: string | null
  /** Items that this session claimed and has lost. Not empty: the work on them should stop. */
  superseded: Superseded[]
  /** Ids of items that it claimed and that have no holder any more. They are free for all. */
  dropped: string[]
  warnings: string[]
}

/** @throws WrkError NO_SESSION, USAGE, IO, BUSY */
export async function heartbeat(context: Context): Promise<HeartbeatResult> {
  const at = stamp(context.clock())
  const { session, identity, endedAt, gone, warnings } = await register(context, {
    heartbeat: true,
    onlyIfOpen: true,
  })
  const shared = endedAt || gone ? null : await sharedClaims(context)
  if (shared) warnings.push(...(await shared.keepForAll(context, session, true)))
  const { superseded, dropped, warnings: more } = await lostClaims(context, session)
  return {
    session: { id: session, source: identity.source },
    heartbeat_at: endedAt || gone ? null : at,
    ended_at: endedAt && stamp(endedAt),
    gone,
    superseded,
    dropped,
    warnings: [...warnings, ...more],
  }
}
