import { claimNext, type NextItem, next } from '../../operations/items/queries/next.ts'
import { ITEM, LOCK, type Tool, withWarnings } from './tool.ts'

/** How many of the items that wait are named when none is ready. */
const MOST_WAITING = 10

export const nextTool: Tool = {
  name: 'next',
  title: 'Next item',
  description:
    'The item to work on now. With claim it is yours; of several sessions that ask at once, each gets another.',
  input: { claim: { type: 'boolean' } },
  required: [],
  output: {
    ...ITEM,
    ...LOCK,
    ready: { type: 'integer' },
    holding: { type: 'array', items: { type: 'string' } },
    left_by: { type: ['string', 'null'] },
    waiting: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: { type: 'string' }, reasons: { type: 'array', items: { type: 'string' } } },
      },
    },
  },
  changes: ({ claim }) => claim === true,
  isIdempotent: false,
  async act(context, { claim = false }) {
    const found = await (claim ? claimNext : next)(context)
    const { chosen, claimed, choice, holding } = found
    if (!chosen) return nothing(found)
    const { id, title, status, path, priority, folder, left } = chosen.item
    const item = { id, title, status, path, priority, folder, ...claimed?.item }
    const begun = left ? ` ${left.by} began it and left it: look first at what is done.` : ''
    return {
      ok: true,
      message: `${claimed ? 'Claimed' : 'Next is'} ${id}.${begun}`,
      next: claimed
        ? `Begin: transition with verb start. Work, then transition with verb done.`
        : 'Take it: claim, or next with claim.',
      item,
      lock: claimed?.lock ?? null,
      ready: choice.ready.length,
      holding: holding.map(one => one.id),
      left_by: left?.by ?? null,
      ...withWarnings(claimed?.warnings ?? []),
    }
  },
}

function nothing({ choice, holding }: NextItem) {
  const { waiting, reasons } = choice
  return {
    ok: false,
    message: `Nothing is ready: ${waiting.length === 0 ? 'the queue has no open items' : `${waiting.length} open items have to wait`}.`,
    ready: 0,
    holding: holding.map(one => one.id),
    waiting: waiting.slice(0, MOST_WAITING).map(item => ({ id: item.id, reasons: reasons(item) })),
  }
}
