/**
 * What must hold of any file at all: it is refused with a place, or read the same by both readers; and a splice is
 * refused with a place, or changes the value that was asked for and no other byte. What was to change is worked out
 * from the tokens of the `yaml` package, not from the places that wrk finds.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { type Document, isCollection, isMap, isNode, isScalar, type Pair, parseDocument } from 'yaml'
import { readDetails } from '../../src/core/items/details.ts'
import { keyOfFileName } from '../../src/core/items/ids.ts'
import { ITEM_KEYS, interpretItem } from '../../src/core/items/item.ts'
import { type FieldValue, spliceChecked } from '../../src/markdown/edit/splice.ts'
import { withoutKeys } from '../../src/markdown/edit/without.ts'
import {
  type Frontmatter,
  type FullReader,
  loadFullReader,
  readFrontmatter,
} from '../../src/markdown/frontmatter.ts'
import { findPair } from '../../src/markdown/scalar.ts'

/** The same texts are read many times over; their readings are kept for a while. */
function remembered<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    const found = known.get(text)
    if (found !== undefined) return found
    if (known.size > 20) known.clear()
    const made = read(text)
    known.set(text, made)
    return made
  }
}

const readFull = await loadFullReader()
/** The full reader, which takes most of the time, reads each text once. */
export const full: FullReader = remembered(text => readFull(text))
const reference = remembered(text =>
  parseDocument(text, { uniqueKeys: false, keepSourceTokens: true, logLevel: 'error', prettyErrors: false }),
)
const FILE = { key: keyOfFileName('WRK-157.md')!, folder: 'pending', name: 'WRK-157.md' }
/** As much as wrk reads of an item before it reads all of it. */
const HEAD = 4096

/** What has been tried, and what came of it. */
export interface Tally {
  splices: number
  refusedFiles: number
  refusedSplices: number
  byFullReader: number
}

/** Reads the file in all ways; null where it is refused. @throws where two ways do not agree */
export function readInAllWays(bytes: Buffer): Frontmatter | null {
  const fast = readFrontmatter(bytes)
  const found = fast.kind === 'needsFull' ? readFrontmatter(bytes, full) : fast
  if (found.kind === 'needsFull') throw new Error('asks for the full reader when it has it')
  if (bytes.length > HEAD) {
    const head = readFrontmatter(bytes, full, false, undefined, HEAD)
    if (head.kind !== 'error' || head.error.reason !== 'unclosed') expectSame(head, found, 'the head alone')
  }
  if (found.kind === 'error') {
    expectPlace(found.error, bytes)
    return null
  }
  if (fast.kind === 'ok') {
    const slow = full(found.split.yaml)
    if (slow.kind === 'error') throw new Error(`the full reader refuses it: ${slow.error.message}`)
    expectSame(found.map.pairs, slow.map.pairs, 'the pairs of both readers')
    const above = found.split.firstLine - 1
    const duplicates = slow.duplicates.map(one => ({ ...one, line: one.line + above }))
    expectSame(found.duplicates, duplicates, 'the duplicates of both readers')
  }
  const some = readFrontmatter(bytes, full, true, ITEM_KEYS)
  if (some.kind !== 'ok') throw new Error('with only some keys wanted it is not read')
  const isWanted = ({ key }: { key: string }) => ITEM_KEYS.has(key)
  expectSame(some.map.pairs.filter(isWanted), found.map.pairs.filter(isWanted), 'the wanted pairs')
  expectSame(some.duplicates.filter(isWanted), found.duplicates.filter(isWanted), 'the wanted duplicates')
  interpretItem(FILE, found, 'WRK')
  readDetails(found.map, 'WRK')
  return found
}

function expectSame(a: unknown, b: unknown, what: string): void {
  if (isDeepStrictEqual(a, b)) return
  expect(a, what).toEqual(b)
  throw new Error(`${what} differ`)
}

function expectPlace(error: { message: string; line: number; column: number }, bytes: Buffer): void {
  const { message, line, column } = error
  // A reader may count a carriage return alone as the end of a line.
  const lines = bytes.toString('latin1').split(/\r\n|\r|\n/).length
  const isPlace =
    Number.isSafeInteger(line) && line >= 1 && line <= lines && Number.isSafeInteger(column) && column >= 1
  if (!isPlace || message === '') throw new Error(`refused without a place: ${JSON.stringify(error)}`)
}

/** The new file; null where the splice is refused. @throws where anything else changed, or it reads differently */
export function spliceAndCheck(
  bytes: Buffer,
  before: Frontmatter,
  fields: Record<string, FieldValue>,
  tally: Tally,
): Buffer | null {
  const result = spliceChecked(bytes, before, fields, full)
  if (result.kind === 'needsFull') throw new Error('asks for the full reader when it has it')
  if (result.kind === 'error') {
    expectPlace(result.error, bytes)
    tally.refusedSplices++
    return null
  }
  tally.splices++
  if (before.certain === 'full') tally.byFullReader++
  const after = readInAllWays(result.bytes)
  if (!after) throw new Error(`the new file cannot be read: ${result.bytes}`)
  expectSame(after.duplicates.length, before.duplicates.length, 'the number of duplicates')
  const keys = Object.keys(fields)
  if (keys.length === 1) expectOnlyValueChanged(bytes, before, result.bytes, keys[0]!)
  expectSameDocument(before, after, keys)
  const others = (from: Buffer, found: Frontmatter) => withoutKeys(from, found, new Set(keys))
  if (!before.map.flow && !others(bytes, before).equals(others(result.bytes, after)))
    throw new Error(`without the fields, the files differ: ${result.bytes}`)
  return result.bytes
}

