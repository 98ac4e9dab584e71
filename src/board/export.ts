/** A board as a file: one page that needs nothing else, or one of its drawings. */
import { createHash } from 'node:crypto'
import { WrkError } from '../core/errors.ts'
import { writeExport } from '../operations/board/write-export.ts'
import type { Context } from '../operations/context.ts'
import { itemPage } from './item-page.ts'
import { modelOf } from './model/board-model.ts'
import { asMarkup, escaped, Markup } from './model/draw.ts'
import { drawGraph } from './model/draw-graph.ts'
import { drawLanes } from './model/draw-lanes.ts'
import { waitingGraph } from './model/graph-model.ts'
import { lanesOf } from './model/lanes.ts'
import { graphLayout } from './model/layout.ts'
import drawingStyle from './page/drawing.css'
import { pageText } from './page-files.ts'
import type { Exported, ItemPage, State } from './protocol.ts'
import { boardState } from './snapshot.ts'

export interface ExportOptions {
  file: string
  format: 'html' | 'svg'
  /** Which drawing, of `svg`. */
  view: 'graph' | 'time'
}

/** Texts of items are left out beyond this: the page is to be sent. */
const MOST_TEXT = 8 * 1024 * 1024
const SVG_WIDTH = 1200
const SVG_HOURS = 24

/**
 * Writes the file.
 * @returns how many items it shows, and its size
 * @throws WrkError IO
 */
export async function exportBoard(
  context: Context,
  { file, format, view }: ExportOptions,
): Promise<{ items: number; bytes: number }> {
  const state = await boardState(context)
  const text = format === 'html' ? await page(context, state) : drawing(state, view)
  const bytes = Buffer.from(text)
  writeExport(context, file, bytes)
  return { items: state.items.length, bytes: bytes.length }
}

async function page(context: Context, state: State): Promise<string> {
  const graph = waitingGraph(modelOf(state, 0).byKey)
  const keys = graph.nodes.map(({ item }) => item.key)
  const exported: Exported = {
    state,
    pages: await pagesOf(context, state),
    layout: graphLayout({ nodes: keys, edges: graph.edges }),
  }
  const script = pageText('/board.js').replaceAll('</script', '<\\/script')
  const style = pageText('/board.css')
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types dompurify',
  ].join('; ')
  const data = JSON.stringify(exported).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(`${state.queue.name}, ${state.as_of.slice(0, 10)}`)}</title>
<style>${style}</style>
</head>
<body>
<div id="board"></div>
<script type="application/json" id="state">${data}</script>
<script type="module">${script}</script>
</body>
</html>
`
}

/** The texts of open items first, then of closed ones, as far as there is room. */
async function pagesOf(context: Context, { items }: State): Promise<Record<string, ItemPage>> {
  const pages: Record<string, ItemPage> = {}
  let size = 0
  const ids = new Set(
    [...items].sort((a, b) => Number(a.closed ?? 0) - Number(b.closed ?? 0)).map(({ id }) => id),
  )
  for (const id of ids) {
    if (size > MOST_TEXT) break
    try {
      const found = await itemPage(context, id)
      pages[id] = found
      size += found.places.reduce((sum, { body }) => sum + body.length, 500)
    } catch (error) {
      // It was moved or removed meanwhile, or cannot be read: the page says that it has no text.
      if (!(error instanceof WrkError)) throw error
    }
  }
  return pages
}

function drawing(state: State, view: ExportOptions['view']): string {
  const svg = view === 'graph' ? graphDrawing(state) : lanesDrawing(state)
  // The drawing's own colours, in place of the page's.
  const style = asMarkup('style', {}, `${COLOURS}${drawingStyle}`)
  const open = svg.text.indexOf('>') + 1
  return `${svg.text.slice(0, open)}${new Markup(style.text.replaceAll('&quot;', '"').replaceAll('&gt;', '>')).text}${svg.text.slice(open)}\n`
}

function graphDrawing(state: State): Markup {
  const graph = waitingGraph(modelOf(state, 0).byKey)
  const layout = graphLayout({ nodes: graph.nodes.map(({ item }) => item.key), edges: graph.edges })
  if (graph.nodes.length === 0) return nothing('No open item waits for another')
  return drawGraph(asMarkup, graph, layout, () => undefined)
}

function lanesDrawing(state: State): Markup {
  const now = Date.parse(state.as_of)
  const from = now - SVG_HOURS * 3_600_000
  const lanes = lanesOf(state.events, state.items, from, now)
  if (lanes.length === 0) return nothing(`Nobody held anything in the last ${SVG_HOURS} hours`)
  return drawLanes(asMarkup, lanes, { from, now, width: SVG_WIDTH, hrefOf: () => undefined })
}

function nothing(text: string): Markup {
  return asMarkup(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', class: 'graph', viewBox: '0 0 420 60', width: 420, height: 60 },
    asMarkup('text', { class: 'lane-name', x: 16, y: 35 }, text),
  )
}

const LIGHT =
  '--raised:#fff;--sunken:#f1f2f5;--line:#e1e2e8;--line-strong:#b9bcc8;--text:#1a1b21;--muted:#5a5f6e;--accent:#3f4fd0;--alive:#157347;--unknown:#6b5a00;--stale:#9a4b00;--dead:#b42335;--stale-soft:#fdebd9;--dead-soft:#fce5e7;--pending:#7a7f8d;--working:#c07a00;--blocked:#c2384a;--done:#1f8a55;--archive:#9a9eab'
const DARK =
  '--raised:#1c1d22;--sunken:#15161a;--line:#292b32;--line-strong:#4b4e59;--text:#e9eaee;--muted:#a0a5b3;--accent:#9aa5ff;--alive:#5fd39a;--unknown:#e0c65a;--stale:#f0a35e;--dead:#ff8d97;--stale-soft:#2e2012;--dead-soft:#331a1d;--pending:#8d92a0;--working:#e5a83b;--blocked:#f07a86;--done:#4fbf87;--archive:#6d717d'
const COLOURS = `svg{${LIGHT}}@media(prefers-color-scheme:dark){svg{${DARK}}}`
