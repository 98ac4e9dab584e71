/** A sign of life: as long as they come, the session's locks do not run out. */
import { stamp } from '../core/time.ts'
import type { Context } from './context.ts'
import { register } from './identify.ts'
import { type Superseded, supersededClaims } from './records.ts'

export interface HeartbeatResult {
  session: { id: string; source: string }
  heartbeat_at: string
  /** Items that this session claimed and has lost. Not empty: the work on them should stop. */
  superseded: Superseded[]
}

/** @throws WrkError NO_SESSION, USAGE, IO, BUSY */
export async function heartbeat(context: Context): Promise<HeartbeatResult> {
  const at = stamp(context.clock())
  const { session, identity } = await register(context, { heartbeat: true })
  return {
    session: { id: session, source: identity.source },
    heartbeat_at: at,
    superseded: await supersededClaims(context, session),
  }
}

/**
 * The sign of life that any call of a registered session is, at most one write a minute. A queue that
 * cannot be written is no reason for a command that only reads to fail.
 */
export async function signOfLife(context: Context, registeredAs: string | null): Promise<void> {
  if (registeredAs === null) return
  try {
    await register(context)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}
