/**
 * The three-way merge of one markdown file with frontmatter, by its fields. Pure: bytes in, bytes out. What nobody
 * changed stays byte for byte, and so does what only one side changed; the body is merged by its lines. What was made
 * is read again before it is given out.
 *
 * Which keys belong together, and what is to happen when both sides changed them, is for the caller: see Rules.
 */
import { type Frontmatter, type FullReader, readFrontmatter } from '../frontmatter.ts'
import { scalarText, toData } from '../scalar.ts'
import { type MarkerStyle, USUAL_MARKERS, withMarkers } from './conflict-markers.ts'
import { type Entries, type Entry, entriesOf } from './entries.ts'
import { mergedOrder } from './key-order.ts'
import {
  emptied,
  type MergedEntry,
  mergeEntry,
  type ThreeEntries,
  takeValue,
  undecided,
} from './merge-entry.ts'
import { mergeLines, type Piece, sideThatChanged } from './merge-lines.ts'
import type { IdentityOf } from './merge-set.ts'

export type { MarkerStyle }

/** Single values by key; undefined for one that is missing or empty. */
export type FieldTexts = Readonly<Record<string, string | undefined>>

/** Keys that are merged together. */
export interface Group {
  keys: readonly string[]
  /** Asked when both sides have changed them, and not to the same. Without `base` both have added the file. */
  choose: (
    base: FieldTexts | null,
    ours: FieldTexts,
    theirs: FieldTexts,
  ) => 'ours' | 'theirs' | 'empty' | 'conflict'
}

export interface Rules {
  groups: readonly Group[]
  /** For the keys of lists that are merged as sets. */
  identityFor: (key: string) => IdentityOf | undefined
}

export interface Versions {
  /** Null or empty when both sides have added the file. */
  base: Buffer | null
  ours: Buffer
  theirs: Buffer
}

export type MergeResult =
  | { kind: 'merged'; bytes: Buffer }
  /** With markers. `keys`: what a person has to decide; the text below the frontmatter is `body`. */
  | { kind: 'conflict'; bytes: Buffer; keys: string[]; body: boolean }
  /** One of them has no frontmatter that can be taken apart. */
  | { kind: 'unreadable'; side: 'base' | 'ours' | 'theirs' | 'result'; message: string }
  | { kind: 'needsFull' }

/** @param full may be left out; then `needsFull` asks for it */
export function mergeFrontmatter(
  { base, ours, theirs }: Versions,
  rules: Rules,
  style: MarkerStyle = USUAL_MARKERS,
  full?: FullReader,
): MergeResult {
  const o = base && base.length > 0 ? partsOf(base, full) : null
  const a = partsOf(ours, full)
  const b = partsOf(theirs, full)
  if (o && o.kind !== 'parts') return notReadable(o, 'base')
  if (a.kind !== 'parts') return notReadable(a, 'ours')
  if (b.kind !== 'parts') return notReadable(b, 'theirs')

  const entries = mergedEntries(o, a, b, rules)
  const order = mergedOrder(keysOf(o), keysOf(a), keysOf(b), key => entries.get(key)!.kind !== 'absent')
  if (!order)
    return { kind: 'unreadable', side: 'result', message: 'both sides changed the order of the keys' }

  const frame = (part: 'opening' | 'closing') => sideThatChanged((o ?? a)[part], a[part], b[part]) ?? a[part]
  const end = mergeLines(o?.entries.end ?? '', a.entries.end, b.entries.end)
  const body = mergeLines(o?.body ?? '', a.body, b.body)
  const merged = order.map(key => [key, entries.get(key)!] as const)
  const keys = merged.filter(([, { kind }]) => kind === 'conflict').map(([key]) => key)
  if (end.conflicts > 0) keys.push('(comments)')
  const yaml = merged.flatMap(([, entry]) => piecesOf(entry))
  const bytes = Buffer.concat([
    Buffer.from(frame('opening') + withMarkers([...yaml, ...end.pieces], style)),
    Buffer.from(frame('closing') + withMarkers(body.pieces, style), 'latin1'),
  ])
  if (keys.length > 0) return { kind: 'conflict', bytes, keys, body: body.conflicts > 0 }
  const problem = differsFrom(bytes, merged, full)
  if (problem === 'needsFull') return { kind: 'needsFull' }
  if (problem !== null) return { kind: 'unreadable', side: 'result', message: problem }
  return body.conflicts > 0 ? { kind: 'conflict', bytes, keys, body: true } : { kind: 'merged', bytes }
}

interface Parts {
  kind: 'parts'
  /** The opening fence's line. */
  opening: string
  entries: Entries
  byKey: ReadonlyMap<string, Entry>
  /** The closing fence's line, and what is below, each byte a character. */
  closing: string
  body: string
}

