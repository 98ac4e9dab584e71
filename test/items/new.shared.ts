/** What the tests of new have in common. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { together } from '../support/together.ts'

export const idsIn = (folder: string) => readdirSync(folder).sort()

/** What an item's frontmatter says. */
export function fieldsOf(queue: Queue, name: string): Json {
  return parse(queue.read(name).split(/^---\r?$/m)[1]!)
}

/** In each round so many processes make an item at the same instant: each gets an id of its own, without a gap. */
export async function expectDistinctIds(rounds: number, atOnce: number): Promise<void> {
  const queue = makeQueue(['WRK-7'])
  const ids: string[] = []
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: atOnce }, (_, i) => ({
      args: ['new', `Title ${round} of ${i}`, '--json'],
      session: `maker-${i}`,
    }))
    const results = await together(calls, { queue })
    expect(results.filter(({ code }) => code !== 0).map(({ stdout, stderr }) => stdout + stderr)).toEqual([])
    for (const [i, { json }] of results.entries()) {
      ids.push(json.item.id)
      expect(fieldsOf(queue, json.item.id)).toMatchObject({
        id: json.item.id,
        title: `Title ${round} of ${i}`,
      })
    }
  }
  const wanted = Array.from({ length: rounds * atOnce }, (_, i) => `WRK-${String(i + 8).padStart(3, '0')}`)
  expect([...ids].sort()).toEqual(wanted)
  expect(idsIn(join(queue.root, 'pending'))).toEqual([...wanted, 'WRK-7'].map(id => `${id}.md`).sort())
  expect(queue.leftovers()).toEqual([])
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  expect(events.flatMap(({ type, item }) => (type === 'created' ? item : [])).sort()).toEqual(wanted)
}
