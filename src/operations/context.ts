/** What every operation needs: the queue, its settings, the clock, and what the caller said of itself. */
import { join } from 'node:path'
import { DEFAULT_SETTINGS, readSettings, type SettingProblem, type Settings } from '../core/config.ts'
import { asIoError, MISSING, unless } from '../core/errno.ts'
import { WrkError } from '../core/errors.ts'
import { type Anchor, checkHelperName, type Registry } from '../core/sessions/session.ts'
import { parseDuration } from '../core/time.ts'
import { type FullReader, placeInFile } from '../markdown/frontmatter.ts'
import type { ReadError, YamlMap } from '../markdown/node.ts'
import { readPlain } from '../markdown/read/plain.ts'
import { sweepDrafts } from '../store/drafts.ts'
import { realDisk } from '../store/files/disk.ts'
import type { GuardHost } from '../store/files/guard.ts'
import { readPlainFile } from '../store/files/guarded-file.ts'
import { findQueue, type QueuePlace } from '../store/queue.ts'
import { NeedsFullReader, withReaders } from '../store/readers.ts'
import { loadRegistry, registryFile } from '../store/sessions/session-registry.ts'
import { ensureState } from '../store/state-file.ts'
import type { Store } from '../store/store.ts'
import { type Clock, clockFrom, sleep } from '../system/clock.ts'
import { isCommittedCopy } from '../system/git/committed.ts'
import { inMainTree, mainTreeOf } from '../system/git/git-folder.ts'
import { here, lookAtProcess, processFacts } from '../system/processes/process.ts'
import { randomLetters } from '../system/random.ts'

/** The clock that commands go by: the machine's, or what WRK_NOW says. */
export const clockOf: (env: Environment) => Clock = clockFrom

type Environment = Readonly<Record<string, string | undefined>>

export interface ContextOptions {
  /** The queue's folder, or a workspace that holds `.claude/work-queue`. Else found from environment and `cwd`. */
  queue?: string | undefined
  cwd?: string | undefined
  env?: Environment | undefined
  /** The session's id, before all other ways to find it. */
  session?: string | undefined
  /** The name of a helper within the session, which then excludes the session's other helpers. */
  agent?: string | undefined
  clock?: Clock | undefined
  /** Whether the `session` lives as long as this process. */
  anchor?: boolean | undefined
}

export interface Context {
  store: Store
  queue: QueuePlace
  clock: Clock
  env: Environment
  session: string | undefined
  agent: string | undefined
  /** This process, where the `session` lives as long as it does. */
  ownProcess?: Anchor
}

/** How long to wait for a guard while it changes hands: dozens may want it at once, on a busy machine. */
const PATIENCE_MS = 30_000

/**
 * Finds the queue and reads its settings.
 * @throws WrkError NOT_FOUND, USAGE (settings that cannot be read)
 */
export async function openContext(options: ContextOptions = {}): Promise<Context> {
  const env = options.env ?? process.env
  const clock = options.clock ?? clockFrom(env)
  if (options.agent !== undefined) checkHelperName(options.agent)
  let queue = findQueue(options.queue, env, () => options.cwd ?? process.cwd(), mainTreeOf)
  let settings = await loadSettings(queue.root, env)
  if (queue.linked !== null && settings.worktrees === 'own') throw noQueueOfOwn(queue)
  const shared = settings.worktrees === 'shared' ? inMainTree(queue.root) : null
  if (shared?.main) {
    queue = { ...queue, root: shared.main, linked: queue.root }
    settings = await loadSettings(queue.root, env)
  } else if (shared) queue = { ...queue, isUnshared: true }
  const stateDir = join(queue.root, '.wrk')
  const registry = registryFile(queue.root, env.SESSION_STATE_FILE, stateDir)
  const store: Store = { host: guardHost(), root: queue.root, stateDir, registry, settings, isCommittedCopy }
  const ownProcess =
    options.anchor && options.session !== undefined ? { ownProcess: ownAnchor(store.host) } : {}
  return { store, queue, clock, env, session: options.session, agent: options.agent, ...ownProcess }
}

