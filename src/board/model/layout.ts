/** Where the parts of a dependency graph are drawn. Takes up to a second: on the page it runs in a worker. */
import { Graph, layout as layOut } from '@dagrejs/dagre'
import { type GraphLayout, type LayoutInput, NODE_HEIGHT, NODE_WIDTH } from './layout-form.ts'

export function graphLayout({ nodes, edges }: LayoutInput): GraphLayout {
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 56, marginx: 16, marginy: 16 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const key of nodes) graph.setNode(key, { width: NODE_WIDTH, height: NODE_HEIGHT })
  for (const { from, to } of edges) graph.setEdge(from, to)
  layOut(graph)
  const { width = 0, height = 0 } = graph.graph()
  return {
    width: Math.max(0, Math.ceil(width)),
    height: Math.max(0, Math.ceil(height)),
    nodes: Object.fromEntries(
      nodes.map(key => {
        const { x = 0, y = 0 } = graph.node(key) as { x?: number; y?: number }
        return [key, { x, y }]
      }),
    ),
    edges: edges.map(({ from, to }) => {
      const { points = [] } = graph.edge(from, to) as { points?: { x: number; y: number }[] }
      return { from, to, points }
    }),
  }
}
