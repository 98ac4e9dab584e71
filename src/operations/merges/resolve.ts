/**
 * `wrk resolve`: one file for each item that a merge, rebase, cherry-pick, revert or stash pop has left in two places,
 * in the wrong one, in conflict, or with another item's text. What cannot be decided stays, for a person to go on with.
 *
 * Guarantees: no edit is lost: what git knows is in its objects, and what it does not know (a file that was edited
 * since) is merged or left alone. Done twice, it is as done once. The index is changed in one step, after the files.
 */
import { join } from 'node:path'
import { shellWord } from '../../core/commits/form.ts'
import { WrkError } from '../../core/errors.ts'
import { displayOfFileName, type ItemKey, parseId } from '../../core/items/ids.ts'
import { type Settled, type Situation, settleItem } from '../../core/merges/settle-item.ts'
import { stamp } from '../../core/time.ts'
import { type FullReader, loadFullReader } from '../../markdown/frontmatter.ts'
import { settleFiles } from '../../store/items/settle-files.ts'
import { type GitOperation, gitOperation } from '../../system/git/git-operation.ts'
import { changeIndex, type GitEntry, writeBlob } from '../../system/git/index-entries.ts'
import type { Repository } from '../../system/git/repository.ts'
import { storeThroughFilters } from '../../system/git/staged.ts'
import { queueInRepository } from '../commits/commit-queue.ts'
import type { Context } from '../context.ts'
import { mergeScene, type Scene, type SceneItem, toSettle, workingFiles } from './merge-scene.ts'

export interface ResolveResult {
  /** What git is in the middle of, or has just done; null when it is neither. */
  operation: GitOperation['kind'] | null
  settled: { id: string; path: string | null; from: string[]; edited: boolean }[]
  /** For a person. `paths` are from where the command was called. */
  open: { id: string; path: string; why: OpenReason }[]
  /** The git command to run when all is settled; null when nothing is left to do. */
  next: string | null
}

export type OpenReason =
  | { kind: 'conflict'; keys: readonly string[] }
  | { kind: 'deleted'; by: 'ours' | 'theirs'; path: string }
  | { kind: 'person'; reason: string; paths: readonly string[] }

export interface ResolveOptions {
  cwd: string
  /** Only this item. */
  id?: string | undefined
  /** Only report what would be settled. */
  check?: boolean | undefined
}

/** @throws WrkError NOT_FOUND, USAGE, IO, BUSY */
export async function resolveItems(
  context: Context,
  { cwd, id, check = false }: ResolveOptions,
): Promise<ResolveResult> {
  const { store } = context
  const found = queueInRepository(context, cwd)
  if (!found)
    throw new WrkError('NOT_FOUND', `the queue ${store.root} is not in this git repository`, {
      hint: 'Change to the working tree in which git merged.',
    })
  const key = id === undefined ? null : parseId(id, store.settings.idPrefix).key
  const scene = mergeScene(found.repository, found.folder)
  const operation = scene.index.length > 0 ? gitOperation(found.repository, scene.isUnmerged) : null
  const result: ResolveResult = { operation: operation?.kind ?? null, settled: [], open: [], next: null }
  for (const item of toSettle(scene, operation)) {
    if (key !== null && item.key !== key) continue
    await settleOne(context, scene, item, check, result)
  }
  if (result.settled.length > 0 && operation) result.next = operation.next
  return result
}

/** The top of the working tree that is resolved; without one, the folder of the call. */
export function repositoryTop(context: Context, cwd: string): string {
  return queueInRepository(context, cwd)?.repository.top ?? cwd
}

/** How often an item is looked at again when its files change meanwhile. */
const LOOKS = 3

