/** What the tests of next have in common. */
import { expect } from 'vitest'
import { item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import type { Json, Result } from '../../support/result.ts'
import { together } from '../../support/together.ts'

export const NOW = { WRK_NOW: '2026-03-01T12:00:00Z' }

export type Fields = Record<string, string | null>

/** A queue of pending items with these fields. */
export function queueOf(items: Record<string, Fields>, more: Record<string, string> = {}): Queue {
  const files = Object.entries(items).map(([id, fields]) => [`pending/${id}.md`, item(id, fields)])
  return makeQueue({ ...Object.fromEntries(files), ...more })
}

export async function ready(queue: Queue, env = {}): Promise<string[]> {
  const { json } = await queue.run('next --explain --json', {
    env: { ...NOW, WRK_MACHINE: 'devbox', ...env },
  })
  return json.item === null ? [] : [json.item.id, ...json.behind.map(({ id }: Json) => id)]
}

export const nothing = (result: Result): Json => {
  expect(result.code).toBe(1)
  expect(result.json).toMatchObject({ ok: false, item: null, error: { code: 'NOT_FOUND' } })
  return result.json
}

/** So many processes claim the next of so many items at the same instant: nobody gets what another has. */
export async function expectDifferentItems(processes: number, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, i) => `WRK-${i + 1}`)
  const queue = queueOf(Object.fromEntries(ids.map(id => [id, {}])))
  const results = await together(
    Array.from({ length: processes }, (_, i) => ({ args: 'next --claim --json', session: `racer-${i}` })),
    { queue },
  )
  const won = results.filter(({ code }) => code === 0)
  const got = won.map(({ json }) => json.item.id)
  expect(got).toHaveLength(Math.min(processes, count))
  expect(new Set(got).size).toBe(got.length)
  for (const { json } of won) expect(queue.lock(json.item.id).by).toBe(json.session.id)
  for (const result of results.filter(({ code }) => code !== 0)) nothing(result)
}
