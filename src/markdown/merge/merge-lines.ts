/**
 * The three-way merge of a text by its lines, as git does it: what only one side changed is taken from it, and changes
 * of both sides that overlap or touch are a conflict, unless they are the same.
 */
import { diffLines, type Hunk, linesOfText } from './line-diff.ts'

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'conflict'; base: string; ours: string; theirs: string }

export interface MergedText {
  pieces: Piece[]
  conflicts: number
}

/** Takes the three texts; gives the merged one in pieces. */
export function mergeLines(base: string, ours: string, theirs: string): MergedText {
  const side = sideThatChanged(base, ours, theirs)
  if (side !== null) return { pieces: [{ kind: 'text', text: side }], conflicts: 0 }

  const [o, a, b] = [linesOfText(base), linesOfText(ours), linesOfText(theirs)]
  const [inOurs, inTheirs] = [diffLines(o, a), diffLines(o, b)]
  const pieces: Piece[] = []
  let conflicts = 0
  let at = 0
  // How far each side is ahead of the base behind the hunks that were passed.
  let [skewA, skewB] = [0, 0]
  let [i, j] = [0, 0]
  while (i < inOurs.length || j < inTheirs.length) {
    const start = Math.min(inOurs[i]?.oldStart ?? o.length, inTheirs[j]?.oldStart ?? o.length)
    let end = start
    const [firstA, firstB] = [i, j]
    for (;;) {
      if (touches(inOurs[i], end)) end = Math.max(end, endOf(inOurs[i++]!))
      else if (touches(inTheirs[j], end)) end = Math.max(end, endOf(inTheirs[j++]!))
      else break
    }
    add(pieces, textOf(o, at, start))
    const [fromA, fromB] = [start + skewA, start + skewB]
    for (const { oldLength, newLength } of inOurs.slice(firstA, i)) skewA += newLength - oldLength
    for (const { oldLength, newLength } of inTheirs.slice(firstB, j)) skewB += newLength - oldLength
    const [own, other] = [textOf(a, fromA, end + skewA), textOf(b, fromB, end + skewB)]
    const piece = pieceOf(textOf(o, start, end), own, other)
    if (piece.kind === 'text') add(pieces, piece.text)
    else {
      conflicts++
      addTrimmed(pieces, piece)
    }
    at = end
  }
  add(pieces, textOf(o, at, o.length))
  return { pieces, conflicts }
}

/** The text that stays when at most one of two sides changed it, or both in the same way; null for a conflict. */
export function sideThatChanged(base: string, ours: string, theirs: string): string | null {
  if (ours === theirs || base === theirs) return ours
  return base === ours ? theirs : null
}

function touches(hunk: Hunk | undefined, end: number): boolean {
  return hunk !== undefined && hunk.oldStart <= end
}

function endOf({ oldStart, oldLength }: Hunk): number {
  return oldStart + oldLength
}

function textOf(lines: readonly string[], from: number, to: number): string {
  return lines.slice(from, to).join('')
}

function pieceOf(base: string, ours: string, theirs: string): Piece {
  const text = sideThatChanged(base, ours, theirs)
  return text === null ? { kind: 'conflict', base, ours, theirs } : { kind: 'text', text }
}

function add(pieces: Piece[], text: string): void {
  const last = pieces.at(-1)
  if (text === '') return
  if (last?.kind === 'text') last.text += text
  else pieces.push({ kind: 'text', text })
}

/** Lines at the beginning and the end that both sides have alike are no part of the conflict. */
function addTrimmed(pieces: Piece[], { base, ours, theirs }: Piece & { kind: 'conflict' }): void {
  const [a, b] = [linesOfText(ours), linesOfText(theirs)]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let [endA, endB] = [a.length, b.length]
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  add(pieces, textOf(a, 0, start))
  pieces.push({ kind: 'conflict', base, ours: textOf(a, start, endA), theirs: textOf(b, start, endB) })
  add(pieces, textOf(a, endA, a.length))
}
