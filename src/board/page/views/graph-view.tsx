/** What waits for what, as a picture and as lists. */
import { h, type JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Draw } from '../../model/draw.ts'
import { drawGraph } from '../../model/draw-graph.ts'
import { waitingGraph } from '../../model/graph-model.ts'
import type { GraphLayout, LayoutInput } from '../../model/layout-form.ts'
import { hashOf } from '../address.ts'
import type { App } from '../app-state.ts'
import { exported } from '../connection/exported.ts'
import { Empty } from '../parts/parts.tsx'
import { plural } from '../parts/words.ts'

export const asNodes = h as unknown as Draw<JSX.Element>

const ZOOMS = [0.35, 0.5, 0.7, 1, 1.4] as const

export function GraphView({ app }: { app: App }): JSX.Element {
  const graph = useMemo(() => waitingGraph(app.model.byKey), [app.model.byKey])
  const layout = useLayout(
    useMemo(() => ({ nodes: graph.nodes.map(({ item }) => item.key), edges: graph.edges }), [graph]),
  )
  const [zoom, setZoom] = useState(3)
  const stuck = graph.nodes.filter(node => node.stuck)
  const idOf = (key: string) => app.model.byKey.get(key)?.id ?? key
  const link = (key: string) => (
    <a key={key} class="id" href={hashOf({ ...app.place, item: idOf(key) })}>
      {idOf(key)}
    </a>
  )
  if (graph.nodes.length === 0)
    return (
      <div class="page empty-page">
        <h1>Graph</h1>
        <Empty title="No open item waits for another">
          An item waits where its <code>blocked_by</code> names others.
        </Empty>
      </div>
    )
  return (
    <div class="page graph-page">
      <div class="page-head">
        <h1>Graph</h1>
        <span class="muted">
          {plural(graph.nodes.length, 'open item')},{' '}
          {plural(graph.edges.length, 'dependency', 'dependencies')}
          {graph.omitted > 0 && `; ${graph.omitted} less urgent ones are left out`}
        </span>
        <fieldset class="zoom">
          <legend class="sr">Zoom</legend>
          <button type="button" aria-label="Smaller" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}>
            −
          </button>
          <button
            type="button"
            aria-label="Larger"
            disabled={zoom === ZOOMS.length - 1}
            onClick={() => setZoom(zoom + 1)}
          >
            +
          </button>
        </fieldset>
      </div>
      <dl class="graph-facts">
        {graph.criticalPath.length > 0 && (
          <div>
            <dt>Longest chain ({graph.criticalPath.length})</dt>
            <dd>{graph.criticalPath.map(link)}</dd>
          </div>
        )}
        {stuck.length > 0 && (
          <div class="fact-problem">
            <dt>Stuck behind dead, stale or orphaned work ({stuck.length})</dt>
            <dd>{stuck.slice(0, 40).map(({ item }) => link(item.key))}</dd>
          </div>
        )}
        {graph.cycles.map(cycle => (
          <div key={cycle.join()} class="fact-problem">
            <dt>Waits for itself ({cycle.length})</dt>
            <dd>{[...cycle, cycle[0]!].map(link)}</dd>
          </div>
        ))}
      </dl>
      {layout ? (
        <div class="drawing" tabIndex={0} role="region" aria-label="Picture of the dependencies">
          <div
            class="zoomed"
            style={{ width: `${layout.width * ZOOMS[zoom]!}px`, height: `${layout.height * ZOOMS[zoom]!}px` }}
          >
            {drawGraph(asNodes, graph, layout, id => hashOf({ ...app.place, item: id }))}
          </div>
        </div>
      ) : (
        <p class="muted" role="status">
          Laying out {plural(graph.nodes.length, 'item')}…
        </p>
      )}
    </div>
  )
}

let worker: Worker | null = null
let turns = 0

interface ScriptPolicy {
  createScriptURL: (path: string) => string
}

/** The one script that the page starts by itself. */
function layoutWorker(): Worker {
  const { trustedTypes } = globalThis as unknown as {
    trustedTypes?: { createPolicy: (name: string, rules: ScriptPolicy) => ScriptPolicy }
  }
  const policy = trustedTypes?.createPolicy('board', { createScriptURL: path => path })
  worker ??= new Worker(policy?.createScriptURL('/layout.js') ?? '/layout.js', { type: 'module' })
  return worker
}

/** The layout of a graph; the last one stays until the next is there. */
function useLayout(input: LayoutInput): GraphLayout | null {
  const [found, setFound] = useState<{ key: string; layout: GraphLayout } | null>(null)
  const key = useMemo(
    () => JSON.stringify([input.nodes, input.edges.map(({ from, to }) => [from, to])]),
    [input],
  )
  useEffect(() => {
    if (exported || found?.key === key) return
    const turn = ++turns
    const answers = worker ?? layoutWorker()
    const hear = ({ data }: MessageEvent<{ turn: number; layout: GraphLayout }>) => {
      if (data.turn === turn) setFound({ key, layout: data.layout })
    }
    answers.addEventListener('message', hear)
    answers.postMessage({
      turn,
      input: { nodes: input.nodes, edges: input.edges.map(({ from, to }) => ({ from, to })) },
    })
    return () => answers.removeEventListener('message', hear)
  }, [key])
  if (exported) return exported.layout
  const isComplete = found && input.nodes.every(node => found.layout.nodes[node])
  return isComplete ? found.layout : null
}
