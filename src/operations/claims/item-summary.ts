/** What every answer about a claim says of its item. */
import type { Current } from '../../store/items/current-item.ts'

export interface ItemSummary {
  id: string
  path: string
  title: string
  status: string | null
}

export function summary({ item, place }: Pick<Current, 'item' | 'place'>): ItemSummary {
  return { id: item.id, path: place.path, title: item.title, status: item.status }
}
