/** The dependencies among items: a graph by `blocked_by`, its cycles, and ids it names that do not exist. Pure. */
import type { Details } from './details.ts'
import type { ItemKey } from './ids.ts'

export interface Node {
  key: ItemKey
  id: string
  title: string
  closed: boolean
  details: Pick<Details, 'blockedBy'>
}

export interface Graph<T extends Node = Node> {
  nodes: ReadonlyMap<ItemKey, T>
  /** Items by the item that they wait for. */
  dependents: ReadonlyMap<ItemKey, readonly T[]>
  /**
   * Of all items that wait for each other one way around, in the order of the arrows, beginning with the smallest
   * key: several cycles that share an item are reported as one.
   */
  cycles: ItemKey[][]
  /** References that name no item of the queue. */
  dangling: { item: T; text: string }[]
}

export function graphOf<T extends Node>(items: readonly T[]): Graph<T> {
  const nodes = new Map(items.map(item => [item.key, item]))
  const dependents = new Map<ItemKey, T[]>()
  const dangling: { item: T; text: string }[] = []
  for (const item of nodes.values())
    for (const { key, text } of item.details.blockedBy) {
      if (!key || !nodes.has(key)) {
        dangling.push({ item, text })
        continue
      }
      const others = dependents.get(key)
      if (others) others.push(item)
      else dependents.set(key, [item])
    }
  return { nodes, dependents, cycles: cyclesOf(nodes), dangling }
}

/** The keys that an item waits for and that the queue has. */
export function blockersOf<T extends Node>(item: T, nodes: ReadonlyMap<ItemKey, T>): ItemKey[] {
  return item.details.blockedBy.flatMap(({ key }) => (key && nodes.has(key) ? [key] : []))
}

/** Tarjan's strongly connected components, without recursion: a queue may be one long chain. */
function cyclesOf<T extends Node>(nodes: ReadonlyMap<ItemKey, T>): ItemKey[][] {
  const index = new Map<ItemKey, number>()
  const low = new Map<ItemKey, number>()
  const open: ItemKey[] = []
  const isOpen = new Set<ItemKey>()
  const cycles: ItemKey[][] = []
  for (const start of nodes.keys()) {
    if (index.has(start)) continue
    const work: { key: ItemKey; next: ItemKey[] }[] = []
    const enter = (key: ItemKey) => {
      index.set(key, index.size)
      low.set(key, index.get(key)!)
      open.push(key)
      isOpen.add(key)
      work.push({ key, next: blockersOf(nodes.get(key)!, nodes) })
    }
    enter(start)
    while (work.length > 0) {
      const { key, next } = work.at(-1)!
      const other = next.pop()
      if (other !== undefined) {
        if (!index.has(other)) enter(other)
        else if (isOpen.has(other)) low.set(key, Math.min(low.get(key)!, index.get(other)!))
        continue
      }
      work.pop()
      const above = work.at(-1)
      if (above) low.set(above.key, Math.min(low.get(above.key)!, low.get(key)!))
      if (low.get(key) !== index.get(key)) continue
      const members = open.splice(open.indexOf(key))
      for (const member of members) isOpen.delete(member)
      if (members.length > 1 || blockersOf(nodes.get(key)!, nodes).includes(key))
        cycles.push(inOrder(members, nodes))
    }
  }
  return cycles
}

/** One way around a component, from its smallest key. */
function inOrder<T extends Node>(members: readonly ItemKey[], nodes: ReadonlyMap<ItemKey, T>): ItemKey[] {
  const inside = new Set(members)
  const start = [...members].sort()[0]!
  const came = new Map<ItemKey, ItemKey>()
  const queue = [start]
  for (const key of queue)
    for (const other of blockersOf(nodes.get(key)!, nodes)) {
      if (!inside.has(other)) continue
      if (other === start) {
        const way = [key]
        while (way[0] !== start) way.unshift(came.get(way[0]!)!)
        return way
      }
      if (!came.has(other)) {
        came.set(other, key)
        queue.push(other)
      }
    }
  return [...members]
}
