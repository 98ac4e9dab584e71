/**
 * What a merge has left of a queue's items: where each is in the index and in the working tree, and what it was on both
 * sides and before.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { fitsFolder } from '../../core/items/status.ts'
import { hasConflictMarkers, type ItemVersion, type WorkingFile } from '../../core/merges/settle-item.ts'
import { readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { placeOfPath } from '../../store/items/places/item-places.ts'
import type { GitOperation } from '../../system/git/git-operation.ts'
import { type GitEntry, indexEntries, treeEntries } from '../../system/git/index-entries.ts'
import type { Repository } from '../../system/git/repository.ts'
import { mergeAttribute, type ReadFiles, readAsCheckedOut, readObjects } from '../../system/git/staged.ts'
import { foreignTexts } from './foreign-text.ts'
import { textsAsLeft } from './texts-as-left.ts'

/** A file of an item as git has it. `path` is within the queue. */
export interface ItemEntry extends GitEntry {
  key: ItemKey
  name: string
}

export interface Scene {
  repository: Repository
  /** The queue's path from the repository's top. */
  folder: string
  index: ItemEntry[]
  isUnmerged: boolean
}

/** A version that git has. */
interface StoredVersion extends ItemVersion {
  blob: string
}

export interface SceneItem {
  key: ItemKey
  name: string
  mode: string
  base: StoredVersion | null
  ours: StoredVersion | null
  theirs: StoredVersion | null
  /** In the index, with all stages. */
  entries: ItemEntry[]
  /** What git has put into the index at its paths. */
  byGit: readonly Buffer[]
  /** git keeps it in another form (git-crypt): the texts here are as they are checked out. `failed`: they are not. */
  filter: 'none' | 'applied' | 'failed'
}

/** @throws WrkError IO */
export function mergeScene(repository: Repository, folder: string): Scene {
  const index = itemEntries(indexEntries(repository, folder), folder)
  return { repository, folder, index, isUnmerged: index.some(({ stage }) => stage > 0) }
}

/** The files of items among some that git lists. */
export function itemEntries(entries: readonly GitEntry[], folder: string): ItemEntry[] {
  const skip = folder === '' ? 0 : folder.length + 1
  return entries.flatMap(entry => {
    const path = entry.path.slice(skip)
    const place = placeOfPath('', path)
    return place ? [{ ...entry, path, key: place.key, name: place.name }] : []
  })
}

/** Items that are not as a merge should leave them. @throws WrkError IO */
export function toSettle(scene: Scene, operation: GitOperation | null): SceneItem[] {
  const { repository, folder, index } = scene
  const inIndex = byKey(index)
  const tree = (name: string | null | undefined) =>
    name ? byKey(itemEntries(treeEntries(repository, name, folder), folder)) : new Map<ItemKey, ItemEntry[]>()
  const ours = tree(operation?.ours)
  // What git is doing is not known (`checkout -m`, a stash that is gone): the index has each conflict.
  const sides = operation
    ? { base: tree(operation.base), ours, theirs: tree(operation.theirs) }
    : stagedSides(index)
  const isReplayed = operation?.kind === 'replayed'
  const foreign = isReplayed ? new Set<ItemKey>() : foreignTexts(repository, index, sides)
  const misplaced = operation && !isReplayed ? misplacedItems(scene, sides) : new Set()
  const keys = [...new Set([...inIndex.keys(), ...foreign])].filter(key => {
    const entries = inIndex.get(key) ?? []
    if (foreign.has(key) || entries.some(({ stage }) => stage > 0) || entries.length > 1) return true
    return misplaced.has(key)
  })
  const none: Sides = { base: new Map(), ours: new Map(), theirs: new Map() }
  const origins = isReplayed && keys.length > 0 ? (operation.origins ?? []) : []
  const candidates = origins.map(({ base, theirs }) => ({ base: tree(base), ours, theirs: tree(theirs) }))
  const items = keys.map(key => {
    const entries = inIndex.get(key) ?? []
    const own = isReplayed ? (candidates.find(one => isFromOrigin(key, entries, one)) ?? none) : sides
    return itemOf(key, entries, own, foreign.has(key))
  })
  const wanted = items.flatMap(item => item.wanted)
  const files = wanted.map(({ blob, path }) => ({
    id: blob,
    path: folder === '' ? path : `${folder}/${path}`,
  }))
  const found = readAsCheckedOut(repository, files)
  return items.map(({ make }) => make(found))
}