/** All other entries are there, in their order, and mean the same to the yaml package. */
function expectSameDocument(before: Frontmatter, after: Frontmatter, keys: readonly string[]): void {
  const others = ({ split }: Frontmatter) =>
    entries(split.yaml).filter(({ name }) => !keys.includes(name ?? ''))
  expectSame(others(after), others(before), 'the other entries')
}

const entries = remembered(yaml => {
  const document = reference(yaml)
  if (document.errors.length > 0) throw new Error(`yaml refuses it: ${document.errors[0]!.message}`)
  const pairs = isMap(document.contents) ? document.contents.items : []
  return pairs.map(pair => ({
    name: keyOf(pair),
    key: data(pair.key, document),
    value: data(pair.value, document),
  }))
})

function data(value: unknown, document: Document): unknown {
  try {
    return isNode(value) ? value.toJS(document, { mapAsMap: true }) : value
  } catch (error) {
    // Aliases of aliases, more than the package is ready to follow.
    return (error as Error).message
  }
}

/** The key, where it is a plain word or quoted; undefined for collections and aliases. */
function keyOf({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined
}

/** Of one field: what is in front of its value and behind it is there byte by byte, comments among it. */
function expectOnlyValueChanged(bytes: Buffer, { split }: Frontmatter, now: Buffer, key: string): void {
  const { yaml, yamlStart } = split
  const byteAt = (index: number) => yamlStart + Buffer.byteLength(yaml.slice(0, index))
  const { contents } = reference(yaml)
  const pair = isMap(contents) ? contents.items.find(one => keyOf(one) === key) : undefined
  const place = pair && placeOf(yaml, pair)
  const [from, to] = place ? [place.colonEnd, place.end] : [yaml.length, yaml.length]
  const [above, below] = [bytes.subarray(0, byteAt(from)), bytes.subarray(byteAt(to))]
  const isKept =
    now.length >= above.length + below.length &&
    now.subarray(0, above.length).equals(above) &&
    now.subarray(now.length - below.length).equals(below)
  if (!isKept) throw new Error(`more than the value of ${key} changed: ${shortened(now)}`)
  const put = now.toString('utf8', above.length, now.length - below.length)
  if (!place) {
    const isLine = new RegExp(`^ *${key}: [^\\r\\n]+${split.eol === '\r\n' ? '\\r' : ''}\\n$`).test(put)
    if (!isLine) throw new Error(`${key} was not added as a line: ${JSON.stringify(put)}`)
    return
  }
  // Comments between colon and value stay, but in a list or map below its key, where only the key's line does.
  const lines = yaml.slice(place.colonEnd, place.start).split(/\r?\n/)
  const isBlock = isCollection(pair.value) && !pair.value.flow
  const lost = (isBlock ? lines.slice(0, 1) : lines).find(
    line => line.includes('#') && !put.includes(line.trim()),
  )
  if (lost !== undefined)
    throw new Error(`a comment is lost: ${JSON.stringify(lost)} in ${JSON.stringify(put)}`)
}

/** Where a value stands, by the tokens: behind its colon, with its properties, without what follows it. */
function placeOf(yaml: string, { srcToken, value }: Pair): { colonEnd: number; start: number; end: number } {
  const sep = srcToken?.sep ?? []
  const colon = sep.find(({ type }) => type === 'map-value-ind')
  if (!colon) throw new Error('a splice was made where there is no colon')
  const colonEnd = colon.offset + 1
  const properties = sep.filter(({ type }) => type === 'anchor' || type === 'tag')
  const [first, last] = [properties[0], properties.at(-1)]
  const [valueStart, valueEnd] = (isNode(value) && value.range) || [colonEnd, colonEnd]
  const isEmpty = valueStart === valueEnd
  const end = isEmpty ? (last && 'source' in last ? last.offset + last.source.length : colonEnd) : valueEnd
  const start = first?.offset ?? (isEmpty ? colonEnd : valueStart)
  return { colonEnd, start, end: start + yaml.slice(start, end).replace(/(?:\r?\n[ \t]*)+$/, '').length }
}

function shortened(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 2000))
}

/**
 * What a field would have to be set to for the old bytes to come back; null where that cannot be, as after a value
 * that needed other quotes.
 */
export function oldValue({ split, map }: Frontmatter, key: string, now: Buffer): FieldValue | null {
  const value = findPair(map, key)?.value
  const after = readFrontmatter(now, full)
  const other = after.kind === 'ok' ? findPair(after.map, key)?.value : undefined
  if (value?.kind !== 'scalar' || other?.kind !== 'scalar' || other.style !== value.style) return null
  const { style, text } = value
  const written = split.yaml.slice(value.start, value.end)
  // What is not printed is escaped, whatever it was before.
  const isPrinted = /^[\x20-\x7e\xa1-\u1fff]*$/.test(text)
  if (style === 'double') return isPrinted && written === JSON.stringify(text) ? text : null
  // Other words may mean the same without quotes, but wrk writes them with some.
  if (style === 'plain') return written === text && /^\w+(?:[ ./-]\w+)*$/.test(text) ? { word: text } : null
  return isPrinted && written === `'${text.replaceAll("'", "''")}'` ? { word: text } : null
}
