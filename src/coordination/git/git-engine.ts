/**
 * Claims decided by a git remote: a ref for each item, changed by `push --force-with-lease`, which is a
 * compare-and-swap on the server. Clones see each other's claims by fetching refs/wrk/.
 */
import { mkdirSync } from 'node:fs'
import { withoutCredentials } from '../../core/coordination/push-answer.ts'
import { type EntryKey, refOf } from '../../core/coordination/ref-name.ts'
import { WrkError } from '../../core/errors.ts'
import { here } from '../../system/processes/process.ts'
import { type Engine, type EntryChange, type SharedEntry, type Swap, unreachable } from '../engine.ts'
import { type Attempt, settleSwap } from '../settle-swap.ts'
import { recordIn } from './archive.ts'
import { ensureRepository, fetchedAt, forgetRef, noteRef } from './cache-repository.ts'
import { claimCommit } from './claim-commit.ts'
import { cacheEnvironment, type Environment } from './environment.ts'
import { foldEntries, pushFirstArchive } from './fold.ts'
import { archiveOf, fetchClaims, type GitRemote, pushRefs, type RefChange } from './git-remote.ts'
import { archiveText, archiveTip, commitOf, refValueOf, viewedEntries, viewedEntry } from './git-view.ts'
import { type GitObject, type ObjectFormat, writeObject } from './objects.ts'
import { addressOf } from './remote-address.ts'
import { type WorkingConfig, workingConfig } from './working-config.ts'

export interface GitEngineOptions {
  /** A remote's name, or a URL. */
  remote: string
  /** The queue's name in the engine. */
  queue: string
  /** Where the cache repository is, or is to be. */
  gitDir: string
  /** The top folder of the working repository; its settings lead to the remote. */
  top: string
  env: Environment
  /** How long one git process may take. */
  deadlineMs?: number | undefined
}

/** A push takes well below a second; a server that needs longer than this is as good as not there. */
const DEADLINE_MS = 20_000
/** So many refs in one push: more would not fit on a command line. */
const REFS_AT_ONCE = 200

/** What belongs to git beside the interface: for a push of a branch together with its claims. */
export interface GitEngine extends Engine {
  readonly remote: GitRemote
  /** Writes the object of a change of an existing entry, to be pushed by somebody else. */
  draft(change: EntryChange): RefChange
  noteApplied(changes: readonly RefChange[]): void
}

/** @throws WrkError USAGE (the remote is refused), FAILED (no repository), IO */
export async function openGitEngine(options: GitEngineOptions): Promise<GitEngine> {
  const config = await workingConfig(options.gitDir, options.top, options.remote, options.env)
  const remote: GitRemote = {
    gitDir: options.gitDir,
    address: addressOf(options.remote, config, options.top),
    where: withoutCredentials(options.remote),
    queue: options.queue,
    env: cacheEnvironment(options.env, config),
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
  }
  mkdirSync(options.gitDir, { recursive: true })
  ensureRepository(options.gitDir, config.format)
  return engineOn(remote, config.format, authorOf(config, options.env))
}

