/**
 * Block scalars (`|` and `>`) in their usual forms, for plain.ts: no indentation mark, no `+`, and no comment
 * behind the mark; folded ones with simply joined lines. What is unusual in them is not read here, so that what is read is sure.
 */
import { CR, DASH, isOdd, LF, PIPE, SPACE } from './characters.ts'

export interface BlockScalar {
  text: string
  /** Behind the last character of the last line that is not blank. */
  end: number
  /** Where the first line begins that is not part of it. */
  next: number
}

/**
 * @param codes the text's characters; the text ends with a line feed
 * @param at the `|` or `>`
 * @param indent the column of the map that it is a value in
 */
export function readBlockScalar(
  text: string,
  codes: Uint16Array,
  at: number,
  indent: number,
): BlockScalar | null {
  const literal = codes[at] === PIPE
  let line = at + 1
  const strip = codes[line] === DASH
  if (strip) line++
  if (codes[line] === CR) line++
  if (codes[line] !== LF) return null
  line++

  const lines: string[] = []
  let column = -1
  let blanks = 0
  let end = at
  while (line < text.length) {
    let i = line
    while (codes[i] === SPACE) i++
    const deep = i - line
    const lineFeed = codes[i] === CR ? i + 1 : i
    if (codes[lineFeed] === LF) {
      // A blank line may not be deeper than the text is.
      if (deep > 0 && deep > column) return null
      blanks++
      line = lineFeed + 1
      continue
    }
    if (deep <= indent) break
    if (column === -1) column = deep
    if (deep < column || (!literal && (deep > column || blanks > 0))) return null
    let stop = i
    for (let c = codes[stop]!; c !== LF; c = codes[++stop]!)
      if ((c < SPACE && !(c === CR && codes[stop + 1] === LF)) || (c > 126 && isOdd(c))) return null
    end = codes[stop - 1] === CR ? stop - 1 : stop
    for (; blanks > 0; blanks--) lines.push('')
    lines.push(text.slice(line + column, end))
    line = stop + 1
  }
  // Nothing but blank lines: what their line ends amount to is left to the package.
  if (column === -1) return null
  const content = lines.join(literal ? '\n' : ' ')
  return { text: strip ? content : `${content}\n`, end, next: line }
}
