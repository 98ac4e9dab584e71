/**
 * Adds words to a field that holds a list, and takes words out, in every form that people write lists in: in brackets
 * on one line or several, with dashes below the key, one plain value, several with commas between, or nothing yet.
 * Only the words concerned change; every other byte stays, comments among them. As for splicing, what was made is read
 * again before it is given out, so a file that does not allow the change is refused, not damaged.
 */
import { type Frontmatter, type FullReader, placeInFile } from '../frontmatter.ts'
import type { YamlList, YamlNode, YamlPair } from '../node.ts'
import { findPair } from '../scalar.ts'
import { listWords } from './list-words.ts'
import { type Edit, editChecked, type SpliceResult, spliceChecked, writtenInList } from './splice.ts'

export interface ListChange {
  /** Added at the end, as far as the list does not have them. */
  add: readonly string[]
  /** Whether a word is taken out. */
  remove: (word: string) => boolean
  /** Whether two words are the same: ids may be spelled in several ways. */
  isSame: (a: string, b: string) => boolean
}

/** `same`: nothing is to be changed. `words`: what the list holds now. */
export type ListEdit = { kind: 'same' } | (SpliceResult & { words?: string[] })

/**
 * @param before what readFrontmatter gave for `bytes`
 * @param key a top-level field, which may be missing
 * @returns an error also for a field that holds a map
 */
export function editList(
  bytes: Buffer,
  before: Frontmatter,
  key: string,
  change: ListChange,
  full?: FullReader,
): ListEdit {
  const pair = findPair(before.map, key)
  const old = pair ? listWords(pair.value) : []
  const kept = old.filter(word => !change.remove(word))
  const added = change.add.filter(
    (word, i) => ![...kept, ...change.add.slice(0, i)].some(other => change.isSame(word, other)),
  )
  if (kept.length === old.length && added.length === 0) return { kind: 'same' }
  const words = [...kept, ...added]
  const result = edited(bytes, before, key, pair, { words, added, remove: change.remove }, full)
  return result.kind === 'ok' ? { ...result, words } : result
}

interface Wanted {
  words: readonly string[]
  added: readonly string[]
  remove: (word: string) => boolean
}

function edited(
  bytes: Buffer,
  before: Frontmatter,
  key: string,
  pair: YamlPair | undefined,
  wanted: Wanted,
  full: FullReader | undefined,
): SpliceResult {
  const refuse = (message: string): SpliceResult => ({
    kind: 'error',
    error: { message, ...placeInFile(before.split, pair!.keyStart) },
  })
  const node = pair?.value
  if (node?.kind === 'map') return refuse(`${key} holds a map, not a list`)
  const { yaml } = before.split
  const text = node ? yaml.slice(node.start, node.end) : ''
  if (text.startsWith('*')) return refuse(`${key} is an alias of another list`)
  // Nothing is left, or there was one value or none: the value is rewritten.
  const isList = node?.kind === 'list' && node.items.length > 0
  if (!isList || wanted.words.length === 0)
    return node?.kind === 'list' && node.items.length === 0 && FLOW.test(text)
      ? editChecked(bytes, before, key, [openList(node, text, wanted)], isWanted(wanted), full)
      : spliceChecked(bytes, before, { [key]: { list: wanted.words } }, full)
  const edits = FLOW.test(text)
    ? flowEdits(yaml, node, wanted)
    : blockEdits(yaml, node, wanted, before.split.eol)
  if (edits === null) return refuse(`wrk cannot change a list of this form: ${key}`)
  return editChecked(bytes, before, key, edits, isWanted(wanted), full)
}

const isWanted =
  ({ words }: Wanted) =>
  (node: YamlNode) => {
    const now = listWords(node)
    return node.kind === 'list' && now.length === words.length && now.every((word, i) => word === words[i])
  }

