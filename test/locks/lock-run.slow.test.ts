/** The rest of lock-run.test.ts: what takes too long for every run. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { gone } from '../support/processes.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { countingLooks, looksOf } from '../support/run.ts'
import { dataOf, fileOf, running, STAY, stop } from './lock-run.shared.ts'

describe('while the command runs', () => {
  test('its lock is renewed, past its time to live', async () => {
    const queue = makeQueue()
    const { ended } = await running(queue, STAY, ['--ttl=5'])
    const { started_utc, run_id } = dataOf(queue)
    const past = Date.parse(started_utc) + 7000
    await until('the lock was renewed', () => Date.parse(dataOf(queue).heartbeat_utc) > past)
    const { heartbeat_utc, ...data } = dataOf(queue)
    expect(data).toMatchObject({ run_id, started_utc, ttl_sec: 5 })
    // At the time of that renewal, however long this machine takes for the next.
    expect((await queue.run('lock claim', { env: { WRK_NOW: heartbeat_utc } })).code).toBe(4)
    stop(queue)
    expect((await ended).code).toBe(0)
    expect(
      queue
        .events()
        .filter(({ item }) => item)
        .map(({ type }) => type),
    ).toEqual(['granted', 'released'])
  })

  test.each([
    [
      'taken over',
      async (queue: Queue) => {
        const taken = await queue.run('lock claim --run-id second --json', { env: { WRK_NOW: '+3h' } })
        expect(taken.json).toMatchObject({ acquired: true, kind: 'takenOver' })
      },
      /taken over from nightly by second.*stopped/,
    ],
    [
      'cleaned up',
      async (queue: Queue) => {
        const cleanup = await queue.run('lock cleanup --ttl 0 --json')
        expect(cleanup.json.reclaimed).toHaveLength(1)
      },
      /taken from nightly.*cleanup.*stopped/,
    ],
  ])('and its lock is %s, the command is stopped with what it started: exit 4', async (_, lose, message) => {
    const queue = makeQueue()
    // An earlier run of the same id, which gave the lock up itself.
    expect((await queue.run('lock run --run-id nightly -- true')).code).toBe(0)
    const script = 'sleep 300 & echo $! >sleeper; wait'
    const { pid, ended } = await running(queue, script, ['--run-id=nightly'])
    const note = join(queue.home, 'sleeper')
    const sleeper = Number(
      await until('it started another', () => existsSync(note) && readFileSync(note, 'utf8')),
    )
    await lose(queue)
    const after = readFileSync(fileOf(queue), 'utf8')
    const { code, stderr } = await ended
    expect(code).toBe(4)
    expect(stderr).toMatch(message)
    await Promise.all([gone(pid), gone(sleeper)])
    expect(readFileSync(fileOf(queue), 'utf8')).toBe(after)
  })

  test('and releases its own lock, nothing is lost and it goes on', async () => {
    const queue = makeQueue()
    const { ended } = await running(
      queue,
      `wrk lock release --run-id $WRK_RUN_ID; wrk lock claim --run-id other >/dev/null 2>&1; ${STAY}; exit 7`,
      [],
      '',
      countingLooks(queue, 'run', 'nightly_session.lock'),
    )
    await until('another run has it', () => existsSync(fileOf(queue)) && dataOf(queue).run_id === 'other')
    const before = looksOf(queue)
    // It opens the file to look, and once more to renew: then it knows, and looks no more.
    await until('wrk has looked at the lock again', () => looksOf(queue) >= before + 2)
    // A whole command later the run would have been stopped, had it been taken for lost.
    await queue.run('lock show')
    stop(queue)
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([7, ''])
    expect(dataOf(queue).run_id).toBe('other')
  })
})