function noQueueOfOwn({ root, linked }: QueuePlace): WrkError {
  return new WrkError('NOT_FOUND', `no queue in this linked worktree, and ${root} is not shared`, {
    hint: `${join(root, 'wrk.yaml')} says worktrees: own. Make one with: wrk init ${linked}`,
  })
}

/** The registry as it is now. */
export function currentRegistry({ store }: Context): Promise<Registry> {
  return withReaders(full => {
    const registry = loadRegistry(store.host.disk, store.registry, full)
    // What others wrote may need the full reader, which cannot be waited for later.
    return registry.own?.isOutdated() && registry.kind ? registry : registry
  })
}

/** Makes sure of the queue's own state, and removes what crashed processes left; part of every command that writes. */
export function prepareState({ store, clock }: Context): void {
  const { host, stateDir, root } = store
  ensureState(host.disk, stateDir, root, clock())
  sweepDrafts(host, stateDir)
}

/** Part of a guard's name where the system does not know when this process was started. */
const UNKNOWN_START = '0'

let host: GuardHost | undefined

export function guardHost(): GuardHost {
  host ??= {
    disk: realDisk,
    self: { pid: process.pid, started: processFacts(process.pid)?.started ?? UNKNOWN_START, place: here() },
    look: lookAtProcess,
    randomLetters,
    sleep,
    patienceMs: PATIENCE_MS,
  }
  return host
}

/** This process, as what it holds names it. */
export function ownAnchor({ self: { pid, started, place } }: GuardHost): Anchor {
  return { pid, started: started === UNKNOWN_START ? '' : started, ...place }
}

/** wrk.yaml as it was read. */
export interface SettingsFile {
  path: string
  text: string
  fields: YamlMap
}

/**
 * Reads a queue's wrk.yaml; null without one.
 * @throws WrkError USAGE, with line and column, when it is no YAML; IO
 */
export function readSettingsFile(root: string): Promise<SettingsFile | null> {
  const path = join(root, 'wrk.yaml')
  return withReaders(full => {
    const file = unless(MISSING, null, () => {
      try {
        return readPlainFile(realDisk, path)
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOENT'
          ? error
          : asIoError(error, `could not read ${path}`)
      }
    })
    if (!file) return null
    const text = file.bytes.toString('utf8')
    return { path, text, fields: readPlain(text) ?? readFully(text, full, path) }
  })
}

async function loadSettings(root: string, env: Environment): Promise<Settings> {
  const file = await readSettingsFile(root)
  const { settings, problem } = file ? readSettings(file.fields) : { settings: DEFAULT_SETTINGS }
  if (file && problem) throw badSetting(file, problem)
  return withTtlOf(env, settings)
}

/** LOCK_TTL_SECONDS goes before the settings. @throws WrkError USAGE */
export function withTtlOf(env: Environment, settings: Settings): Settings {
  const seconds = env.LOCK_TTL_SECONDS
  if (!seconds) return settings
  const ttlMs = /^\d{1,10}$/.test(seconds.trim()) ? parseDuration(seconds) : null
  if (ttlMs === null)
    throw new WrkError('USAGE', `LOCK_TTL_SECONDS must be a number of seconds, not "${seconds}"`, {
      hint: 'Set LOCK_TTL_SECONDS=7200, or unset it.',
    })
  return { ...settings, ttlMs }
}

/** A setting that is not what it should be, with its place. */
export function badSetting(
  { path, text }: SettingsFile,
  { key, offset, expected }: SettingProblem,
): WrkError {
  const place = placeInFile({ yaml: text, firstLine: 1 }, offset)
  return badSettings(path, { message: `${key} must be ${expected}`, ...place })
}

function readFully(text: string, full: FullReader | undefined, path: string): YamlMap {
  if (!full) throw new NeedsFullReader()
  const read = full(text, { source: 'file' })
  if (read.kind === 'error') throw badSettings(path, read.error)
  const [duplicate] = read.duplicates
  if (duplicate) throw badSettings(path, { ...duplicate, message: `duplicate key "${duplicate.key}"` })
  return read.map
}

function badSettings(path: string, { message, line, column }: ReadError): WrkError {
  return new WrkError('USAGE', `${path}:${line}:${column}: ${message}`, {
    hint: 'Correct the settings in an editor, then run the command again.',
    details: { path, line, column },
  })
}
