/**
 * session-state.yaml on disk: read at any time, changed under its guard.
 *
 * Guarantees: every change is made on what the guard showed; a file that cannot be read is never replaced.
 * The file shows what the sessions' own files say (session-files.ts), for people and older tooling, so a change is not
 * synced to the disk. What other tooling writes there counts: `loadRegistry` reads both.
 */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { codeOf, MISSING, unless } from '../../core/errno.ts'
import { shortHash } from '../../core/hash.ts'
import type { Registry, StateFile } from '../../core/sessions/session.ts'
import type { FullReader } from '../../markdown/frontmatter.ts'
import type { ReadError, YamlMap } from '../../markdown/node.ts'
import { readPlain } from '../../markdown/read/plain.ts'
import type { Disk } from '../files/disk.ts'
import { readPlainFile } from '../files/guarded-file.ts'
import { NeedsFullReader } from '../readers.ts'
import { readRegistry } from './registry-text.ts'
import { FiledSessions } from './session-files.ts'

/** Where the registry is and where its guard lives: beside it, so that all who share the file share the guard. */
export interface RegistryFile {
  path: string
  stateDir: string
  key: string
  /** The folder of the log with its sessions: the queue's `.wrk`. */
  logDir: string
}

/**
 * @param root the queue
 * @param stateFile SESSION_STATE_FILE, when set; a link there is followed, since the user named it
 */
export function registryFile(root: string, stateFile: string | undefined, stateDir: string): RegistryFile {
  if (!stateFile)
    return { path: join(root, 'session-state.yaml'), stateDir, key: 'session-state', logDir: stateDir }
  const path = realFile(stateFile)
  const inQueue = dirname(path) === root
  return {
    path,
    stateDir: inQueue || path.startsWith(root + sep) ? stateDir : join(dirname(path), '.wrk'),
    key: inQueue && basename(path) === 'session-state.yaml' ? 'session-state' : `file-${shortHash(path)}`,
    logDir: stateDir,
  }
}

function realFile(path: string): string {
  return (
    unless(MISSING, null, () => realpathSync.native(path)) ??
    join(
      unless(MISSING, dirname(path), () => realpathSync.native(dirname(path))),
      basename(path),
    )
  )
}

export interface RegistryText {
  source: string
  root: YamlMap
  registry: StateFile
  /** Read by the fast reader, so in none of YAML's stranger forms. */
  simple: boolean
}

type Parsed = ({ kind: 'text' } & RegistryText) | ({ kind: 'unreadable' } & ReadError)

/** What was read last: one call reads the same bytes before and inside the guard, and mostly they are the same. */
let last: { bytes: Buffer; parsed: Parsed } | undefined

/** @throws NeedsFullReader */
export function parse(bytes: Buffer, full: FullReader | undefined): Parsed {
  if (last?.bytes.equals(bytes)) return last.parsed
  const parsed = parseAnew(bytes, full)
  last = { bytes, parsed }
  return parsed
}

function parseAnew(bytes: Buffer, full: FullReader | undefined): Parsed {
  const source = bytes.toString('utf8')
  if (!Buffer.from(source).equals(bytes))
    return { kind: 'unreadable', message: 'it is not UTF-8 text', line: 1, column: 1 }
  const root = readPlain(source)
  if (root) return { kind: 'text', source, root, registry: readRegistry(root), simple: true }
  if (!full) throw new NeedsFullReader()
  const read = full(source, { source: 'file' })
  if (read.kind === 'error') return { kind: 'unreadable', ...read.error }
  const [duplicate] = read.duplicates
  if (!duplicate)
    return { kind: 'text', source, root: read.map, registry: readRegistry(read.map), simple: false }
  const { line, column } = duplicate
  return { kind: 'unreadable', message: `duplicate key "${duplicate.key}"`, line, column }
}

/**
 * What is known of sessions. session-state.yaml is read when something of it is asked for: a call of a session that has
 * a file of its own needs it only when others wrote it since.
 * @throws NeedsFullReader, also later, when the file is read
 */
export function loadRegistry(disk: Disk, file: RegistryFile, full: FullReader | undefined): Registry {
  const own = new FiledSessions(disk, file.logDir, file.path)
  let read: StateFile | undefined
  const stateFile = () => {
    read ??= readStateFile(disk, file, full)
    return read
  }
  const lazy = { own }
  for (const key of [
    'kind',
    'message',
    'line',
    'column',
    'sessionId',
    'agent',
    'updatedAt',
    'sessions',
    'rebuiltAt',
    'current',
  ])
    Object.defineProperty(lazy, key, { get: () => stateFile()[key as keyof StateFile] })
  return lazy as unknown as Registry
}

/** session-state.yaml alone. Whatever is wrong with it is a result, not an error. @throws NeedsFullReader */
function readStateFile(disk: Disk, { path }: RegistryFile, full: FullReader | undefined): StateFile {
  let bytes: Buffer
  try {
    bytes = readPlainFile(disk, path).bytes
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
    return { kind: 'unreadable', message: code ?? (error as Error).message, line: 1, column: 1 }
  }
  // An empty file says nothing; a machine that lost power may leave one.
  if (bytes.length === 0) return { kind: 'missing' }
  const parsed = parse(bytes, full)
  return parsed.kind === 'text' ? parsed.registry : parsed
}
