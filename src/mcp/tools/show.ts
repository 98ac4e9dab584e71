import { show } from '../../operations/items/show.ts'
import { describeHolder } from '../../print/claims/describe.ts'
import { HOLDER, ID, ITEM, LOCK, type Tool } from './tool.ts'

/** What a model can read at once; the file's path is in the answer. */
const LONGEST_BODY = 40_000

export const showTool: Tool = {
  name: 'show',
  title: 'Show an item',
  description: 'One item: fields, text, holder, what it waits for.',
  input: ID,
  required: ['id'],
  output: {
    ...ITEM,
    ...LOCK,
    ...HOLDER,
    fields: { type: 'object' },
    body: { type: ['string', 'null'] },
    body_omitted: { type: 'integer' },
    waits_for: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } },
    left_by: { type: ['string', 'null'] },
    problems: { type: 'array', items: { type: 'string' } },
    places: { type: 'array', items: { type: 'string' } },
  },
  changes: false,
  isIdempotent: true,
  async act(context, { id }) {
    const places = await show(context, id!)
    const { item, fields, body, lock, holder, waits_for, left, problems, elsewhere } = places[0]!
    const there =
      elsewhere?.state === 'held' ? `held by ${elsewhere.session_id} on ${elsewhere.host}` : 'free'
    const state = holder ? describeHolder(holder, context.clock()) : item.closed ? 'closed' : there
    return {
      ok: true,
      message: `${item.id} is ${state}.`,
      item,
      fields,
      body: body === null ? null : body.slice(0, LONGEST_BODY),
      body_omitted: Math.max(0, (body?.length ?? 0) - LONGEST_BODY),
      waits_for,
      lock,
      holder,
      left_by: left?.by ?? null,
      problems: problems.map(({ message }) => message),
      places: places.map(one => one.item.path),
    }
  },
}
