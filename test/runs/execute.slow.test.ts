/** The rest of execute.test.ts: what takes too long for every run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { stampOf } from '../support/clock.ts'
import { bash, heard, note, noteOf, startWatched } from '../support/notes.ts'
import { gone } from '../support/processes.ts'
import type { Queue } from '../support/queue.ts'
import { countingLooks, LOOKED_AGAIN } from '../support/run.ts'
import { together } from '../support/together.ts'
import { execute, expectUntouched, listener, ready, readyQueue, signalsOf } from './execute.shared.ts'

describe('the exit code of the command is passed on, and the item released:', () => {
  test.each([
    ['releases the item', 'wrk release WRK-1', 'pending/WRK-1.md', ''],
    [
      'releases what another was refused',
      '{ WRK_SESSION_ID=other wrk release WRK-1 2>/dev/null; wrk release WRK-1; }',
      'pending/WRK-1.md',
      '',
    ],
    ['ends the session', 'wrk session end', 'pending/WRK-1.md', ''],
    ['archives the item', 'wrk archive WRK-1', 'archive', ''],
  ])('a command that itself %s has not lost it', async (_, command, place) => {
    const queue = readyQueue()
    // Until the claim has been looked after several times.
    const { code, json, stderr } = await queue.run(
      ['--json', ...execute(...bash(`${command} >&2 || exit 9; ${LOOKED_AGAIN}`))],
      { env: { LOCK_TTL_SECONDS: '4', ...countingLooks(queue, 'execute', '.wrk/claims/wrk-1') } },
    )
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(json).toMatchObject({ ok: true, released: true, superseded: null })
    expect(stderr).not.toContain('warning')
    if (place === 'archive') expect(json.item.path).toContain('/archive/')
    else expect(queue.read('WRK-1')).toBe(ready())
    expect(queue.leftovers()).toEqual([])
  })
})

describe('without a terminal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const)(
    '%s is passed on, once; wrk stays as long as the command does',
    async signal => {
      const queue = readyQueue()
      const before = queue.read('WRK-1')
      const running = startWatched(queue, execute(...listener))
      const child = Number(await heard(queue, 'up'))
      process.kill(running.pid, signal)
      expect(await heard(queue, signal)).toBe('1')
      expect(queue.lock('WRK-1').by).toBe('tester')
      expect(processFacts(child)!.ppid).toBe(running.pid)
      expect(await signalsOf(queue, signal === 'SIGUSR2' ? 'SIGUSR1' : 'SIGUSR2')).toBe(signal)
      expect((await running.end).code).toBe(7)
      expectUntouched(queue, before)
    },
  )
})

test('a command that runs longer than the TTL keeps its item all the time', async () => {
  const queue = readyQueue()
  const env = { LOCK_TTL_SECONDS: '2' }
  const running = startWatched(queue, execute(...bash('say up; await end')), { env, session: 'first' })
  await heard(queue, 'up')
  const since = Date.parse(queue.lock('WRK-1').at!)
  // Asked a second after the last heartbeat that can be seen, however long this machine takes for the next one.
  for (let seen = since; seen < since + 5_000; ) {
    seen = Date.parse(queue.session('first').heartbeat_at)
    const late = { ...env, WRK_NOW: stampOf(new Date(seen + 1_000)) }
    const { code, stdout } = await queue.run('claim WRK-1 --json', { session: 'second', env: late })
    expect({ code, stdout }).toMatchObject({ code: 4 })
  }
  note(queue, 'end')
  expect((await running.end).code).toBe(0)
})

describe('when the claim is lost meanwhile', () => {
  const takeOver = async (queue: Queue) => {
    const taken = await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'second' })
    expect(taken.code).toBe(0)
  }

  test('they are killed when they do not end within five seconds', async () => {
    const queue = readyQueue()
    const stubborn = (name: string) =>
      `trap '' TERM INT HUP; echo $$ >"$HOME/${name}"; while :; do sleep 0.05; done`
    writeFileSync(noteOf(queue, 'below.sh'), stubborn('below'))
    writeFileSync(noteOf(queue, 'up.sh'), `bash below.sh & ${stubborn('up')}`)
    const running = startWatched(queue, execute('bash', 'up.sh'), { session: 'first' })
    const pids = [Number(await heard(queue, 'up')), Number(await heard(queue, 'below'))]
    await takeOver(queue)
    const began = performance.now()
    const { code, stderr } = await running.end
    expect(code).toBe(4)
    expect(performance.now() - began).toBeGreaterThan(4_500)
    for (const said of ['second', 'urgent', queue.lock('WRK-1').at!]) expect(stderr).toContain(said)
    for (const pid of pids) await gone(pid)
    expect(queue.lock('WRK-1').by).toBe('second')
    expect(queue.leftovers()).toEqual([])
  })

  test('what it started is killed after the command itself has ended well', async () => {
    const queue = readyQueue()
    writeFileSync(
      noteOf(queue, 'below.sh'),
      `trap '' TERM; echo $$ >"$HOME/below"; while :; do sleep 0.05; done`,
    )
    const running = startWatched(
      queue,
      execute(...bash('bash below.sh & say up $$; while :; do sleep 0.05; done')),
      {
        session: 'first',
      },
    )
    const pids = [Number(await heard(queue, 'up')), Number(await heard(queue, 'below'))]
    await takeOver(queue)
    expect((await running.end).code).toBe(4)
    for (const pid of pids) await gone(pid)
  })
})

describe('executes of one item at the same instant: exactly one runs', () => {
  /** Notes that it ran, and goes on until all the others have been refused. */
  const waiting = (others: number) =>
    bash(
      `echo $$ >>"$HOME/runs"; until [ "$(grep -c '"refused"' "$WRK_QUEUE/.wrk/events.jsonl")" -ge ${others} ]; do sleep 0.05; done`,
    )

  test.each([
    ['two in one session', [['one'], ['one']]],
    ['eight in one session', Array.from({ length: 8 }, () => ['one'])],
    ['two sessions', [['one'], ['two']]],
    ['helpers of one session', ['a', 'b', 'c'].map(name => ['one', '--agent', name])],
    ['eight sessions', Array.from({ length: 8 }, (_, i) => [`session-${i}`])],
  ])('%s', async (_, callers) => {
    const queue = readyQueue()
    const before = queue.read('WRK-1')
    const calls = callers.map(([session, ...flags]) => ({
      args: ['--json', ...flags, ...execute(...waiting(callers.length - 1))],
      session: session!,
    }))
    const results = await together(calls, { queue })
    expect(results.map(({ code }) => code).sort()).toEqual([0, ...calls.slice(1).map(() => 4)])
    for (const { code, json } of results)
      if (code === 4) expect(json).toMatchObject({ error: { code: 'LOCKED' }, holder: { liveness: 'alive' } })
    expect(readFileSync(noteOf(queue, 'runs'), 'utf8').trim().split('\n')).toHaveLength(1)
    expectUntouched(queue, before)
    const events = queue.events()
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i + 1))
  })
})