/**
 * Which commit was made again is only likely. It is believed of an item with two files where one of them is
 * exactly what was there before, the other exactly what that commit made of it.
 */
function isFromOrigin(key: ItemKey, entries: readonly ItemEntry[], { base, ours, theirs }: Sides): boolean {
  const one = (side: ReadonlyMap<ItemKey, ItemEntry[]>) =>
    side.get(key)?.length === 1 ? side.get(key)![0]! : null
  const same = (a: ItemEntry, b: ItemEntry) => a.path === b.path && a.blob === b.blob
  const [o, a, b] = [one(base), one(ours), one(theirs)]
  return Boolean(o && a && b && !same(o, b) && [a, b].every(side => entries.some(entry => same(entry, side))))
}

function stagedSides(index: readonly ItemEntry[]): Sides {
  const [base, ours, theirs] = [1, 2, 3].map(side => byKey(index.filter(({ stage }) => stage === side)))
  return { base: base!, ours: ours!, theirs: theirs! }
}

export interface Sides {
  base: ReadonlyMap<ItemKey, ItemEntry[]>
  ours: ReadonlyMap<ItemKey, ItemEntry[]>
  theirs: ReadonlyMap<ItemKey, ItemEntry[]>
}

function itemOf(key: ItemKey, entries: ItemEntry[], sides: Sides, isForeign: boolean) {
  const one = (side: ReadonlyMap<ItemKey, ItemEntry[]>) => {
    const all = side.get(key) ?? []
    return all.length === 1 ? all[0]! : null
  }
  const [base, ours, theirs] = [one(sides.base), one(sides.ours), one(sides.theirs)]
  const wanted = [...entries, base, ours, theirs].flatMap(entry => entry ?? [])
  const some = ours ?? theirs ?? entries[0] ?? base
  return {
    wanted,
    make: ({ objects, failed, filtered }: ReadFiles): SceneItem => {
      const bytesOf = ({ blob }: ItemEntry) => objects.get(blob) ?? Buffer.alloc(0)
      const version = (entry: ItemEntry | null) =>
        entry && { path: entry.path, blob: entry.blob, bytes: bytesOf(entry) }
      const isIn = (set: ReadonlySet<string>) => wanted.some(({ blob }) => set.has(blob))
      return {
        key,
        name: some?.name ?? key,
        mode: some?.mode ?? '100644',
        base: version(base),
        ours: version(ours),
        theirs: version(theirs),
        entries,
        // What is staged whole may be a person's own, unless it is known that git mixed two items there.
        byGit: entries.filter(({ stage }) => stage > 0 || isForeign).map(bytesOf),
        filter: isIn(failed) ? 'failed' : isIn(filtered) ? 'applied' : 'none',
      }
    },
  }
}

/**
 * Items that the merge has put into a folder which their status does not fit, where it fitted on the sides that have
 * them: new items follow when a side has moved all others out of their folder, and a status may come from the side that
 * did not move the item.
 */
function misplacedItems({ repository, index }: Scene, { ours, theirs }: Sides): Set<ItemKey> {
  const changed = index.flatMap(entry => {
    const before = [...(ours.get(entry.key) ?? []), ...(theirs.get(entry.key) ?? [])]
    const isAsBefore = before.some(({ path, blob }) => path === entry.path && blob === entry.blob)
    return isAsBefore || before.length === 0 ? [] : [[entry, ...before]]
  })
  const names = [...new Set(changed.flat().map(({ blob }) => blob))]
  const bytes = new Map(readObjects(repository, names).map((one, i) => [names[i]!, one]))
  const fits = ({ blob, path }: ItemEntry) => {
    const found = readFrontmatter(bytes.get(blob) ?? Buffer.alloc(0))
    const status = found.kind === 'ok' ? scalarText(findPair(found.map, 'status')?.value) : undefined
    return status === undefined || fitsFolder(status, path.slice(0, Math.max(path.lastIndexOf('/'), 0)))
  }
  return new Set(
    changed.flatMap(([here, ...before]) => (!fits(here!) && before.every(fits) ? [here!.key] : [])),
  )
}

