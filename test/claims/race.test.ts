/** Exactly one winner, whatever the item looks like and however many come at the same instant. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { LIBRARY } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { loading } from '../support/run.ts'
import { registry } from '../support/sessions.ts'
import { together } from '../support/together.ts'
import { expectOneOfManyOnFreeItem } from './race.shared.ts'

test('of twelve processes that claim a free item at the same instant one gets it', () =>
  expectOneOfManyOnFreeItem(12))

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

test('a queue works with a .wrk that a killed process made only in part', async () => {
  for (const parts of [[], ['tmp'], ['tmp', 'guards'], ['guards'], ['outbox']]) {
    const queue = makeQueue(['WRK-157'])
    for (const part of ['', ...parts]) mkdirSync(join(queue.root, '.wrk', part), { recursive: true })
    const { code, stderr } = await queue.run('claim WRK-157')
    expect([parts, code, stderr]).toEqual([parts, 0, ''])
  }
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
