/**
 * Item ids: what a person may type, what a file may be called, and when the two mean the same item.
 *
 * An id is a prefix and a number: `WRK-157`, `workspace-hub#1311`. A number may have parts, as other tools
 * number what is below an item: `WRK-222.1` is an id of its own, and has nothing to do with `WRK-222`. Two spellings
 * name the same item when prefix (letter case aside) and number agree, so `157`, `wrk-157` and `WRK-0157` are one id.
 * An id is checked here before it meets any path; what passes holds no separator and no dot-dot.
 */
import { WrkError } from '../errors.ts'
import { printable } from '../text.ts'
import { isConflictCopy } from './conflict-copy.ts'

declare const checked: unique symbol
/** The normal form of an id, safe as a file name: `wrk-157`, `wrk-222.1`, `workspace-hub-1311`. */
export type ItemKey = string & { readonly [checked]: 'ItemKey' }

export interface ItemId {
  key: ItemKey
  /** As people write it; the item's own `id` field may spell it better. */
  display: string
}

const SEGMENT = '[A-Za-z][A-Za-z0-9_.]*'
const NUMBER = '[0-9]{1,9}(?:\\.[0-9]{1,9}){0,4}'
const BARE = new RegExp(`^${NUMBER}$`)
const ID = new RegExp(`^(${SEGMENT}(?:-${SEGMENT})*)([-#])(${NUMBER})$`)
/** Behind a number, a dot and a digit are a further part of it: `WRK-222.1x.md` is not a file of WRK-222. */
const FILE = new RegExp(
  `^(${SEGMENT}(?:-${SEGMENT})*)-(${NUMBER})(?:(?!\\.[0-9])[-_. ][^/\\\\\\x00-\\x1f\\x7f]*)?\\.md$`,
)
const LONGEST = 100

/**
 * Reads an id as a person types it: `WRK-157`, `157` (with `prefix`), `workspace-hub#1311`, `WRK-157.md`.
 * @throws WrkError USAGE for anything else, before any file is touched.
 */
export function parseId(input: string, prefix: string): ItemId {
  const hint = `An id looks like ${prefix}-157, 157 or workspace-hub#1311.`
  // Callers of the library may be in JavaScript.
  if (typeof input !== 'string')
    throw new WrkError('USAGE', `the id must be a string, not ${input === null ? 'null' : typeof input}`, {
      hint,
    })
  const text = input.endsWith('.md') ? input.slice(0, -3) : input
  const parts = text.length > LONGEST ? null : ID.exec(isBareNumber(text) ? `${prefix}-${text}` : text)
  if (!parts) {
    const apart = /^([A-Za-z](?:[A-Za-z.-]*[A-Za-z])?)[ _:./-]*([0-9]{1,9}(?:\.[0-9]{1,9})*)$/.exec(text)
    const meant = apart && `${apart[1]}-${apart[2]}`
    const guess = meant && ID.test(meant) ? `Did you mean ${meant}? ` : ''
    throw new WrkError('USAGE', `"${printable(input, 60)}" is not an item id`, {
      hint: `${guess}${hint}`,
    })
  }
  const [, name, mark, number] = parts as unknown as [string, string, string, string]
  return { key: keyOf(name, number), display: `${name}${mark}${number}` }
}

/** How nearly all items are called: the same as FILE and keyOf make of them, with less garbage. */
const USUAL_FILE = /^[A-Z]+-[1-9][0-9]{0,8}\.md$/

/** The key of a file name, or null when the name is not that of an item (README.md, notes.txt, a sync tool’s copy). */
export function keyOfFileName(name: string): ItemKey | null {
  if (USUAL_FILE.test(name)) return name.slice(0, -3).toLowerCase() as ItemKey
  const parts = name.endsWith('.md') ? FILE.exec(name) : null
  if (!parts) return null
  const [, prefix, number] = parts as unknown as [string, string, string]
  // Only what follows the number can make it a copy; most names end there, and there may be thousands.
  const hasMore = name.length > prefix.length + number.length + '-.md'.length
  return hasMore && isConflictCopy(name.slice(0, -3)) ? null : keyOf(prefix, number)
}

/** Whether the text of an `id` field names the item of that key. A bare number is read with `prefix`. */
export function isIdOf(key: ItemKey, text: string, prefix: string): boolean {
  return text.toLowerCase() === key || keyOfField(text, prefix) === key
}

/** The key of an `id` field's text, or null when that is no id. A bare number is read with `prefix`. */
export function keyOfField(text: string, prefix: string): ItemKey | null {
  const parts = ID.exec(isBareNumber(text) ? `${prefix}-${text}` : text)
  return parts ? keyOf(parts[1]!, parts[3]!) : null
}

/** Whether a text is the number of an id without its prefix: `157`, `222.1`. */
export function isBareNumber(text: string): boolean {
  return BARE.test(text)
}

/** The id in a file name, for a frontmatter without one: `WRK-139-gmsh.md` is `WRK-139`. */
export function displayOfFileName(name: string): string {
  const parts = FILE.exec(name)
  return parts ? `${parts[1]}-${parts[2]}` : name
}

const NAMED = new RegExp(
  `(?<![A-Za-z0-9_])(${SEGMENT}(?:-${SEGMENT})*)[-#](${NUMBER})(?![A-Za-z0-9_]|\\.[0-9])`,
  'g',
)

/**
 * What may be ids in running text, longest reading first: `fix-WRK-157` is read as that and as `WRK-157`. Only a
 * look into the queue shows which are.
 */
export function keysIn(text: string): { at: number; readings: ItemKey[] }[] {
  const found: { at: number; readings: ItemKey[] }[] = []
  for (const { 0: word, index: start } of text.matchAll(/[A-Za-z0-9_.#-]+/g)) {
    // Nobody's id, and slow to look through: an accidental match in a message.
    if (word.length > 2 * LONGEST) continue
    for (const { index, 1: name, 2: number } of word.matchAll(NAMED)) {
      const starts = [0, ...[...name!.matchAll(/[-.](?=[A-Za-z])/g)].map(mark => mark.index + 1)]
      found.push({ at: start + index, readings: starts.map(from => keyOf(name!.slice(from), number!)) })
    }
  }
  return found
}

function keyOf(prefix: string, number: string): ItemKey {
  const isPadded = number.startsWith('0') || number.includes('.0')
  const significant = isPadded ? number.replace(/(?<![0-9])0+(?=[0-9])/g, '') : number
  return `${prefix.toLowerCase()}-${significant}` as ItemKey
}

/** The number of a key, without its parts: 222 of `wrk-222.1`. */
export function numberOfKey(key: ItemKey): number {
  return Number.parseInt(key.slice(key.lastIndexOf('-') + 1), 10)
}

/** By the numbers of two keys: `wrk-9`, `wrk-10`, `wrk-10.2`, `wrk-10.11`. */
export function compareNumbers(a: ItemKey, b: ItemKey): number {
  const [left, right] = [a, b].map(key => key.slice(key.lastIndexOf('-') + 1).split('.')) as [
    string[],
    string[],
  ]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = Number(left[i]) - Number(right[i])
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** By prefix, then by number. By code units, since the order must not depend on where it is made. */
export function compareKeys(a: ItemKey, b: ItemKey): number {
  const [left, right] = [a.slice(0, a.lastIndexOf('-')), b.slice(0, b.lastIndexOf('-'))]
  return left === right ? compareNumbers(a, b) : left < right ? -1 : 1
}
