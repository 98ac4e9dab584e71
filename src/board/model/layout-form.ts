/** What goes into a layout and what comes out of it, apart from the library that makes it. */

export interface LayoutInput {
  nodes: readonly string[]
  edges: readonly { from: string; to: string }[]
}

export interface GraphLayout {
  width: number
  height: number
  /** The middle of each node, by its key. */
  nodes: Record<string, { x: number; y: number }>
  edges: { from: string; to: string; points: { x: number; y: number }[] }[]
}

export const NODE_WIDTH = 208
export const NODE_HEIGHT = 50
