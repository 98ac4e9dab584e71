/** Dependencies that can never be met: items that wait for each other, or for what is not there. Pure. */

import { graphOf } from '../items/graph.ts'
import type { ItemKey } from '../items/ids.ts'
import { printable } from '../text.ts'
import { type Facts, type Finding, type ItemFacts, newFinding } from './finding.ts'

export function diagnoseDependencies({ items, known }: Facts): Finding[] {
  return [...items.flatMap(item => dangling(item, known)), ...circles(items)]
}

/** What has ended waits for nothing any more: there it is history, and no more than a note. */
function dangling(item: ItemFacts, known: ReadonlySet<ItemKey>): Finding[] {
  return item.blockedBy
    .filter(({ key }) => !key || !known.has(key))
    .map(({ key, text }) => ({
      ...newFinding(
        'dangling-dependency',
        item.closed ? 'note' : 'warning',
        `waits for ${printable(text, 80)}, which is ${key ? 'not in the queue' : 'not an item id'}`,
        item.closed
          ? 'Nothing to do: the item is closed.'
          : 'The item is never ready until you correct or remove that id.',
      ),
      item: item.id,
      path: item.path,
      ...item.blockedByAt,
    }))
}

function circles(items: readonly ItemFacts[]): Finding[] {
  const graph = (some: readonly ItemFacts[]) =>
    graphOf(some.map(item => ({ ...item, title: '', details: { blockedBy: item.blockedBy } })))
  const open = items.filter(({ closed }) => !closed)
  const waiting = graph(open)
  const found = waiting.cycles.map(cycle => circle(cycle, waiting.nodes, 'warning'))
  // Of an id in several places the last one counts: here an open one, as it does for those who wait for it.
  const all = graph([...items, ...open])
  const past = all.cycles.filter(cycle => cycle.some(key => all.nodes.get(key)!.closed))
  return [...found, ...past.map(cycle => circle(cycle, all.nodes, 'note'))]
}

type Nodes = ReadonlyMap<ItemKey, Pick<ItemFacts, 'id' | 'path'>>

function circle(cycle: readonly ItemKey[], nodes: Nodes, severity: 'warning' | 'note'): Finding {
  const [first] = cycle
  const ids = [...cycle, first!].map(key => printable(nodes.get(key)!.id, 60))
  const { id, path } = nodes.get(first!)!
  const message = cycle.length === 1 ? 'it waits for itself' : `they wait for each other: ${ids.join(' -> ')}`
  const advice =
    severity === 'note'
      ? 'Nothing to do: some of them are closed.'
      : 'They are never ready until you remove one of them from blocked_by.'
  return { ...newFinding('circular-dependency', severity, message, advice), item: id, path }
}
