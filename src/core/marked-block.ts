/**
 * A block of lines between two marks at the end of somebody's file. Pure text: put in, replaced in place, taken out
 * again so that the rest is byte for byte what it was.
 *
 * What stood before has to be told from the text alone. A block in a file that ended with a line break is set off by
 * one more and ends with one; in a file without, it is set off by two and ends with none. So a file that holds only a
 * block that ends with a line break was made for it.
 */

export const BEGIN = '<!-- wrk: begin -->'
export const END = '<!-- wrk: end -->'

export type FoundBlock =
  | { kind: 'none' }
  | { kind: 'block'; start: number; end: number; content: string }
  /** The marks do not make one block. `offset` is that of the mark in question. */
  | { kind: 'broken'; offset: number; message: string }

export function findBlock(text: string): FoundBlock {
  const begins = marks(text, BEGIN)
  const ends = marks(text, END)
  const [start] = begins
  const [last] = ends
  if (start === undefined && last === undefined) return { kind: 'none' }
  if (start === undefined) return { kind: 'broken', offset: last!, message: `${BEGIN} is missing before it` }
  if (begins.length > 1)
    return { kind: 'broken', offset: begins[1]!, message: `${BEGIN} stands a second time` }
  if (last === undefined || last < start)
    return { kind: 'broken', offset: start, message: `${END} is missing behind it` }
  if (ends.length > 1) return { kind: 'broken', offset: ends[1]!, message: `${END} stands a second time` }
  const end = last + END.length
  return { kind: 'block', start, end, content: text.slice(start, end).replaceAll('\r\n', '\n') }
}

function marks(text: string, mark: string): number[] {
  return [...text.matchAll(new RegExp(`^${mark}(?=[ \\t]*\\r?$)`, 'gm'))].map(({ index }) => index)
}

/**
 * Puts a block at the end, or in the place of the one that is there.
 * @param text null where there is no file
 * @param content the lines between the marks, with `\n`
 * @throws nothing; a text whose marks are broken must not come here
 */
export function withBlock(text: string | null, content: string): string {
  const block = blockOf(content)
  if (text === null) return `${block}\n`
  const newline = newlineOf(text)
  const own = block.replaceAll('\n', newline)
  const found = findBlock(text)
  if (found.kind === 'block') return text.slice(0, found.start) + own + text.slice(found.end)
  if (text === '') return own
  return text.endsWith('\n') ? text + newline + own + newline : text + newline + newline + own
}

/** The whole block, marks included, as `findBlock` gives its content. */
export function blockOf(content: string): string {
  return `${BEGIN}\n${content.trim()}\n${END}`
}

/** @returns the text without the block; null when nothing is left of a file that was made for it */
export function withoutBlock(text: string): string | null {
  const found = findBlock(text)
  if (found.kind !== 'block') return text
  const before = text.slice(0, found.start)
  const ended = /^[ \t]*\r?\n/.exec(text.slice(found.end))?.[0] ?? ''
  const after = text.slice(found.end + ended.length)
  const rest = (ended === '' ? cutNewline(cutNewline(before)) : cutNewline(before)) + after
  return rest === '' && ended !== '' ? null : rest
}

const cutNewline = (text: string): string => text.replace(/\r?\n$/, '')

/** How the lines of a text end, by its first. */
export function newlineOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n'
}
