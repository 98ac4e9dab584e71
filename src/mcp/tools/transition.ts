import { TRANSITIONS, type Verb } from '../../core/items/transition.ts'
import { openBlockers, transition, unblockedBy } from '../../operations/items/transitions/transition.ts'
import { PARTICIPLES } from '../../print/items/transitions.ts'
import { changeRefused, notFromHere } from './refusals.ts'
import { HOLDER, ID, ITEM, LOCK, type Tool, withWarnings } from './tool.ts'

export const transitionTool: Tool = {
  name: 'transition',
  title: 'Move an item on',
  description: 'start claims and begins it; done finishes and frees it; block frees it, with a reason.',
  input: {
    ...ID,
    verb: { enum: Object.keys(TRANSITIONS) },
    reason: { type: 'string' },
  },
  required: ['id', 'verb'],
  output: {
    ...ITEM,
    ...LOCK,
    ...HOLDER,
    changed: { type: 'boolean' },
    unblocked: { type: 'array', items: { type: 'string' } },
  },
  changes: true,
  isIdempotent: true,
  async act(context, input) {
    const verb = input.verb as Verb
    const result = await transition(context, verb, input.id!, { reason: input.reason })
    if (result.kind === 'refused') return changeRefused(result, context.clock())
    if (result.kind === 'no') return notFromHere(PARTICIPLES[verb], result)
    const { changed, item, lock, from, warnings } = result
    const waits = verb === 'start' && changed ? await openBlockers(context, item.id) : []
    const unblocked = verb === 'done' ? await unblockedBy(context, item.id) : []
    const all = [
      ...(from ? [`took over ${item.id} from ${from.holder}: ${from.reason}`] : []),
      ...(waits.length > 0 ? [`${item.id} waits for ${waits.join(', ')}`] : []),
      ...warnings,
    ]
    return {
      ok: true,
      message: changed ? `${item.id} is ${PARTICIPLES[verb]}.` : `${item.id} is ${item.status} already.`,
      ...(verb === 'done' ? { next: 'Take the next: next with claim.' } : {}),
      item,
      lock,
      changed,
      unblocked: unblocked.map(({ id }) => id),
      ...withWarnings(all),
    }
  },
}
