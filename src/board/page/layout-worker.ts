/** Lays out the graph beside the page, so that the page stays quick meanwhile. */
import { graphLayout } from '../model/layout.ts'
import type { LayoutInput } from '../model/layout-form.ts'

addEventListener('message', ({ data }: MessageEvent<{ turn: number; input: LayoutInput }>) => {
  postMessage({ turn: data.turn, layout: graphLayout(data.input) })
})
