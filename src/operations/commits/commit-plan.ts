/**
 * What `wrk commit` puts into a commit: of items that nobody else holds, all that was done to them; of another session's
 * items what wrk wrote (where they lie, their status, who holds them), by the snapshots in their records.
 */
import { readFileSync } from 'node:fs'
import { relative, sep } from 'node:path'
import type { Snapshot } from '../../core/claims/record.ts'
import { type ItemForm, withWrksFields } from '../../core/commits/wrk-written.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { displayOfFileName, type ItemId, type ItemKey } from '../../core/items/ids.ts'
import { printable } from '../../core/text.ts'
import type { FullReader } from '../../markdown/frontmatter.ts'
import type { ItemReading } from '../../store/items/item-reading.ts'
import { notFound } from '../../store/items/places/find-item.ts'
import { placeOfPath } from '../../store/items/places/item-places.ts'
import { NeedsFullReader, withReaders } from '../../store/readers.ts'
import { type GitEntry, treeEntries, writeBlob } from '../../system/git/index-entries.ts'
import { changedPaths } from '../../system/git/make-commit.ts'
import { pathspecOf, type Repository } from '../../system/git/repository.ts'
import {
  type IgnoreRule,
  ignoredPaths,
  type ReadFiles,
  readAsCheckedOut,
  storeThroughFilters,
} from '../../system/git/staged.ts'
import { readTruths, type Truth, type TruthOf } from '../claims/true-lock.ts'
import type { Context } from '../context.ts'
import { byKey, type ItemEntry, itemEntries } from '../merges/merge-scene.ts'
import type { CallerView } from '../sessions/caller.ts'
import type { QueueInRepository } from './commit-queue.ts'
import { formOf } from './item-form.ts'

/** One item of the commit. */
export interface PlannedItem {
  key: ItemKey
  id: string
  /** All of it, or what wrk wrote. */
  how: 'whole' | 'fields'
  /** With paths from the repository's top; null: it was not there, or is no more. */
  from: Omit<GitEntry, 'stage'> | null
  to: Omit<GitEntry, 'stage'> | null
  before: Buffer | null
  after: Buffer | null
  /** Of `fields`: what wrk wrote, and the file that shows it. */
  written: { snapshot: Snapshot; working: ItemForm } | null
  /** Of `fields`: its holder has changed more than that. */
  hasMore: boolean
  /** Of `whole`: it may become another session's while the commit is made, since nobody holds it. */
  isFree: boolean
}

export interface LeftOut {
  id: string
  /** From the repository's top. */
  path: string
  code: 'held' | 'unclear' | 'gone' | 'ignored' | 'refused'
  message: string
  /** The command that helps. */
  fix: string | null
}

export interface CommitPlan {
  items: PlannedItem[]
  left: LeftOut[]
}

/**
 * @param base the last commit; null before the first
 * @param wanted only these items; null: all that have changed
 * @throws WrkError NOT_FOUND, IO
 */
export async function planCommit(
  context: Context,
  found: QueueInRepository,
  view: CallerView,
  base: string | null,
  wanted: ReadonlyMap<ItemKey, ItemId> | null,
): Promise<CommitPlan> {
  const { repository, folder } = found
  const committed = byKey(base === null ? [] : itemEntries(treeEntries(repository, base, folder), folder))
  const skip = folder === '' ? 0 : folder.length + 1
  const changed = changedPaths(repository, pathspecOf(folder)).flatMap(
    path => placeOfPath('', path.slice(skip))?.key ?? [],
  )
  const keys = new Set(
    [...changed, ...(wanted?.keys() ?? [])].filter(key => wanted === null || wanted.has(key)),
  )
  const truthOf = await readTruths(context, view, keys)
  for (const [key, id] of wanted ?? [])
    if (!committed.has(key) && truthOf(key).readings.length === 0) throw notFound(context.store, id)
  const entries = [...keys].flatMap(key => committed.get(key) ?? [])
  const inRepository = (path: string) => (folder === '' ? path : `${folder}/${path}`)
  const files = entries.map(({ blob, path }) => ({ id: blob, path: inRepository(path) }))
  const working = [...keys].flatMap(key => truthOf(key).readings.map(one => pathOf(repository, one)))
  const facts: Facts = {
    repository,
    committed,
    truthOf,
    inRepository,
    stored: readAsCheckedOut(repository, files),
    ignored: ignoredPaths(repository, working),
    isNamed: wanted !== null,
  }
  const planned = await withReaders(full => [...keys].sort().map(key => planOne(facts, key, full)))
  return {
    items: planned.filter(one => one !== null && 'how' in one),
    left: planned.filter(one => one !== null && 'code' in one),
  }
}

