/** What the server lets clients read and follow: the queue's status, and each item as its file. */
import type { ReadResourceResult } from '@modelcontextprotocol/server'
import { type ItemId, parseId } from '../core/items/ids.ts'
import type { Context } from '../operations/context.ts'
import { list } from '../operations/items/queries/list.ts'
import { showRaw } from '../operations/items/show.ts'
import { status } from '../operations/sessions/status.ts'

export const STATUS_URI = 'wrk://status'
const ITEM_URI = 'wrk://item/'
export const ITEM_TEMPLATE = {
  uriTemplate: `${ITEM_URI}{id}`,
  name: 'item',
  title: 'An item of the queue',
  mimeType: 'text/markdown',
}

const PAGE = 100

type Target = { kind: 'status' } | { kind: 'item'; id: ItemId }

/** @returns null for what is no resource of this server @throws WrkError USAGE (an invalid id) */
export function targetOf(uri: string, prefix: string): Target | null {
  if (uri === STATUS_URI) return { kind: 'status' }
  if (!uri.startsWith(ITEM_URI)) return null
  return { kind: 'item', id: parseId(decoded(uri.slice(ITEM_URI.length)), prefix) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not encoded as it must be, so it is no id either, which is what is said of it.
    return text
  }
}

function itemUri(id: string): string {
  return `${ITEM_URI}${encodeURIComponent(id)}`
}

/** A page of the resources: the status first, then the items in the order of the queue. @throws WrkError IO */
export async function listResources(context: Context, cursor: string | undefined) {
  const from = cursor !== undefined && /^[0-9]{1,9}$/.test(cursor) ? Number(cursor) : 0
  const items = await list(context)
  const page = items.slice(from, from + PAGE).map(item => ({
    uri: itemUri(item.id),
    name: item.id,
    title: item.title || item.id,
    mimeType: ITEM_TEMPLATE.mimeType,
  }))
  const first = { uri: STATUS_URI, name: 'status', title: 'Who works on what', mimeType: 'application/json' }
  const isLast = from + PAGE >= items.length
  return {
    resources: from === 0 ? [first, ...page] : page,
    ...(isLast ? {} : { nextCursor: `${from + PAGE}` }),
  }
}

/** @returns null for what is no resource of this server @throws WrkError USAGE, NOT_FOUND, IO */
export async function readResource(context: Context, uri: string): Promise<ReadResourceResult | null> {
  const target = targetOf(uri, context.store.settings.idPrefix)
  if (target?.kind === 'status') {
    const text = JSON.stringify(await status(context))
    return { contents: [{ uri, mimeType: 'application/json', text }] }
  }
  if (target?.kind !== 'item') return null
  const files = await showRaw(context, target.id.display)
  return {
    contents: files.map(bytes => ({ uri, mimeType: ITEM_TEMPLATE.mimeType, text: bytes.toString('utf8') })),
  }
}
