/** What is written to the registry for a session that calls: decided on what the guard showed. */

import { nextSign } from '../../core/claims/lock.ts'
import { newEvent } from '../../core/log/event.ts'
import { anchoredTo, type Identity } from '../../core/sessions/identity.ts'
import { judgeSession } from '../../core/sessions/liveness.ts'
import {
  AGENTS,
  type ClaimRecord,
  generatedId,
  type Registry,
  type Session,
  sessionsIn,
} from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import { readHeadOf } from '../../store/items/item-reader.ts'
import type { PendingEvent } from '../../store/log/event-log.ts'
import { itemPlaces } from '../../store/queue.ts'
import { anchorValues, quoted, quotedOrNull, type Values } from '../../store/sessions/registry-text.ts'
import type { RegistryChange } from '../../store/sessions/session-registry.ts'
import { here } from '../../system/process.ts'
import type { Context } from '../context.ts'

/** At most one write a minute for the sign of life that any call is. */
const HEARTBEAT_EVERY_MS = 60_000
/** Ended and dead sessions stay listed this long at least, or one TTL if that is longer; silent ones longer. */
const KEEP_MS = 24 * 3_600_000
const KEEP_SILENT_MS = 7 * KEEP_MS
/** Silent ones that have claimed something: who is not listed is dead, and the clock of this call may be wrong. */
const KEEP_HOLDER_MS = 365 * KEEP_MS

export interface Registration {
  /** The agent's name, when the caller gave one (`--provider`). */
  provider?: string
  /** The agent's name for a session that is not listed yet. */
  agent?: string
  /** The id to register under, in place of what the identity says. */
  sessionId?: string
  /** `session start`: anchor also a session whose id was given. */
  anchor?: boolean
  /** Write the sign of life however recent the last one is. */
  heartbeat?: boolean
  /** Leave a session that has ended as it is: a sign of life alone does not bring it back. */
  onlyIfOpen?: boolean
}

/**
 * Decides what to write so that the caller's session is listed and shows life.
 * @param registry as the guard showed it
 * @returns the change (null: none is needed) and which session it is
 */
export function decideRegistration(
  context: Context,
  registry: Registry,
  identity: Identity,
  how: Registration,
  now: Date,
): {
  change: RegistryChange | null
  result: { session: string; claims: readonly ClaimRecord[]; endedAt?: Date }
} {
  const sessions = sessionsIn(registry)
  // Two calls of a new terminal at once: the second finds what the first has registered.
  const known = identity.id ?? (identity.anchor ? anchoredTo(identity.anchor, sessions)?.id : undefined)
  const listed = sessions.find(({ id }) => id === known)
  const agent = how.provider ?? how.agent ?? identity.agent
  const top: Values = {
    session_id: quoted(listed?.id ?? ''),
    ...(agent ? { orchestrator_agent: quoted(agent) } : {}),
    updated_at: quoted(stamp(now)),
  }
  const startOf = (session: string): PendingEvent => ({
    ...newEvent(stamp(now), 'sessionStarted'),
    session,
    reason: `${identity.source}: ${identity.via}`,
    tx: context.store.host.randomLetters(12),
  })
  if (listed?.endedAt && how.onlyIfOpen) {
    const { id, claims, endedAt } = listed
    return { change: null, result: { session: id, claims, endedAt } }
  }
  if (listed) {
    const update = sessionUpdate(context, listed, identity, now, how.heartbeat)
    const provider: Values = how.provider ? { orchestrator_agent: quoted(how.provider) } : {}
    const revived = listed.endedAt !== null
    const change = update || how.provider ? { ...update, ...provider } : null
    return {
      change: change && {
        top: revived || how.provider ? top : { updated_at: quoted(stamp(now)) },
        add: [],
        set: [{ id: listed.id, values: change }],
        remove: [],
        rebuiltAt: null,
        ...(revived ? { event: startOf(listed.id) } : {}),
      },
      result: { session: listed.id, claims: listed.claims },
    }
  }

  const id = known ?? newId(context, agent, sessions)
  const added: Session = {
    id,
    agent,
    anchors: identity.anchor ? [identity.anchor] : [],
    startedAt: now,
    heartbeatAt: now,
    activeWrk: null,
    claims: [],
    endedAt: null,
  }
  const older = olderToolsSession(registry, id)
  return {
    change: {
      top: {
        session_id: quoted(id),
        orchestrator_agent: quotedOrNull(agent),
        ...(registry.kind === 'single' && registry.sessionId === id
          ? {}
          : { subagents_used: '[]', active_wrk: '""', last_stage: '""', handoff_allowed: 'false' }),
        updated_at: quoted(stamp(now)),
      },
      add: older ? [older, added] : [added],
      set: [],
      remove: outdated(context, sessions, now),
      rebuiltAt: registry.kind !== 'registry' && hasForeignLocks(context, [id, older?.id]) ? now : null,
      event: startOf(id),
    },
    result: { session: id, claims: [] },
  }
}

