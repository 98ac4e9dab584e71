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
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const char of text) width += MARK.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return width
}

/** Cuts a text to so many columns, with an ellipsis where something went. */
export function cut(text: string, width: number): string {
  let kept = ''
  let used = 0
  for (const char of text) {
    const next = displayWidth(char)
    if (used + next > width - 1) break
    kept += char
    used += next
  }
  return `${kept}…${' '.repeat(width - used - 1)}`
}

/** @returns lines with a final newline; '' for no rows */
export function table(screen: Screen, header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return ''
  const all = [header.map((text): Cell => ({ text, style: 'dim' })), ...rows]
  const columns = header.length
  // Each text is measured once, into one array: tables may have thousands of rows.
  const measured = new Int32Array(all.length * columns)
  const widths = new Array<number>(columns).fill(0)
  for (let r = 0; r < all.length; r++)
    for (let i = 0; i < columns; i++) {
      const width = displayWidth(all[r]![i]?.text ?? '')
      measured[r * columns + i] = width
      if (width > widths[i]!) widths[i] = width
    }
  shrink(widths, Math.max(20, screen.width - 2 * (columns - 1)))

  const lines: string[] = []
  for (let r = 0; r < all.length; r++) {
    let line = ''
    for (let i = 0; i < columns; i++) {
      const { text, style } = all[r]![i] ?? NOTHING
      const width = widths[i]!
      const spare = width - measured[r * columns + i]!
      const shown = spare < 0 ? cut(text, width) : text
      line += paint(screen, style ?? null, shown)
      if (i < columns - 1) line += ' '.repeat(Math.max(0, spare) + 2)
    }
    lines.push(line.trimEnd())
  }
  return `${lines.join('\n')}\n`
}

const NOTHING: Cell = { text: '' }

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
