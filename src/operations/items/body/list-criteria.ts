/** The criteria of an item: boxes in its text, each with its number. */
import { parseId } from '../../../core/items/ids.ts'
import { type Criterion, readCriteria } from '../../../markdown/edit/body-edit.ts'
import { bodyStart, splitFrontmatter } from '../../../markdown/split.ts'
import { readPlainFile } from '../../../store/files/guarded-file.ts'
import { findItem } from '../../../store/items/places/find-item.ts'
import type { Context } from '../../context.ts'

/**
 * @returns of an item with several files those of the first
 * @throws WrkError USAGE, NOT_FOUND; system errors pass
 */
export function listCriteria(
  { store }: Context,
  idText: string,
): { item: { id: string; path: string }; criteria: Criterion[] } {
  const id = parseId(idText, store.settings.idPrefix)
  const [place] = findItem(store, id)
  const { bytes } = readPlainFile(store.host.disk, place!.path)
  const split = splitFrontmatter(bytes)
  const from = split.kind === 'split' ? bodyStart(bytes, split) : 0
  return { item: { id: id.display, path: place!.path }, criteria: readCriteria(bytes, from) }
}
