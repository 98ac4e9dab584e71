/**
 * Changes top-level fields of a file's frontmatter in place: the bytes of a value are replaced, or a
 * line is added in front of the closing fence; every other byte is copied, the blank lines behind a
 * block scalar among them. Nothing is ever parsed and dumped. What was made is read again before it
 * is given out, so a file that does not allow the change is refused, not damaged.
 */
import { type Frontmatter, type FullReader, placeInFile, readFrontmatter } from '../frontmatter.ts'
import type { ReadError, YamlMap, YamlNode, YamlPair } from '../node.ts'
import { readPlain } from '../read/plain.ts'
import { findPair, scalarValue } from '../scalar.ts'
import type { Split } from '../split.ts'
import { isStringWord } from './string-word.ts'

/**
 * What a field is set to: a string, written in double quotes; a word, written as people write it: plain where that
 * reads back as the same characters (`true`, `50` and dates keep their meaning), else quoted; or text, which is plain
 * where every reader takes it for text (string-word.ts), else quoted. A list of texts goes on one line.
 */
export type FieldValue = string | { word: string } | { text: string } | { list: readonly string[] }

/** A piece of the YAML text that is replaced. */
export interface Edit {
  /** Offsets in the YAML text. */
  start: number
  end: number
  text: string
}

/**
 * The new file. An existing key gets only its value replaced; a missing one becomes a line of its own
 * at the end, in the order of `fields`; its keys must be plain words. Not checked: see spliceChecked.
 */
function spliceFields(bytes: Buffer, split: Split, map: YamlMap, fields: Record<string, FieldValue>): Buffer {
  const edits: Edit[] = []
  let added = ''
  for (const [key, value] of Object.entries(fields)) {
    const pair = findPair(map, key)
    if (pair) edits.push(...replacement(split.yaml, pair, written(value, pair.value)))
    else added += `${indentOf(split.yaml, map)}${key}: ${written(value)}${split.eol}`
  }
  return withEdits(bytes, split, edits, added)
}

/** @param added lines in front of the closing fence */
function withEdits(bytes: Buffer, split: Split, edits: readonly Edit[], added: string): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(from, byteOffset(split, start)), Buffer.from(text))
    from = byteOffset(split, end)
  }
  parts.push(bytes.subarray(from, split.yamlEnd), Buffer.from(added), bytes.subarray(split.yamlEnd))
  return Buffer.concat(parts)
}

export type SpliceResult =
  | { kind: 'ok'; bytes: Buffer; after: Frontmatter }
  | { kind: 'needsFull' }
  | { kind: 'error'; error: ReadError }

/**
 * Splices and reads the result again: each field must now read as given, and every other top-level
 * pair must be the same, in the same order. `before` is what readFrontmatter gave for `bytes`; `full`
 * may be left out, then `needsFull` asks for it. An error's line and column are the old file's.
 */
export function spliceChecked(
  bytes: Buffer,
  before: Frontmatter,
  fields: Record<string, FieldValue>,
  full?: FullReader,
): SpliceResult {
  const made = spliceFields(bytes, before.split, before.map, fields)
  const checks = Object.entries(fields).map(
    ([key, value]) => [key, (node: YamlNode) => reads(node, value)] as const,
  )
  return proven(bytes, before, made, Object.fromEntries(checks), full)
}

/**
 * Makes edits in the value of one field and reads the result again, as spliceChecked does.
 * @param isWanted whether the field's value reads as it should now
 */
export function editChecked(
  bytes: Buffer,
  before: Frontmatter,
  key: string,
  edits: readonly Edit[],
  isWanted: (node: YamlNode) => boolean,
  full?: FullReader,
): SpliceResult {
  return proven(bytes, before, withEdits(bytes, before.split, edits, ''), { [key]: isWanted }, full)
}

type Checks = Record<string, (node: YamlNode) => boolean>

function proven(
  bytes: Buffer,
  before: Frontmatter,
  made: Buffer,
  fields: Checks,
  full: FullReader | undefined,
): SpliceResult {
  const { split } = before
  const after = readFrontmatter(made, full)
  if (after.kind === 'needsFull') return after
  if (after.kind === 'error') return refusal(before, fields, after.error.message)

  const problem = difference(before, after, fields)
  if (problem !== undefined) return refusal(before, fields, problem)
  // The closing fence must be the same one, or part of the body would have become frontmatter.
  if (made.length - after.split.yamlEnd !== bytes.length - split.yamlEnd) {
    return refusal(before, fields, 'another line would become the closing fence')
  }
  return { kind: 'ok', bytes: made, after }
}

/** One text written as another item of the same list is. */
export function writtenInList(text: string, like?: YamlNode): string {
  const style = like?.kind === 'scalar' ? like.style : 'plain'
  if (style === 'single' && !needsEscapes(text)) return `'${text.replaceAll("'", "''")}'`
  return style !== 'double' && isPlainInList(text) ? text : quoted(text)
}

/** A value as it is written to the file; a word keeps the quotes of the value that it replaces. */
function written(value: FieldValue, old?: YamlNode): string {
  if (typeof value === 'string') return quoted(value)
  if ('list' in value) return `[${value.list.map(word => writtenInList(word)).join(', ')}]`
  const word = 'text' in value ? value.text : value.word
  const style = old?.kind === 'scalar' ? old.style : 'plain'
  if (style === 'single' && !needsEscapes(word)) return `'${word.replaceAll("'", "''")}'`
  const isFree = style !== 'double' && !('text' in value && !isStringWord(word))
  return isFree && isPlain(word) ? word : quoted(word)
}

