/** Finds text in the items of a queue: their frontmatter and what is written below. */

import { isFailure, isMissing } from '../../../core/errno.ts'
import { WrkError } from '../../../core/errors.ts'
import { realDisk } from '../../../store/files/disk.ts'
import { readPlainFile } from '../../../store/files/guarded-file.ts'
import type { Context } from '../../context.ts'
import { candidates, type QueueItem } from './candidates.ts'

export interface SearchHit {
  item: QueueItem
  /** Lines that hold the text, with their numbers from 1. */
  lines: { line: number; text: string }[]
}

/**
 * Looks for a text, in any letter case, in every item; open items come first.
 * @returns also the ids of items with unreadable text
 * @throws WrkError USAGE, IO
 */
export async function search(
  context: Context,
  text: string,
): Promise<{ found: SearchHit[]; unread: readonly string[] }> {
  if (text.trim() === '') throw new WrkError('USAGE', 'missing text to search for')
  const wanted = text.toLowerCase()
  const unread: string[] = []
  const found = (await candidates(context, 'details')).flatMap(item => {
    const lines = linesWith(item.path, wanted)
    if (lines === null) unread.push(item.id)
    return lines?.length ? [{ item, lines }] : []
  })
  const inOrder = [...found.filter(({ item }) => !item.closed), ...found.filter(({ item }) => item.closed)]
  return { found: inOrder, unread }
}

/** Null when the file cannot be read; one that went away holds nothing. */
function linesWith(path: string, wanted: string): SearchHit['lines'] | null {
  let whole: string
  try {
    whole = readPlainFile(realDisk, path).bytes.toString('utf8')
  } catch (error) {
    if (!isFailure(error)) throw error
    return isMissing(error) ? [] : null
  }
  if (!whole.toLowerCase().includes(wanted)) return []
  return whole
    .split(/\r?\n/)
    .flatMap((text, i) => (text.toLowerCase().includes(wanted) ? [{ line: i + 1, text }] : []))
}
