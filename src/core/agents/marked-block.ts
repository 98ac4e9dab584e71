/**
 * A block of lines between two marks at the end of somebody's file. Pure text: put in, replaced in place, taken out
 * again so that the rest is byte for byte what it was.
 *
 * A line break is put in before the block and one behind it. So the text alone shows what was there before, with
 * its last line ended or not, and a file that begins with the block was made for it.
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
  if (begins.length > 1) return { kind: 'broken', offset: begins[1]!, message: `duplicate ${BEGIN}` }
  if (last === undefined || last < start)
    return { kind: 'broken', offset: start, message: `${END} is missing after it` }
  if (ends.length > 1) return { kind: 'broken', offset: ends[1]!, message: `duplicate ${END}` }
  const end = last + END.length
  return { kind: 'block', start, end, content: text.slice(start, end).replaceAll('\r\n', '\n') }
}

/** Where a mark has a line for itself. */
function marks(text: string, mark: string): number[] {
  return [...text.matchAll(new RegExp(`^${mark}(?=[ \\t]*\\r?$)`, 'gm'))].map(({ index }) => index)
}

/**
 * Puts a block at the end, or in the place of the one that is there.
 * @param text null where there is no file
 * @param content the lines between the marks, with `\n`
 * @param preface what goes before the block in a file that is made for it
 * @throws nothing; a text with broken marks must not come here
 */
export function withBlock(text: string | null, content: string, preface = ''): string {
  const block = blockOf(content)
  if (text === null) return `${preface}${block}\n`
  const newline = newlineOf(text)
  const own = block.replaceAll('\n', newline)
  const found = findBlock(text)
  if (found.kind !== 'block') return text + newline + own + newline
  const behind = text.slice(found.end)
  const isApart = LINE_END.test(behind)
  return text.slice(0, found.start) + own + (isApart ? '' : newline) + behind
}

/** The whole block, marks included, as `findBlock` gives its content. */
export function blockOf(content: string): string {
  return `${BEGIN}\n${content.trim()}\n${END}`
}

/** @returns the text without the block; null when nothing is left of a file that was made for it */
export function withoutBlock(text: string, preface = ''): string | null {
  const found = findBlock(text)
  if (found.kind !== 'block') return text
  const before = text.slice(0, found.start)
  const after = text.slice(found.end).replace(LINE_END, '')
  if ((before === '' || before === preface) && after === '') return null
  const kept = cutNewline(before)
  if (after === '') return kept
  // Text that came behind the block does not go on in the last line before it.
  return (kept === '' || kept.endsWith('\n') ? kept : before) + after
}

const LINE_END = /^[ \t]*\r?\n/

const cutNewline = (text: string): string => text.replace(/\r?\n$/, '')

/** How the lines of a text end, by its first. */
export function newlineOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n'
}
