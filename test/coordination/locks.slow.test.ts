/** Session locks that the engine holds: runs that meet, that are killed, that lose it, and that cannot reach it. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { type Clone, makeClones } from '../support/coordination/clones.ts'
import { git } from '../support/coordination/servers.ts'

const two = async (options = {}) => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

test('of runs that begin at the same moment in all clones, one does the work; with one run id too', async () => {
  const { ann, bob } = await two()
  for (const id of ['', ' --run-id ci-7']) {
    const mark = join(ann.home, `ran${id.length}`)
    const end = join(ann.home, `end${id.length}`)
    const work = ['--', 'sh', '-c', `echo x >>${mark}; until [ -e ${end} ]; do sleep 0.05; done`]
    const words = `lock run nightly --remote${id}`.split(' ')
    const runs = [ann.wrk([...words, ...work]), bob.wrk([...words, ...work])]
    // The one that works goes on until the other has its answer.
    await Promise.race(runs)
    writeFileSync(end, '')
    const ends = await Promise.all(runs)
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 4])
    expect(existsSync(mark)).toBe(true)
  }
})

test('a run whose process was killed gives way at once to another clone of its host', async () => {
  const { ann, bob } = await two()
  const mark = join(ann.home, 'began')
  const run = ann.start(['lock', 'run', 'nightly', '--remote', '--', 'sh', '-c', `touch ${mark}; sleep 60`])
  await until('it has begun', () => existsSync(mark))
  expect((await bob.wrk('lock claim nightly --remote')).code).toBe(4)
  await run.kill()
  const taken = await bob.wrk('lock claim nightly --remote --json')
  expect(taken).toMatchObject({
    code: 0,
    json: { kind: 'takenOver', from: { reason: expect.stringContaining('is gone') } },
  })
})

test('a run that another took over for all clones is stopped', async () => {
  const { ann, bob } = await two()
  const words = ['lock', 'run', 'nightly', '--remote', '--ttl', '6s', '--run-id', 'one']
  const mark = join(ann.home, 'begun')
  const done = ann.wrk([...words, '--', 'sh', '-c', `touch ${mark}; exec sleep 60`])
  await until('it has begun', () => existsSync(mark))
  // Somebody frees it by hand in the engine, and another claims it.
  const ref = git(ann.top, 'ls-remote', 'origin').match(/refs\/wrk\/locks\/\S+/)![0]
  await until('it is freed, which a renewal at the same moment prevents', () => {
    try {
      git(ann.top, 'push', '--quiet', 'origin', `:${ref}`)
      return true
    } catch {
      return false
    }
  })
  expect(await bob.wrk('lock claim nightly --remote --run-id two')).toMatchObject({ code: 0 })
  expect(await done).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/taken over by two|released in the engine/),
  })
})

test('when the engine cannot be reached nothing is locked: exit 69, and the way on', async () => {
  const { clones, ann, bob } = await two()
  await clones.unreachable(async () => {
    const refused = await ann.wrk('lock run nightly --remote -- true')
    expect(refused).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('lock nightly was not claimed'),
    })
    expect((await ann.wrk('lock claim nightly --run-id here')).code).toBe(0)
    expect((await ann.wrk('lock release nightly --run-id here')).code).toBe(0)
  })
  // A release that could not be sent is sent by the next command.
  await ann.wrk('lock claim nightly --remote --run-id a')
  await clones.unreachable(async () => {
    const released = await ann.wrk('lock release nightly --run-id a')
    expect(released).toMatchObject({ code: 0, stderr: expect.stringContaining('with the next wrk command') })
  })
  await ann.wrk('heartbeat')
  expect((await bob.wrk('lock claim nightly --remote')).code).toBe(0)
})

test('a lock without --remote asks nobody, and --remote needs a coordinated queue', async () => {
  const { ann, bob } = await two()
  expect((await ann.wrk('lock claim nightly --run-id a')).code).toBe(0)
  expect((await bob.wrk('lock claim nightly --run-id b')).code).toBe(0)
  expect(existsSync(ann.path('.wrk/coordination/held'))).toBe(false)
  writeFileSync(ann.path('wrk.yaml'), 'ttl: 3h\n')
  expect(await ann.wrk('lock claim other --remote')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('wrk coordination setup'),
  })
})
