/** Ids whose number has parts, as other tools number what is below an item: `WRK-222.1` is not `WRK-222`. */
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'

const family = () =>
  makeQueue({
    'pending/WRK-222.md': item('WRK-222'),
    'pending/WRK-222.1.md': item('WRK-222.1'),
    'pending/WRK-222.2-pumps.md': item('222.2', { blocked_by: '[222.1]' }),
  })

test('each is claimed and finished by itself', async () => {
  const queue = family()
  const claimed = await queue.run('claim 222.1 --json')
  expect([claimed.code, claimed.json.item.id]).toEqual([0, 'WRK-222.1'])
  expect((await queue.run('claim WRK-222', { session: 'other' })).code).toBe(0)
  expect(queue.read('pending/WRK-222.1.md')).toContain('locked_by: "tester"')
  expect(queue.read('pending/WRK-222.md')).toContain('locked_by: "other"')
  expect((await queue.run('done 222.1')).code).toBe(0)
  expect(queue.exists('done/WRK-222.1.md')).toBe(true)
  expect(queue.read('pending/WRK-222.md')).toContain('status: pending')
})

test('one waits for another by its own id, and is shown under it', async () => {
  const queue = family()
  const before = await queue.run('list --blocked --json')
  expect(before.json.items.map((one: { id: string }) => one.id)).toEqual(['WRK-222.2'])
  await queue.run('done 222.1')
  expect((await queue.run('list --blocked --json')).json.items).toEqual([])
  expect((await queue.run('doctor --json')).json.findings).toEqual([])
})

test('of a number that only its parts have, those are named', async () => {
  const queue = makeQueue({ 'pending/WRK-7.1.md': item('WRK-7.1') })
  const { code, stderr } = await queue.run('claim 7')
  expect(code).toBe(1)
  expect(stderr).toContain('Did you mean WRK-7.1?')
})

test('a new item gets the next whole number', async () => {
  const queue = family()
  const { json } = await queue.run('new Bilge --json')
  expect(json.item.id).toBe('WRK-223')
})
