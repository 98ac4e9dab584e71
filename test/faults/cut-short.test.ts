/** Processes that are killed between two files that belong together: what the next command finds and completes. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { type Args, loading } from '../support/run.ts'
import { anchorOf, registry } from '../support/sessions.ts'

/** Runs a command that is killed in place of the first call of that name whose last path ends so. */
async function killedAt(queue: Queue, call: string, end: string, args: Args, session = 'me'): Promise<void> {
  const env = loading(
    queue,
    `const fs = require('node:fs')
const real = fs.${call}
fs.${call} = (...paths) => {
  const at = paths.filter(path => typeof path === 'string').at(-1)
  if (at?.endsWith(${JSON.stringify(end)})) process.kill(process.pid, 'SIGKILL')
  return real(...paths)
}
`,
  )
  expect([args, (await queue.run(args, { session, env })).code]).toEqual([args, null])
}

const findings = async (queue: Queue, session: string) =>
  (await queue.run('doctor --json', { session })).json.findings

test('a claim that is killed before the file shows it holds; made again, it writes the file', async () => {
  const queue = makeQueue(['WRK-1'])
  await killedAt(queue, 'renameSync', 'pending/WRK-1.md', 'claim WRK-1')
  expect([queue.read('WRK-1'), queue.record('WRK-1')!.holder]).toEqual([item('WRK-1'), 'me'])

  // Nothing took a lock out of the file, so nobody is warned; and who is refused leaves the file alone.
  const refused = await queue.run('claim WRK-1 --json', { session: 'other' })
  expect(refused.code).toBe(4)
  expect(refused.json.holder).toMatchObject({ session_id: 'me', taken_out: false })
  expect((await queue.run('show WRK-1 --json', { session: 'other' })).json.holder.taken_out).toBe(false)
  expect(await queue.run('heartbeat', { session: 'me' })).toMatchObject({ code: 0, stderr: '' })
  expect(queue.read('WRK-1')).toBe(item('WRK-1'))

  const again = await queue.run('claim WRK-1 --json', { session: 'me' })
  expect([again.code, again.json.kind]).toEqual([0, 'renewed'])
  expect(queue.lock('WRK-1')).toEqual({ by: 'me', at: queue.record('WRK-1')!.locked_at })
  expect([await findings(queue, 'me'), queue.leftovers()]).toEqual([[], []])
})

test('done that is killed before the record says so is completed by the next command that meets it, and nobody is warned', async () => {
  for (const next of ['heartbeat', 'show WRK-1', 'list', 'done WRK-1']) {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'me' })
    await killedAt(queue, 'renameSync', '.wrk/claims/wrk-1', 'done WRK-1')
    expect([queue.lock('WRK-1').by, queue.record('WRK-1')!.state]).toEqual(['', 'held'])
    expect(await queue.run(next, { session: 'me' })).toMatchObject({ code: 0, stderr: '' })
    if (next !== 'list') expect([next, queue.record('WRK-1')!.state]).toEqual([next, 'done'])
    await queue.run('claim WRK-1', { session: 'other' })
    expect(queue.record('WRK-1')!.state).toBe('done')
    expect(queue.exists('done/WRK-1.md')).toBe(true)
    expect(queue.events().map(({ type }) => type)).toEqual([
      'sessionStarted',
      'granted',
      'finished',
      'sessionStarted',
    ])
    expect([next, queue.leftovers()]).toEqual([next, []])
  }
})

test.each([
  ['made nothing in it', []],
  ['did not write its note', ['.wrk/state.json']],
])('a .wrk that a killed process made and that %s is known to be new', async (_, files) => {
  const queue = makeQueue(['WRK-1'])
  rmSync(queue.path('.wrk'), { recursive: true })
  mkdirSync(queue.path('.wrk'))
  for (const name of files) queue.write(name, '')
  const { code, stderr } = await queue.run('claim WRK-1')
  expect(code).toBe(0)
  expect(stderr).toContain('earlier claims are unknown here')
  expect(JSON.parse(queue.read('.wrk/state.json'))).toMatchObject({ root: queue.root, made_by: 'use' })
})

test('a session that was being taken over from session-state.yaml is taken over by the next call, whole', async () => {
  const listed = { id: 'listed', started_at: new Date(), anchor: anchorOf() }
  const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': registry([listed]) })
  await killedAt(queue, 'linkSync', '.wrk/sessions/listed', 'claim WRK-1')
  expect(queue.leftovers().filter(name => name.startsWith('tmp/'))).toHaveLength(1)
  expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(0)
  expect(queue.leftovers().filter(name => name.startsWith('tmp/'))).toEqual([])
  expect((await queue.run('session end', { session: 'listed' })).code).toBe(0)
  expect(readdirSync(queue.path('.wrk/sessions')).sort()).toEqual(['listed', 'me', 'other'])
})
