/**
 * Brings session-state.yaml up to date with the sessions' own files: when a session begins or ends, and otherwise at most
 * once a minute. It only shows them, so failing at it is a warning.
 */
import { messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { judgeSession } from '../../core/sessions/liveness.ts'
import { listedSession, type Session, type StateFile, sessionsIn } from '../../core/sessions/session.ts'
import { parseInstant, stamp } from '../../core/time.ts'
import type { YamlMap } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import { readHeadOf } from '../../store/items/read-item-file.ts'
import { changeRegistry, type RegistryChange } from '../../store/sessions/change-registry.ts'
import { importSession } from '../../store/sessions/change-session.ts'
import {
  anchorValues,
  quoted,
  quotedOrNull,
  type Values,
  writeClaims,
} from '../../store/sessions/registry-text.ts'
import { readSeen, readSession, removeSession } from '../../store/sessions/session-files.ts'
import { here } from '../../system/processes/process.ts'
import { type Context, currentRegistry } from '../context.ts'
import { newSession } from './registration.ts'
import { HEARTBEAT_EVERY_MS } from './session-update.ts'

/** Ended and dead sessions stay listed this long at least, or one TTL if that is longer; silent ones longer. */
const KEEP_MS = 24 * 3_600_000
const KEEP_SILENT_MS = 7 * KEEP_MS
/** Silent ones that have claimed something: who is not listed is dead, and the clock of this call may be wrong. */
const KEEP_HOLDER_MS = 365 * KEEP_MS

/** Whether nobody has brought the file up to date within the minute. */
export function isShowingDue({ store, clock }: Context): boolean {
  const seen = readSeen(store.host.disk, store.registry.logDir)
  const at = seen && parseInstant(seen.at)
  const age = at ? clock().getTime() - at.getTime() : Number.POSITIVE_INFINITY
  return age < 0 || age >= HEARTBEAT_EVERY_MS
}

/**
 * Shows one session as its file says it.
 * @param begins whether it was initialised now: the keys on top then describe it
 * @returns warnings
 */
export async function showSession(context: Context, id: string, begins: boolean): Promise<string[]> {
  const { store } = context
  const { host, stateDir } = store
  try {
    const now = context.clock()
    const known = begins ? await currentRegistry(context) : null
    const outdated = known ? outdatedSessions(context, sessionsIn(known), now) : []
    const foreign = await changeRegistry(host, store.registry, now, (file, top) => {
      const session = readSession(host.disk, stateDir, id)
      if (!session) return { change: null, result: [] }
      return decideShown(context, file, top, session, begins, outdated, now)
    })
    for (const session of foreign) importSession(host, stateDir, session)
    for (const session of outdated) removeSession(host.disk, stateDir, session)
    return []
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const wayOut = error instanceof WrkError && error.hint ? `. ${error.hint}` : ''
    return [`session-state.yaml does not show this session: ${messageOf(error)}${wayOut}`]
  }
}

/** @returns the change, and the sessions that only the file lists: from then on they have files of their own */
function decideShown(
  context: Context,
  file: StateFile,
  top: YamlMap | null,
  session: Session,
  begins: boolean,
  outdated: readonly Session[],
  now: Date,
): { change: RegistryChange; result: Session[] } {
  const { host, stateDir } = context.store
  const listed = listedSession(file, session.id)
  const remove = outdated.map(({ id }) => id).filter(id => id !== session.id)
  const older = begins ? olderToolsSession(file, top, session.id) : null
  const isOlderFile = file.kind !== 'registry' && file.kind !== 'unreadable'
  const rebuilt = begins && isOlderFile && hasForeignLocks(context, [session.id, older?.id])
  const current = file.kind === 'registry' ? file.current : null
  const change: RegistryChange = {
    top: {
      ...(begins ? beginningOf(file, session) : {}),
      ...(begins || current === session.id ? { active_wrk: quoted(session.activeWrk ?? '') } : {}),
      updated_at: quoted(stamp(now)),
    },
    add: [...(older ? [older] : []), ...(listed ? [] : [session])],
    set: listed ? [{ id: session.id, values: shownValues(session, listed) }] : [],
    remove,
    rebuiltAt: rebuilt ? now : null,
  }
  const foreign = [...sessionsIn(file), ...(older ? [older] : [])].filter(
    ({ id }) => id !== session.id && !remove.includes(id) && !readSession(host.disk, stateDir, id),
  )
  return { change, result: foreign }
}

/** The keys on top of a session that begins; what a file by older tooling says of the same one stays. */
function beginningOf(file: StateFile, { id, agent }: Session): Values {
  const isAdopted = file.kind === 'single' && file.sessionId === id
  const isKnown = file.kind === 'registry' && listedSession(file, id) !== undefined
  return {
    session_id: quoted(id),
    ...(agent !== null || !isKnown ? { orchestrator_agent: quotedOrNull(agent) } : {}),
    ...(isAdopted || isKnown ? {} : { subagents_used: '[]', last_stage: '""', handoff_allowed: 'false' }),
  }
}

function shownValues(session: Session, listed: Session): Values {
  const at = (date: Date | null) => quotedOrNull(date && stamp(date))
  const isSame = JSON.stringify(session.anchors) === JSON.stringify(listed.anchors)
  return {
    ...(session.agent === listed.agent ? {} : { orchestrator_agent: quotedOrNull(session.agent) }),
    ...(isSame ? {} : anchorValues(session.anchors, listed.anchors)),
    heartbeat_at: at(session.heartbeatAt),
    active_wrk: quotedOrNull(session.activeWrk),
    claims: writeClaims(session.claims),
    ended_at: at(session.endedAt),
  }
}

/** A session that the keys on top name and no list does: it stays listed; its last update is its heartbeat. */
function olderToolsSession(file: StateFile, top: YamlMap | null, id: string): Session | null {
  const text = (key: string) => (top && scalarText(findPair(top, key)?.value)) ?? null
  const named = text('session_id')
  if (!named || named === id || listedSession(file, named)) return null
  const updated = text('updated_at')
  const heartbeatAt = updated === null ? null : parseInstant(updated)
  return newSession(named, { agent: text('orchestrator_agent'), heartbeatAt })
}

/**
 * Sessions that ended or died long ago, with locks that are free either way, and those that were silent for long.
 * That is for this call's clock to say, and were it wrong, a living holder would be dead for everybody. So one that has
 * claims goes after a year only: no clock is thought to be that wrong, and the list does not grow for ever.
 */
function outdatedSessions({ store }: Context, sessions: readonly Session[], now: Date): Session[] {
  const keep = Math.max(KEEP_MS, store.settings.ttlMs)
  const lively = { here: here(), look: store.host.look }
  return sessions.filter(session => {
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
