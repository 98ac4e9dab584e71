/** The session commands: start one, ask which one this is, look at them, end one. */
import { WrkError } from '../../core/errors.ts'
import { anchorsLeft, isAmong } from '../../core/sessions/anchors.ts'
import { type Identity, noSession } from '../../core/sessions/identity.ts'
import { judgeSession } from '../../core/sessions/liveness.ts'
import {
  type Anchor,
  belongsTo,
  heartbeatOf,
  listedSession,
  type Session,
} from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { changeSession } from '../../store/sessions/change-session.ts'
import { sessionJudge } from '../claims/holder.ts'
import type { ReleaseResult } from '../claims/release.ts'
import { releaseAll } from '../claims/release-many.ts'
import { type Context, currentRegistry, prepareState } from '../context.ts'
import { type Caller, callingProcess, register, resolveCaller } from './caller.ts'
import { fieldsOf } from './registration.ts'
import { showSession } from './show-sessions.ts'
import { type SessionStatus, status } from './status.ts'

export interface SessionInfo {
  id: string
  source: string
  anchor: Anchor | null
}

/**
 * Registers a session for the agent or terminal that this call comes from, or for an id of one's own.
 * @param provider the agent's name: `claude`, `codex`
 * @throws WrkError USAGE, IO, BUSY
 */
export async function sessionStart(
  context: Context,
  options: { provider: string; sessionId?: string | undefined },
): Promise<SessionInfo & { agent: string; warnings: string[] }> {
  const { provider, sessionId } = options
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/.test(provider))
    throw new WrkError('USAGE', `--provider must be a name, not "${printable(provider, 60)}"`, {
      hint: 'Use the name of the agent, such as claude, codex or gemini.',
    })
  const { session, identity, warnings } = await register(context, {
    provider,
    anchor: true,
    heartbeat: true,
    ...(sessionId === undefined ? {} : { sessionId }),
  })
  const anchor = await anchorOf(context, session)
  return { id: session, source: identity.source, anchor, agent: provider, warnings }
}

export interface Explained {
  session: SessionInfo
  /** The rules in their order, and what each found. */
  rules: { rule: string; found: string | null; why?: string }[]
}

/**
 * Which session this is. A terminal that has not worked here is registered, so that the answer stays true.
 * @throws WrkError NO_SESSION, USAGE, IO, BUSY
 */
export async function sessionId(context: Context): Promise<Explained> {
  const found = await resolveCaller(context)
  if (!found.identity) throw noSession()
  const rules = explain(found.identity)
  const { session, identity } = await register(context)
  return {
    session: { id: session, source: identity.source, anchor: await anchorOf(context, session) },
    rules,
  }
}

async function anchorOf(context: Context, id: string): Promise<Anchor | null> {
  return listedSession(await currentRegistry(context), id)?.anchors[0] ?? null
}

const RULES: readonly (readonly [source: Identity['source'], rule: string])[] = [
  ['flag', '--session'],
  ['env', 'WRK_SESSION_ID'],
  ['agent', 'the session variable of an agent'],
  ['anchor', 'a registered session of a parent process'],
  ['file', 'a session-state.yaml of an older tool'],
  ['new', 'a new session for this agent, terminal or script'],
  ['store', 'for scripts: session_id in session-state.yaml'],
]

/** The rules up to the one that matched. */
function explain(match: Identity): Explained['rules'] {
  const matched = RULES.findIndex(([source]) => source === match.source)
  return RULES.slice(0, matched + 1).map(([source, rule]) => ({
    rule,
    found: source === match.source ? `${match.id ?? 'a new one'} by ${match.via}` : null,
    ...(source === 'agent' && match.passedOver ? { why: match.passedOver } : {}),
  }))
}

/**
 * One session; this caller's when no id is given.
 * @throws WrkError NOT_FOUND, NO_SESSION
 */
export async function sessionShow(context: Context, id?: string): Promise<SessionStatus> {
  const wanted = id ?? (await resolveCaller(context)).caller?.session
  if (!wanted) throw noSession()
  const found = (await status(context)).sessions.find(session => session.session_id === wanted)
  if (!found) throw notListed(wanted)
  return found
}

function notListed(id: string): WrkError {
  return new WrkError('NOT_FOUND', `no session ${printable(id, 128)}`, {
    hint: 'See the sessions of this queue: wrk session list',
  })
}

export interface SessionEnd {
  session: string
  /** Of each item that it held; also what could not be released, and stays locked by a session that has ended. */
  released: ReleaseResult[]
  /** Another process that runs under this id: the session goes on there, and holds what it held. */
  goesOnIn: Anchor | null
  warnings: string[]
}

