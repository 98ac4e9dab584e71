/**
 * Items that wrk has moved, of which a commit has only one half: `git commit -a` sees that the old file is gone, and not
 * the new one. The other half is put into the index that git hands the hook pre-commit.
 *
 * Guarantees: of another session's item nothing but what wrk wrote enters the commit. Only moves that the item's record
 * knows are completed; one by hand stays a finding.
 */

import { existsSync, readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { withWrksFields } from '../../core/commits/wrk-written.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { belongsTo } from '../../core/sessions/session.ts'
import type { FullReader } from '../../markdown/frontmatter.ts'
import { readMove } from '../../store/items/places/moves.ts'
import { NeedsFullReader, withReaders } from '../../store/readers.ts'
import { changeIndex, type GitEntry, writeBlob } from '../../system/git/index-entries.ts'
import {
  committedPaths,
  ignoredPaths,
  readAsCheckedOut,
  storeThroughFilters,
} from '../../system/git/staged.ts'
import { readTruths, type Truth } from '../claims/true-lock.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import type { QueueInRepository } from './commit-queue.ts'
import { formOf } from './item-form.ts'
import { pathsOfItems, type StagedItem } from './staged-items.ts'

interface Completion {
  remove: string[]
  add: GitEntry[]
  /** What is said of it. */
  note: string
}

/**
 * @param halves items of which either the old file or the new one is staged, or a file in the middle of its move
 * @returns a sentence for each that was completed
 * @throws WrkError IO, BUSY
 */
export async function completeHalfMoves(
  context: Context,
  found: QueueInRepository,
  halves: readonly StagedItem[],
): Promise<string[]> {
  const { repository, isOwnTree } = found
  if (!isOwnTree) return []
  const view = await resolveCaller(context)
  const session = view.caller?.session
  const truthOf = await readTruths(context, view, new Set(halves.map(({ key }) => key)))
  const isMine = ({ ownership, readings }: Truth) => {
    const last = readings[0]?.record?.holder ?? ''
    return ownership !== 'other' && session !== undefined && last !== '' && belongsTo(last, session)
  }
  // With `git commit -a` an item's end may be staged that was moved back since; else it is meant to leave git.
  const index = basename(context.env.GIT_INDEX_FILE ?? '')
  const isAll = index === 'index.lock'
  const possible = await withReaders(full =>
    halves.flatMap(half => {
      const truth = truthOf(half.key)
      const one = half.before
        ? newHalf(context, found, half, truth, { isMine: isMine(truth), isAll }, full)
        : oldHalf(found, half, truth)
      return one ?? []
    }),
  )
  // What git ignores stays a finding, with the rule's place: it would be in git where nobody looks for it.
  const ignored = ignoredPaths(
    repository,
    possible.flatMap(({ add }) => add.map(({ path }) => path)),
  )
  const completed = possible.filter(({ add }) => !add.some(({ path }) => ignored.has(path)))
  if (completed.length === 0) return []
  const change = (other: string | undefined) =>
    changeIndex(
      other === undefined ? repository : { ...repository, index: other },
      completed.flatMap(({ remove }) => remove),
      completed.flatMap(({ add }) => add),
    )
  change(undefined)
  // For `git commit PATH` git makes an index of its own, and has the one that stays ready under its lock.
  if (index.startsWith('next-index-')) change(join(repository.gitDir, 'index.lock'))
  return completed.map(({ note }) => note)
}

/**
 * The old file is staged, or its end: the new file joins the commit in its place. It may have been staged in the middle of
 * the move, or the item has been moved back since.
 */
function newHalf(
  context: Context,
  { repository, folder }: QueueInRepository,
  half: StagedItem,
  { readings }: Truth,
  { isMine, isAll }: { isMine: boolean; isAll: boolean },
  full: FullReader | undefined,
): Completion | null {
  const { before, after } = half
  const [reading, ...others] = readings
  const snapshot = reading?.record?.snapshots.at(-1)
  const within = (path: string) => path.slice(folder === '' ? 0 : folder.length + 1)
  if (!reading || others.length > 0 || !snapshot || !before?.before) return null
  const path = folder === '' ? snapshot.path : `${folder}/${snapshot.path}`
  if (path === before.path && (after || !isAll)) return null
  const there = relative(repository.top, reading.place.path).split(sep).join('/')
  if (!after && there !== path && !isOnItsWay(context, half, snapshot.path, join(repository.top, path)))
    return null
  const bytes =
    unless(MISSING, null, () => readFileSync(reading.place.path)) ??
    unless(MISSING, null, () => readFileSync(join(repository.top, path)))
  if (bytes === null) return null
  const { id } = before.before
  const stored = readAsCheckedOut(repository, [{ id, path: before.path }])
  const text = stored.objects.get(id)
  const [old, now] = [text && formOf(within(before.path), text, full), formOf(snapshot.path, bytes, full)]
  if (!old || !now || stored.failed.has(id)) return null
  const made = isMine ? bytes : withWrksFields(old, snapshot, now, full)
  if (made === 'needsFull') throw new NeedsFullReader()
  if (made === null) return null
  const isConverted = isMine || stored.filtered.has(id)
  const blob = isConverted ? storeThroughFilters(repository, made, path) : writeBlob(repository, made)
  if (blob === null) return null
  const rest = made.equals(bytes) ? '' : '; what its holder wrote is not in it'
  const to = snapshot.path.slice(0, snapshot.path.lastIndexOf('/') + 1)
  return {
    remove: after ? [before.path] : [],
    add: [{ path, mode: '100644', blob, stage: 0 }],
    note: `this commit also has the other half of a move: ${reading.item.id} to ${to}${rest}`,
  }
}

/** Whether wrk is moving it there at this moment: the record says so before the file is there. */
function isOnItsWay({ store }: Context, { key }: StagedItem, to: string, path: string): boolean {
  const move = readMove(store.host.disk, store.stateDir, key)
  return move?.folder === to.slice(0, Math.max(to.lastIndexOf('/'), 0)) || existsSync(path)
}

/** Only the new file is staged: the old one, which is gone, leaves with it. */
function oldHalf(
  { repository, folder }: QueueInRepository,
  { key, after }: StagedItem,
  { readings }: Truth,
): Completion | null {
  const [reading, ...others] = readings
  const snapshot = reading?.record?.snapshots.at(-1)
  if (!reading || others.length > 0 || !after || !snapshot) return null
  const path = relative(repository.top, reading.place.path).split(sep).join('/')
  if (path !== after.path || !path.endsWith(snapshot.path)) return null
  const listed = pathsOfItems(new Set([key]), committedPaths(repository, folder), folder).get(key) ?? []
  const remove = listed.filter(one => one !== path)
  if (remove.length === 0 || listed.includes(path)) return null
  return {
    remove,
    add: [],
    note: `this commit also has the other half of a move: ${reading.item.id} from ${remove.join(', ')}`,
  }
}
