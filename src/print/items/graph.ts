/** Dependencies as a tree for the terminal, and in the languages of Graphviz and Mermaid. */
import { blockersOf } from '../../core/items/graph.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { printable } from '../../core/text.ts'
import type { QueueItem } from '../../operations/items/queries/candidates.ts'
import type { GraphResult } from '../../operations/items/queries/graph.ts'

export interface Edge {
  /** The item that waits. */
  item: QueueItem
  /** What it waits for. */
  blocker: QueueItem
}

export function edgesOf({ graph, shown }: GraphResult): Edge[] {
  return [...shown].flatMap(key => {
    const item = graph.nodes.get(key)!
    return blockersOf(item, graph.nodes)
      .filter(blocker => shown.has(blocker))
      .map(blocker => ({ item, blocker: graph.nodes.get(blocker)! }))
  })
}

type Next = (item: QueueItem) => readonly QueueItem[]

/** What each item unblocks, from those that wait for nothing; of one item also what it waits for. */
export function tree(result: GraphResult, width: number): string {
  const { graph, about, shown } = result
  const isShown = ({ key }: QueueItem) => shown.has(key)
  const unblocks: Next = item => (graph.dependents.get(item.key) ?? []).filter(isShown)
  const waitsFor: Next = item =>
    blockersOf(item, graph.nodes).flatMap(key => (shown.has(key) ? graph.nodes.get(key)! : []))
  if (about) {
    const below = branches(about, unblocks, 'unblocks', width)
    return `${label(about, width)}\n${branches(about, waitsFor, 'waits for', width)}${below}`
  }
  const items = [...shown].map(key => graph.nodes.get(key)!)
  const roots = items.filter(item => waitsFor(item).length === 0)
  const drawn = new Set<ItemKey>()
  const drawFrom = (item: QueueItem) => {
    const below = draw(item, unblocks, '', new Set([item.key]), drawn, width)
    return `${label(item, width)}\n${below}`
  }
  const text = roots.map(drawFrom).join('')
  // What is in a cycle hangs on no root.
  return text + items.map(item => (drawn.has(item.key) ? '' : drawFrom(item))).join('')
}

function branches(item: QueueItem, next: Next, heading: string, width: number): string {
  const text = draw(item, next, '  ', new Set([item.key]), new Set(), width)
  return text === '' ? `  ${heading} nothing\n` : `  ${heading}:\n${text}`
}

/** @param above the items on the way here: meeting one again is a cycle */
function draw(
  item: QueueItem,
  next: Next,
  indent: string,
  above: Set<ItemKey>,
  drawn: Set<ItemKey>,
  width: number,
): string {
  drawn.add(item.key)
  const others = next(item)
  let text = ''
  for (const [i, other] of others.entries()) {
    const isLast = i === others.length - 1
    const branch = `${indent}${isLast ? '└─ ' : '├─ '}`
    const seen = above.has(other.key)
      ? 'a cycle'
      : drawn.has(other.key) && next(other).length > 0
        ? 'see above'
        : null
    if (seen) {
      text += `${branch}${printable(other.id, 60)} (${seen})\n`
      continue
    }
    text += `${branch}${label(other, width - branch.length)}\n`
    above.add(other.key)
    text += draw(other, next, `${indent}${isLast ? '   ' : '│  '}`, above, drawn, width)
    above.delete(other.key)
  }
  return text
}

/** Cut to so many columns, in the title. */
function label({ id, title, status }: QueueItem, width: number): string {
  const [before, after] = [`${printable(id, 60)}  `, ` (${printable(status ?? 'no status', 40)})`]
  return `${before}${printable(title, Math.max(10, width - before.length - after.length))}${after}`
}

export function dot(result: GraphResult): string {
  const name = (item: QueueItem) => JSON.stringify(printable(item.id, 60))
  const lines = [...result.shown].map(key => {
    const item = result.graph.nodes.get(key)!
    const label = JSON.stringify(printable(`${item.id}: ${item.title}`, 120))
    return `  ${name(item)} [label=${label}${item.closed ? ', style=dashed' : ''}]`
  })
  const arrows = edgesOf(result).map(({ item, blocker }) => `  ${name(blocker)} -> ${name(item)}`)
  return `${['digraph queue {', '  rankdir=LR', '  node [shape=box]', ...lines, ...arrows, '}'].join('\n')}\n`
}

export function mermaid(result: GraphResult): string {
  const name = ({ key }: QueueItem) =>
    key.replace(/[^a-z0-9]/g, c => (c === '-' ? '_' : `_${c.charCodeAt(0)}_`))
  const lines = [...result.shown].map(key => {
    const item = result.graph.nodes.get(key)!
    const text = printable(`${item.id}: ${item.title}`, 120).replace(
      /["#;<>&`]/g,
      c => `#${c.charCodeAt(0)};`,
    )
    return `  ${name(item)}["${text}"]`
  })
  const arrows = edgesOf(result).map(({ item, blocker }) => `  ${name(blocker)} --> ${name(item)}`)
  return `${['flowchart LR', ...lines, ...arrows].join('\n')}\n`
}
