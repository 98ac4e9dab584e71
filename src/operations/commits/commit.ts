/**
 * `wrk commit`: commits what was done to the queue's items, and nothing else, in a working tree that several sessions
 * share (see commit-plan.ts for what that is).
 *
 * Guarantees: the commit holds what it says on top of the branch as it is; no file of the working tree is touched; what
 * others have staged stays staged, without undoing the commit. Fails as a whole, or is there as a whole.
 * Does not guarantee: that a `git commit` which runs its hooks meanwhile succeeds: git then says that HEAD has moved.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commitText } from '../../core/commits/commit-text.ts'
import { changesBetween } from '../../core/commits/item-changes.ts'
import { WrkError } from '../../core/errors.ts'
import { type ItemId, type ItemKey, parseId } from '../../core/items/ids.ts'
import { NeedsFullReader, withReaders } from '../../store/readers.ts'
import { changeIndex, type GitEntry, indexEntries } from '../../system/git/index-entries.ts'
import { type IndexLock, takeIndexLock } from '../../system/git/index-lock.ts'
import {
  cleanMessage,
  commitTree,
  type Head,
  headBranch,
  moveBranch,
  operationInProgress,
  readTree,
  treeOf,
  writeTree,
} from '../../system/git/make-commit.ts'
import { type Repository, repositoryHolding } from '../../system/git/repository.ts'
import { runHook } from '../../system/git/run-hook.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { type CommitPlan, type LeftOut, type PlannedItem, planCommit } from './commit-plan.ts'
import { type QueueInRepository, queueInRepository } from './commit-queue.ts'
import { keepStaged } from './keep-staged.ts'
import { verifyStaged } from './verify.ts'

export interface CommitOptions {
  /** Only these items. */
  ids?: readonly string[]
  /** Else it says what happened. */
  message?: string | undefined
  /** From a linked worktree: commit on the branch of the main working tree. */
  mainTree?: boolean | undefined
  /** Run all the hooks of git commit, not only commit-msg. */
  hooks?: boolean | undefined
  dryRun?: boolean | undefined
  /** How long to wait for git's index. */
  patienceMs?: number | undefined
}

export interface CommitResult {
  /** Null when there was nothing to commit, or for a dry run. */
  commit: string | null
  branch: string
  message: string | null
  items: PlannedItem[]
  left: LeftOut[]
  warnings: string[]
}

const PATIENCE_MS = 10_000
/** So often it is begun again because the branch has moved; after the first ones the index is locked from the start. */
const ATTEMPTS = 8
const WITHOUT_LOCK = 2

