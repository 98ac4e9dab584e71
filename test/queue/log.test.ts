/** wrk log: what happened to an item, also to one that is gone. */
import { unlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeQueue } from '../support/queue.ts'

test('an item that never was is not found: exit 1, and a suggestion', async () => {
  const queue = makeQueue(['WRK-1', 'WRK-12'])
  const { code, stdout, stderr } = await queue.run('log 9999')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('no item WRK-9999')
  expect((await queue.run('log 11')).stderr).toContain('Did you mean WRK-12 or WRK-1?')
  expect((await queue.run('log 9999 --json')).json).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } })
})

test('one to which nothing has happened yet has no events: exit 0', async () => {
  const queue = makeQueue(['WRK-1'])
  expect(await queue.run('log 1')).toMatchObject({ code: 0, stdout: 'No events.\n', stderr: '' })
})

test('one that is gone still has its events', async () => {
  const queue = makeQueue(['WRK-1'])
  await queue.run('claim 1')
  unlinkSync(queue.path('WRK-1'))
  const { code, json } = await queue.run('log 1 --json')
  expect([code, json.events.map(({ type }: { type: string }) => type)]).toEqual([0, ['granted']])
})
