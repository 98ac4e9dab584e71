/** Items as people write them. */
import { stampOf } from './clock.ts'

/** The text of an item as people write it. `null` leaves a field out. */
export function item(id: string, fields: Record<string, string | null> = {}): string {
  const all: Record<string, string | null> = {
    id,
    title: `What ${id} is about`,
    status: 'pending',
    priority: 'medium',
    related: '[]',
    locked_by: '""',
    locked_at: '""',
    ...fields,
  }
  const lines = Object.entries(all).flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}`]))
  return `---\n${lines.join('\n')}\n---\n\n# ${id}\n\nText that nobody but its author changes.\n`
}

/** An item that somebody holds. */
export function heldItem(
  id: string,
  by: string,
  at: Date | string,
  fields: Record<string, string | null> = {},
): string {
  const lockedAt = typeof at === 'string' ? at : stampOf(at)
  return item(id, { locked_by: `"${by}"`, locked_at: `"${lockedAt}"`, ...fields })
}
