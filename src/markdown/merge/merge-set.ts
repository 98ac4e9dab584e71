/**
 * Lists of names, as sets: what one side removed goes, what one side added comes, and the
 * order stays. Written in the form that the list has on our side.
 */
import type { YamlList } from '../node.ts'
import { scalarText } from '../scalar.ts'
import { type Entry, isInline, ownText } from './entries.ts'

/** What decides whether two items name the same thing. */
export type IdentityOf = (text: string) => string

interface Item {
  id: string
  /** As it is written, quotes included. */
  text: string
  /** Its line in a block list, from the dash on. */
  line: string | null
}

/**
 * The three-way merge of a list that both sides have changed.
 * @returns the entry with the merged value; null where it is no list of single words, or the form does not allow it
 */
export function mergeSet(
  base: Entry | undefined,
  ours: Entry,
  theirs: Entry,
  identity: IdentityOf,
): Entry | null {
  const [o, a, b] = [base, ours, theirs].map(entry => entry && itemsOf(entry, identity))
  if (o === null || !a || !b) return null
  const before = new Set(o?.map(({ id }) => id))
  const inOurs = new Set(a.map(({ id }) => id))
  const inTheirs = new Set(b.map(({ id }) => id))
  const stays = (id: string) => (before.has(id) ? inOurs.has(id) && inTheirs.has(id) : true)

  const result = a.filter(({ id }) => stays(id))
  let at = 0
  for (const item of b) {
    const known = result.findIndex(({ id }) => id === item.id)
    if (known >= 0) at = known + 1
    else if (stays(item.id)) {
      // Behind what our side put here itself, so that its own additions stay together.
      while (at < result.length && !inTheirs.has(result[at]!.id)) at++
      result.splice(at++, 0, item)
    }
  }
  if (isSame(result, a)) return ours
  if (isSame(result, b) && form(theirs) === form(ours)) return theirs
  const made = written(a.length > 0 || b.length === 0 ? ours : theirs, result)
  return made && keepsComments(base, [ours, theirs], made) ? made : null
}

/** A rewritten list has the comments of one side; new ones of the other must not be lost. */
function keepsComments(base: Entry | undefined, sides: readonly Entry[], made: Entry): boolean {
  const comments = (entry: Entry) => ownText(entry).match(/(?<=\s)#.*/g) ?? []
  const known = [...(base ? comments(base) : []), ...comments(made)]
  return sides.every(side => comments(side).every(comment => known.includes(comment)))
}

function isSame(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every(({ id }, i) => id === other[i]!.id)
}

/** Null for what is neither a list of scalars nor empty. */
function itemsOf(entry: Entry, identity: IdentityOf): Item[] | null {
  const { node, value } = entry
  if (node.kind === 'scalar') return scalarText(node) === undefined ? [] : null
  if (node.kind !== 'list') return null
  const lines = form(entry) === 'block' ? linesOfItems(entry, node) : []
  if (!lines) return null
  const items: Item[] = []
  for (const [i, item] of node.items.entries()) {
    if (item.kind !== 'scalar' || item.style === 'block') return null
    const text = value.slice(item.start - node.start, item.end - node.start)
    if (text === '' || text.includes('\n')) return null
    items.push({ id: identity(item.text), text, line: lines[i] ?? null })
  }
  return items
}

/** The lines of each item of a block list from its dash on, with the comments below it. */
function linesOfItems({ head, value, tail }: Entry, { items, start }: YamlList): string[] | null {
  const lineStart = head.lastIndexOf('\n') + 1
  const whole = head.slice(lineStart) + value + tail
  const shift = start - (head.length - lineStart)
  const lines: string[] = []
  let at = 0
  for (const [i] of items.entries()) {
    const next = items[i + 1]
    const end = next ? whole.lastIndexOf('\n', next.start - shift) + 1 : whole.length
    const line = whole.slice(at, end).trimStart()
    if (!line.startsWith('- ')) return null
    lines.push(line)
    at = end
  }
  return lines
}

function form(entry: Entry): 'flow' | 'block' | 'none' {
  if (entry.node.kind !== 'list') return 'none'
  return isInline(entry) && entry.value.startsWith('[') ? 'flow' : 'block'
}

/** The list of `shape` with these items. */
function written(shape: Entry, items: readonly Item[]): Entry | null {
  if (form(shape) === 'block') return inBlock(shape, items)
  if (/\n|\s#|[&*]/.test(shape.value)) return null
  if (items.some(({ text }) => /^[^"'].*[,[\]{}]/.test(text))) return null
  const room = /^\[ +\S/.test(shape.value) ? ' ' : ''
  const list = items.map(({ text }) => text).join(', ')
  const value = items.length === 0 ? '[]' : `[${room}${list}${room}]`
  return { ...shape, head: shape.head.endsWith(':') ? `${shape.head} ` : shape.head, value }
}

function inBlock(shape: Entry, items: readonly Item[]): Entry | null {
  const { head } = shape
  const eol = head.includes('\r\n') ? '\r\n' : '\n'
  if (!head.includes('\n')) return null
  if (items.length === 0) {
    const colon = head.indexOf(':')
    const rest = head.slice(colon + 1, head.indexOf('\n') + 1)
    return { ...shape, head: `${head.slice(0, colon + 1)} `, value: '[]', tail: rest }
  }
  const lineStart = head.lastIndexOf('\n') + 1
  const indent = /^\s*/.exec(head.slice(lineStart))![0]
  const value = items
    .map(({ line, text }) => indent + (line ?? `- ${text}`))
    .map(line => (line.endsWith('\n') ? line : `${line}${eol}`))
    .join('')
  return { ...shape, head: head.slice(0, lineStart), value, tail: '' }
}