/** @throws WrkError NOT_FOUND, USAGE, IN_PROGRESS, INVALID_ITEM, LOCKED, FAILED (a hook), BUSY, IO */
export async function commitQueue(context: Context, options: CommitOptions = {}): Promise<CommitResult> {
  const { ids = [], patienceMs = PATIENCE_MS } = options
  const found = ownRepository(context, options)
  const { idPrefix } = context.store.settings
  const wanted =
    ids.length === 0
      ? null
      : new Map(ids.map(id => [parseId(id, idPrefix).key, parseId(id, idPrefix)] as const))
  const folder = mkdtempSync(join(tmpdir(), 'wrk-commit-'))
  const refused = new Set<string>()
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const early = attempt < WITHOUT_LOCK || options.dryRun ? null : await lockOf(found, patienceMs)
      try {
        const head = headOf(found)
        const draft = await draftUnlessMoved(context, found, head, wanted, { ...options, refused }, folder)
        if (!draft) continue
        if (draft.kind === 'nothing') return { ...draft.result, commit: null, branch: head.branch }
        const lock = early ?? (await lockOf(found, patienceMs))
        const result = publish(found, head, draft, lock, folder)
        if (result) return { ...result, branch: head.branch }
      } finally {
        early?.release()
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  throw new WrkError('BUSY', 'others commit all the time; nothing was committed', { hint: 'Try again.' })
}

/** The repository of the queue, where a commit can be made now. */
function ownRepository(context: Context, { mainTree }: CommitOptions): QueueInRepository {
  const { root, linked } = context.queue
  const repository = repositoryHolding(root, context.env)
  const found = repository && queueInRepository(context, root)
  if (!repository || !found)
    throw new WrkError('NOT_FOUND', `the queue ${root} is not in a git repository`, {
      hint: 'Make one (git init), or commit where its repository is.',
    })
  if (linked !== null && !mainTree)
    throw new WrkError('IN_PROGRESS', 'the queue is in the main working tree, with a branch of its own', {
      hint: 'Commit on that branch: wrk commit --main-tree',
    })
  // Whatever the caller's environment names: it is this working tree's index and branch.
  return { ...found, repository: { ...repository, cwd: repository.top, scope: 'folder' } }
}

/** @throws WrkError IN_PROGRESS where a commit would be part of something else */
function headOf({ repository, folder }: QueueInRepository): Head {
  const doing = operationInProgress(repository)
  const refuse = (message: string, hint: string) => new WrkError('IN_PROGRESS', message, { hint })
  if (doing)
    throw refuse(`a ${doing.name} is in progress; nothing was committed`, `Finish it first: ${doing.end}`)
  const [unmerged] = indexEntries(repository, '').filter(({ stage }) => stage > 0)
  if (unmerged)
    throw refuse(
      `${unmerged.path} has unresolved conflicts; nothing was committed`,
      unmerged.path.startsWith(folder) ? 'Resolve them first: wrk resolve' : 'Resolve them first: git status',
    )
  const head = headBranch(repository)
  if (!head)
    throw refuse('no branch is checked out (detached HEAD); nothing was committed', 'git switch BRANCH')
  return head
}

interface Draft {
  kind: 'draft'
  commit: string
  subject: string
  message: string
  plan: CommitPlan
  warnings: string[]
}

type Nothing = { kind: 'nothing'; result: Omit<CommitResult, 'commit' | 'branch'> }

/**
 * Null when the branch has moved meanwhile: what was refused, or left out, was compared with another commit then. Also
 * when a hook refuses a tree for the first time: an item may have become another session's since it was planned.
 */
async function draftUnlessMoved(
  ...args: Parameters<typeof draftCommit>
): Promise<Awaited<ReturnType<typeof draftCommit>> | null> {
  const [, { repository }, head] = args
  const isMoved = () => headBranch(repository)?.commit !== head.commit
  try {
    const draft = await draftCommit(...args)
    return isMoved() ? null : draft
  } catch (error) {
    if (error instanceof WrkError && isMoved()) return null
    throw error
  }
}

/**
 * Makes the commit, which nothing names yet.
 * @param refused trees that a hook has refused before; a hook that refuses one again means it
 */
async function draftCommit(
  context: Context,
  found: QueueInRepository,
  head: Head,
  wanted: ReadonlyMap<ItemKey, ItemId> | null,
  { message, hooks = false, dryRun = false, refused }: CommitOptions & { refused: Set<string> },
  folder: string,
): Promise<Draft | Nothing | null> {
  const view = await resolveCaller(context)
  const plan = await planCommit(context, found, view, head.commit, wanted)
  // An item that was free may be another session's by now, be it for a moment: it is left for later.
  if (refused.size > 0) leaveFree(plan)
  const own: Repository = { ...found.repository, index: join(folder, 'index') }
  await stageVerified(context, found, own, head, plan)
  refuseNamed(plan, wanted)
  if (plan.items.length === 0) return { kind: 'nothing', result: { message: null, ...plan, warnings: [] } }
  const text = message ?? (await withReaders(full => textOf(found, plan.items, full)))
  const file = join(folder, 'COMMIT_EDITMSG')
  writeFileSync(file, cleanMessage(own, text))
  if (dryRun)
    return { kind: 'nothing', result: { message: readFileSync(file, 'utf8'), ...plan, warnings: [] } }
  try {
    if (hooks) runOrRefuse(own, 'pre-commit', [])
    if (hooks) runOrRefuse(own, 'prepare-commit-msg', [file, 'message'])
    runOrRefuse(own, 'commit-msg', [file])
  } catch (error) {
    const tree = writeTree(own)
    if (wanted !== null || refused.has(tree)) throw error
    refused.add(tree)
    return null
  }
  const final = cleanMessage(own, readFileSync(file, 'utf8'))
  if (final.trim() === '') throw new WrkError('FAILED', 'the commit message is empty; nothing was committed')
  const tree = writeTree(own)
  if (head.commit !== null && treeOf(own, head.commit) === tree)
    return { kind: 'nothing', result: { message: null, items: [], left: plan.left, warnings: [] } }
  const commit = commitTree(own, { tree, parent: head.commit, message: final })
  const subject = final.split('\n')[0]!
  return { kind: 'draft', commit, subject, message: final, plan, warnings: [] }
}

function leaveFree(plan: CommitPlan): void {
  for (const { id, from, to } of plan.items.filter(({ isFree }) => isFree)) {
    const message = `${id} is being claimed`
    plan.left.push({ id, path: (to ?? from)!.path, code: 'unclear', message, fix: 'wrk commit' })
  }
  plan.items = plan.items.filter(({ isFree }) => !isFree)
}

/** Fills the index with the last commit and the plan; what may not be committed is taken out of both. */
async function stageVerified(
  context: Context,
  found: QueueInRepository,
  own: Repository,
  head: Head,
  plan: CommitPlan,
): Promise<void> {
  for (;;) {
    readTree(own, head.commit)
    if (plan.items.length === 0) return
    const add = plan.items.flatMap(({ to }): GitEntry[] => (to ? [{ ...to, stage: 0 }] : []))
    const gone = plan.items.flatMap(({ from }) => from?.path ?? [])
    changeIndex(own, gone, add)
    const { findings } = await verifyStaged(context, { cwd: own.top, found: { ...found, repository: own } })
    const isFound = ({ from, to }: PlannedItem) => findings.find(({ path }) => path === (to ?? from)!.path)
    const refused = plan.items.filter(isFound)
    if (refused.length === 0) return
    for (const one of refused) {
      const { kind, path, fix, ...finding } = isFound(one)!
      const message = 'message' in finding ? finding.message : `${one.id} belongs to another session`
      plan.left.push({ id: one.id, path, code: 'refused', message, fix })
    }
    plan.items = plan.items.filter(one => !refused.includes(one))
  }
}

/** Of items that were named, all or none. @throws WrkError NOT_FOUND, LOCKED, INVALID_ITEM */
function refuseNamed({ left }: CommitPlan, wanted: ReadonlyMap<ItemKey, ItemId> | null): void {
  const [first] = wanted === null ? [] : left
  if (!first) return
  const code = first.code === 'held' ? 'LOCKED' : 'INVALID_ITEM'
  throw new WrkError(code, `${first.message}; nothing was committed`, { hint: first.fix ?? undefined })
}

/** @throws NeedsFullReader */
function textOf(
  { folder }: QueueInRepository,
  items: readonly PlannedItem[],
  full: Parameters<typeof changesBetween>[2],
): string {
  const folderOf = (entry: PlannedItem['to']) => {
    const path = entry?.path.slice(folder === '' ? 0 : folder.length + 1)
    return path === undefined ? null : path.slice(0, Math.max(path.lastIndexOf('/'), 0))
  }
  const changes = items.map(({ id, how, from, to, before, after }) => {
    const change = changesBetween(before, after, full)
    if (!change) throw new NeedsFullReader()
    return { id, isOwn: how === 'whole', from: folderOf(from), to: folderOf(to), change }
  })
  return commitText(changes)
}

/** @throws WrkError FAILED, with the hook's `output` */
function runOrRefuse(own: Repository, name: string, args: readonly string[]): void {
  const run = runHook(own, name, args)
  if (!run || run.code === 0) return
  throw new WrkError('FAILED', `the hook ${name} refused the commit`, {
    details: { output: run.output.trim() },
  })
}

/** @throws WrkError BUSY */
async function lockOf({ repository }: QueueInRepository, patienceMs: number): Promise<IndexLock> {
  const lock = await takeIndexLock(repository, patienceMs)
  if (lock) return lock
  const path = join(repository.gitDir, 'index.lock')
  throw new WrkError('BUSY', `timed out waiting for another git command (${path}); nothing was committed`, {
    hint: 'Try again. If no git is running any more, remove that file.',
  })
}

/** @returns null when the branch has moved meanwhile, or another was checked out: nothing happened then */
function publish(
  { repository }: QueueInRepository,
  head: Head,
  { commit, subject, message, plan, warnings }: Draft,
  lock: IndexLock,
  folder: string,
): Omit<CommitResult, 'branch'> | null {
  const ignore = () => undefined
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  // Between the branch and the index it must not stop: the next plain commit would undo this one.
  for (const signal of signals) process.on(signal, ignore)
  try {
    const now = headBranch(repository)
    if (now?.branch !== head.branch || now.commit !== head.commit) return null
    if (!moveBranch(repository, head, commit, subject)) return null
    lock.replace(join(folder, 'real-index'), copy => keepStaged(copy, plan.items))
    return { commit, message, ...plan, warnings }
  } finally {
    lock.release()
    for (const signal of signals) process.off(signal, ignore)
  }
}
