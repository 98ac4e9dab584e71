/** What the page shows, kept behind the `#` of its address, so that it survives a reload and can be bookmarked. */
import { type Filters, NO_FILTERS } from '../model/filter.ts'

export const VIEWS = ['board', 'now', 'graph', 'time', 'numbers', 'state'] as const
export type ViewName = (typeof VIEWS)[number]

export interface PageAddress {
  view: ViewName
  filters: Filters
  /** The id of the item with the open panel. */
  item: string | null
}

export function readPlace(): PageAddress {
  const [, path = '', query = ''] = /^#\/([a-z]*)(?:\?(.*))?$/.exec(location.hash) ?? []
  const values = new URLSearchParams(query)
  const filters = { ...NO_FILTERS }
  for (const name of Object.keys(filters) as (keyof Filters)[]) filters[name] = values.get(name) ?? ''
  return { view: VIEWS.find(view => view === path) ?? 'board', filters, item: values.get('item') }
}

export function hashOf({ view, filters, item }: PageAddress): string {
  const values = new URLSearchParams()
  for (const [name, value] of Object.entries(filters)) if (value !== '') values.set(name, value)
  if (item !== null) values.set('item', item)
  const query = values.toString()
  return `#/${view}${query === '' ? '' : `?${query}`}`
}
