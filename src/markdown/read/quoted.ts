/** Quoted scalars, for plain.ts. */
import type { YamlScalar } from '../node.ts'
import { APOSTROPHE, BACKSLASH, isOdd, LF, QUOTE, SPACE } from './characters.ts'
import { unescaped } from './escapes.ts'

/** An indentation that no line is deeper than: a quoted scalar then ends on its line. */
export const ONE_LINE = Number.POSITIVE_INFINITY

/**
 * Reads the quoted scalar at `start`; null where it is not sure to be one. It may go over several lines where all but
 * the first are deeper than `indent` and not blank.
 */
export function readQuoted(
  text: string,
  codes: Uint16Array,
  start: number,
  indent: number,
): YamlScalar | null {
  const quote = codes[start]!
  let escapes = 0
  let doubled = false
  let lines = 1
  let i = start + 1
  for (; ; i++) {
    const c = codes[i]!
    if (c === quote) {
      if (quote === QUOTE || codes[i + 1] !== APOSTROPHE) break
      doubled = true
      i++
    } else if (c === BACKSLASH && quote === QUOTE && codes[i + 1] !== LF) {
      escapes++
      if (codes[++i]! < SPACE) return null
    } else if (c === LF) {
      let next = i + 1
      while (codes[next] === SPACE) next++
      if (next - i - 1 <= indent || codes[next]! < SPACE) return null
      lines++
      i = next - 1
    } else if (c < SPACE || (c > 126 && isOdd(c))) return null
  }
  let content: string | null = text.slice(start + 1, i)
  if (lines > 1) content = folded(content, quote)
  if (quote === QUOTE) content = escapes > 0 ? unescaped(content, escapes) : content
  else if (doubled) content = content.replaceAll("''", "'")
  if (content === null) return null
  return { kind: 'scalar', style: quote === QUOTE ? 'double' : 'single', text: content, start, end: i + 1 }
}

/** A line break, with the blanks around it, reads as one blank; between double quotes, one behind a backslash as nothing. */
function folded(content: string, quote: number): string {
  if (quote === APOSTROPHE) return content.replace(/ *\n */g, ' ')
  return content.replace(/(\\[^\n])|\\\n *| *\n */g, (found, kept) => kept ?? (found[0] === '\\' ? '' : ' '))
}
