/**
 * session-state.yaml as text: reading the registry from its YAML, and changing single values in place,
 * so that comments, unknown keys and their order survive. Pure.
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
import type { YamlList, YamlMap, YamlNode, YamlPair } from '../../markdown/node.ts'
import { findPair, scalarText, scalarValue } from '../../markdown/scalar.ts'

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

function anchorFields({ pid, started, boot, pidns, shared }: Anchor): string {
  const more = shared ? ', shared: true' : ''
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

function entries(node: YamlNode | undefined): YamlMap[] {
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
  return {
    pid,
    started: text(anchor, 'started') ?? '',
    boot: text(anchor, 'boot') ?? '',
    pidns: text(anchor, 'pidns') ?? '',
    host: hostLabel(text(anchor, 'host') ?? text(entry, 'host') ?? ''),
    ...(text(anchor, 'shared') === 'true' ? { shared: true } : {}),
  }
}

function text(map: YamlMap, key: string): string | null {
  const pair = findPair(map, key)
  return (pair && scalarText(pair.value)) ?? null
}

function instant(map: YamlMap, key: string): Date | null {
  const written = text(map, key)
  return written ? parseInstant(written) : null
}

/** Changes to one text, made together: places refer to the text as it was read. */
export class TextEdit {
  private readonly splices: { start: number; end: number; text: string }[] = []
  readonly source: string
  readonly root: YamlMap

  constructor(source: string, root: YamlMap) {
    this.source = source
    this.root = root
  }

  /** Sets top-level values; new keys go before `sessions`, or to the end. */
  setTop(values: Values): void {
    const sessions = findPair(this.root, 'sessions')
    const at = sessions ? lineStart(this.source, sessions.keyStart) : this.source.length
    this.setIn(this.root, values, added => this.splice(at, at, this.asLines(at, added, '')))
  }

  /** Sets values of a listed session. */
  setSession(id: string, values: Values): void {
    const entry = entries(findPair(this.root, 'sessions')?.value).find(
      item => text(item, 'session_id') === id,
    )
    const last = entry?.pairs.at(-1)
    if (!entry || !last) return
    this.setIn(entry, values, added => {
      const at = lineEnd(this.source, trimmedEnd(this.source, last.value.end, last.keyStart))
      const indent = ' '.repeat(column(this.source, entry.pairs[0]!.keyStart))
      this.splice(at, at, added.map(line => `\n${indent}${line}`).join(''))
    })
  }

  /** Takes sessions off the list and puts new ones after the others; comments between entries stay. */
  changeList(remove: ReadonlySet<string>, added: readonly Values[]): void {
    const pair = findPair(this.root, 'sessions')
    const block = (indent: string) => added.map(values => `\n${entryLines(values, indent)}`).join('')
    if (!pair) {
      const end = this.source.length
      if (added.length > 0) this.splice(end, end, this.asLines(end, [`sessions:${block('  ')}`], ''))
      return
    }
    const list = pair.value.kind === 'list' && pair.value.items.length > 0 ? pair.value : null
    if (!list) {
      if (added.length > 0) this.replaceValue(pair, block('  '))
      return
    }
    const gone = entries(list).filter(entry => remove.has(text(entry, 'session_id') ?? ''))
    if (gone.length === list.items.length && added.length === 0) {
      this.replaceValue(pair, ' []')
      return
    }
    for (const entry of gone) this.splice(lineStart(this.source, entry.start) - 1, this.endOf(entry), '')
    if (added.length === 0) return
    const at = this.endOf(list.items.at(-1)!)
    this.splice(at, at, block(' '.repeat(dashColumn(this.source, list))))
  }

  /** The end of the line on which a block value ends. */
  private endOf({ start, end }: YamlNode): number {
    return lineEnd(this.source, trimmedEnd(this.source, end, start))
  }

  /** The text with all changes. */
  result(): string {
    // Later places first; at one place, what was added first comes first.
    const inOrder = this.splices
      .map((splice, i) => ({ ...splice, i }))
      .sort((a, b) => b.start - a.start || b.i - a.i)
    return inOrder.reduce(
      (done, { start, end, text: put }) => done.slice(0, start) + put + done.slice(end),
      this.source,
    )
  }

  private setIn(map: YamlMap, values: Values, add: (lines: string[]) => void): void {
    const added: string[] = []
    for (const [key, value] of Object.entries(values)) {
      const pair = findPair(map, key)
      if (pair) this.replaceValue(pair, ` ${value}`)
      else added.push(`${key}: ${value}`)
    }
    if (added.length > 0) add(added)
  }

  private replaceValue(pair: YamlPair, written: string): void {
    const colon = this.source.indexOf(':', pair.keyStart + pair.key.length) + 1
    this.splice(colon, Math.max(colon, trimmedEnd(this.source, pair.value.end, colon)), written)
  }

  private asLines(at: number, lines: string[], indent: string): string {
    const lead = at > 0 && this.source[at - 1] !== '\n' ? '\n' : ''
    return `${lead}${lines.map(line => `${indent}${line}\n`).join('')}`
  }

  private splice(start: number, end: number, put: string): void {
    this.splices.push({ start, end, text: put })
  }
}

function entryLines(values: Values, indent: string): string {
  return Object.entries(values)
    .map(([key, value], i) => `${indent}${i === 0 ? '- ' : '  '}${key}: ${value}`)
    .join('\n')
}

/** Whether the registry is written in block form, the only form that TextEdit changes in place. */
export function isBlockForm(root: YamlMap): boolean {
  const sessions = findPair(root, 'sessions')?.value
  if (root.flow) return false
  if (sessions === undefined || (sessions.kind === 'scalar' && scalarValue(sessions) === null)) return true
  if (sessions.kind !== 'list') return false
  return sessions.items.every(item => item.kind === 'map' && !item.flow && !isFlowList(sessions))
}

/** Whether sessions can be put on a list without anything being lost that somebody wrote in its place. */
export function hasPlaceForSessions(root: YamlMap): boolean {
  const sessions = findPair(root, 'sessions')?.value
  if (sessions === undefined || sessions.kind === 'list') return true
  return sessions.kind === 'scalar' ? scalarText(sessions) === undefined : sessions.pairs.length === 0
}

function isFlowList(list: YamlList): boolean {
  return list.items.length > 0 && 'flow' in list && list.flow === true
}

function lineStart(source: string, at: number): number {
  return source.lastIndexOf('\n', at - 1) + 1
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf('\n', at)
  return end < 0 ? source.length : end
}

function column(source: string, at: number): number {
  return at - lineStart(source, at)
}

/** Block values end after their line break in one reader and before it in the other; neither blank nor break is value. */
function trimmedEnd(source: string, end: number, atLeast: number): number {
  let trimmed = end
  while (trimmed > atLeast && /\s/.test(source[trimmed - 1]!)) trimmed--
  return trimmed
}

function dashColumn(source: string, list: YamlList): number {
  const start = lineStart(source, list.items[0]!.start)
  return source.slice(start).search(/\S/)
}