type NoParts = { kind: 'needsFull' } | { kind: 'unreadable'; message: string }

function notReadable(why: NoParts, side: 'base' | 'ours' | 'theirs'): MergeResult {
  return why.kind === 'needsFull' ? why : { ...why, side }
}

function partsOf(bytes: Buffer, full: FullReader | undefined): Parts | NoParts {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') return found
  if (found.kind === 'error') return { kind: 'unreadable', message: found.error.message }
  const [twice] = found.duplicates
  if (twice) return { kind: 'unreadable', message: `duplicate key "${twice.key}", line ${twice.line}` }
  if (found.map.aliases?.length) return { kind: 'unreadable', message: 'it has aliases' }
  const entries = entriesOf(found)
  if (!entries) return { kind: 'unreadable', message: 'its keys are not on separate lines' }
  const { yamlStart, yamlEnd } = found.split
  const lineFeed = bytes.indexOf(10, yamlEnd)
  const bodyStart = lineFeed < 0 ? bytes.length : lineFeed + 1
  return {
    kind: 'parts',
    opening: bytes.toString('utf8', 0, yamlStart),
    entries,
    byKey: new Map(entries.list.map(entry => [entry.key, entry])),
    closing: bytes.toString('latin1', yamlEnd, bodyStart),
    body: bytes.toString('latin1', bodyStart),
  }
}

function keysOf(parts: Parts | null): string[] {
  return parts ? parts.entries.list.map(({ key }) => key) : []
}

function mergedEntries(o: Parts | null, a: Parts, b: Parts, rules: Rules): Map<string, MergedEntry> {
  const merged = new Map<string, MergedEntry>()
  const three = (key: string): ThreeEntries => ({
    base: o?.byKey.get(key),
    ours: a.byKey.get(key),
    theirs: b.byKey.get(key),
  })
  for (const group of rules.groups) {
    const choice = chosen(group, o, a, b)
    for (const key of group.keys)
      if (choice === 'conflict') merged.set(key, undecided(three(key)))
      else if (choice === 'empty') merged.set(key, emptied(three(key)))
      else if (choice !== null) merged.set(key, takeValue(three(key), choice))
  }
  for (const key of new Set([...keysOf(o), ...keysOf(a), ...keysOf(b)]))
    if (!merged.has(key)) merged.set(key, mergeEntry(three(key), rules.identityFor(key)))
  return merged
}

/** The side that gives a group its values; null when each of its keys is merged by itself, since nobody changed a value. */
function chosen({ keys, choose }: Group, o: Parts | null, a: Parts, b: Parts) {
  const values = (parts: Parts): FieldTexts => Object.fromEntries(keys.map(key => [key, wordOf(parts, key)]))
  const [base, ours, theirs] = [o && values(o), values(a), values(b)]
  const same = (one: FieldTexts, other: FieldTexts) => keys.every(key => one[key] === other[key])
  if (same(ours, theirs)) return base && same(base, ours) ? null : 'ours'
  if (base && same(base, ours)) return 'theirs'
  if (base && same(base, theirs)) return 'ours'
  // A list or a map in the place of a word is nothing to choose by.
  const isOdd = [a, b].some(parts =>
    keys.some(key => (parts.byKey.get(key)?.node.kind ?? 'scalar') !== 'scalar'),
  )
  return isOdd ? 'conflict' : choose(base, ours, theirs)
}

function wordOf({ byKey }: Parts, key: string): string | undefined {
  const node = byKey.get(key)?.node
  return node && node.kind !== 'scalar' ? JSON.stringify(toData(node)) : scalarText(node)
}

function piecesOf(entry: MergedEntry): Piece[] {
  if (entry.kind === 'absent') return []
  return entry.kind === 'entry' ? [{ kind: 'text', text: entry.text }] : entry.pieces
}

/** What is wrong with the merged file, read again; null when nothing is. */
function differsFrom(
  bytes: Buffer,
  merged: readonly (readonly [string, MergedEntry])[],
  full: FullReader | undefined,
): string | null {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') return 'needsFull'
  if (found.kind === 'error') return `merged, it could not be read: ${found.error.message}`
  const { pairs } = (found as Frontmatter).map
  if (pairs.length !== merged.length) return 'merged, it would have other keys'
  for (const [i, { key, value }] of pairs.entries()) {
    const [wanted, entry] = merged[i]!
    if (key !== wanted) return 'merged, it would have other keys'
    const check = entry.kind === 'entry' ? entry.check : undefined
    if (check !== undefined && JSON.stringify(check) !== JSON.stringify(toData(value)))
      return `merged, ${key} would read differently`
  }
  return null
}
