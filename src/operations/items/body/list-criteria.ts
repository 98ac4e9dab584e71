/** The criteria of an item: boxes in its text, each with its number. */
import { parseId } from '../../../core/items/ids.ts'
import { type Criterion, readCriteria } from '../../../markdown/edit/body-edit.ts'
import { bodyStart, splitFrontmatter } from '../../../markdown/split.ts'
import { readPlainFile } from '../../../store/files/guarded-file.ts'
import { readItem } from '../../../store/items/item-reader.ts'
import type { Context } from '../../context.ts'

/**
 * @returns of an item with several files those of the first
 * @throws WrkError USAGE, NOT_FOUND; system errors pass
 */
export async function listCriteria(
  { store }: Context,
  idText: string,
): Promise<{ item: { id: string; path: string }; criteria: Criterion[] }> {
  const id = parseId(idText, store.settings.idPrefix)
  const [reading] = await readItem(store, id)
  const { item, place } = reading!
  const { bytes } = readPlainFile(store.host.disk, place.path)
  const split = splitFrontmatter(bytes)
  const from = split.kind === 'split' ? bodyStart(bytes, split) : 0
  return { item: { id: item.id, path: place.path }, criteria: readCriteria(bytes, from) }
}