/** What to write for a listed session: nothing (null) when it is alive and was seen within the minute. */
export function sessionUpdate(
  { store }: Context,
  listed: Session,
  identity: Identity,
  now: Date,
  heartbeat = false,
): Values | null {
  const sign = nextSign(listed.heartbeatAt, now)
  const silence = listed.heartbeatAt
    ? sign.getTime() - listed.heartbeatAt.getTime()
    : Number.POSITIVE_INFINITY
  const lively = { here: here(), look: store.host.look }
  // It acts, so it is not dead: whatever it was anchored to is no longer what keeps it alive.
  const dead = judgeSession(listed, lively).verdict === 'dead'
  if (!dead && !heartbeat && silence >= 0 && silence < HEARTBEAT_EVERY_MS) return null
  const values: Values = { heartbeat_at: quoted(stamp(sign)) }
  if (!dead) return values
  return {
    ...values,
    ended_at: 'null',
    ...anchorValues(identity.anchor ? [identity.anchor] : [], listed.anchors),
  }
}

function newId({ store }: Context, agent: string | null, sessions: readonly Session[]): string {
  const maker = (AGENTS as readonly string[]).includes(agent ?? '') ? agent : null
  for (;;) {
    const id = generatedId(maker, here().host, store.host.randomLetters(6))
    if (!sessions.some(session => session.id === id)) return id
  }
}

/** A file by older tooling names one session: it stays listed, with its last update as its last sign of life. */
function olderToolsSession(registry: Registry, adopted: string): Session | null {
  if (registry.kind !== 'single' || !registry.sessionId || registry.sessionId === adopted) return null
  return {
    id: registry.sessionId,
    agent: registry.agent,
    anchors: [],
    startedAt: null,
    heartbeatAt: registry.updatedAt,
    activeWrk: null,
    claims: [],
    endedAt: null,
  }
}

/**
 * Sessions that ended or died long ago, whose locks are free either way, and those of which nothing was heard for long.
 * That is for this call's clock to say, and were it wrong, a living holder would be dead for everybody. So one that has
 * recorded claims goes after a year only: no clock is thought to be that wrong, and the list does not grow for ever.
 */
function outdated({ store }: Context, sessions: readonly Session[], now: Date): string[] {
  const keep = Math.max(KEEP_MS, store.settings.ttlMs)
  const lively = { here: here(), look: store.host.look }
  return sessions
    .filter(session => {
      const seen = [session.startedAt, session.heartbeatAt, session.endedAt].flatMap(
        date => date?.getTime() ?? [],
      )
      // Without any time it may have been listed a moment ago.
      const last = seen.length > 0 ? Math.max(...seen) : now.getTime()
      const silence = now.getTime() - last
      if (silence <= keep) return false
      const { verdict } = judgeSession(session, lively)
      const longest = session.claims.length > 0 ? KEEP_HOLDER_MS : KEEP_SILENT_MS
      return verdict === 'dead' || (verdict === 'unknown' && silence > Math.max(longest, keep))
    })
    .map(({ id }) => id)
}

const LOCKED = /^locked_by:[ \t]*(?!["']{2}|null\b|~|#|\r?$)(\S.*)$/m

/**
 * Whether items are held by sessions that no registry ever listed: then the new registry's silence about
 * them proves nothing, and `rebuilt_at` says so. A look at the text is enough; doubt counts as a lock.
 */
function hasForeignLocks({ store }: Context, ours: readonly (string | undefined)[]): boolean {
  return itemPlaces(store.host.disk, store.root).some(({ path }) => {
    const holder = LOCKED.exec(readHeadOf(store.host.disk, path))?.[1]
    return holder !== undefined && !ours.some(id => id !== undefined && holder.includes(id))
  })
}
