/** The dependency graph as a drawing. Classes carry the colours; docs and files bring a style of their own. */
import { type Draw, fitting } from './draw.ts'
import type { GraphNode, WaitingGraph } from './graph-model.ts'
import { type GraphLayout, NODE_HEIGHT, NODE_WIDTH } from './layout-form.ts'

export function drawGraph<N>(
  draw: Draw<N>,
  { nodes, edges }: WaitingGraph,
  layout: GraphLayout,
  hrefOf: (id: string) => string | undefined,
): N {
  const arrow = (name: string) =>
    draw(
      'marker',
      { id: name, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
      draw('path', { d: 'M0 0L8 4L0 8z', class: name }),
    )
  const lines = layout.edges.map(({ from, to, points }) => {
    const edge = edges.find(one => one.from === from && one.to === to)
    const kind = edge?.inCycle ? 'cycle' : edge?.critical ? 'critical' : 'plain'
    return draw('path', {
      class: `edge edge-${kind}`,
      d: curve(layout.nodes[from]!, layout.nodes[to]!, points),
      'marker-end': `url(#arrow-${kind})`,
    })
  })
  const boxes = nodes.map(node => box(draw, node, layout.nodes[node.item.key]!, hrefOf(node.item.id)))
  return draw(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'graph',
      viewBox: `0 0 ${layout.width} ${layout.height}`,
      width: layout.width,
      height: layout.height,
      role: 'group',
      'aria-label': 'What waits for what',
    },
    draw('defs', {}, arrow('arrow-plain'), arrow('arrow-critical'), arrow('arrow-cycle')),
    ...lines,
    ...boxes,
  )
}

function box<N>(draw: Draw<N>, node: GraphNode, at: { x: number; y: number }, href: string | undefined): N {
  const { item, concern, stuck, inCycle, critical } = node
  const [left, top] = [at.x - NODE_WIDTH / 2, at.y - NODE_HEIGHT / 2]
  const says = [concern, stuck && 'waits for it', inCycle && 'in a cycle', critical && 'longest chain']
  const words = says.filter(Boolean).join(', ')
  const classes = [
    'node',
    `node-${item.column}`,
    concern && `node-${concern}`,
    stuck && 'node-stuck',
    inCycle && 'node-cycle',
    critical && 'node-critical',
  ]
  const title = item.title === '' ? item.id : item.title
  return draw(
    href === undefined ? 'g' : 'a',
    { class: classes.filter(Boolean).join(' '), href },
    draw('title', {}, `${item.id} ${title}${words ? `: ${words}` : ''}`),
    draw('rect', { x: left, y: top, width: NODE_WIDTH, height: NODE_HEIGHT, rx: 8 }),
    draw('circle', { class: `node-dot node-dot-${item.column}`, cx: left + 14, cy: top + 16, r: 4 }),
    draw('text', { class: 'node-id', x: left + 24, y: top + 20 }, item.id),
    concern === null
      ? null
      : draw(
          'text',
          { class: 'node-says', x: left + NODE_WIDTH - 10, y: top + 20, 'text-anchor': 'end' },
          WORD[concern],
        ),
    draw('text', { class: 'node-title', x: left + 11, y: top + 39 }, fitting(title, NODE_WIDTH - 18)),
  )
}

const WORD = {
  alive: '● alive',
  unknown: '○ may be alive',
  stale: '◔ stale',
  dead: '✕ dead',
  orphaned: '▲ orphaned',
}

type Point = { x: number; y: number }

/** From the side of one box to the side of another, by the points that the layout leaves free for it. */
function curve(from: Point, to: Point, between: readonly Point[]): string {
  const way = Math.sign(to.x - from.x) || 1
  const half = (way * NODE_WIDTH) / 2
  // The layout puts one point between neighbours, where a label would be: the curve is smoother without it.
  const through = between.length > 3 ? between.slice(1, -1) : []
  const points = [{ x: from.x + half, y: from.y }, ...through, { x: to.x - half - way * 2, y: to.y }]
  const text = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`
  let path = `M${text(points[0]!)}`
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!]
    const bend = (b.x - a.x) / 2
    path += `C${text({ x: a.x + bend, y: a.y })} ${text({ x: b.x - bend, y: b.y })} ${text(b)}`
  }
  return path
}
