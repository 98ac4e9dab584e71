/**
 * Sessions: who may hold an item. Ids, anchors, and the registry as it was read.
 */
import { countedSign } from '../claims/lock.ts'
import { WrkError } from '../errors.ts'
import { printable } from '../text.ts'

/** A process that outlives one call of wrk, distinguished from a later process of the same pid. */
export interface Anchor {
  pid: number
  /** The start time as the system gives it (Linux: clock ticks since boot). */
  started: string
  boot: string
  pidns: string
  host: string
  machine?: string
  /** It has spoken for several sessions: its end proves theirs, its life proves nothing. */
  shared?: boolean
}

export interface ClaimRecord {
  id: string
  claimedAt: string
  runId: string | null
}

export interface Session {
  readonly id: string
  readonly agent: string | null
  /** The processes it runs in: usually one; an agent resumed in a second terminal has two. */
  readonly anchors: readonly Anchor[]
  readonly startedAt: Date | null
  readonly heartbeatAt: Date | null
  /** When its own file was last written; left out for one that is only listed. */
  readonly writtenAt?: Date
  readonly activeWrk: string | null
  readonly claims: readonly ClaimRecord[]
  readonly endedAt: Date | null
}

/** Sessions by their own files in `.wrk/sessions`. */
export interface SessionFiles {
  find(id: string): Session | undefined
  all(): readonly Session[]
  /** The open session that runs in this process; of several the one that was started last. */
  anchoredTo(anchor: Anchor): Session | undefined
  /** Whether others wrote session-state.yaml since wrk did: then what it says counts too. */
  isOutdated(): boolean
}

/**
 * What is known of sessions: session-state.yaml, which is read when something of it is asked for, and the sessions' own
 * files, which come first. Without `own` the file is all there is.
 */
export type Registry = StateFile & { readonly own?: SessionFiles }

/**
 * session-state.yaml as it was read. `single` is a file by older tooling: one session, no registry.
 * `current` is the session that the keys on top describe: the one that was last initialised.
 */
export type StateFile =
  | { kind: 'missing' }
  | { kind: 'unreadable'; message: string; line: number; column: number }
  | { kind: 'single'; sessionId: string | null; agent: string | null; updatedAt: Date | null }
  | { kind: 'registry'; sessions: Session[]; rebuiltAt: Date | null; current: string | null }

const SESSION_ID = /^[A-Za-z0-9._:@#/+-]{1,128}$/
const HELPER_NAME = /^[A-Za-z0-9._:@#+-]{1,64}$/

export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text)
}

/**
 * Checks a session id that came from outside.
 * @param source what gave it, for the message: `--session`, `WRK_SESSION_ID`
 * @throws WrkError USAGE
 */
export function checkSessionId(text: string, source: string): string {
  if (isSessionId(text)) return text
  throw new WrkError('USAGE', `${source} must be a session id, not "${printable(text, 60)}"`, {
    hint: 'Use 1 to 128 letters, digits and ._:@#/+-',
  })
}

/** Checks a helper's name that came from outside. @throws WrkError USAGE */
export function checkHelperName(helper: string): void {
  if (HELPER_NAME.test(helper)) return
  throw new WrkError('USAGE', `--agent must be a name, not "${printable(helper, 60)}"`, {
    hint: 'Use 1 to 64 letters, digits and ._:@#+-',
  })
}

/** The name that holds locks: the session, or a helper within it, so that helpers exclude each other. */
export function holderName(session: string, helper: string | undefined): string {
  if (helper === undefined) return session
  return checkSessionId(`${session}/${helper}`, 'the session with its helper')
}

/** The listed session that a holder belongs to: itself, or the part before a helper's name. */
export function sessionOf(holder: string, registry: Registry): Session | undefined {
  for (let name = holder; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('/')))) {
    const found = listedSession(registry, name)
    if (found) return found
  }
  return undefined
}

