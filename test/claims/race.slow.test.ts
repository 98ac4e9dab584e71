/** The rest of race.test.ts: what takes too long for every run. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { LIBRARY } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { together } from '../support/together.ts'
import { claims, expectIntact, expectOneOfManyOnFreeItem, expectOneWinner } from './race.shared.ts'

const MANY = 64

describe('64 processes released at the same instant have one winner', () => {
  test('on a free item', () => expectOneOfManyOnFreeItem(MANY))

  test.each([
    ['that is listed with a dead process', [{ id: 'holder', anchor: deadAnchor(), heartbeat_at: ago(1000) }]],
    ['that the registry does not list', []],
  ])('on an item held by a session %s', async (_, sessions) => {
    const before = heldItem('WRK-157', 'holder', ago(60_000))
    const queue = makeQueue({ 'WRK-157': before, 'session-state.yaml': registry(sessions) })
    const winner = expectOneWinner(await together(claims(MANY), { queue }))
    expect(winner.json).toMatchObject({ kind: 'takenOver', from: { locked_by: 'holder' } })
    expect(winner.stderr).toContain('took over WRK-157 from holder')
    expectIntact(queue, before, winner.json.session.id)
    const taken = queue.events().filter(({ type }) => type === 'takenOver')
    expect(taken).toMatchObject([{ item: 'WRK-157', previous_holder: 'holder' }])
  })

  test('on an item with an expired lock and an unknown holder', async () => {
    const before = heldItem('WRK-157', 'holder', ago(3 * HOUR))
    const queue = makeQueue({ 'WRK-157': before })
    const winner = expectOneWinner(await together(claims(MANY), { queue }))
    expect(winner.json).toMatchObject({
      kind: 'takenOver',
      from: { locked_by: 'holder', reason: expect.stringContaining('TTL') },
    })
    expectIntact(queue, before, winner.json.session.id)
    expect(queue.events().filter(({ type }) => type === 'takenOver')).toHaveLength(1)
  })
})

test('the very first calls on a queue, which make .wrk, do not get in each other’s way', async () => {
  const ids = Array.from({ length: 8 }, (_, i) => `WRK-${i + 1}`)
  for (let round = 0; round < 6; round++) {
    const queue = makeQueue(ids)
    const calls = ids.map((id, i) => ({ args: `claim ${id}`, session: `racer-${i}` }))
    const results = await together(calls, { queue })
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(calls.map(() => [0, '']))
  }
})

test('of eight processes that each try to claim all of 200 items every item has one winner', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `WRK-${i + 1}`)
  const queue = makeQueue(ids)
  const script = join(queue.home, 'claim-all.mjs')
  queue.write(
    '../claim-all.mjs',
    `import { openQueue } from ${JSON.stringify(LIBRARY)}
const queue = await openQueue()
const won = []
for (let i = 1; i <= 200; i++) {
  const { kind } = await queue.claim('WRK-' + i)
  if (kind !== 'held') won.push('WRK-' + i)
}
console.log(JSON.stringify(won))
`,
  )
  const workers = Array.from({ length: 8 }, (_, i) => ({ args: [], session: `worker-${i}` }))
  const results = await together(workers, { queue, script })
  expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(workers.map(() => [0, '']))

  const won = results.map(({ json }) => json as string[])
  expect(won.flat().sort()).toEqual([...ids].sort())
  for (const [i, mine] of won.entries()) for (const id of mine) expect(queue.lock(id).by).toBe(`worker-${i}`)
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  expect(new Set(events.map(({ tx }) => tx)).size).toBe(events.length)
  const granted = events.filter(({ type }) => type === 'granted')
  expect(granted.map(event => event.item).sort()).toEqual([...ids].sort())
  for (const { item: id, session } of granted) expect(queue.lock(id!).by).toBe(session)
  expect(queue.leftovers()).toEqual([])
})

test('claim and release in turn by many leave the item as it was, released', async () => {
  const queue = makeQueue({ 'WRK-157': item('WRK-157') })
  const before = queue.read('WRK-157')
  const script = join(queue.home, 'in-turn.mjs')
  queue.write(
    '../in-turn.mjs',
    `import { openQueue } from ${JSON.stringify(LIBRARY)}
const queue = await openQueue()
let won = 0
while (won < 10) {
  const { kind } = await queue.claim('WRK-157', { waitMs: 20000 })
  if (kind !== 'granted') throw new Error(kind)
  won++
  if (!(await queue.release('WRK-157')).released) throw new Error('lost it')
}
console.log(won)
`,
  )
  const workers = Array.from({ length: 4 }, (_, i) => ({ args: [], session: `worker-${i}` }))
  const results = await together(workers, { queue, script })
  expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(workers.map(() => [0, '']))
  expect(queue.read('WRK-157')).toBe(before)
  const turns = queue.events().filter(event => event.item === 'WRK-157')
  expect(turns.map(({ type }) => type)).toEqual(
    Array.from({ length: 80 }, (_, i) => (i % 2 ? 'released' : 'granted')),
  )
  for (let i = 0; i < turns.length; i += 2) expect(turns[i + 1]!.session).toBe(turns[i]!.session)
})
