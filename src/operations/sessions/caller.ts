/** Which session this call belongs to, and registering it when it is new. */

import { isFailure } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { isAmong } from '../../core/sessions/anchors.ts'
import {
  type Identity,
  type IdentityFacts,
  identify,
  isSameProcess,
  noSession,
} from '../../core/sessions/identity.ts'
import { judgeAnchors } from '../../core/sessions/liveness.ts'
import {
  type Anchor,
  checkSessionId,
  holderName,
  listedSession,
  type Registry,
  type Session,
} from '../../core/sessions/session.ts'
import {
  changeSession,
  completeSessionEvents,
  sessionForAnchor,
} from '../../store/sessions/change-session.ts'
import { nearestAbove, processContext } from '../../system/processes/ancestors.ts'
import { here } from '../../system/processes/process.ts'
import { sharedClaims } from '../claims/remote-claim.ts'
import { type Context, currentRegistry, prepareState } from '../context.ts'
import { decideRegistration, newId, type Registration, type RegistrationResult } from './registration.ts'
import { sessionUpdate } from './session-update.ts'
import { markOthersShared, othersAt } from './shared-process.ts'
import { isShowingDue, showSession } from './show-sessions.ts'

export interface Caller {
  /** The session's id. */
  session: string
  /** Who holds what this call claims: the session, or a helper within it. */
  holder: string
  identity: Identity
}

interface Registered extends Caller {
  /** Set when the session has ended, and was left so (`onlyIfOpen`). */
  endedAt: Date | null
  /** Whether it began with this call. */
  began: boolean
  /** Why the session is dead, and was left so (`onlyIfOpen`). */
  gone: string | null
  warnings: string[]
}

export interface CallerView {
  registry: Registry
  /** Null: no session was found (rule 7). */
  identity: Identity | null
  /** Null also for a terminal that has not worked here yet. */
  caller: Caller | null
}

/**
 * Who calls, without registering anybody: for commands that look, and for what needs no registration. Gives
 * the heartbeat that any call of a listed session is, at most once a minute.
 */
export async function resolveCaller(context: Context): Promise<CallerView> {
  const view = await lookForCaller(context)
  const { identity, caller } = view
  const listed = caller && listedSession(view.registry, caller.session)
  if (identity && listed && !listed.endedAt && hasNews(context, listed, identity))
    try {
      await register(context, { onlyIfOpen: true })
      return { ...view, registry: await currentRegistry(context) }
    } catch (error) {
      // A queue that cannot be written is no reason for looking to fail.
      if (!isFailure(error)) throw error
    }
  return view
}

/** The same without the heartbeat: for what a clock calls, not somebody who works. */
export async function lookForCaller(context: Context): Promise<CallerView> {
  const registry = await currentRegistry(context)
  const facts = identityFacts(context, registry)
  const found = identify(facts)
  const identity = found && withProcess(context, found, facts, 'look')
  const caller = identity?.id ? callerOf(context, identity, identity.id) : null
  return { registry, identity, caller }
}

function hasNews(context: Context, listed: Session, { anchor }: Identity): boolean {
  return sessionUpdate(context, listed, anchor, context.clock()).kind === 'write'
}

function identityFacts({ session, env }: Context, registry: Registry): IdentityFacts {
  let processes: ReturnType<typeof processContext> | undefined
  return {
    flag: session,
    env,
    registry,
    processes: () => {
      processes ??= processContext()
      return processes
    },
  }
}

function callerOf({ agent }: Context, identity: Identity, session: string): Caller {
  return { session, holder: holderName(session, agent), identity }
}

/**
 * Makes sure that the caller's session is known and alive, and returns it.
 * @throws WrkError NO_SESSION, USAGE, BUSY; system errors pass
 */
export async function register(context: Context, how: Registration = {}): Promise<Registered> {
  const registry = await currentRegistry(context)
  const facts = identityFacts(context, registry)
  const identity = withProcess(context, identityFor(facts, how), facts)
  const now = context.clock()

  // The usual case, without a guard: known, alive, and a heartbeat within the last minute.
  const known = identity.id === null ? undefined : listedSession(registry, identity.id)
  const isTaken = identity.source === 'file' && known && !isAnchoredAlike(known, identity)
  if (known && !isTaken && !known.endedAt && !how.heartbeat && !how.provider)
    if (sessionUpdate(context, known, identity.anchor, now).kind === 'none')
      return {
        ...callerOf(context, identity, known.id),
        endedAt: null,
        began: false,
        gone: null,
        warnings: [],
      }

  prepareState(context)
  return registerAs(context, identity, known, how, now)
}

