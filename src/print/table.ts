/** Tables that fit the terminal: every column as wide as it needs, the last one takes what is left. */
import { paint, type Screen, type Style } from './terminal.ts'

export interface Cell {
  text: string
  style?: Style | null
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const MARK = /\p{M}|\p{Cf}/u

/** How many columns a text takes. */
function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const char of text) width += MARK.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return width
}

/** Cuts a text to so many columns, with an ellipsis where something went. */
function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const char of text) {
    const next = displayWidth(char)
    if (used + next > width - 1) break
    kept += char
    used += next
  }
  return `${kept}…`
}

/** @returns lines with a final newline; '' for no rows */
export function table(screen: Screen, header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return ''
  const widths = header.map((title, i) =>
    Math.max(displayWidth(title), ...rows.map(row => displayWidth(row[i]?.text ?? ''))),
  )
  const gaps = 2 * (widths.length - 1)
  shrink(widths, Math.max(20, screen.width - gaps))
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, style }, i) => {
        const short = cut(text, widths[i]!)
        const pad = i === cells.length - 1 ? '' : ' '.repeat(widths[i]! - displayWidth(short))
        return paint(screen, style ?? null, short) + pad
      })
      .join('  ')
      .trimEnd()
  return `${[line(header.map(text => ({ text, style: 'dim' as const }))), ...rows.map(line)].join('\n')}\n`
}

/** Narrows the widest columns until all fit; none below four columns, so that the row stays a row. */
function shrink(widths: number[], room: number): void {
  let over = widths.reduce((sum, width) => sum + width, 0) - room
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! <= 4) return
    const second = Math.max(4, ...widths.filter((_, i) => i !== widest))
    const step = Math.max(1, Math.min(over, widths[widest]! - second))
    widths[widest]! -= step
    over -= step
  }
}
