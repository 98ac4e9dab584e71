/**
 * What wrk wrote into an item, and what somebody else did, told by the snapshots in the item's record. By it a session
 * may commit another's item as far as wrk wrote it: where it lies, its status, who holds it. Pure.
 *
 * Guarantees: a text that a person has changed is never taken for wrk's. Does not guarantee that all of wrk's writing is
 * known as such: lists and notes are not in snapshots.
 */
import { type FieldValue, spliceChecked } from '../../markdown/edit/splice.ts'
import { withoutValues } from '../../markdown/edit/without.ts'
import type { Frontmatter, FullReader } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import type { Snapshot } from '../claims/record.ts'

/** A version of an item's file. */
export interface ItemForm {
  /** Within the queue: `working/WRK-157.md`. */
  path: string
  bytes: Buffer
  found: Frontmatter
}

/**
 * Who made a change: `wrk` alone; `wrkOrRevert`: wrk alone, unless an older version is put back; `other`: somebody else
 * has a part in it.
 */
export function authorOf(
  before: ItemForm,
  after: ItemForm,
  snapshots: readonly Snapshot[],
): 'wrk' | 'wrkOrRevert' | 'other' {
  const written = snapshots.findLastIndex(snapshot => shows(after, snapshot))
  if (written < 0 || !isSameOtherwise(before, after, snapshots[written]!)) return 'other'
  return snapshots.findLastIndex(snapshot => shows(before, snapshot)) < written &&
    snapshots.some(snapshot => shows(before, snapshot))
    ? 'wrk'
    : 'wrkOrRevert'
}

/** Whether a version has the values and the place that wrk wrote. */
function shows({ path, found }: ItemForm, { path: place, fields }: Snapshot): boolean {
  return path === place && Object.entries(fields).every(([key, text]) => textOf(found, key) === text)
}

function textOf({ map }: Frontmatter, key: string): string | null {
  return scalarText(findPair(map, key)?.value) ?? null
}

/** Whether two versions differ in nothing but values that wrk wrote, and where they lie. */
function isSameOtherwise(before: ItemForm, after: ItemForm, { fields }: Snapshot): boolean {
  const isScalar = ({ map }: Frontmatter, key: string) =>
    (findPair(map, key)?.value.kind ?? 'scalar') === 'scalar'
  // What a list holds, no snapshot tells.
  const keys = new Set(
    Object.keys(fields).filter(key => isScalar(before.found, key) && isScalar(after.found, key)),
  )
  const added = new Set([...keys].filter(key => !findPair(before.found.map, key)))
  const one = withoutValues(before.bytes, before.found, keys, NONE)
  const other = withoutValues(after.bytes, after.found, keys, added)
  return one !== null && other !== null && one.equals(other)
}

const NONE: ReadonlySet<string> = new Set()

/**
 * A version with what wrk wrote since, and nothing of what others did.
 * @param working the file as it is: what it does not show any more was changed by somebody else, and stays out
 * @returns null where that cannot be written into it; `needsFull` when the full reader is needed
 */
export function withWrksFields(
  before: ItemForm,
  snapshot: Snapshot,
  working: ItemForm,
  full?: FullReader,
): Buffer | 'needsFull' | null {
  const shown = Object.entries(snapshot.fields).filter(([key, text]) => textOf(working.found, key) === text)
  const isWhole = shown.length === Object.keys(snapshot.fields).length
  // Its bytes are as wrk made them; made again, a quote might be another.
  if (isWhole && isSameOtherwise(before, working, snapshot)) return working.bytes
  const fields: Record<string, FieldValue> = {}
  for (const [key, text] of shown) {
    const pair = findPair(before.found.map, key)
    if (textOf(before.found, key) === text || (pair && pair.value.kind !== 'scalar')) continue
    fields[key] = text === null || LOCK_LINES.includes(key) ? (text ?? '') : { word: text }
  }
  if (Object.keys(fields).length === 0) return before.bytes
  const spliced = spliceChecked(before.bytes, before.found, fields, full)
  if (spliced.kind === 'needsFull') return 'needsFull'
  return spliced.kind === 'ok' ? spliced.bytes : null
}

const LOCK_LINES: readonly string[] = ['locked_by', 'locked_at']
