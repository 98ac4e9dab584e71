/** Conflicts as git writes them into a file. */
import type { Piece } from './merge-lines.ts'

export interface MarkerStyle {
  /** How long each marker is; git's default is 7. */
  size: number
  /** Whether the base is shown too (git's `diff3`). */
  showBase: boolean
}

export const USUAL_MARKERS: MarkerStyle = { size: 7, showBase: false }

/** The text of the pieces, with markers around each conflict. */
export function withMarkers(pieces: readonly Piece[], { size, showBase }: MarkerStyle): string {
  let text = ''
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      text += piece.text
      continue
    }
    const { base, ours, theirs } = piece
    const eol = /\r\n/.test(ours || theirs || base) ? '\r\n' : '\n'
    const closed = (part: string) => (part === '' || part.endsWith('\n') ? part : `${part}${eol}`)
    text += `${'<'.repeat(size)} ours${eol}${closed(ours)}`
    if (showBase) text += `${'|'.repeat(size)} base${eol}${closed(base)}`
    text += `${'='.repeat(size)}${eol}${closed(theirs)}${'>'.repeat(size)} theirs${eol}`
  }
  return text
}
