/** What is written of a session that calls: decided on what the guard showed. */
import type { Identity } from '../../core/sessions/identity.ts'
import { AGENTS, type Anchor, generatedId, type Session } from '../../core/sessions/session.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import type { SessionDecision } from '../../store/sessions/change-session.ts'
import { readSession } from '../../store/sessions/session-files.ts'
import { here } from '../../system/processes/process.ts'
import type { Context } from '../context.ts'
import { sessionUpdate } from './session-update.ts'

export interface Registration {
  /** The agent's name, when the caller gave one (`--provider`). */
  provider?: string
  /** The agent's name for a session that is not known yet. */
  agent?: string
  /** The id to register under, in place of what the identity says. */
  sessionId?: string
  /** The process that a session registered under `sessionId` lives with; the nearest agent or terminal unless given. */
  anchorTo?: Anchor
  /** `session start`: anchor also a session with a given id, and open it again even if it ended. */
  anchor?: boolean
  /** Write the heartbeat however recent the last one is. */
  heartbeat?: boolean
  /** Leave a session that has ended as it is: a heartbeat alone does not bring it back. */
  onlyIfOpen?: boolean
}

export interface RegistrationResult {
  endedAt: Date | null
  /** Whether it began with this call, or began again. */
  began: boolean
  /** Whether it runs in another process than before. */
  moved: boolean
  /** Why it is dead and stays so: its processes are gone, and this call comes from none that could take their place. */
  gone?: string
  /** Another process that runs under the same id. */
  sharedWith?: Anchor | null
}

/**
 * Decides what to write so that the caller's session is known and alive.
 * @param id the session's id
 * @param known the session as its file says it, or as session-state.yaml lists it; undefined for a new one
 * @param isShared whether the call's process has spoken for other sessions
 */
export function decideRegistration(
  context: Context,
  id: string,
  known: Session | undefined,
  identity: Identity,
  how: Registration,
  now: Date,
  isShared = false,
): SessionDecision<RegistrationResult> {
  const call = identity.anchor && (isShared ? { ...identity.anchor, shared: true } : identity.anchor)
  const agent = how.provider ?? known?.agent ?? how.agent ?? identity.agent
  if (!known) {
    const anchors = call ? [call] : []
    const next = newSession(id, { agent, anchors, startedAt: now, heartbeatAt: now })
    return {
      next,
      event: startOf(context, id, identity, now),
      result: { endedAt: null, began: true, moved: false },
    }
  }
  if (known.endedAt && how.onlyIfOpen)
    return { next: null, event: null, result: { endedAt: known.endedAt, began: false, moved: false } }
  const update = sessionUpdate(context, known, call, now, {
    heartbeat: how.heartbeat ?? false,
    restart: how.anchor ?? false,
  })
  if (update.kind === 'gone')
    return {
      next: null,
      event: null,
      result: { endedAt: known.endedAt, began: false, moved: false, gone: update.reason },
    }
  const written = update.kind === 'write' ? update : null
  const began = known.endedAt !== null
  const result = {
    endedAt: null,
    began,
    moved: written?.isMoved ?? false,
    sharedWith: written?.sharedWith ?? null,
  }
  if (!written && agent === known.agent) return { next: null, event: null, result }
  const next = { ...fieldsOf(known), ...written?.fields, agent, ...(began ? { startedAt: now } : {}) }
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

/** An id that no session has. */
export function newId({ store }: Context, agent: string | null): string {
  const { disk, randomLetters } = store.host
  const maker = (AGENTS as readonly string[]).includes(agent ?? '') ? agent : null
  for (;;) {
    const id = generatedId(maker, here().host, randomLetters(6))
    if (!readSession(disk, store.stateDir, id)) return id
  }
}
