/** The items that git has staged: which files belong to which, what they hold, and where else their ids are. */
import { join, relative, sep } from 'node:path'
import type { ItemKey } from '../../core/items/ids.ts'
import { type ItemPlace, itemPlaces, placeOfPath } from '../../store/items/places/item-places.ts'
import { incomingCommits } from '../../system/git/repository.ts'
import {
  committedPaths,
  type IgnoreRule,
  ignoredPaths,
  pathsDeletedBy,
  readAsCheckedOut,
  type StagedEntry,
  stagedEntries,
} from '../../system/git/staged.ts'
import type { TruthOf } from '../claims/true-lock.ts'
import type { Context } from '../context.ts'
import type { QueueInRepository } from './commit-queue.ts'

/** What a commit would do to one file of an item. At most one of `before` and `after` is null. */
export interface StagedItem {
  key: ItemKey
  before: (StagedEntry & { place: ItemPlace }) | null
  after: (StagedEntry & { place: ItemPlace }) | null
}

/**
 * Pairs what went with what came by the item's id, which is surer than git's guess by likeness.
 * @param limits only changes at these paths from the repository's top, or below them; all when there are none
 */
export function itemChanges(
  { repository, folder }: QueueInRepository,
  limits: readonly string[],
): { changes: StagedItem[]; unmerged: string[] } {
  const skip = folder === '' ? 0 : folder.length + 1
  const items = stagedEntries(repository, folder).flatMap(entry => {
    const place = placeOfPath('', entry.path.slice(skip))
    return place ? [{ ...entry, place }] : []
  })
  const gone = items.filter(({ after, unmerged }) => !after && !unmerged)
  const changes: StagedItem[] = items
    .filter(({ after }) => after)
    .map(after => {
      if (after.before) return { key: after.place.key, before: after, after }
      const i = gone.findIndex(({ place }) => place.key === after.place.key)
      return { key: after.place.key, before: i < 0 ? null : gone.splice(i, 1)[0]!, after }
    })
  for (const before of gone) changes.push({ key: before.place.key, before, after: null })
  const isWanted = (path: string) =>
    limits.length === 0 ||
    limits.some(limit => limit === '' || path === limit || path.startsWith(`${limit}/`))
  return {
    changes: changes.filter(({ before, after }) =>
      [before, after].some(entry => entry && isWanted(entry.path)),
    ),
    unmerged: items.flatMap(({ unmerged, path }) => (unmerged && isWanted(path) ? [path] : [])),
  }
}

/** The bytes of a change: as staged, as committed, and as other commits have it that are being brought in. */
export interface StagedVersions {
  staged: Buffer | null
  committed: { path: string; bytes: Buffer | null }[]
  /** git keeps the file in another form, and the filter that turns it back failed. */
  filterFailed: boolean
}

export function readVersions(found: QueueInRepository, changes: readonly StagedItem[]): StagedVersions[] {
  const { repository, folder } = found
  const incoming = incomingCommits(repository)
  // An item that an incoming commit does not have may be younger than that, and is not deleted by it then.
  const deleted = changes.some(({ after }) => !after)
    ? pathsDeletedBy(repository, incoming, folder)
    : new Set()
  const wanted = changes.map(({ before, after }) => {
    const path = (after ?? before)!.path
    return {
      path,
      staged: after?.after?.isFile ? after.after.id : null,
      committed: [
        { path: (before ?? after)!.path, name: before?.before?.id ?? null },
        ...(after || deleted.has(path) ? incoming : []).map(commit => ({ path, name: `${commit}:${path}` })),
      ],
    }
  })
  const { objects, failed } = readAsCheckedOut(
    found.repository,
    wanted.flatMap(({ path, staged, committed }) =>
      [{ path, name: staged }, ...committed].flatMap(({ path, name }) =>
        name === null ? [] : [{ path, id: name }],
      ),
    ),
  )
  const read = (name: string | null) => (name === null ? null : (objects.get(name) ?? null))
  return wanted.map(({ staged, committed }) => ({
    staged: read(staged),
    committed: committed.map(({ path, name }) => ({ path, bytes: read(name) })),
    filterFailed: staged !== null && failed.has(staged),
  }))
}

/**
 * Where the commit would have the staged items, when in more than one place, or when one is deleted. All of the last
 * commit is listed only when it may be so: something was added or moved, or the queue's files say so, or they are of
 * another tree.
 */
export function placesInCommit(
  { repository, folder, isOwnTree }: QueueInRepository,
  changes: readonly StagedItem[],
  truthOf: TruthOf,
): Map<ItemKey, string[]> {
  const settled = ({ key, before, after }: StagedItem) => {
    const [one, ...more] = truthOf(key).readings
    if (!after) return one === undefined
    return before?.path === after.path && one?.place.folder === after.place.folder && more.length === 0
  }
  if (isOwnTree && changes.every(settled)) return new Map()
  const gone = new Set(
    changes.flatMap(({ before, after }) => (before && before.path !== after?.path ? before.path : [])),
  )
  const stay = committedPaths(repository, folder).filter(path => !gone.has(path))
  const come = changes.flatMap(({ after }) => after?.path ?? [])
  return pathsOfItems(new Set(changes.map(({ key }) => key)), [...stay, ...come], folder)
}

/** A file of the working tree that git does not have. `ignored`: the rule that keeps it out; null when it was forgotten. */
export interface LeftFile {
  path: string
  ignored: IgnoreRule | null
}

/**
 * Where the files of items are that the commit would delete though they were only moved: the commit has them nowhere,
 * the working tree that is committed from has them elsewhere. One that is where it was is meant to leave git
 * (`git rm --cached`).
 */
export function leftBehind(
  { store }: Context,
  { repository, folder, isOwnTree }: QueueInRepository,
  changes: readonly StagedItem[],
  places: ReadonlyMap<ItemKey, string[]>,
  truthOf: TruthOf,
): Map<ItemKey, LeftFile[]> {
  const deleted = changes.filter(
    ({ key, after }) => !after && !places.has(key) && !(isOwnTree && truthOf(key).readings.length === 0),
  )
  if (deleted.length === 0) return new Map()
  const top = repository.top
  const root = join(top, folder)
  const files = isOwnTree
    ? deleted.flatMap(({ key }) => truthOf(key).readings.map(({ place }) => place.path))
    : itemPlaces(store.host.disk, root).map(({ path }) => path)
  const paths = files.map(path => relative(top, isOwnTree ? join(root, relative(store.root, path)) : path))
  const left = pathsOfItems(
    new Set(deleted.map(({ key }) => key)),
    paths.map(path => path.split(sep).join('/')).sort(),
    folder,
  )
  for (const { key, before } of deleted) if (left.get(key)?.includes(before!.path)) left.delete(key)
  const rules = ignoredPaths(repository, [...left.values()].flat())
  return new Map(
    [...left].map(([key, found]) => [key, found.map(path => ({ path, ignored: rules.get(path) ?? null }))]),
  )
}

/** The paths of some items, of those that are listed. */
export function pathsOfItems(
  keys: ReadonlySet<ItemKey>,
  listed: readonly string[],
  folder: string,
): Map<ItemKey, string[]> {
  const paths = new Map<ItemKey, string[]>()
  for (const path of new Set(listed)) {
    const place = placeOfPath('', folder === '' ? path : path.slice(folder.length + 1))
    if (place && keys.has(place.key)) paths.set(place.key, [...(paths.get(place.key) ?? []), path])
  }
  return paths
}