function engineOn(remote: GitRemote, format: ObjectFormat, who: string): GitEngine {
  const { gitDir, queue } = remote
  const objects = new WeakMap<EntryChange, GitObject>()
  const objectOf = (change: EntryChange): GitObject => {
    const { record, expected } = change
    const made = objects.get(change)
    if (made) return made
    const object = claimCommit(format, record, expected && commitOf(expected), expected?.reading, who)
    objects.set(change, object)
    return object
  }
  const revisionOf = (change: EntryChange): string => objectOf(change).id

  const read = async (key: EntryKey): Promise<SharedEntry | null> => {
    await fetchClaims(remote)
    return viewedEntry(remote, key)
  }

  /** Writes the commit and gives the change of its ref. */
  const draft = (change: EntryChange): RefChange => {
    const object = objectOf(change)
    writeObject(gitDir, object)
    return { ref: refOf(queue, change.key), from: refValueOf(change.expected), to: object.id }
  }

  const noteApplied = (changes: readonly RefChange[]): void => {
    for (const { ref, to } of changes)
      if (to === null) forgetRef(gitDir, ref)
      else noteRef(gitDir, ref, to)
  }

  /**
   * A ref that is not there may have been folded into the archive meanwhile. The push of a new one therefore names the
   * archive as it was looked at, and all of it fails when that has moved on.
   */
  const attempt = async (change: EntryChange, archive: string | null): Promise<Attempt> => {
    const refChange = draft(change)
    const isNew = refChange.from === null && archive !== null
    const guard = isNew ? [{ ref: archiveOf(remote), from: archive, to: archive }] : []
    const [answer] = await pushRefs(remote, [refChange, ...guard], isNew)
    if (answer!.kind === 'applied') noteApplied([refChange])
    return answer!
  }

  const compareAndSwap = async (change: EntryChange, first?: Attempt): Promise<Swap> => {
    const { key, expected } = change
    const archive = archiveTip(remote)
    if (refValueOf(expected) === null && archive !== null) {
      const closed = recordIn(await archiveText(remote, archive), key)
      const isAsExpected = closed ? expected !== null && commitOf(expected) === archive : expected === null
      if (!isAsExpected) return { kind: 'conflict', current: await viewedEntry(remote, key) }
    }
    const ways = {
      attempt: (one: EntryChange) => attempt(one, archive),
      read: () => read(key),
      revisionOf,
      isCurrent: () => refValueOf(expected) !== null || archiveTip(remote) === archive,
    }
    return settleSwap(change, ways, first)
  }

  return {
    remote,
    where: remote.where,
    draft,
    noteApplied,
    read,
    revisionOf,
    compareAndSwap: change => compareAndSwap(change),
    async lastSeen(key) {
      return fetchedAt(gitDir) === null ? undefined : viewedEntry(remote, key)
    },
    async compareAndSwapAll(changes) {
      const swaps: Swap[] = []
      for (let i = 0; i < changes.length; i += REFS_AT_ONCE) {
        const some = changes.slice(i, i + REFS_AT_ONCE)
        const known = some.filter(({ expected }) => refValueOf(expected) !== null)
        const refChanges = known.map(draft)
        const answers = known.length > 0 ? await pushRefs(remote, refChanges, false) : []
        noteApplied(refChanges.filter((_, at) => answers[at]!.kind === 'applied'))
        for (const change of some) swaps.push(await compareAndSwap(change, answers[known.indexOf(change)]))
      }
      return swaps
    },
    async list() {
      await fetchClaims(remote)
      return viewedEntries(remote)
    },
    async listLastSeen() {
      const at = fetchedAt(gitDir)
      return at && { entries: await viewedEntries(remote), at }
    },
    async prepare() {
      await fetchClaims(remote)
      if (archiveTip(remote) === null) await pushFirstArchive(remote, format, who)
    },
    fold: entries => foldEntries(remote, format, who, entries),
    async remove(entry) {
      const change = { ref: refOf(queue, entry.key), from: refValueOf(entry), to: null }
      const [answer] = await pushRefs(remote, [change], false)
      if (answer!.kind === 'applied') return noteApplied([change])
      if (answer!.kind === 'unknown') throw unreachable(remote.where, answer!.reason)
      throw new WrkError('FAILED', `${remote.where} does not delete ${change.ref}: ${answer!.reason}`)
    },
    close: () => Promise.resolve(),
  }
}

/** Whom the commits name: the user as git knows it, else the account. */
function authorOf({ user }: WorkingConfig, env: Environment): string {
  const account = env.USER || env.LOGNAME || 'wrk'
  const name = env.GIT_AUTHOR_NAME || user.name || account
  const email = env.GIT_AUTHOR_EMAIL || user.email || `${account}@${here().host}`
  const clean = (text: string) => text.replace(/[<>\x00-\x1f\x7f]/g, '').trim() || 'wrk'
  return `${clean(name)} <${clean(email)}>`
}