/**
 * Ends a session and releases what it and its helpers hold.
 * @throws WrkError NOT_FOUND, NO_SESSION, LOCKED (another's session that lives or may live, without `force`)
 */
export async function sessionEnd(
  context: Context,
  options: { id?: string | undefined; force?: string | undefined } = {},
): Promise<SessionEnd> {
  const { identity, caller: me, registry } = await resolveCaller(context)
  const { force } = options
  const id = options.id ?? me?.session
  if (!id) throw noSession()
  const session = listedSession(registry, id)
  if (!session) throw notListed(id)
  // After /clear the agent ends the session that it was before.
  const process = callingProcess(context)
  const isOwn = id === me?.session || (process !== null && isAmong(process, session.anchors))
  if (!isOwn && force === undefined) refuseIfAlive(context, session, identity !== null)

  const own = isOwn && force === undefined ? (identity?.anchor ?? process) : undefined
  prepareState(context)
  if (own !== undefined && anchorsWithout(context, session, own).length > 0) {
    const left = await markEnded(context, id, { process: own })
    if (left.goesOnIn) return { session: id, released: [], ...left }
  }
  const by = isOwn ? null : (me?.holder ?? null)
  const taker = isOwn || force === undefined ? undefined : { holder: by, force }
  const released = await releaseAll(context, asSession(id), holder => belongsTo(holder, id), {
    taker,
    isItself: isOwn,
  })
  const { warnings } = await markEnded(context, id, { by, force })
  return { session: id, released, goesOnIn: null, warnings }
}

/** The session itself as the caller of what is done for it. */
export function asSession(id: string): Caller {
  const identity = { id, source: 'flag' as const, via: 'session end', agent: null, anchor: null }
  return { session: id, holder: id, identity }
}

/**
 * Ends a session, in its file and the event log; one that has ended stays as it is. What it still holds is a dead
 * session's from then on.
 * @param end who ended it, when that is another session. `process`: the one that leaves it, null when not known;
 *   the session then ends only with its last one
 */
export async function markEnded(
  context: Context,
  id: string,
  end: { by?: string | null; force?: string | undefined; process?: Anchor | null } = {},
): Promise<{ goesOnIn: Anchor | null; warnings: string[] }> {
  const { host, stateDir } = context.store
  const { by, force } = end
  const now = context.clock()
  const listed = listedSession(await currentRegistry(context), id)
  const reasons = [by ? `ended by ${by}` : '', force === undefined ? '' : `forced: ${force}`]
  const { result, warnings } = await changeSession<Anchor | boolean>(host, stateDir, id, filed => {
    const session = filed ?? listed
    if (!session || session.endedAt) return { next: null, event: null, result: false }
    const anchors = end.process === undefined ? [] : anchorsWithout(context, session, end.process)
    if (anchors[0]) return { next: { ...fieldsOf(session), anchors }, event: null, result: anchors[0] }
    const event = pendingEvent(context.store.host, now, 'sessionEnded', {
      session: id,
      reason: reasons.filter(Boolean).join('; ') || null,
      forced: force !== undefined,
    })
    return { next: { ...fieldsOf(session), endedAt: now }, event, result: true }
  })
  const shown = result ? await showSession(context, id, false) : []
  return { goesOnIn: typeof result === 'object' ? result : null, warnings: [...warnings, ...shown] }
}

function anchorsWithout({ store }: Context, session: Session, leaving: Anchor | null): readonly Anchor[] {
  return anchorsLeft(session, leaving, sessionJudge(store, { kind: 'missing' }))
}

/**
 * What lives, or may live, is ended where it runs. One that has nothing but a name may be ended by a caller that has
 * none, such as the script that started it; a caller that is another session has no business with it.
 */
function refuseIfAlive({ store, clock }: Context, session: Session, isKnown: boolean): void {
  const { id, anchors } = session
  const now = clock()
  const { verdict, reason } = judgeSession(session, sessionJudge(store, { kind: 'missing' }))
  const silence = now.getTime() - (heartbeatOf(session, now)?.getTime() ?? 0)
  const maybe = verdict === 'unknown' && (anchors.length > 0 || isKnown) && silence < store.settings.ttlMs
  if (verdict !== 'alive' && !maybe) return
  throw new WrkError(
    'LOCKED',
    `session ${id} is not this one and ${verdict === 'alive' ? 'is alive' : 'may be alive'}: ${reason}`,
    {
      hint: maybe
        ? `If it is yours: wrk session end --session ${id}. If it is gone: wrk session end ${id} --force --reason TEXT`
        : 'End it where it runs: wrk session end',
    },
  )
}
