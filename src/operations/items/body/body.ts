/** The text of an item below its frontmatter. */
import { parseId } from '../../../core/items/ids.ts'
import { splitFrontmatter } from '../../../markdown/split.ts'
import { readPlainFile } from '../../../store/files/guarded-file.ts'
import { findItem } from '../../../store/items/places/find-item.ts'
import type { Context } from '../../context.ts'

export interface ItemBody {
  text: string
  /** How many bytes were left out at the end. */
  omitted: number
}

/**
 * @param most so many bytes are given at most
 * @returns one entry for each place of the id, as `show` has them; of a file without frontmatter all of it
 * @throws WrkError USAGE, NOT_FOUND; system errors pass
 */
export function readBodies(
  { store }: Pick<Context, 'store'>,
  idText: string,
  most: number,
): (ItemBody & { path: string })[] {
  return findItem(store, parseId(idText, store.settings.idPrefix)).map(({ path }) => {
    const { bytes } = readPlainFile(store.host.disk, path)
    const split = splitFrontmatter(bytes)
    const fence = split.kind === 'split' ? bytes.indexOf('\n', split.yamlEnd) : -1
    const from = split.kind === 'error' ? 0 : fence < 0 ? bytes.length : fence + 1
    const end = Math.min(bytes.length, from + most)
    return { path, text: bytes.toString('utf8', from, end), omitted: bytes.length - end }
  })
}
