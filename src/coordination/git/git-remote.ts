/**
 * Talks to the remote through git, from the cache repository. Every call is one process group that ends at a deadline,
 * asks nothing of the user, runs no hooks of this side, and reads or writes refs of wrk alone.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { answerFor, whyGitFailed } from '../../core/coordination/push-answer.ts'
import { archiveRefOf, encodeName, REFS } from '../../core/coordination/ref-name.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { sleep } from '../../system/clock.ts'
import { type BoundedEnd, runBounded } from '../../system/processes/run-bounded.ts'
import { unreachable } from '../engine.ts'
import type { Attempt } from '../settle-swap.ts'
import { fetchedAt, noteFetch, senderOf } from './cache-repository.ts'
import { draftsOf } from './drafts.ts'

export interface GitRemote {
  gitDir: string
  /** What git is given; may hold credentials, so it is never part of a message. */
  address: string
  /** The remote's name for messages. */
  where: string
  queue: string
  env: Readonly<Record<string, string | undefined>>
  deadlineMs: number
}

/** What one ref is to become: `to` null deletes it. `from` null: it must not exist yet. */
export interface RefChange {
  ref: string
  from: string | null
  to: string | null
}

/** Settings of user and machine that would make these calls do more than they should. */
const PLAIN = ['gc.auto=0', 'maintenance.auto=false', 'push.pushOption=', 'fetch.writeCommitGraph=false']

/**
 * Runs git in the cache repository.
 * @param repository another one of this clone's own
 * @throws WrkError IO when there is no git
 */
export async function runGit(
  { gitDir, env, deadlineMs }: GitRemote,
  args: readonly string[],
  repository = gitDir,
): Promise<BoundedEnd> {
  const settings = PLAIN.flatMap(setting => ['-c', setting])
  const end = await runBounded('git', ['--git-dir', repository, ...settings, ...args], {
    cwd: gitDir,
    env,
    deadlineMs,
    drafts: draftsOf(gitDir),
  })
  if (end.notStarted)
    throw new WrkError('IO', `git could not be run: ${end.notStarted}`, {
      hint: 'Install git, or put it on the PATH.',
    })
  return end
}

const FETCH_TRIES = 5
/** So many times as long as usual. */
const FIRST_FETCH = 6

/**
 * Brings this clone's view of the queue up to date. By patterns: an exact name that is absent ends like a remote that
 * cannot be reached, and ls-remote would transfer every other ref.
 * @throws WrkError UNREACHABLE
 */
export async function fetchClaims(given: GitRemote): Promise<void> {
  // The first one brings all that is open, and git makes a file for each.
  const isFirst = fetchedAt(given.gitDir) === null
  const remote = { ...given, deadlineMs: given.deadlineMs * (isFirst ? FIRST_FETCH : 1) }
  const queue = encodeName(remote.queue)
  const patterns = ['claims', 'locks', 'archive'].map(
    kind => `+${REFS}${kind}/${queue}/*:${REFS}${kind}/${queue}/*`,
  )
  const options = [
    '--quiet',
    '--prune',
    '--no-tags',
    '--no-write-fetch-head',
    '--recurse-submodules=no',
    '--refmap=',
  ]
  for (let tries = 1; ; tries++) {
    const end = await runGit(remote, ['fetch', ...options, '--', remote.address, ...patterns])
    if (end.code === 0) {
      await packManyRefs(remote)
      return noteFetch(remote.gitDir)
    }
    // Another process of this clone updates the same view at this moment.
    const isBusy = !end.timedOut && /cannot lock ref|unable to update local ref/i.test(end.stderr)
    if (!isBusy || tries === FETCH_TRIES) throw unreachable(remote.where, whyNot(remote, end))
    await sleep(20 * tries * (0.5 + Math.random()))
  }
}

/** Git keeps a file for each ref until it is told to pack them, and reads all of them at each fetch. */
const MANY_REFS = 500

/** A view that a push changes at this moment may fall behind; then it is fetched again, as ever. */
async function packManyRefs(remote: GitRemote): Promise<void> {
  const folder = join(remote.gitDir, REFS, 'claims', encodeName(remote.queue))
  const files = unless(MISSING, [], () => readdirSync(folder))
  // Where another process packs them, or the disk is full, they stay as they are.
  if (files.length > MANY_REFS) await runGit(remote, ['pack-refs', '--all', '--prune'])
}

/**
 * Pushes changes of refs, each under a lease on what it was.
 * @param atomic all or none
 * @returns what the answer says of each
 */
export async function pushRefs(
  remote: GitRemote,
  changes: readonly RefChange[],
  atomic: boolean,
): Promise<Attempt[]> {
  const leases = changes.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`)
  const refspecs = changes.map(({ ref, to }) => `${to ?? ''}:${ref}`)
  const options = [
    '--porcelain',
    '--no-verify',
    '--no-signed',
    '--no-follow-tags',
    '--recurse-submodules=no',
    '--no-thin',
  ]
  const words = [...(atomic ? ['--atomic'] : []), ...leases, '--', remote.address, ...refspecs]
  const end = await runGit(remote, ['push', ...options, ...words], senderOf(remote.gitDir))
  const unknown: Attempt = { kind: 'unknown', reason: whyNot(remote, end) }
  if (end.timedOut) return changes.map(() => unknown)
  return changes.map(({ ref }) => {
    const answer = answerFor(ref, end.code, end.stdout, end.stderr)
    if (answer.kind === 'applied') return answer
    if (answer.kind !== 'rejected') return unknown
    return { ...answer, passing: PASSING.test(answer.reason) }
  })
}

/** Others were at the same files of the server at that moment: then the same push is tried again. */
const PASSING = /\block|unable to create|failed to update ref|incorrect old value|try again/i

function whyNot({ deadlineMs }: GitRemote, end: BoundedEnd): string {
  if (end.timedOut) return `no answer within ${Math.round(deadlineMs / 1000)}s`
  return whyGitFailed(end.stderr)
}

export function archiveOf({ queue }: GitRemote): string {
  return archiveRefOf(queue)
}
