/**
 * session-state.yaml as text: the registry read from its YAML, and its values as they are written. Pure.
 *
 * The keys on top describe the session that was last initialised, for older tooling; `sessions` is the registry.
 */
import {
  type Anchor,
  type ClaimRecord,
  hostLabel,
  type Session,
  type StateFile,
} from '../../core/sessions/session.ts'
import { parseInstant } from '../../core/time.ts'
import type { YamlMap, YamlNode } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'

/** Values to set, already written as YAML on one line. */
export type Values = Record<string, string>

/** A string as YAML; JSON's escapes are YAML's. */
export const quoted = (text: string): string => JSON.stringify(text)
export const quotedOrNull = (text: string | null): string => (text === null ? 'null' : quoted(text))

/**
 * A session's processes as keys of its entry: `host` and `anchor` for the first, and all of them in `anchors` when
 * there are several.
 * @param before those that the entry has now: a list of several is emptied when one is left
 */
export function anchorValues(anchors: Session['anchors'], before: Session['anchors'] = []): Values {
  const [first] = anchors
  return {
    host: quotedOrNull(first?.host ?? null),
    anchor: first ? `{ ${anchorFields(first)} }` : 'null',
    ...(anchors.length > 1 || before.length > 1 ? { anchors: writeAnchors(anchors) } : {}),
  }
}

function writeAnchors(anchors: Session['anchors']): string {
  if (anchors.length < 2) return '[]'
  return `[${anchors.map(one => `{ ${anchorFields(one)}, host: ${quoted(one.host)} }`).join(', ')}]`
}

function anchorFields({ pid, started, boot, pidns, machine, shared }: Anchor): string {
  const more = (machine ? `, machine: ${quoted(machine)}` : '') + (shared ? ', shared: true' : '')
  return `pid: ${pid}, started: ${quoted(started)}, boot: ${quoted(boot)}, pidns: ${quoted(pidns)}${more}`
}

export function writeClaims(claims: readonly ClaimRecord[]): string {
  const one = ({ id, claimedAt, runId }: ClaimRecord) =>
    `{ id: ${quoted(id)}, claimed_at: ${quoted(claimedAt)}, run_id: ${quotedOrNull(runId)} }`
  return claims.length === 0 ? '[]' : `[${claims.map(one).join(', ')}]`
}

/** What the text says, once it has been read as YAML. Entries that are no sessions are passed over. */
export function readRegistry(root: YamlMap): StateFile {
  const sessions = findPair(root, 'sessions')
  if (!sessions)
    return {
      kind: 'single',
      sessionId: text(root, 'session_id'),
      agent: text(root, 'orchestrator_agent'),
      updatedAt: instant(root, 'updated_at'),
    }
  return {
    kind: 'registry',
    sessions: entries(sessions.value).flatMap(entry => readSession(entry) ?? []),
    rebuiltAt: instant(root, 'rebuilt_at'),
    current: text(root, 'session_id'),
  }
}

export function entries(node: YamlNode | undefined): YamlMap[] {
  return node?.kind === 'list' ? node.items.filter(item => item.kind === 'map') : []
}

function readSession(entry: YamlMap): Session | null {
  const id = text(entry, 'session_id')
  return id ? new ListedSession(id, entry) : null
}

/** An entry of the list. Few calls ask for more than the id of most sessions, so the rest is read when it is asked for. */
class ListedSession implements Session {
  readonly id: string
  readonly #entry: YamlMap
  #said: Omit<Session, 'id'> | undefined

  constructor(id: string, entry: YamlMap) {
    this.id = id
    this.#entry = entry
  }

  private get said() {
    this.#said ??= readSaid(this.#entry)
    return this.#said
  }

  get agent() {
    return this.said.agent
  }

  get anchors() {
    return this.said.anchors
  }

  get startedAt() {
    return this.said.startedAt
  }

  get heartbeatAt() {
    return this.said.heartbeatAt
  }

  get activeWrk() {
    return this.said.activeWrk
  }

  get claims() {
    return this.said.claims
  }

  get endedAt() {
    return this.said.endedAt
  }
}

function readSaid(entry: YamlMap): Omit<Session, 'id'> {
  return {
    agent: text(entry, 'orchestrator_agent'),
    anchors: readAnchors(entry),
    startedAt: instant(entry, 'started_at'),
    heartbeatAt: instant(entry, 'heartbeat_at'),
    activeWrk: text(entry, 'active_wrk'),
    claims: entries(findPair(entry, 'claims')?.value).flatMap(claim => {
      const item = text(claim, 'id')
      return item
        ? { id: item, claimedAt: text(claim, 'claimed_at') ?? '', runId: text(claim, 'run_id') }
        : []
    }),
    endedAt: instant(entry, 'ended_at'),
  }
}

function readAnchors(entry: YamlMap): Session['anchors'] {
  const several = entries(findPair(entry, 'anchors')?.value)
  const one = findPair(entry, 'anchor')?.value
  const written = several.length > 0 ? several : one?.kind === 'map' ? [one] : []
  return written.flatMap(anchor => readAnchor(anchor, entry) ?? [])
}

function readAnchor(anchor: YamlMap, entry: YamlMap): Anchor | null {
  const pid = Number(text(anchor, 'pid'))
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const machine = text(anchor, 'machine')
  return {
    pid,
    started: text(anchor, 'started') ?? '',
    boot: text(anchor, 'boot') ?? '',
    pidns: text(anchor, 'pidns') ?? '',
    host: hostLabel(text(anchor, 'host') ?? text(entry, 'host') ?? ''),
    ...(machine ? { machine } : {}),
    ...(text(anchor, 'shared') === 'true' ? { shared: true } : {}),
  }
}

export function text(map: YamlMap, key: string): string | null {
  const pair = findPair(map, key)
  return (pair && scalarText(pair.value)) ?? null
}

function instant(map: YamlMap, key: string): Date | null {
  const written = text(map, key)
  return written ? parseInstant(written) : null
}
