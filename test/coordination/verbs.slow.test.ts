/** Every command that takes or releases an item does so for all clones. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { type Clone, makeClones } from '../support/coordination/clones.ts'

const two = async (options = {}) => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

const approved = (clone: Clone) => clone.wrk(['set', 'WRK-1', 'plan_approved=true', 'plan_reviewed=true'])

test('execute holds the item for all clones while the command runs, and frees it', async () => {
  const { clones, ann, bob } = await two()
  await approved(ann)
  const mark = join(ann.home, 'began')
  const end = join(ann.home, 'end')
  const work = `touch ${mark}; while [ ! -e ${end} ]; do sleep 0.1; done`
  const run = ann.wrk(['execute', 'WRK-1', '--provider', 'claude', '--', 'sh', '-c', work])
  await until('the command runs', () => existsSync(mark))
  expect((await bob.wrk('claim WRK-1')).code).toBe(4)
  writeFileSync(end, '')
  expect(await run).toMatchObject({ code: 0 })
  expect((await bob.wrk('claim WRK-1')).code).toBe(0)
  expect(clones.history('wrk-1').slice(-3)).toEqual([
    'Claim WRK-1 (ann)',
    'Release WRK-1 (ann)',
    'Claim WRK-1 (bob)',
  ])
})

test('execute of what another clone holds does not start the command', async () => {
  const { ann, bob } = await two()
  await approved(bob)
  await bob.wrk('release WRK-1')
  await ann.wrk('claim WRK-1')
  const mark = join(ann.home, 'ran')
  expect((await bob.wrk(['execute', 'WRK-1', '--provider', 'claude', '--', 'touch', mark])).code).toBe(4)
  expect(existsSync(mark)).toBe(false)
})

test('review is refused what another clone holds; what it has archived is closed for all clones', async () => {
  const { ann, bob } = await two()
  await ann.wrk('claim WRK-1')
  const mark = join(ann.home, 'ran')
  expect((await bob.wrk(['review', 'WRK-1', '--', 'touch', mark])).code).toBe(4)
  expect(existsSync(mark)).toBe(false)
  await ann.wrk('release WRK-1')
  expect((await bob.wrk(['review', 'WRK-1', '--', 'touch', mark])).code).toBe(0)
  expect(await ann.wrk('claim WRK-1')).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('WRK-1 was finished by bob'),
  })
})

test('the end of a session frees its items for all clones', async () => {
  const { ann, bob } = await two()
  await ann.wrk('claim WRK-1')
  await ann.wrk('claim WRK-2')
  expect((await ann.wrk('session end')).code).toBe(0)
  for (const id of ['WRK-1', 'WRK-2']) expect((await bob.wrk(`claim ${id}`)).code, id).toBe(0)
})

test('watch --reap frees for all clones what a dead session of this clone had', async () => {
  const { clones, ann, bob } = await two()
  const { start } = await import('../support/processes.ts')
  const { anchorOf, registry } = await import('../support/sessions.ts')
  const child = start('sleep', ['60'], { cwd: ann.home, env: {} })
  const anchor = anchorOf(child.pid!)
  writeFileSync(ann.path('session-state.yaml'), registry([{ id: 'ann', anchor, heartbeat_at: new Date() }]))
  expect((await ann.wrk('claim WRK-1')).code).toBe(0)
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  const watching = ann.start('watch --reap --json')
  await until('it is reaped', () => watching.lines().some(line => JSON.parse(line).type === 'reaped'))
  await watching.stop()
  expect(clones.history('wrk-1')).toEqual(['Claim WRK-1 (ann)', 'Release WRK-1 (ann)'])
  expect((await bob.wrk('claim WRK-1 --json')).json).toMatchObject({ kind: 'granted' })
})