/** The bracket of a list in flow form, behind its anchor, tag and comments. */
const FLOW = /^(?:[&!]\S*\s+|#[^\n]*\n\s*)*\[/

/** The first words of an empty list, `[]`. */
function openList({ start }: YamlList, text: string, { added }: Wanted): Edit {
  const at = start + FLOW.exec(text)![0].length
  return { start: at, end: at, text: added.map(word => writtenInList(word)).join(', ') }
}

/** What is left of an item when words are taken out: all of it, nothing, or some words of those with commas between. */
function remains(item: YamlNode, remove: Wanted['remove']): 'all' | 'nothing' | string[] {
  const words = listWords(item)
  const kept = words.filter(word => !remove(word))
  if (kept.length === words.length) return 'all'
  return kept.length === 0 ? 'nothing' : kept
}

const lastOf = (items: readonly YamlNode[]): YamlNode => items.at(-1)!

function flowEdits(yaml: string, { items }: YamlList, { added, remove }: Wanted): Edit[] | null {
  const left = items.map(item => remains(item, remove))
  const goes = (i: number) => left[i] === 'nothing'
  const staying = items.filter((_, i) => !goes(i))
  const texts = added.map(word => writtenInList(word, lastOf(items))).join(', ')
  if (staying.length === 0) {
    const [start, end] = [items[0]!.start, lastOf(items).end]
    return yaml.slice(start, end).includes('#') ? null : [{ start, end, text: texts }]
  }
  const edits: Edit[] = []
  const { end } = lastOf(staying)
  // Before what is taken out behind it, which begins at the same place.
  if (texts !== '') edits.push({ start: end, end, text: `, ${texts}` })
  for (const [i, item] of items.entries()) {
    const some = left[i]!
    if (some === 'all' || (some === 'nothing' && i > 0 && goes(i - 1))) continue
    if (some !== 'nothing') {
      if (item.kind !== 'scalar') return null
      edits.push({ start: item.start, end: item.end, text: writtenInList(some.join(', '), item) })
      continue
    }
    let last = i
    while (goes(last + 1)) last++
    const removed = flowRemoval(yaml, items, i, last)
    if (removed === null) return null
    edits.push(...removed)
  }
  return edits
}

/** Items beside each other go with the comma behind them, or before them where they are the last. */
function flowRemoval(yaml: string, items: readonly YamlNode[], first: number, last: number): Edit[] | null {
  const [before, next] = [items[first - 1], items[last + 1]]
  const start = next ? items[first]!.start : before!.end
  const end = next ? next.start : items[last]!.end
  if (!yaml.slice(start, end).includes('#')) return [{ start, end, text: '' }]
  // Comments stay, but those on the lines of the items: each must have a line of its own.
  const lines: Edit[] = []
  for (const item of items.slice(first, last + 1)) {
    const lineStart = yaml.lastIndexOf('\n', item.start - 1) + 1
    const behind = /^[ \t]*,?[ \t]*(?:#[^\n]*)?\r?\n/.exec(yaml.slice(item.end))
    if (!behind || yaml.slice(lineStart, item.start).trim() !== '') return null
    lines.push({ start: lineStart, end: item.end + behind[0].length, text: '' })
  }
  return lines
}

function blockEdits(
  yaml: string,
  { items }: YamlList,
  { added, remove }: Wanted,
  eol: string,
): Edit[] | null {
  const edits: Edit[] = []
  for (const item of items) {
    const some = remains(item, remove)
    if (some === 'all') continue
    if (some !== 'nothing') {
      if (item.kind !== 'scalar' || item.style === 'block') return null
      edits.push({ start: item.start, end: item.end, text: writtenInList(some.join(', '), item) })
      continue
    }
    const start = lineOf(yaml, item)?.start
    if (start === undefined) return null
    edits.push({ start, end: yaml.indexOf('\n', item.end) + 1, text: '' })
  }
  if (added.length > 0) {
    const last = lastOf(items)
    const dash = lineOf(yaml, last)?.dash
    if (dash === undefined) return null
    const at = yaml.indexOf('\n', last.end) + 1
    edits.push({
      start: at,
      end: at,
      text: added.map(word => `${dash}${writtenInList(word, last)}${eol}`).join(''),
    })
  }
  return edits
}

/** The line on which an item begins, and its dash with the blanks around it; null where more is before it. */
function lineOf(yaml: string, { start }: YamlNode): { start: number; dash: string } | null {
  const lineStart = yaml.lastIndexOf('\n', start - 1) + 1
  const dash = /^ *-( *)$/.exec(yaml.slice(lineStart, start))
  return dash && { start: lineStart, dash: dash[1] === '' ? `${dash[0]} ` : dash[0] }
}
