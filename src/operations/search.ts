/** Finds text in the items of a queue: their frontmatter and what is written below. */

import { WrkError } from '../core/errors.ts'
import { realDisk } from '../store/disk.ts'
import { isFailure } from '../store/errno.ts'
import { readPlainFile } from '../store/guarded-file.ts'
import { candidates, type QueueItem } from './candidates.ts'
import type { Context } from './context.ts'

export interface Found {
  item: QueueItem
  /** Lines that hold the text, with their numbers from 1. */
  lines: { line: number; text: string }[]
}

/**
 * Looks for a text, in any letter case, in every item; open items come first.
 * @throws WrkError USAGE, IO
 */
export async function search(context: Context, text: string): Promise<Found[]> {
  if (text.trim() === '') throw new WrkError('USAGE', 'search needs a text to look for')
  const wanted = text.toLowerCase()
  const found = (await candidates(context, 'details')).flatMap(item => {
    const lines = linesWith(item.path, wanted)
    return lines.length > 0 ? [{ item, lines }] : []
  })
  return [...found.filter(({ item }) => !item.closed), ...found.filter(({ item }) => item.closed)]
}

function linesWith(path: string, wanted: string): Found['lines'] {
  let whole: string
  try {
    whole = readPlainFile(realDisk, path).bytes.toString('utf8')
  } catch (error) {
    // Gone, a link, or unreadable: list and doctor tell of it.
    if (!isFailure(error)) throw error
    return []
  }
  if (!whole.toLowerCase().includes(wanted)) return []
  return whole
    .split(/\r?\n/)
    .flatMap((text, i) => (text.toLowerCase().includes(wanted) ? [{ line: i + 1, text }] : []))
}
