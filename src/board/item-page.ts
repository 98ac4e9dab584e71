/** One item in full, as the board's panel shows it. */
import type { Context } from '../operations/context.ts'
import { readBodies } from '../operations/items/body/body.ts'
import { show } from '../operations/items/show.ts'
import { log } from '../operations/queue/log.ts'
import { boardEvent, placeOfItem } from './items.ts'
import type { ItemPage } from './protocol.ts'

/** More than people write; what is longer is for an editor. */
const LONGEST_BODY = 256 * 1024
const MOST_EVENTS = 500

/** @throws WrkError USAGE, NOT_FOUND, IO */
export async function itemPage(context: Context, id: string): Promise<ItemPage> {
  const shown = await show(context, id)
  const bodies = readBodies(context, id, LONGEST_BODY)
  const elsewhere = shown[0]?.elsewhere ?? null
  return {
    id: shown[0]!.item.id,
    places: shown.map(({ item, fields, problems }) => {
      const body = bodies.find(({ path }) => path === item.path)
      return {
        place: placeOfItem(item),
        fields,
        problems: problems.map(({ message, line }) => ({ message, line })),
        body: body?.text ?? '',
        omitted: body?.omitted ?? 0,
      }
    }),
    elsewhere: elsewhere && {
      session_id: elsewhere.session_id,
      host: elsewhere.host,
      state: elsewhere.state,
      as_of: elsewhere.as_of,
    },
    events: (await log(context, { id, last: MOST_EVENTS })).map(boardEvent),
  }
}
