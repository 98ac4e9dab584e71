/**
 * What becomes of one item that a merge left in the wrong place, twice, in conflict, or not at all. Pure: the versions
 * and the files of the working tree are read by the caller.
 */
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { homeOf } from '../items/home.ts'
import { fitsFolder } from '../items/status.ts'
import { mergeItem } from './merge-item.ts'

/** A file of the item: its path within the queue, with `/`, and its bytes. */
export interface ItemVersion {
  path: string
  bytes: Buffer
}

/** A file of the item in the working tree. */
export interface WorkingFile extends ItemVersion {
  /** Whether git, or an earlier resolve, left it so: then it holds nobody's own work. */
  asLeft: boolean
  /** Which side it is, where it is nothing but a changed copy of one: then the other side is not in it. */
  copyOf: 'ours' | 'theirs' | null
}

export interface Situation {
  base: ItemVersion | null
  ours: ItemVersion | null
  theirs: ItemVersion | null
  working: readonly WorkingFile[]
}

export type Settled =
  /** One file. `edited`: with the text that a person gave it. */
  | { kind: 'settled'; file: ItemVersion; edited: boolean }
  /** It is gone on both sides, or on one that had the last word. */
  | { kind: 'gone' }
  /** One file, for a person to go on with. */
  | { kind: 'conflict'; file: ItemVersion; keys: readonly string[] }
  /** One side took it out, the other changed it: it stays until a person says so. */
  | { kind: 'deleted'; file: ItemVersion; by: 'ours' | 'theirs' }
  /** Nothing is touched. */
  | { kind: 'person'; reason: string; paths: readonly string[] }
  | { kind: 'needsFull' }

const MARKERS = /^<{7,}(?: .*)?\r?\n[\s\S]*^={7,}\r?\n[\s\S]*^>{7,}/m

/** Whether a text has a conflict in it that nobody has decided. */
export function hasConflictMarkers(bytes: Buffer): boolean {
  return MARKERS.test(bytes.toString('latin1'))
}

/** Decides what the item is to be. */
export function settleItem(situation: Situation, full?: FullReader): Settled {
  const { base, working } = situation
  const edited = working.filter(({ asLeft }) => !asLeft)
  const open = edited.filter(({ bytes }) => hasConflictMarkers(bytes))
  if (open.length > 0)
    return {
      kind: 'person',
      reason: 'the text that you edited still has conflict markers',
      paths: open.map(pathOf),
    }
  const whole = edited.filter(({ copyOf }) => copyOf === null)
  if (distinct(whole).length > 1) {
    const isKnown = situation.base ?? situation.ours ?? situation.theirs
    const reason = isKnown
      ? 'it was edited in two places'
      : 'it is in two places, and which commits that comes from is unknown'
    return { kind: 'person', reason, paths: whole.map(pathOf) }
  }
  if (whole[0]) {
    const path = placeFor(situation, whole[0], whole[0].path, full)
    return path === null
      ? { kind: 'needsFull' }
      : { kind: 'settled', file: { ...whole[0], path }, edited: true }
  }
  const changed = (side: 'ours' | 'theirs') => edited.find(({ copyOf }) => copyOf === side) ?? situation[side]
  return settleVersions(base, changed('ours'), changed('theirs'), edited.length > 0, full)
}

function settleVersions(
  base: ItemVersion | null,
  ours: ItemVersion | null,
  theirs: ItemVersion | null,
  edited: boolean,
  full: FullReader | undefined,
): Settled {
  if (!ours || !theirs) {
    const rest = ours ?? theirs
    if (!rest && base) return { kind: 'gone' }
    if (!rest)
      return { kind: 'person', reason: 'it is in two places, but not because of this merge', paths: [] }
    if (!base) return { kind: 'settled', file: rest, edited }
    if (rest.path === base.path && rest.bytes.equals(base.bytes)) return { kind: 'gone' }
    return { kind: 'deleted', file: rest, by: ours ? 'theirs' : 'ours' }
  }
  const merged = mergeItem(
    { base: base?.bytes ?? null, ours: ours.bytes, theirs: theirs.bytes },
    undefined,
    full,
  )
  if (merged.kind === 'needsFull') return merged
  if (merged.kind === 'unreadable')
    return (
      sameOrOneSide(base, ours, theirs, edited) ?? {
        kind: 'person',
        reason: `it cannot be merged by its fields: ${merged.message}`,
        paths: [...new Set([ours.path, theirs.path])],
      }
    )
  const path = placeFor({ base, ours, theirs, working: [] }, merged, ours.path, full)
  if (path === null) return { kind: 'needsFull' }
  const file = { path, bytes: merged.bytes }
  return merged.kind === 'merged'
    ? { kind: 'settled', file, edited }
    : { kind: 'conflict', file, keys: merged.keys }
}

/** Also of files that cannot be read: what only one side changed is taken from it. */
function sameOrOneSide(
  base: ItemVersion | null,
  ours: ItemVersion,
  theirs: ItemVersion,
  edited: boolean,
): Settled | null {
  const path = movedPath(base, ours, theirs)
  const same = (one: ItemVersion | null, other: ItemVersion) => one?.bytes.equals(other.bytes) ?? false
  const bytes = same(ours, theirs) || same(base, theirs) ? ours.bytes : same(base, ours) ? theirs.bytes : null
  return path !== null && bytes ? { kind: 'settled', file: { path, bytes }, edited } : null
}

/** Where the side that moved it has put it; null when both have, to different places. */
function movedPath(base: ItemVersion | null, ours: ItemVersion, theirs: ItemVersion): string | null {
  if (ours.path === theirs.path || theirs.path === base?.path) return ours.path
  return ours.path === base?.path ? theirs.path : null
}

/**
 * Where an item of this content goes: where it was moved, if its status fits there; else where a side has it and its
 * status fits; else the folder of its status.
 * @param otherwise when nothing shows
 */
function placeFor(
  { base, ours, theirs, working }: Situation,
  { bytes }: { bytes: Buffer },
  otherwise: string,
  full: FullReader | undefined,
): string | null {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') return null
  const text = (key: string) =>
    found.kind === 'ok' ? scalarText(findPair(found.map, key)?.value) : undefined
  const status = text('status')
  const moved = ours && theirs ? movedPath(base, ours, theirs) : (ours ?? theirs)?.path
  const places = [moved, ours?.path, theirs?.path, ...working.map(pathOf)].filter(path => path != null)
  if (status === undefined) return places[0] ?? otherwise
  const fitting = places.find(path => fitsFolder(status, folderOfPath(path)))
  if (fitting !== undefined) return fitting
  const place = places[0] ?? otherwise
  const home = homeOf(status, folderOfPath(place), text('completed_at'))
  return home === null ? place : `${home}/${place.slice(place.lastIndexOf('/') + 1)}`
}

function folderOfPath(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

function pathOf({ path }: ItemVersion): string {
  return path
}

function distinct(files: readonly ItemVersion[]): readonly ItemVersion[] {
  return files.filter((file, i) => files.findIndex(({ bytes }) => bytes.equals(file.bytes)) === i)
}
