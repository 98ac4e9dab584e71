/**
 * Changes of session-state.yaml, under its guard.
 *
 * Guarantees: every change is made on what the guard showed; a file that cannot be read is never replaced.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { type Session, type StateFile, sessionsIn } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import type { FullReader } from '../../markdown/frontmatter.ts'
import type { ReadError, YamlMap } from '../../markdown/node.ts'
import { readPlain } from '../../markdown/read/plain.ts'
import type { Disk } from '../files/disk.ts'
import { type GuardHost, withGuard } from '../files/guard.ts'
import { type OpenFile, publishSlot, readOpen } from '../files/guarded-file.ts'
import { withReaders } from '../readers.ts'
import { hasPlaceForSessions, isBlockForm, TextEdit } from './registry-edit.ts'
import { anchorValues, quoted, quotedOrNull, type Values, writeClaims } from './registry-text.ts'
import { writeSeen } from './session-files.ts'
import { parse, type RegistryFile, type RegistryText } from './session-registry.ts'

/** Changes to make, decided on the registry that the guard showed. */
export interface RegistryChange {
  /** Keys on top; what older tooling reads. */
  top: Values
  add: Session[]
  set: { id: string; values: Values }[]
  remove: string[]
  /** Set when a registry is started where sessions may have been at work unseen. */
  rebuiltAt: Date | null
}

/**
 * Changes session-state.yaml under its guard: it only shows what the sessions' own files say, so no event comes with it.
 * @param decide null: nothing to change. Called again when the file changed meanwhile; must not keep state.
 *   Gets the file's sessions and the keys on top as they are written.
 * @param now by the clock of the caller
 * @returns what `decide` saw the last time
 * @throws WrkError IO when the file cannot be read as a registry, BUSY
 */
export async function changeRegistry<T>(
  host: GuardHost,
  file: RegistryFile,
  now: Date,
  decide: (registry: StateFile, top: YamlMap | null) => { change: RegistryChange | null; result: T },
): Promise<T> {
  const { disk } = host
  const attempt = (toBlockForm?: (text: string) => string) =>
    withReaders(full =>
      withGuard(host, file.stateDir, file.key, guard => {
        const from = openRegistry(disk, file.path)
        try {
          let parsed = from && from.bytes.length > 0 ? parse(from.bytes, full) : null
          if (parsed?.kind === 'text' && !isBlockForm(parsed.root)) {
            if (!toBlockForm) return 'oneLineForm' as const
            parsed = parse(Buffer.from(toBlockForm(parsed.source)), full)
            if (parsed.kind === 'text' && !hasPlaceForSessions(parsed.root)) throw unchangeable(file.path)
          }
          if (parsed?.kind === 'unreadable') throw unreadable(file.path, parsed)
          const { change, result } = parsed
            ? decide(parsed.registry, parsed.root)
            : decide({ kind: 'missing' }, null)
          if (!change) return { result }
          const written = Buffer.from(parsed ? edited(parsed, change) : fresh(change))
          if (parsed && !parsed.simple) checkResult(written, change, full, file.path)
          const { stat } = publishSlot(disk, guard, publication(file, from, written))
          const { ino, size, mtimeMs } = stat
          writeSeen(disk, file.logDir, { ino, size, mtimeMs, at: stamp(now), simple: parsed?.simple ?? true })
          return { result }
        } finally {
          if (from) disk.closeSync(from.fd)
        }
      }),
    )
  const outcome = await attempt()
  if (outcome !== 'oneLineForm') return outcome.result
  // Rare, and not lossless in its layout: somebody wrote the registry as JSON or in flow style.
  const { toBlockForm } = await import('../../markdown/read/full.ts')
  const again = await attempt(toBlockForm)
  if (again === 'oneLineForm') throw unchangeable(file.path)
  return again.result
}

function openRegistry(disk: Disk, path: string): OpenFile | null {
  try {
    return unless(MISSING, null, () => readOpen(disk, path))
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    throw new WrkError('IO', `${path} is not a session file: not a plain file, or far too large`, {
      hint: `Move it away, and wrk starts a new one: mv ${path} ${path}.old`,
      cause: error,
    })
  }
}

function publication(file: RegistryFile, from: OpenFile | null, bytes: Buffer) {
  return {
    bytes,
    from: from ?? ('absent' as const),
    path: file.path,
    durable: false,
    conflicts: join(file.stateDir, 'conflicts'),
  }
}

function edited({ source, root }: Pick<RegistryText, 'source' | 'root'>, change: RegistryChange): string {
  const edit = new TextEdit(source, root)
  const rebuilt: Values = change.rebuiltAt ? { rebuilt_at: quoted(stamp(change.rebuiltAt)) } : {}
  edit.setTop({ ...change.top, ...rebuilt })
  for (const { id, values } of change.set) edit.setSession(id, values)
  edit.changeList(new Set(change.remove), change.add.map(sessionValues))
  return edit.result()
}

export const HEADER = `# Sessions that work on this queue, kept by wrk. Machine-local: do not commit.
# The keys on top describe the session that was last initialised; "sessions" lists all of them.
`

function fresh(change: RegistryChange): string {
  const source = HEADER
  return edited(
    {
      source,
      root: { kind: 'map', pairs: [], flow: false, start: source.length, end: source.length },
    },
    change,
  )
}

/** A text without sessions, with these on its list. */
export function withSessions(source: string, sessions: readonly Session[]): string {
  const root = readPlain(source)
  if (!root) return source
  const edit = new TextEdit(source, root)
  edit.changeList(new Set(), sessions.map(sessionValues))
  return edit.result()
}

/** A session as an entry of the list. */
function sessionValues(session: Session): Values {
  const at = (date: Date | null) => quotedOrNull(date && stamp(date))
  return {
    session_id: quoted(session.id),
    orchestrator_agent: quotedOrNull(session.agent),
    ...anchorValues(session.anchors),
    started_at: at(session.startedAt),
    heartbeat_at: at(session.heartbeatAt),
    active_wrk: quotedOrNull(session.activeWrk),
    last_stage: 'null',
    claims: writeClaims(session.claims),
    ended_at: at(session.endedAt),
  }
}

/** Reads what is about to be published, where the file has a strange form: the new sessions must be on it, and the gone ones gone. */
function checkResult(
  bytes: Buffer,
  change: RegistryChange,
  full: FullReader | undefined,
  path: string,
): void {
  const parsed = parse(bytes, full)
  const registry = parsed.kind === 'text' ? parsed.registry : null
  const listed = registry && new Set(sessionsIn(registry).map(session => session.id))
  const asMeant =
    listed &&
    change.add.every(({ id }) => listed.has(id)) &&
    change.set.every(({ id }) => listed.has(id)) &&
    !change.remove.some(id => listed.has(id))
  if (!asMeant) throw unchangeable(path)
}

function unchangeable(path: string): WrkError {
  return new WrkError('IO', `wrk cannot change ${path} in place; nothing was changed`, {
    hint: `Move it away, and wrk starts a new one: mv ${path} ${path}.old`,
  })
}

function unreadable(path: string, { message, line, column }: ReadError): WrkError {
  return new WrkError('IO', `${path}:${line}:${column}: cannot be read: ${message}`, {
    hint: 'Correct it in an editor, or set it aside and start a new one: wrk doctor --fix',
    details: { path, line, column },
  })
}
