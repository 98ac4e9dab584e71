/** Where an item's text comes from: the server, or the file itself where the board is an export. */
import type { ItemPage } from '../../protocol.ts'
import { ask } from './connection.ts'
import { exported } from './exported.ts'

/** Null when it cannot be had. */
export async function loadItem(id: string): Promise<ItemPage | null> {
  if (exported) return exported.pages[id] ?? null
  const answer = await ask(`/api/item?id=${encodeURIComponent(id)}`)
  return answer?.status === 200 ? (answer.json as ItemPage) : null
}
