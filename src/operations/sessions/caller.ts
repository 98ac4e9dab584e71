/** Which session this call belongs to, and registering it when it is new. */

import { isFailure } from '../../core/errno.ts'
import {
  type Identity,
  type IdentityFacts,
  identify,
  isSameProcess,
  noSession,
} from '../../core/sessions/identity.ts'
import {
  type Anchor,
  type ClaimRecord,
  checkSessionId,
  holderName,
  listedSession,
  type Registry,
} from '../../core/sessions/session.ts'
import { changeRegistry } from '../../store/sessions/session-registry.ts'
import { processContext } from '../../system/ancestors.ts'
import { type Context, currentRegistry, tidy } from '../context.ts'
import { decideRegistration, type Registration, sessionUpdate } from './registration.ts'

export interface Caller {
  /** The session's id. */
  session: string
  /** Who holds what this call claims: the session, or a helper within it. */
  holder: string
  identity: Identity
  /** What the registry has recorded of its claims. */
  claims: readonly ClaimRecord[]
}

interface Registered extends Caller {
  /** Set when the session has ended, and was left so (`onlyIfOpen`). */
  endedAt: Date | null
  warnings: string[]
}

export interface CallerView {
  registry: Registry
  /** Null: none can be told (rule 7). */
  identity: Identity | null
  /** Null also for a terminal that has not worked here yet. */
  caller: Caller | null
}

/**
 * Who calls, without registering anybody: for commands that look, and for what needs no registration. Gives
 * the sign of life that any call of a listed session is, at most once a minute.
 */
export async function resolveCaller(context: Context): Promise<CallerView> {
  let registry = await currentRegistry(context)
  const identity = identify(identityFacts(context, registry))
  const caller = identity?.id ? callerOf(context, identity, identity.id) : null
  const listed = caller && listedSession(registry, caller.session)
  if (identity && listed && sessionUpdate(context, listed, identity, context.clock()) !== null)
    try {
      await register(context)
      registry = await currentRegistry(context)
    } catch (error) {
      // A queue that cannot be written is no reason for looking to fail.
      if (!isFailure(error)) throw error
    }
  return { registry, identity, caller }
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

function callerOf(
  { agent }: Context,
  identity: Identity,
  session: string,
  claims: readonly ClaimRecord[] = [],
): Caller {
  return { session, holder: holderName(session, agent), identity, claims }
}

/**
 * Makes sure that the caller's session is listed and shows life, then tells who it is.
 * @throws WrkError NO_SESSION, USAGE, IO (a registry that cannot be read)
 */
export async function register(context: Context, how: Registration = {}): Promise<Registered> {
  const registry = await currentRegistry(context)
  const facts = identityFacts(context, registry)
  const identity = identityFor(facts, how)
  const now = context.clock()

  // The usual case, without a guard: listed, alive, and a sign of life within the last minute.
  const listed = identity.id === null ? undefined : listedSession(registry, identity.id)
  if (listed && !how.heartbeat && !how.provider && sessionUpdate(context, listed, identity, now) === null)
    return { ...callerOf(context, identity, listed.id, listed.claims), endedAt: null, warnings: [] }

  tidy(context)
  // Told again inside the guard: what a file by older tooling gives, only the first to come may take.
  const { result, warnings } = await changeRegistry(context.store.host, context.store.registry, found =>
    decideRegistration(context, found, identityFor({ ...facts, registry: found }, how), how, now),
  )
  const { session, claims, endedAt = null } = result
  return { ...callerOf(context, { ...identity, id: session }, session, claims), endedAt, warnings }
}

function identityFor(facts: IdentityFacts, { sessionId, anchor }: Registration): Identity {
  if (sessionId !== undefined) {
    const id = checkSessionId(sessionId, '--session-id')
    return { id, source: 'flag', via: '--session-id', agent: null, anchor: outlivingProcess(facts) }
  }
  const identity = identify(facts)
  if (identity && !anchor) return identity
  if (!anchor) throw noSession()

  // A session started by hand belongs to the nearest agent or terminal, not to an agent further up.
  const own = outlivingProcess(facts)
  const another =
    identity?.source === 'anchor' && !(own && identity.anchor && isSameProcess(own, identity.anchor))
  if (identity && !another) return { ...identity, anchor: identity.anchor ?? own }
  return { id: null, source: 'new', via: 'session start', agent: null, anchor: own }
}

/** The process that a session started by hand is anchored to: the nearest agent, else the terminal. */
function outlivingProcess(facts: IdentityFacts): Anchor | null {
  const { ancestors, terminal } = facts.processes()
  return ancestors.find(({ agent }) => agent)?.anchor ?? terminal
}
