/** What waits for what among open items, and where that hurts: chains behind the dead, cycles, the longest way. Pure. */
import { graphOf, type Node } from '../../core/items/graph.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { BoardItem } from '../protocol.ts'
import { type Concern, concernOf } from './now.ts'

export interface GraphNode {
  item: BoardItem
  concern: Concern | null
  /** Waits, at any depth, for an item that a dead or stale session holds or that is orphaned. */
  stuck: boolean
  inCycle: boolean
  critical: boolean
}

interface GraphEdge {
  /** What is waited for. */
  from: string
  to: string
  critical: boolean
  inCycle: boolean
}

export interface WaitingGraph {
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** Nodes that were left out, because a drawing of thousands says nothing. */
  omitted: number
  cycles: string[][]
  /** From what is to be done first to what can be done last. */
  criticalPath: string[]
}

/** More take seconds to lay out. */
const MOST_NODES = 300

export function waitingGraph(byKey: ReadonlyMap<string, BoardItem>): WaitingGraph {
  const open = [...byKey.values()].filter(({ closed }) => !closed)
  const waitsFor = new Map(open.map(item => [item.key, openOf(item, byKey)]))
  const dependents = new Map<string, string[]>()
  for (const [key, blockers] of waitsFor)
    for (const blocker of blockers) {
      const others = dependents.get(blocker)
      if (others) others.push(key)
      else dependents.set(blocker, [key])
    }
  const bound = open.filter(({ key }) => waitsFor.get(key)!.length > 0 || dependents.has(key))
  const cycles = graphOf(bound.map(item => asNode(item, waitsFor.get(item.key)!))).cycles as string[][]
  const cyclic = new Set(cycles.flat())
  const path = longestPath(bound, waitsFor, cyclic)
  const critical = new Set(path)
  const stuck = behind(
    bound.filter(item => isTrouble(concernOf(item))).map(({ key }) => key),
    dependents,
  )
  const nodes = bound.map(item => ({
    item,
    concern: concernOf(item),
    stuck: stuck.has(item.key),
    inCycle: cyclic.has(item.key),
    critical: critical.has(item.key),
  }))
  const weight = (node: GraphNode) =>
    (node.critical ? 8 : 0) +
    (isTrouble(node.concern) || node.inCycle ? 4 : 0) +
    (node.stuck ? 2 : 0) +
    (node.concern ? 1 : 0) +
    Math.min(0.9, (dependents.get(node.item.key)?.length ?? 0) / 20)
  const ordered = [...nodes].sort((a, b) => weight(b) - weight(a)).map(({ item }) => item.key)
  const neighbours = (key: string) => [...waitsFor.get(key)!, ...(dependents.get(key) ?? [])]
  const present = nodes.length > MOST_NODES ? withNeighbours(ordered, neighbours) : new Set(ordered)
  const shown = nodes.filter(({ item }) => present.has(item.key))
  const edges = shown.flatMap(({ item: { key } }) =>
    waitsFor.get(key)!.flatMap(from =>
      present.has(from)
        ? {
            from,
            to: key,
            critical: path.indexOf(key) > 0 && path[path.indexOf(key) - 1] === from,
            inCycle: cycles.some(cycle => cycle.includes(from) && cycle.includes(key)),
          }
        : [],
    ),
  )
  return { nodes: shown, edges, omitted: nodes.length - shown.length, cycles, criticalPath: path }
}

/** So many of one chain at most, so that there is room for others. */
const MOST_OF_ONE = 40

/** The first ones with what is bound up with them, as many as can be drawn: a node by itself says little. */
function withNeighbours(ordered: readonly string[], neighbours: (key: string) => string[]): Set<string> {
  const present = new Set<string>()
  for (const start of ordered) {
    if (present.has(start)) continue
    const chain = [start]
    for (const key of chain) {
      if (present.size >= MOST_NODES) return present
      present.add(key)
      for (const other of neighbours(key))
        if (chain.length < MOST_OF_ONE && !present.has(other) && !chain.includes(other)) chain.push(other)
    }
  }
  return present
}

function openOf(item: BoardItem, byKey: ReadonlyMap<string, BoardItem>): string[] {
  const keys = (item.blocked_by ?? []).filter(key => {
    const other = byKey.get(key)
    return other && !other.closed
  })
  return [...new Set(keys)]
}

function asNode({ key, id, title }: BoardItem, blockers: readonly string[]): Node {
  const blockedBy = blockers.map(blocker => ({ key: blocker as ItemKey, text: blocker }))
  return { key: key as ItemKey, id, title, closed: false, details: { blockedBy } }
}

function isTrouble(concern: Concern | null): boolean {
  return concern === 'dead' || concern === 'stale' || concern === 'orphaned'
}

/** All that waits for these, at any depth. */
function behind(keys: readonly string[], dependents: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>()
  const work = [...keys]
  for (const key of work)
    for (const other of dependents.get(key) ?? [])
      if (!found.has(other)) {
        found.add(other)
        work.push(other)
      }
  return found
}

/** The longest chain of items that have to be done one after the other; what goes in circles is left out. */
function longestPath(
  items: readonly BoardItem[],
  waitsFor: ReadonlyMap<string, readonly string[]>,
  cyclic: ReadonlySet<string>,
): string[] {
  const length = new Map<string, number>()
  const before = new Map<string, string>()
  const lengthOf = (start: string): void => {
    // Without recursion: a queue may be one long chain.
    const work = [start]
    while (work.length > 0) {
      const key = work.at(-1)!
      const blockers = waitsFor.get(key)!.filter(other => !cyclic.has(other))
      const open = blockers.find(other => !length.has(other))
      if (open !== undefined) {
        work.push(open)
        continue
      }
      work.pop()
      length.set(key, 1)
      for (const blocker of blockers)
        if (length.get(blocker)! + 1 > length.get(key)!) {
          length.set(key, length.get(blocker)! + 1)
          before.set(key, blocker)
        }
    }
  }
  let last: string | undefined
  for (const { key } of items) {
    if (cyclic.has(key)) continue
    if (!length.has(key)) lengthOf(key)
    if (last === undefined || length.get(key)! > length.get(last)!) last = key
  }
  if (last === undefined || length.get(last)! < 2) return []
  const path: string[] = []
  for (let key: string | undefined = last; key !== undefined; key = before.get(key)) path.unshift(key)
  return path
}