async function registerAs(
  context: Context,
  identity: Identity,
  known: Session | undefined,
  how: Registration,
  now: Date,
): Promise<Registered> {
  const { host, stateDir } = context.store
  const id = identity.id ?? (await idForNew(context, identity, how))
  const { anchor } = identity
  const isKnown = anchor !== null && isAmong(anchor, known?.anchors ?? [])
  const others = anchor && !isKnown ? othersAt(context, anchor, id) : []
  const { result, warnings } = await changeSession<RegistrationResult | 'taken'>(
    host,
    stateDir,
    id,
    filed => {
      // A file by older tooling names one session, which only the first terminal to come may take.
      if (identity.source === 'file' && filed && !isAnchoredAlike(filed, identity)) return TAKEN
      return decideRegistration(context, id, filed ?? known, identity, how, now, others.length > 0)
    },
  )
  if (result === 'taken')
    return registerAs(context, { ...identity, id: null, source: 'new' }, undefined, how, now)
  const { endedAt, began, moved, gone = null, sharedWith } = result
  if (gone !== null && !how.onlyIfOpen) throw goneSession(id, gone)
  if (anchor && gone === null && !endedAt) await markOthersShared(context, anchor, others)
  if (sharedWith)
    warnings.push(`session ${id} also runs in process ${sharedWith.pid}: both hold the same items`)
  if (began) warnings.push(...(await completeSessionEvents(host, stateDir)))
  if (!endedAt && gone === null && (began || moved || how.provider !== undefined || isShowingDue(context)))
    warnings.push(...(await showSession(context, id, began || how.provider !== undefined)))
  const isOpen = !endedAt && gone === null
  const shared = isOpen ? await sharedClaims(context) : null
  if (shared) warnings.push(...(await shared.keepForAll(context, id)))
  return { ...callerOf(context, { ...identity, id }, id), endedAt, began, gone, warnings }
}

const TAKEN = { next: null, event: null, result: 'taken' } as const

function isAnchoredAlike({ anchors }: Session, { anchor }: Identity): boolean {
  return anchor === null ? anchors.length === 0 : anchors.some(one => isSameProcess(one, anchor))
}

function idForNew(
  context: Context,
  { anchor, agent }: Identity,
  how: Registration,
): Promise<string> | string {
  const { host, stateDir } = context.store
  const make = () => newId(context, how.provider ?? how.agent ?? agent)
  return anchor ? sessionForAnchor(host, stateDir, anchor, make) : make()
}

function goneSession(session: string, reason: string): WrkError {
  return new WrkError('NO_SESSION', `session ${session} has ended: ${reason}`, {
    hint: `Continue it here: wrk session start --provider NAME --session-id ${session}`,
  })
}

/**
 * The process from which a session is called that was named by its id (`--session`, WRK_SESSION_ID): one of its own that
 * is above this call, or the agent or terminal that now works under its id. Of a session that its heartbeat keeps alive
 * it stays null, and so it does where another only names a living one with `--session`.
 */
function withProcess(
  { store, ownProcess }: Context,
  identity: Identity,
  facts: IdentityFacts,
  purpose: 'look' | 'work' = 'work',
): Identity {
  if (identity.anchor || identity.id === null) return identity
  if (ownProcess && identity.via === '--session') return { ...identity, anchor: ownProcess }
  const anchors = listedSession(facts.registry, identity.id)?.anchors ?? []
  if (anchors.length === 0) return identity
  // Mostly it is near: what the processes further up are called need not be known.
  const above = nearestAbove(process => isAmong(process, anchors))
  if (above) return { ...identity, anchor: above }
  const { terminal } = facts.processes()
  if (terminal && isAmong(terminal, anchors)) return { ...identity, anchor: terminal }
  const isDead = () => judgeAnchors(anchors, { here: here(), look: store.host.look }).verdict === 'dead'
  if (identity.source === 'flag' && (purpose === 'look' || !isDead())) return identity
  return { ...identity, anchor: outlivingProcess(facts) }
}

/** The agent or terminal that this call comes from. */
export function callingProcess(context: Context): Anchor | null {
  return context.ownProcess ?? outlivingProcess({ processes: processContext })
}

function identityFor(facts: IdentityFacts, { sessionId, anchor, anchorTo }: Registration): Identity {
  if (sessionId !== undefined) {
    const id = checkSessionId(sessionId, '--session-id')
    return {
      id,
      source: 'flag',
      via: '--session-id',
      agent: null,
      anchor: anchorTo ?? outlivingProcess(facts),
    }
  }
  const identity = identify(facts)
  if (identity && !anchor) return identity
  if (!anchor) throw noSession()

  // A session of `wrk session start` belongs to the nearest agent or terminal, not to an agent further up.
  const own = outlivingProcess(facts)
  const another =
    identity?.source === 'anchor' && !(own && identity.anchor && isSameProcess(own, identity.anchor))
  if (identity && !another) return { ...identity, anchor: identity.anchor ?? own }
  return { id: null, source: 'new', via: 'session start', agent: null, anchor: own }
}

/** The process that `wrk session start` anchors a session to: the nearest agent, else the terminal. */
function outlivingProcess(facts: Pick<IdentityFacts, 'processes'>): Anchor | null {
  const { ancestors, terminal } = facts.processes()
  return ancestors.find(({ agent }) => agent)?.anchor ?? terminal
}
