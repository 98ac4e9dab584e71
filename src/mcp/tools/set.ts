import { parseChanges } from '../../operations/items/fields/assignments.ts'
import { set } from '../../operations/items/fields/set.ts'
import { changeRefused, notFromHere } from './refusals.ts'
import { HOLDER, ID, ITEM, type Tool, withWarnings } from './tool.ts'

export const setTool: Tool = {
  name: 'set',
  title: 'Set fields',
  description: 'Set fields of an item that is yours or free.',
  input: {
    ...ID,
    changes: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      description: 'priority=high, labels+=api, blocked_by-=7',
    },
  },
  required: ['id', 'changes'],
  output: {
    ...ITEM,
    ...HOLDER,
    changed: { type: 'boolean' },
    before: { type: 'object' },
    lists: { type: 'object' },
  },
  changes: true,
  isIdempotent: true,
  async act(context, { id, changes }) {
    const { fields, lists } = parseChanges(changes!)
    const result = await set(context, id!, fields, { lists })
    if (result.kind === 'refused') return changeRefused(result, context.clock())
    if (result.kind === 'no') return notFromHere(`set to ${fields.get('status')}`, result)
    const { changed, item, before, lists: after, added, warnings } = result
    const news = added.map(key => `${key} is a new field of ${item.id}, and not one that wrk uses`)
    return {
      ok: true,
      message: changed ? `Set ${[...fields.keys(), ...lists.keys()].join(', ')} of ${item.id}.` : UNCHANGED,
      item,
      changed,
      before,
      lists: after,
      ...withWarnings([...warnings, ...news]),
    }
  },
}

const UNCHANGED = 'It has these values already.'
