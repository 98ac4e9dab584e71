/** What is written of a session that calls: decided on what the guard showed. */
import { nextSign } from '../../core/claims/lock.ts'
import type { Identity } from '../../core/sessions/identity.ts'
import { judgeSession } from '../../core/sessions/liveness.ts'
import { AGENTS, type Anchor, generatedId, type Session } from '../../core/sessions/session.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import type { SessionDecision } from '../../store/sessions/change-session.ts'
import { readSession } from '../../store/sessions/session-files.ts'
import { here } from '../../system/process.ts'
import type { Context } from '../context.ts'

/** At most one write a minute for the sign of life that any call is. */
export const HEARTBEAT_EVERY_MS = 60_000

export interface Registration {
  /** The agent's name, when the caller gave one (`--provider`). */
  provider?: string
  /** The agent's name for a session that is not known yet. */
  agent?: string
  /** The id to register under, in place of what the identity says. */
  sessionId?: string
  /** The process that a session registered under `sessionId` lives with; the nearest agent or terminal unless given. */
  anchorTo?: Anchor
  /** `session start`: anchor also a session whose id was given. */
  anchor?: boolean
  /** Write the sign of life however recent the last one is. */
  heartbeat?: boolean
  /** Leave a session that has ended as it is: a sign of life alone does not bring it back. */
  onlyIfOpen?: boolean
}

export interface RegistrationResult {
  endedAt: Date | null
  /** Whether it began with this call, or began again. */
  began: boolean
  /** Whether it runs in another process than before. */
  moved: boolean
}

/**
 * Decides what to write so that the caller's session is known and alive.
 * @param id the session's id
 * @param known the session as its file says it, or as session-state.yaml lists it; undefined for a new one
 */
export function decideRegistration(
  context: Context,
  id: string,
  known: Session | undefined,
  identity: Identity,
  how: Registration,
  now: Date,
): SessionDecision<RegistrationResult> {
  const agent = how.provider ?? known?.agent ?? how.agent ?? identity.agent
  if (!known) {
    const anchors = identity.anchor ? [identity.anchor] : []
    const next = newSession(id, { agent, anchors, startedAt: now, heartbeatAt: now })
    return {
      next,
      event: startOf(context, id, identity, now),
      result: { endedAt: null, began: true, moved: false },
    }
  }
  if (known.endedAt && how.onlyIfOpen)
    return { next: null, event: null, result: { endedAt: known.endedAt, began: false, moved: false } }
  const update = sessionUpdate(context, known, identity, now, how.heartbeat)
  const began = known.endedAt !== null
  const result = { endedAt: null, began, moved: update !== null && 'anchors' in update }
  if (!update && agent === known.agent) return { next: null, event: null, result }
  const next = { ...fieldsOf(known), ...update, agent, ...(began ? { startedAt: now } : {}) }
  return { next, event: began ? startOf(context, id, identity, now) : null, result }
}

/** A session's own fields, without what is read of its claims. */
export function fieldsOf({ id, agent, anchors, startedAt, heartbeatAt, endedAt }: Session): Session {
  return { id, agent, anchors, startedAt, heartbeatAt, endedAt, activeWrk: null, claims: [] }
}

export function newSession(id: string, fields: Partial<Session>): Session {
  const nothing = { agent: null, anchors: [], startedAt: null, heartbeatAt: null, endedAt: null }
  return { ...nothing, activeWrk: null, claims: [], ...fields, id }
}

function startOf(context: Context, session: string, identity: Identity, now: Date) {
  const reason = `${identity.source}: ${identity.via}`
  return pendingEvent(context.store.host, now, 'sessionStarted', { session, reason })
}

/** What to write of a known session: nothing (null) when it is alive and was seen within the minute. */
export function sessionUpdate(
  { store }: Context,
  known: Session,
  identity: Identity,
  now: Date,
  heartbeat = false,
): Pick<Session, 'heartbeatAt'> | Pick<Session, 'heartbeatAt' | 'endedAt' | 'anchors'> | null {
  const sign = nextSign(known.heartbeatAt, now)
  const silence = known.heartbeatAt ? sign.getTime() - known.heartbeatAt.getTime() : Number.POSITIVE_INFINITY
  const lively = { here: here(), look: store.host.look }
  // It acts, so it is not dead: whatever it was anchored to is no longer what keeps it alive.
  const dead = judgeSession(known, lively).verdict === 'dead'
  if (!dead && !heartbeat && silence >= 0 && silence < HEARTBEAT_EVERY_MS) return null
  if (!dead) return { heartbeatAt: sign }
  return { heartbeatAt: sign, endedAt: null, anchors: identity.anchor ? [identity.anchor] : [] }
}

/** An id that no session has. */
export function newId({ store }: Context, agent: string | null): string {
  const { disk, randomLetters } = store.host
  const maker = (AGENTS as readonly string[]).includes(agent ?? '') ? agent : null
  for (;;) {
    const id = generatedId(maker, here().host, randomLetters(6))
    if (!readSession(disk, store.stateDir, id)) return id
  }
}
