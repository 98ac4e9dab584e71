import itemTemplate from '../../../templates/item.md'
import { newItem } from '../../operations/items/new.ts'
import { ITEM, type Tool, withWarnings } from './tool.ts'

export const newTool: Tool = {
  name: 'new',
  title: 'Create an item',
  description: 'Create an item.',
  input: {
    title: { type: 'string', description: 'One line' },
    priority: { type: 'string', description: 'critical, high, medium, low' },
    blocked_by: { type: 'array', items: { type: 'string' }, description: 'Ids to finish first' },
  },
  required: ['title'],
  output: ITEM,
  changes: true,
  isIdempotent: false,
  async act(context, { title, priority, blocked_by }) {
    const { item, warnings } = await newItem(context, {
      title: title!,
      priority,
      blockedBy: blocked_by,
      template: itemTemplate,
    })
    return { ok: true, message: `Created ${item.id}.`, item, ...withWarnings(warnings) }
  },
}
