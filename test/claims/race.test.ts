/** Exactly one winner, whatever the item looks like and however many come at the same instant. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { ROOT } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { loading } from '../support/run.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { together } from '../support/together.ts'

const LIBRARY = pathToFileURL(join(ROOT, 'dist', 'index.js')).href
const MANY = 64

function claims(count: number, args = 'claim WRK-157 --json') {
  return Array.from({ length: count }, (_, i) => ({ args, session: `racer-${i}` }))
}

/** Checks that one of them won and the others were told by whom; gives the winner's answer. */
function expectOneWinner(results: readonly Result[]): Result {
  expect(results.filter(({ code }) => code !== 0 && code !== 4).map(({ stdout }) => stdout)).toEqual([])
  const winners = results.filter(({ code }) => code === 0)
  expect(winners).toHaveLength(1)
  const winner = winners[0]!.json.session.id
  for (const { json } of results.filter(({ code }) => code === 4)) {
    expect(json).toMatchObject({ ok: false, error: { code: 'LOCKED' }, holder: { session_id: winner } })
    expect(json.error.message).toContain(winner)
  }
  return winners[0]!
}

/** Checks that only the values of the two lock lines differ from the text before, and that the log is whole. */
function expectIntact(queue: Queue, before: string, winner: string): void {
  const lock = queue.lock('WRK-157')
  expect(lock.by).toBe(winner)
  expect(queue.read('WRK-157')).toBe(
    before
      .replace(/^locked_by: .*$/m, `locked_by: "${winner}"`)
      .replace(/^locked_at: .*$/m, `locked_at: "${lock.at}"`),
  )
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  expect(queue.leftovers()).toEqual([])
}

describe('64 processes released at the same instant have one winner', () => {
  test('on a free item', async () => {
    const queue = makeQueue(['WRK-157'])
    const before = queue.read('WRK-157')
    const winner = expectOneWinner(await together(claims(MANY), { queue }))
    expect(winner.json.kind).toBe('granted')
    expectIntact(queue, before, winner.json.session.id)
    expect(queue.events().filter(({ type }) => type === 'granted')).toHaveLength(1)
  })

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

  test('on an item whose lock has run out and whose holder nobody knows', async () => {
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

test('helpers of one session that claim at the same instant have one winner', async () => {
  const queue = makeQueue(['WRK-157'])
  const helpers = Array.from({ length: 12 }, (_, i) => ({
    args: `claim WRK-157 --json --agent helper-${i}`,
    session: 'boss',
  }))
  const results = await together(helpers, { queue })
  expect(results.map(({ code }) => code).sort()).toEqual([0, ...Array(11).fill(4)])
  const winner = results.find(({ code }) => code === 0)!.json.lock.locked_by
  expect(winner).toMatch(/^boss\/helper-\d+$/)
  for (const { json } of results.filter(({ code }) => code === 4)) expect(json.holder.session_id).toBe(winner)
  expect(queue.lock('WRK-157').by).toBe(winner)
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

test('a queue whose .wrk was made only in part by one that was killed works', async () => {
  for (const parts of [[], ['tmp'], ['tmp', 'guards'], ['guards'], ['outbox']]) {
    const queue = makeQueue(['WRK-157'])
    for (const part of ['', ...parts]) mkdirSync(join(queue.root, '.wrk', part), { recursive: true })
    const { code, stderr } = await queue.run('claim WRK-157')
    expect([parts, code, stderr]).toEqual([parts, 0, ''])
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

test('calls that cross within one process exclude each other too', async () => {
  const queue = makeQueue(['WRK-157'])
  const { openQueue } = (await import(LIBRARY)) as typeof import('../../src/index.ts')
  const sessions = Array.from({ length: 50 }, (_, i) => `call-${i}`)
  const results = await Promise.all(
    sessions.map(async session => (await openQueue(queue.root, { session, env: {} })).claim('WRK-157')),
  )
  const winners = results.filter(({ kind }) => kind !== 'held')
  expect(winners).toHaveLength(1)
  const winner = winners[0]!.session.id
  for (const result of results) if (result.kind === 'held') expect(result.holder.session_id).toBe(winner)
  expect(queue.lock('WRK-157').by).toBe(winner)
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

test('a claim that waits gets the item when it is released', async () => {
  const queue = makeQueue({
    'WRK-157': heldItem('WRK-157', 'first', stampOf(new Date())),
    'session-state.yaml': registry([{ id: 'first', heartbeat_at: new Date() }]),
  })
  const waiting = queue.run('claim WRK-157 --json --wait 30s', { session: 'second' })
  const impatient = await queue.run('claim WRK-157 --json --wait 50ms', { session: 'third' })
  expect(impatient.code).toBe(4)
  expect((await queue.run('release WRK-157', { session: 'first' })).code).toBe(0)
  const won = await waiting
  expect([won.code, won.json.kind]).toEqual([0, 'granted'])
})

test.each([
  ['seen in two places', 'pending', 'working'],
  ['seen in none', 'working', 'pending'],
])('an item that is moved while a claim looks for it, and so %s, is claimed', async (_, from, to) => {
  const queue = makeQueue({ [`${from}/WRK-1.md`]: item('WRK-1') })
  const env = loading(
    queue,
    `const fs = require('node:fs')
const { readdirSync } = fs
fs.readdirSync = (path, ...rest) => {
  const before = ${JSON.stringify(queue.path(`${from}/WRK-1.md`))}
  if (path === ${JSON.stringify(queue.path('working'))} && fs.existsSync(before))
    fs.renameSync(before, ${JSON.stringify(queue.path(`${to}/WRK-1.md`))})
  return readdirSync(path, ...rest)
}
`,
  )
  const { code, json } = await queue.run('claim WRK-1 --json', { env })
  expect([code, json.item?.path]).toEqual([0, queue.path(`${to}/WRK-1.md`)])
})
