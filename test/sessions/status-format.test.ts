/** `wrk status --format`: one line for prompts and status lines. */
import { expect, test } from 'vitest'
import { ago, HOUR, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'

const ALL = '{session}|{mine}|{ready}|{held}|{orphaned}|{stale}|{sessions}|{refusals}'

test('counts what there is, and names what is held', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': item('WRK-1'),
    'pending/WRK-2.md': item('WRK-2', { blocked_by: '[WRK-1]' }),
    'working/WRK-3.md': heldItem('WRK-3', 'gone', ago(HOUR), { status: 'working' }),
    'done/WRK-4.md': item('WRK-4', { status: 'done' }),
    'working/WRK-5.md': item('WRK-5', { status: 'working' }),
    'session-state.yaml': registry([
      { id: 'tester', anchor: anchorOf(), started_at: ago(HOUR), heartbeat_at: ago(HOUR) },
      { id: 'gone', anchor: deadAnchor(), started_at: ago(HOUR) },
    ]),
  })
  const status = async (template: string) => (await queue.run(['status', '--format', template])).stdout
  expect(await status(ALL)).toBe('tester||2|1|1|1|1|0\n')
  expect((await queue.run('claim 1')).code).toBe(0)
  expect((await queue.run('claim 5', { session: 'other' })).code).toBe(0)
  expect((await queue.run('release 5')).code).toBe(4)
  expect(await status(ALL)).toBe('tester|WRK-1|1|3|1|1|1|1\n')
  expect(await status('[{mine} ][{ready} ready][, {orphaned} orphaned]')).toBe('WRK-1 1 ready, 1 orphaned\n')
  const { json } = await queue.run(['status', '--json', '--format', '{mine}'])
  expect(json).toMatchObject({ ok: true, line: 'WRK-1', values: { mine: 'WRK-1', session: 'tester' } })
})

test('what waits for a closed item is ready', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': item('WRK-1', { blocked_by: '[WRK-2]' }),
    'done/WRK-2.md': item('WRK-2', { status: 'done' }),
  })
  expect((await queue.run(['status', '--format', '{ready}'])).stdout).toBe('1\n')
})

test('is no heartbeat, unlike wrk status', async () => {
  const queue = makeQueue(['WRK-1'])
  expect((await queue.run('claim 1', { env: { WRK_NOW: stampOf(ago(HOUR)) } })).code).toBe(0)
  const before = queue.session('tester').heartbeat_at
  expect((await queue.run(['status', '--format', ALL])).code).toBe(0)
  expect(queue.session('tester').heartbeat_at).toBe(before)
  expect((await queue.run('status')).code).toBe(0)
  expect(queue.session('tester').heartbeat_at).not.toBe(before)
})

test('a template that cannot be read is a usage error that names what there is', async () => {
  const { code, stdout, stderr } = await makeQueue().run(['status', '--format', '{title}'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('unknown name {title}')
  expect(stderr).toContain('{mine} {session} {ready}')
})