export function byKey(entries: readonly ItemEntry[]): Map<ItemKey, ItemEntry[]> {
  const map = new Map<ItemKey, ItemEntry[]>()
  for (const entry of entries) {
    const known = map.get(entry.key)
    if (known) known.push(entry)
    else map.set(entry.key, [entry])
  }
  return map
}

/** The item's files in the working tree: as they are there, and as git would store them. */
export function workingFiles(scene: Scene, item: SceneItem) {
  const { repository, folder } = scene
  const { base, ours, theirs, entries } = item
  const paths = new Set([...entries, base, ours, theirs].flatMap(one => one?.path ?? []))
  const seen = new Map<string, Buffer>()
  for (const path of paths) {
    const at = join(repository.top, ...folder.split('/'), ...path.split('/'))
    const bytes = unless(MISSING, null, () => readFileSync(at))
    if (bytes) seen.set(path, bytes)
  }
  const stored = [...[base, ours, theirs].flatMap(one => one?.bytes ?? []), ...item.byGit]
  const hasCrlf = (bytes: Buffer) => bytes.includes('\r\n')
  const isConverted = seen.size > 0 && [...seen.values()].every(hasCrlf) && !stored.some(hasCrlf)
  const replaced = (bytes: Buffer, from: string, to: string) =>
    isConverted ? Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1') : bytes
  const files: WorkingFile[] = [...seen].map(([path, raw]) => {
    const bytes = replaced(raw, '\r\n', '\n')
    return { path, bytes, ...howLeft(scene, item, path, bytes) }
  })
  return { seen, files, asInTree: (bytes: Buffer) => replaced(bytes, '\n', '\r\n') }
}

function howLeft(
  scene: Scene,
  item: SceneItem,
  path: string,
  bytes: Buffer,
): Pick<WorkingFile, 'asLeft' | 'copyOf'> {
  const { ours, theirs, entries } = item
  const stages = entries.filter(entry => entry.path === path && entry.stage > 0).map(({ stage }) => stage)
  const holdsBoth = stages.includes(2) && stages.includes(3)
  const isTorn = [2, 3].every(side => entries.some(({ stage }) => stage === side)) && !holdsBoth
  const isDouble = entries.filter(({ stage }) => stage === 0).length > 1
  const [stored] = entries.filter(entry => entry.path === path && entry.stage === 0)
  const isOf = (one: StoredVersion | null) =>
    stored !== undefined && (isDouble ? path === one?.path : stored.blob === one?.blob)
  const side = isOf(ours)
    ? 'ours'
    : isOf(theirs)
      ? 'theirs'
      : !isTorn && stages.includes(2) && !holdsBoth
        ? 'ours'
        : !isTorn && stages.includes(3) && !holdsBoth
          ? 'theirs'
          : null
  const { texts, isDecided } = textsAsLeft(item, bytes)
  // Where git has written markers, a file without them is what a person has made of it, be it one side as it was.
  const isChoice =
    holdsBoth &&
    !isDecided &&
    !hasConflictMarkers(bytes) &&
    isOwn(item, path) &&
    !(ours && bytes.equals(ours.bytes) && !hadMarkers(scene, item, path))
  return { asLeft: !isChoice && texts.some(text => text.equals(bytes)), copyOf: isChoice ? null : side }
}

/** Whether the conflict at a path is between versions of this item, and not with another that was taken for it. */
function isOwn({ base, ours, theirs, entries }: SceneItem, path: string): boolean {
  return entries
    .filter(entry => entry.path === path && entry.stage > 0)
    .every(({ stage, blob }) => [base, ours, theirs][stage - 1]?.blob === blob)
}

/** Whether git writes markers into a conflict at a path: of what it takes for binary it leaves our version as it is. */
function hadMarkers({ repository, folder }: Scene, { filter }: SceneItem, path: string): boolean {
  const attribute = mergeAttribute(repository, folder === '' ? path : `${folder}/${path}`)
  return attribute === 'wrk' || (filter === 'none' && ['unspecified', 'set', 'text'].includes(attribute))
}