/** The known sessions; none where there is no registry, or none that can be read. */
export function sessionsIn(registry: Registry): readonly Session[] {
  const { own } = registry
  // What wrk wrote itself lists no other sessions than have files.
  if (own && !own.isOutdated()) return own.all()
  const listed = registry.kind === 'registry' ? registry.sessions : []
  if (!own) return listed
  const filed = own.all().map(session => merged(session, registry))
  const ids = new Set(filed.map(({ id }) => id))
  return [...filed, ...listed.filter(({ id }) => !ids.has(id))]
}

/** The known session of that id: by its own file, else as session-state.yaml lists it. */
export function listedSession(registry: Registry, id: string): Session | undefined {
  const own = registry.own?.find(id)
  return own ? merged(own, registry) : listedIn(registry, id)
}

function listedIn(registry: Registry, id: string): Session | undefined {
  return registry.kind === 'registry' ? registry.sessions.find(session => session.id === id) : undefined
}

/**
 * A session by its own file, with what other tooling has written of it: a session that is listed as ended has ended, if
 * that is not before its last start or heartbeat (an old copy of the file ends nobody).
 */
function merged(own: Session, registry: Registry): Session {
  if (!registry.own?.isOutdated()) return own
  const listed = listedIn(registry, own.id)
  if (!listed) return own
  const { endedAt, heartbeatAt } = listed
  const isEnd =
    endedAt !== null && [own.startedAt, own.heartbeatAt].every(sign => sign === null || endedAt >= sign)
  const isLater = heartbeatAt !== null && (own.heartbeatAt === null || heartbeatAt > own.heartbeatAt)
  if (own.endedAt || !(isEnd || isLater)) return own
  const { id, agent, anchors, startedAt, writtenAt } = own
  return {
    id,
    agent,
    anchors,
    startedAt,
    ...(writtenAt ? { writtenAt } : {}),
    heartbeatAt: isLater ? heartbeatAt : own.heartbeatAt,
    endedAt: isEnd ? endedAt : null,
    get claims() {
      return own.claims
    },
    get activeWrk() {
      return own.activeWrk
    },
  }
}

/** Its last heartbeat, as it counts at `now`; null before the first. */
export function heartbeatOf({ heartbeatAt, writtenAt }: Session, now: Date): Date | null {
  return countedSign(heartbeatAt, writtenAt ?? null, now)
}

/** Whether a holder is this session or one of its helpers. */
export function belongsTo(holder: string, session: string): boolean {
  return holder === session || holder.startsWith(`${session}/`)
}

/** What a generated id may start with: the agents that wrk knows, and a plain terminal. */
export const AGENTS = ['claude', 'codex', 'gemini', 'cursor', 'copilot', 'amp', 'opencode', 'aider'] as const
export type AgentName = (typeof AGENTS)[number]

const RANDOM_PART = /^[0-9a-z]{6}$/

/** `claude-devbox-k3x9f2`: names agent and host. `random` is six characters of 0-9a-z. */
export function generatedId(agent: string | null, host: string, random: string): string {
  return `${agent ?? 'terminal'}-${host}-${random}`
}

/** The host that a generated id names, or null when the id was given by someone. */
export function hostNamedBy(holder: string): string | null {
  const id = holder.split('/', 1)[0]!
  const first = id.indexOf('-')
  const last = id.lastIndexOf('-')
  if (first < 0 || last <= first || !RANDOM_PART.test(id.slice(last + 1))) return null
  const maker = id.slice(0, first)
  if (maker !== 'terminal' && !(AGENTS as readonly string[]).includes(maker)) return null
  return id.slice(first + 1, last)
}

/** A host name as ids and anchors spell it: first label, lower case, nothing that an id may not hold. */
export function hostLabel(hostname: string): string {
  const label = (hostname.split('.')[0] ?? '').toLowerCase().replace(/[^a-z0-9-]/g, '-')
  return label.slice(0, 40) || 'localhost'
}
