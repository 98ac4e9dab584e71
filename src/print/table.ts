/** Tables that fit the terminal: every column as wide as it needs, and the widest give way. */
import { printable } from '../core/text.ts'
import { paint, type Screen, type Style } from './terminal.ts'

export interface Column {
  title: string
  /** Texts from files are made printable here. */
  cells: readonly string[]
  styles?: readonly (Style | null)[]
  /** What a row is known by: it gives way to no other column. */
  isKey?: boolean
  /** Longer texts are cut, however wide the terminal is. */
  longest: number
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const MARK = /\p{M}|\p{Cf}/u

/** Nearly all texts: one column for each code unit, and nothing that printable() would change. */
const SIMPLE = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027]*$/

/** How many columns a text takes. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length
  let width = 0
  for (const char of text) width += MARK.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return width
}

/** Cuts a text to so many columns, with an ellipsis where something went. */
export function cut(text: string, width: number): string {
  if (SIMPLE.test(text)) return `${text.slice(0, width - 1)}…`
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

/**
 * Tables may have thousands of rows, so they are taken column by column, each text is looked at once, and all is
 * put together in one go.
 * @returns lines with a final newline
 */
export function table(screen: Screen, columns: readonly Column[]): string {
  // What goes to a file or a program is whole.
  const isWhole = !Number.isFinite(screen.width)
  const measured = columns.map(column => measure(column, isWhole ? Number.POSITIVE_INFINITY : column.longest))
  const widths = measured.map(({ width }) => width)
  const key = columns.findIndex(({ isKey }) => isKey)
  shrink(widths, Math.max(0, key), Math.max(20, screen.width - 2 * (columns.length - 1)))
  const gaps = Array.from({ length: Math.max(...widths) + 3 }, (_, i) => ' '.repeat(i))

  const last = columns.length - 1
  const rows = columns[0]!.cells.length
  const lines: string[] = []
  for (let r = -1; r < rows; r++) {
    let line = ''
    for (let i = 0; i <= last; i++) {
      const column = measured[i]!
      const text = r < 0 ? columns[i]!.title : column.texts[r]!
      const spare = widths[i]! - (r < 0 ? text.length : column.widths[r]!)
      const style = r < 0 ? 'dim' : columns[i]!.styles?.[r]
      const shown = spare < 0 ? cut(text, widths[i]!) : text
      line += style ? paint(screen, style, shown) : shown
      if (i < last) line += gaps[Math.max(0, spare) + 2]!
    }
    lines.push(endsVisibly(line) ? line : line.trimEnd())
  }
  return `${lines.join('\n')}\n`
}

function measure(
  { title, cells }: Column,
  longest: number,
): { texts: string[]; widths: Int32Array; width: number } {
  const texts: string[] = []
  const widths = new Int32Array(cells.length)
  let width = title.length
  for (let r = 0; r < cells.length; r++) {
    const cell = cells[r]!
    const isSimple = cell.length <= longest && SIMPLE.test(cell)
    const text = isSimple ? cell : printable(cell, longest)
    texts.push(text)
    widths[r] = isSimple ? text.length : displayWidth(text)
    if (widths[r]! > width) width = widths[r]!
  }
  return { texts, widths, width }
}

/** False also for what only may be a blank. */
function endsVisibly(text: string): boolean {
  const c = text.charCodeAt(text.length - 1)
  return (c > 0x20 && c < 0x7f) || c === ELLIPSIS
}

const ELLIPSIS = '…'.charCodeAt(0)

/**
 * Narrows the widest columns until all fit, none below four where there is room for that. The key gives way only where
 * it would take more than half of the room.
 */
function shrink(widths: number[], key: number, room: number): void {
  const sum = () => widths.reduce((all, width) => all + width, 0)
  const others = [...widths.keys()].filter(i => i !== key)
  widths[key] = Math.min(widths[key]!, Math.max(Math.floor(room / 2), room - (sum() - widths[key]!)))
  const least = Math.max(1, Math.min(4, Math.floor((room - widths[key]!) / others.length)))
  for (let over = sum() - room; over > 0; over = sum() - room) {
    const [widest, second] = others.sort((a, b) => widths[b]! - widths[a]!)
    if (widest === undefined || widths[widest]! <= least) return
    const next = second === undefined ? least : Math.max(least, widths[second]!)
    widths[widest]! -= Math.max(1, Math.min(over, widths[widest]! - next))
  }
}
