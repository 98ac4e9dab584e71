/** Items that git took for one another in a merge, because they are alike: one's text is in the other's file. */
import type { ItemKey } from '../../core/items/ids.ts'
import type { Repository } from '../../system/git/repository.ts'
import { isMergeOf } from './merge-of.ts'
import type { ItemEntry, Sides } from './merge-scene.ts'

/** The keys of both: of the item that got the other's text, and of the other, which has lost its file. */
export function foreignTexts(
  repository: Repository,
  index: readonly ItemEntry[],
  { base, ours, theirs }: Sides,
): Set<ItemKey> {
  const found = new Set<ItemKey>()
  const here = new Set(index.map(({ key }) => key))
  // Of these git has no file left, though one side changed it and the other took it out.
  const lost = [...base].flatMap(([key, [before]]) => {
    const [own, other] = [ours.get(key)?.[0], theirs.get(key)?.[0]]
    const rest = own ?? other
    return before && !here.has(key) && rest && !(own && other) && rest.blob !== before.blob
      ? [{ key, before, rest, isOurs: own !== undefined }]
      : []
  })
  for (const entry of index)
    for (const { key, before, rest, isOurs } of lost) {
      if (entry.key === key) continue
      const added = (isOurs ? theirs : ours).get(entry.key)?.[0]
      const isConflict = entry.stage > 0 && (entry.blob === rest.blob || entry.blob === before.blob)
      const isMixed =
        entry.stage === 0 &&
        added !== undefined &&
        !base.has(entry.key) &&
        entry.blob !== added.blob &&
        isMergeOf(repository, entry.blob, { base: before.blob, ours: rest.blob, theirs: added.blob })
      if (isConflict || isMixed) found.add(key).add(entry.key)
    }
  return found
}
