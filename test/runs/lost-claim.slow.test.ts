/** The claim of a run that is lost or left: wrk killed with the command still running, and takeovers meanwhile. */
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { bash, heard, NOTES, noteOf, startWatched } from '../support/notes.ts'
import { gone } from '../support/processes.ts'
import type { Queue } from '../support/queue.ts'
import { execute, expectUntouched, ready, readyQueue } from './execute.shared.ts'

describe('wrk killed with -9, the command still running:', () => {
  const killed = async (queue: Queue, args = execute(...bash('say up $$; while :; do sleep 0.05; done'))) => {
    const running = startWatched(queue, args, { session: 'first' })
    const child = Number(await heard(queue, 'up'))
    const refused = await queue.run('claim WRK-1 --json', { session: 'second' })
    expect([refused.code, refused.json.holder.liveness]).toEqual([4, 'alive'])
    expect(refused.json.holder.reason).toContain(`its run is at work: process ${running.pid} is running`)
    process.kill(running.pid, 'SIGKILL')
    await gone(running.pid)
    expect(processFacts(child)).not.toBeNull()
    return running
  }

  test('another session’s claim takes over at once, with a warning', async () => {
    const queue = readyQueue()
    const { pid } = await killed(queue)
    const show = await queue.run('show WRK-1 --json', { session: 'second' })
    expect(show.json.lock.liveness).toBe('dead')
    const claim = await queue.run('claim WRK-1 --json', { session: 'second' })
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    expect(claim.json.from).toMatchObject({
      locked_by: 'first',
      reason: expect.stringContaining('interrupted'),
    })
    expect(claim.stderr).toContain(`took over WRK-1 from first`)
    expect(claim.stderr).toContain(`process ${pid} is gone`)
    expect(queue.lock('WRK-1').by).toBe('second')
    expect(queue.leftovers()).toEqual([])
    // The first one learns it.
    const refused = await queue.run('release WRK-1', { session: 'first' })
    expect(refused.code).toBe(4)
    for (const text of [
      'second',
      'interrupted',
      queue.events().find(({ type }) => type === 'takenOver')!.time,
    ])
      expect(refused.stderr).toContain(text)
  })

  test('another session’s execute does too, and releases', async () => {
    const queue = readyQueue()
    await killed(queue)
    const result = await queue.run(['--json', ...execute('true')], { session: 'second' })
    expect([result.code, result.json.kind, result.json.from.locked_by]).toEqual([0, 'takenOver', 'first'])
    expect(result.stderr).toContain('took over WRK-1 from first')
    expectUntouched(queue, ready())
  })

  test('a helper’s run too, although its session lives', async () => {
    const queue = readyQueue()
    await killed(queue, ['--agent', 'a', ...execute(...bash('say up $$; while :; do sleep 0.05; done'))])
    expect(queue.lock('WRK-1').by).toBe('first/a')
    const claim = await queue.run('claim WRK-1 --agent b --json', { session: 'first' })
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
  })

  test('the same session’s next execute works, and releases', async () => {
    const queue = readyQueue()
    await killed(queue)
    const result = await queue.run(['--json', ...execute('true')], { session: 'first' })
    expect([result.code, result.json.kind, result.json.released]).toEqual([0, 'renewed', true])
    expectUntouched(queue, ready())
  })

  test('a claim that the session held by hand is not a dead one', async () => {
    const queue = readyQueue()
    await queue.run('claim WRK-1', { session: 'first' })
    await killed(queue)
    expect((await queue.run('claim WRK-1', { session: 'second' })).code).toBe(4)
    const result = await queue.run(['--json', ...execute('true')], { session: 'first' })
    expect([result.code, result.json.released]).toEqual([0, false])
    expect(queue.lock('WRK-1').by).toBe('first')
    expect(queue.leftovers()).toEqual([])
  })
})

describe('when the claim is lost meanwhile', () => {
  const takeOver = async (queue: Queue) => {
    const taken = await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'second' })
    expect(taken.code).toBe(0)
  }

  test('the command and what it started are ended, and wrk ends with 4, saying who, when and why', async () => {
    const queue = readyQueue()
    const loop = 'while :; do sleep 0.05; done'
    writeFileSync(
      noteOf(queue, 'below.sh'),
      `${NOTES}trap "say below-ended; exit 0" TERM; say below $$; ${loop}`,
    )
    const script = `bash below.sh & trap 'say ended; exit 0' TERM; await below; say up $$; ${loop}`
    const running = startWatched(queue, ['--json', ...execute(...bash(script))], { session: 'first' })
    const pids = [Number(await heard(queue, 'up')), Number(await heard(queue, 'below'))]
    await takeOver(queue)
    const { at } = queue.lock('WRK-1')
    const { code, json } = await running.end
    expect([code, json.error.code, json.released]).toEqual([4, 'LOCKED', false])
    expect(json.superseded).toEqual({ id: 'WRK-1', by: 'second', at, reason: 'forced: urgent' })
    expect(json.error.message).toBe(
      `WRK-1 was taken over by second at ${at} (forced: urgent); the command was stopped`,
    )
    await heard(queue, 'ended')
    await heard(queue, 'below-ended')
    for (const pid of pids) await gone(pid)
    expect(queue.lock('WRK-1')).toEqual({ by: 'second', at })
    expect(queue.leftovers()).toEqual([])
  })

  test.each<[string, string[]]>([
    ['', []],
    [' (kept)', ['--keep']],
  ])('in the last instant, it is reported all the same%s', async (_, flags) => {
    const queue = readyQueue()
    const { code, json } = await queue.run(
      [
        '--json',
        'execute',
        'WRK-1',
        ...flags,
        '--provider',
        'claude',
        '--',
        ...bash('wrk claim WRK-1 --session second --force --reason urgent >&2'),
      ],
      { session: 'first' },
    )
    expect(code).toBe(4)
    expect(json).toMatchObject({ released: false, superseded: { by: 'second' }, steps: [{ exit_code: 0 }] })
    expect(json.error.message).not.toContain('stopped')
    expect(queue.lock('WRK-1').by).toBe('second')
    expect(queue.leftovers()).toEqual([])
  })

  test('to one that has released it since, it is lost too', async () => {
    const queue = readyQueue()
    const running = startWatched(
      queue,
      ['--json', ...execute(...bash('say up; while :; do sleep 0.05; done'))],
      {
        session: 'first',
      },
    )
    await heard(queue, 'up')
    await takeOver(queue)
    await queue.run('release WRK-1', { session: 'second' })
    const { code, json } = await running.end
    expect([code, json.superseded.reason]).toEqual([4, 'forced: urgent'])
    expect(queue.lock('WRK-1').by).toBe('')
  })

  test('by a forced release, it is lost too', async () => {
    const queue = readyQueue()
    const running = startWatched(queue, execute(...bash('say up; while :; do sleep 0.05; done')), {
      session: 'first',
    })
    await heard(queue, 'up')
    await queue.run('release WRK-1 --force --reason stuck', { session: 'second' })
    const { code, stderr } = await running.end
    expect(code).toBe(4)
    expect(stderr).toContain('forced: stuck')
  })
})
