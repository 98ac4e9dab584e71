import { list } from '../../operations/items/queries/list.ts'
import type { Tool } from './tool.ts'

const MOST_ITEMS = 200
const USUAL_ITEMS = 30
const BOOLEAN = { type: 'boolean' }
const TEXT_OR_NULL = { type: ['string', 'null'] }

export const listTool: Tool = {
  name: 'list',
  title: 'List items',
  description: 'Items and who holds them.',
  input: {
    status: { type: 'array', items: { type: 'string' } },
    ready: BOOLEAN,
    mine: BOOLEAN,
    text: { type: 'string', description: 'In id or title' },
    limit: { type: 'integer', minimum: 1, maximum: MOST_ITEMS },
  },
  required: [],
  output: {
    total: { type: 'integer' },
    items: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          title: { type: 'string' },
          status: TEXT_OR_NULL,
          priority: TEXT_OR_NULL,
          held_by: TEXT_OR_NULL,
          liveness: TEXT_OR_NULL,
          left_by: TEXT_OR_NULL,
          problem: { type: 'string' },
        },
        required: ['id', 'title', 'status', 'held_by'],
      },
    },
  },
  changes: false,
  isIdempotent: true,
  async act(context, { status, ready, mine, text, limit = USUAL_ITEMS }) {
    const found = await list(context, { status, ready, mine, text, ...(ready && { sort: 'urgency' }) })
    const items = found
      .slice(0, limit)
      .map(({ id, title, status, priority, locked_by, liveness, left_by, problems, elsewhere }) => ({
        id,
        title,
        status,
        priority,
        held_by: locked_by ?? (elsewhere?.state === 'held' ? elsewhere.session_id : null),
        liveness,
        left_by,
        ...(problems[0] && { problem: problems[0].message }),
      }))
    const of = items.length < found.length ? ` The first ${items.length} are here.` : ''
    return {
      ok: true,
      message: `${found.length} ${found.length === 1 ? 'item' : 'items'}.${of}`,
      total: found.length,
      items,
    }
  },
}