async function settleOne(
  context: Context,
  scene: Scene,
  item: SceneItem,
  check: boolean,
  result: ResolveResult,
): Promise<void> {
  const name = (path: string) => (scene.folder === '' ? path : `${scene.folder}/${path}`)
  if (item.filter === 'failed') {
    const paths = [...new Set(item.entries.map(({ path }) => name(path)))]
    const reason = 'the filter in .gitattributes failed, so it cannot be read as git has it'
    result.open.push({
      id: displayOfFileName(item.name),
      path: paths[0] ?? name(item.name),
      why: { kind: 'person', reason, paths },
    })
    return
  }
  for (let look = 0; look < LOOKS; look++) {
    const working = workingFiles(scene, item)
    const { base, ours, theirs } = item
    const settled = await decided({ base, ours, theirs, working: working.files })
    const id = displayOfFileName(item.name)
    if (settled.kind === 'person') {
      const paths = settled.paths.map(name)
      result.open.push({ id, path: paths[0] ?? name(item.name), why: { ...settled, paths } })
      return
    }
    const keep = settled.kind === 'gone' ? null : settled.file
    const isDone = check || (await putInPlace(context, scene, item, settled, working))
    if (!isDone) continue
    const from = [...new Set([...working.seen.keys(), ...item.entries.map(({ path }) => path)])]
    if (settled.kind === 'settled' || settled.kind === 'gone')
      result.settled.push({
        id,
        path: keep && name(keep.path),
        from: from.filter(path => path !== keep?.path).map(name),
        edited: settled.kind === 'settled' && settled.edited,
      })
    else {
      const path = name(settled.file.path)
      const why: OpenReason =
        settled.kind === 'conflict'
          ? { kind: 'conflict', keys: settled.keys }
          : { kind: 'deleted', by: settled.by, path }
      result.open.push({ id, path, why })
    }
    return
  }
  const path = item.entries[0]?.path ?? item.name
  const reason = 'its files keep changing'
  result.open.push({
    id: displayOfFileName(item.name),
    path: name(path),
    why: { kind: 'person', reason, paths: [] },
  })
}

async function decided(situation: Situation): Promise<Exclude<Settled, { kind: 'needsFull' }>> {
  let full: FullReader | undefined
  for (;;) {
    const settled = settleItem(situation, full)
    if (settled.kind !== 'needsFull') return settled
    if (full) throw new Error('the full reader asked for itself')
    full = await loadFullReader()
  }
}

async function putInPlace(
  context: Context,
  scene: Scene,
  item: SceneItem,
  settled: Exclude<Settled, { kind: 'needsFull' | 'person' }>,
  working: ReturnType<typeof workingFiles>,
): Promise<boolean> {
  const { repository, folder } = scene
  const keep = settled.kind === 'gone' ? null : settled.file
  const changed = await settleFiles(
    context.store,
    join(repository.top, ...folder.split('/')),
    item.key as ItemKey,
    {
      keep: keep && { path: keep.path, bytes: working.asInTree(keep.bytes) },
      seen: working.seen,
      event: { time: stamp(context.clock()), item: displayOfFileName(item.name), reason: 'wrk resolve' },
    },
  )
  if (!changed) return false
  const full = (path: string) => (folder === '' ? path : `${folder}/${path}`)
  const entry = (blob: string, stage: number): GitEntry => ({
    path: full(keep!.path),
    mode: item.mode,
    blob,
    stage,
  })
  const add: GitEntry[] = []
  if (settled.kind === 'settled')
    add.push(entry(stored(repository, item, settled.file.bytes, full(keep!.path)), 0))
  else if (settled.kind !== 'gone')
    for (const [stage, version] of [
      [1, item.base],
      [2, item.ours],
      [3, item.theirs],
    ] as const)
      if (version) add.push(entry(version.blob, stage))
  const remove = item.entries.map(({ path }) => full(path))
  const has = (list: readonly GitEntry[], prefix: (path: string) => string) =>
    list
      .map(({ path, blob, stage }) => `${prefix(path)} ${blob} ${stage}`)
      .sort()
      .join('\n')
  if (has(item.entries, full) !== has(add, path => path)) changeIndex(repository, [...new Set(remove)], add)
  return true
}

/** @throws WrkError IO */
function stored(repository: Repository, { filter }: SceneItem, bytes: Buffer, path: string): string {
  if (filter === 'none') return writeBlob(repository, bytes)
  const blob = storeThroughFilters(repository, bytes, path)
  if (blob !== null) return blob
  throw new WrkError('IO', `the filter in .gitattributes failed for ${path}; nothing of it is staged`, {
    hint: `See what it says: git add ${shellWord(path)}`,
  })
}
