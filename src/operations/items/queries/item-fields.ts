/** Fields of items by their names, whatever they are: for columns, groups and filters that people choose. */
import type { ItemKey } from '../../../core/items/ids.ts'
import { listWords } from '../../../markdown/edit/list-words.ts'
import { readQueue } from '../../../store/items/item-reader.ts'
import type { Context } from '../../context.ts'
import type { QueueItem } from './candidates.ts'

/** By the path of an item's file, the words of each field: of a list all, of a single value one. */
export type FieldsOf = ReadonlyMap<string, Readonly<Record<string, readonly string[]>>>

/** Spellings of other tools count as the first of them. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  labels: ['labels', 'label', 'tags'],
  repos: ['target_repos', 'target_repo', 'repository'],
}

/** @param names fields; `labels` and `repos` have all spellings */
export async function itemFields(
  { store }: Context,
  names: readonly string[],
  among?: ReadonlySet<ItemKey>,
): Promise<FieldsOf> {
  const found = await readQueue(
    store,
    ({ place, found }) => {
      const pairs = found?.map.pairs ?? []
      const words = (name: string) =>
        pairs
          .filter(({ key }) => (ALSO[name] ?? [name]).includes(key))
          .flatMap(({ value }) => listWords(value))
      return [place.path, Object.fromEntries(names.map(name => [name, words(name)]))] as const
    },
    'everything',
    undefined,
    among,
  )
  return new Map(found)
}

export interface Filter {
  label?: readonly string[] | undefined
  repo?: string | undefined
}

/** Whether an item has one of the labels, and is for the repository. Letter case does not count. */
export async function fieldFilter(
  context: Context,
  { label, repo }: Filter,
): Promise<(item: Pick<QueueItem, 'path'>) => boolean> {
  const fields = await itemFields(context, ['labels', 'repos'])
  const labels = label?.map(word => word.toLowerCase())
  return ({ path }) => {
    const own = fields.get(path)
    const has = (name: 'labels' | 'repos', wanted: readonly string[]) =>
      own?.[name]?.some(word => wanted.includes(word.toLowerCase())) ?? false
    return (!labels || has('labels', labels)) && (repo === undefined || has('repos', [repo.toLowerCase()]))
  }
}
