/** Dependencies as a tree for the terminal, and in the languages of Graphviz and Mermaid. */
import { blockersOf } from '../core/graph.ts'
import { type ItemKey, printable } from '../core/ids.ts'
import type { QueueItem } from '../operations/candidates.ts'
import type { GraphResult } from '../operations/graph.ts'

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
export function tree(result: GraphResult): string {
  const { graph, about, shown } = result
  const isShown = ({ key }: QueueItem) => shown.has(key)
  const unblocks: Next = item => (graph.dependents.get(item.key) ?? []).filter(isShown)
  const waitsFor: Next = item =>
    blockersOf(item, graph.nodes).flatMap(key => (shown.has(key) ? graph.nodes.get(key)! : []))
  if (about) {
    const below = branches(about, unblocks, 'unblocks')
    return `${label(about)}\n${branches(about, waitsFor, 'waits for')}${below}`
  }
  const items = [...shown].map(key => graph.nodes.get(key)!)
  const roots = items.filter(item => waitsFor(item).length === 0)
  const drawn = new Set<ItemKey>()
  let text = ''
  for (const root of roots) text += `${label(root)}\n${draw(root, unblocks, '', new Set([root.key]), drawn)}`
  // What is in a circle hangs on no root.
  const left = items.filter(({ key }) => !drawn.has(key) && !roots.some(root => root.key === key))
  for (const item of left)
    if (!drawn.has(item.key))
      text += `${label(item)}\n${draw(item, unblocks, '', new Set([item.key]), drawn)}`
  return text
}

function branches(item: QueueItem, next: Next, heading: string): string {
  const text = draw(item, next, '  ', new Set([item.key]), new Set())
  return text === '' ? `  ${heading} nothing\n` : `  ${heading}:\n${text}`
}

/** @param above the items on the way here: meeting one again is a circle */
function draw(item: QueueItem, next: Next, indent: string, above: Set<ItemKey>, drawn: Set<ItemKey>): string {
  drawn.add(item.key)
  const others = next(item)
  let text = ''
  for (const [i, other] of others.entries()) {
    const isLast = i === others.length - 1
    const again = above.has(other.key)
      ? '  (a circle)'
      : drawn.has(other.key) && next(other).length > 0
        ? '  (see above)'
        : ''
    text += `${indent}${isLast ? '└─ ' : '├─ '}${label(other)}${again}\n`
    if (again !== '') continue
    above.add(other.key)
    text += draw(other, next, `${indent}${isLast ? '   ' : '│  '}`, above, drawn)
    above.delete(other.key)
  }
  return text
}

function label({ id, title, status }: QueueItem): string {
  return printable(`${id}  ${title} (${status ?? 'no status'})`, 200)
}

export function dot(result: GraphResult): string {
  const name = (item: QueueItem) => JSON.stringify(printable(item.id, 60))
  const lines = [...result.shown].map(key => {
    const item = result.graph.nodes.get(key)!
    return `  ${name(item)} [label=${JSON.stringify(printable(`${item.id}\n${item.title}`.replace('\n', ': '), 120))}${item.closed ? ', style=dashed' : ''}]`
  })
  const arrows = edgesOf(result).map(({ item, blocker }) => `  ${name(blocker)} -> ${name(item)}`)
  return `digraph queue {\n  rankdir=LR\n  node [shape=box]\n${[...lines, ...arrows].join('\n')}\n}\n`
}

export function mermaid(result: GraphResult): string {
  const name = ({ key }: QueueItem) => key.replace(/[^a-z0-9]/g, '_')
  const lines = [...result.shown].map(key => {
    const item = result.graph.nodes.get(key)!
    const text = printable(`${item.id}: ${item.title}`, 120).replace(/["#;<>&]/g, c => `#${c.charCodeAt(0)};`)
    return `  ${name(item)}["${text}"]`
  })
  const arrows = edgesOf(result).map(({ item, blocker }) => `  ${name(blocker)} --> ${name(item)}`)
  return `flowchart LR\n${[...lines, ...arrows].join('\n')}\n`
}