/** Whether only double quotes can hold it. */
function needsEscapes(word: string): boolean {
  return /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/.test(word) || !word.isWellFormed()
}

/** Whether a word means the same characters without quotes. */
function isPlain(word: string): boolean {
  // Half a character is text here, but the file could not hold it as it is.
  if (word === '' || word !== word.trim() || !word.isWellFormed()) return false
  const value = readPlain(`key: ${word}\n`)?.pairs[0]?.value
  return value?.kind === 'scalar' && value.text === word
}

function isPlainInList(word: string): boolean {
  return /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$/.test(word) && isStringWord(word)
}

/** Whether a value reads as it was given. */
function reads(node: YamlNode, value: FieldValue): boolean {
  if (typeof value === 'string') return node.kind === 'scalar' && scalarValue(node) === value
  if ('text' in value) return node.kind === 'scalar' && scalarValue(node) === value.text
  if ('word' in value) return node.kind === 'scalar' && node.text === value.word
  return (
    node.kind === 'list' &&
    node.items.length === value.list.length &&
    node.items.every((item, i) => item.kind === 'scalar' && scalarValue(item) === value.list[i])
  )
}

/** JSON's escapes are also YAML's; what YAML does not take as it is, is escaped as well. */
function quoted(value: string): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function replacement(yaml: string, pair: YamlPair, text: string): Edit[] {
  const { start, end } = pair.value
  const below = yaml.slice(pair.keyStart, start).includes('\n')
  if (below && isBlock(yaml, pair.value)) {
    // A list or map below its key goes; the new value comes after the colon, a comment there stays.
    // The key is a plain word, in quotes or not, so the first colon is the one that ends it.
    const colon = yaml.indexOf(':', pair.keyStart)
    const lineEnd = yaml.indexOf('\n', colon)
    const keep = yaml[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd
    return [
      { start: colon + 1, end: colon + 1, text: ` ${text}` },
      { start: keep, end, text: '' },
    ]
  }
  return [{ start, end, text: yaml[start - 1] === ':' ? ` ${text}` : text }]
}

/** The bracket of a list in flow form, behind its anchor and tag, or the star of an alias to a list. */
const FLOW_LIST = /^(?:[&!]\S*\s+|#[^\n]*\n\s*)*[[*]/

function isBlock(yaml: string, value: YamlNode): boolean {
  if (value.kind === 'map') return !value.flow
  return value.kind === 'list' && !FLOW_LIST.test(yaml.slice(value.start, value.end))
}

/** The blanks before the first key, or before what comes in front of it: a mark (`? key`), an anchor, a tag. */
function indentOf(yaml: string, map: YamlMap): string {
  const [first] = map.pairs
  if (!first) return ''
  const lineStart = yaml.lastIndexOf('\n', first.keyStart - 1) + 1
  return /^ */.exec(yaml.slice(lineStart, first.keyStart))![0]
}

function byteOffset({ yaml, yamlStart }: Split, index: number): number {
  return yamlStart + Buffer.byteLength(yaml.slice(0, index))
}

/** What is not as it should be after the change, or undefined. */
function difference(before: Frontmatter, after: Frontmatter, fields: Checks): string | undefined {
  for (const [key, isWanted] of Object.entries(fields)) {
    const found = after.map.pairs.filter(pair => pair.key === key)
    if (found.length !== 1) return `\`${key}\` would occur ${found.length} times`
    if (!isWanted(found[0]!.value)) return `\`${key}\` would read differently`
    const old = findPair(before.map, key)
    if (old && isNamedElsewhere(before.map, old.value)) return 'an alias would name something else'
  }
  const others = (map: YamlMap) => map.pairs.filter(pair => !Object.hasOwn(fields, pair.key))
  const [old, now] = [others(before.map), others(after.map)]
  if (old.length !== now.length) return 'other keys would change'
  for (const [i, pair] of old.entries()) {
    const other = now[i]!
    if (pair.key !== other.key || !sameData(pair.value, other.value)) return `\`${pair.key}\` would change`
  }
  return undefined
}

/**
 * Whether a list or map in a value is what an alias behind it names: without it, the alias would name an earlier one
 * with the same anchor. To which scalar an alias leads, is read, but within a key that is a list or a map.
 */
function isNamedElsewhere({ aliases = [] }: YamlMap, { start, end }: YamlNode): boolean {
  const isWithin = (at: number) => at >= start && at < end
  return aliases.some(({ at, target }) => isWithin(target.start) && !isWithin(at))
}

function sameData(a: YamlNode, b: YamlNode): boolean {
  if (a.kind === 'scalar') return b.kind === 'scalar' && Object.is(scalarValue(a), scalarValue(b))
  if (a.kind === 'list') {
    return (
      b.kind === 'list' &&
      a.items.length === b.items.length &&
      a.items.every((item, i) => sameData(item, b.items[i]!))
    )
  }
  if (b.kind !== 'map' || a.pairs.length !== b.pairs.length) return false
  return a.pairs.every((pair, i) => pair.key === b.pairs[i]!.key && sameData(pair.value, b.pairs[i]!.value))
}

/** Points at the first field's old place, or where a new line would have gone. */
function refusal(before: Frontmatter, fields: Checks, why: string): SpliceResult {
  const { split, map } = before
  const pairs = Object.keys(fields).map(key => findPair(map, key))
  const at = pairs.find(pair => pair !== undefined)?.keyStart ?? split.yaml.length
  const message = `cannot set ${Object.keys(fields).join(', ')} in this frontmatter: ${why}`
  return { kind: 'error', error: { message, ...placeInFile(split, at) } }
}