/** What the plans of all items have in common. */
interface Facts {
  repository: Repository
  committed: ReadonlyMap<ItemKey, ItemEntry[]>
  truthOf: TruthOf
  /** A path within the queue, from the repository's top. */
  inRepository: (path: string) => string
  stored: ReadFiles
  ignored: ReadonlyMap<string, IgnoreRule>
  isNamed: boolean
}

/** @returns null where nothing of it has changed @throws NeedsFullReader */
function planOne(facts: Facts, key: ItemKey, full: FullReader | undefined): PlannedItem | LeftOut | null {
  const { repository, committed, truthOf, inRepository, stored, ignored, isNamed } = facts
  const truth = truthOf(key)
  const [entry = null, ...others] = committed.get(key) ?? []
  const from = entry && { ...entry, path: inRepository(entry.path) }
  const [reading, ...more] = truth.readings
  const name = reading?.place.name ?? from?.name ?? key
  const id = reading?.item.id ?? displayOfFileName(name)
  const path = reading ? pathOf(repository, reading) : (from?.path ?? inRepository(name))
  const leave = (code: LeftOut['code'], message: string, fix: string | null): LeftOut => {
    return { id, path, code, message, fix }
  }
  if (more.length > 0 || others.length > 0)
    return leave('unclear', `${id} is in more than one place`, `wrk show ${id}`)
  const isOther = truth.ownership === 'other'
  const before = from && (stored.objects.get(from.blob) ?? null)
  if (!reading) {
    if (from === null) return null
    const isGone = `${id} is gone from the working tree`
    if (isOther) return leave('held', `${isGone}, and ${holderOf(truth)} holds it`, null)
    if (!isNamed && truth.ownership !== 'mine') return leave('gone', isGone, `wrk commit ${id}`)
    const gone = { how: 'whole', to: null, after: null, written: null, hasMore: false } as const
    return { key, id, from, before, ...gone, isFree: truth.ownership !== 'mine' }
  }
  const rule = ignored.get(path)
  if (rule) return leave('ignored', `git ignores ${path} (${rule.file}:${rule.line}: ${rule.pattern})`, null)
  const bytes = unless(MISSING, null, () => readFileSync(reading.place.path))
  if (bytes === null) return leave('unclear', `${id} was moved meanwhile`, 'wrk commit')
  const mode = from?.mode ?? '100644'
  if (isOther) {
    const other =
      from && before ? planOfAnother(facts, truth, { key, id, from, before, path, bytes }, full) : null
    return other ?? leave('held', `${id} is held by ${holderOf(truth)}, who commits it`, null)
  }
  const blob = storeThroughFilters(repository, bytes, path)
  if (blob === null) return leave('unclear', `the filter in .gitattributes failed for ${path}`, null)
  if (from?.path === path && from.blob === blob) return null
  const to = { path, mode, blob }
  const isFree = truth.ownership !== 'mine' && !reading.item.closed
  return { key, id, how: 'whole', from, to, before, after: bytes, written: null, hasMore: false, isFree }
}

/** What the commit is to have of an item that another session holds: null where nothing of it is wrk's. */
function planOfAnother(
  { repository, inRepository, stored }: Facts,
  { readings }: Truth,
  item: { key: ItemKey; id: string; from: GitEntry; before: Buffer; path: string; bytes: Buffer },
  full: FullReader | undefined,
): PlannedItem | null {
  const { key, id, from, before, path, bytes } = item
  const snapshot = readings[0]?.record?.snapshots.at(-1)
  if (!snapshot || stored.failed.has(from.blob)) return null
  const within = (one: string) => one.slice(inRepository('').length)
  const [old, working] = [formOf(within(from.path), before, full), formOf(within(path), bytes, full)]
  if (!old || !working) return null
  const after = withWrksFields(old, snapshot, working, full)
  if (after === 'needsFull') throw new NeedsFullReader()
  if (after === null) return null
  // Where somebody else has moved it, that is not wrk's doing.
  const to = snapshot.path === working.path ? path : from.path
  if (after.equals(before) && to === from.path) return null
  // Made from git's own bytes, it needs no conversion of line ends.
  const blob = after.equals(before)
    ? from.blob
    : stored.filtered.has(from.blob)
      ? storeThroughFilters(repository, after, to)
      : writeBlob(repository, after)
  if (blob === null) return null
  const written = { snapshot, working }
  const place = { path: to, mode: from.mode, blob }
  const hasMore = !after.equals(bytes)
  return { key, id, how: 'fields', from, to: place, before, after, written, hasMore, isFree: false }
}

function pathOf({ top }: Repository, { place }: ItemReading): string {
  return relative(top, place.path).split(sep).join('/')
}

function holderOf({ holder }: Truth): string {
  return printable(holder?.session_id ?? '', 128)
}
