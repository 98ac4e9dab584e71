/** What runs say of a holder: a living one vouches for it, a dead one that owned the claim frees it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeWithRuns, liveRun, type Run } from '../../../src/core/runs/run.ts'
import type { Liveness, ProcessLook } from '../../../src/core/sessions/liveness.ts'

const HERE = { host: 'devbox', boot: 'b1', pidns: '1', machine: 'm1' }
const RUNNING = 10
const GONE = 20
const HIDDEN = 30
const looks: Record<number, ProcessLook> = {
  [RUNNING]: { kind: 'running', started: '5' },
  [GONE]: { kind: 'gone' },
  [HIDDEN]: { kind: 'unknown', why: 'process 30 is hidden' },
}
const at = { here: HERE, look: (pid: number) => looks[pid]! }

const run = (pid: number, more: Partial<Run> = {}): Run => ({
  id: `run-${pid}`,
  holder: 'me',
  process: { pid, started: '5', ...HERE },
  owns: true,
  ...more,
})
const ALIVE: Liveness = { verdict: 'alive', reason: 'process 1 is running' }
const UNKNOWN: Liveness = { verdict: 'unknown', reason: 'no process to watch' }
const DEAD: Liveness = { verdict: 'dead', reason: 'process 1 is gone' }

describe('a holder', () => {
  test.each<[string, Liveness, Run[], Liveness['verdict'], RegExp]>([
    ['without runs is as its session', UNKNOWN, [], 'unknown', /no process to watch/],
    [
      'lives by a run at work, whatever its session',
      DEAD,
      [run(RUNNING)],
      'alive',
      /its run is at work: process 10/,
    ],
    [
      'is dead when its run was cut short, although the session lives',
      ALIVE,
      [run(GONE)],
      'dead',
      /interrupted: process 20 is gone/,
    ],
    [
      'of before the run is not dead with it',
      ALIVE,
      [run(GONE, { owns: false })],
      'alive',
      /process 1 is running/,
    ],
    ['is not dead by doubt', UNKNOWN, [run(HIDDEN)], 'unknown', /no process to watch/],
    [
      'is dead when its session is, which says why, although a run was cut short as well',
      DEAD,
      [run(GONE)],
      'dead',
      /^process 1 is gone$/,
    ],
    ['is dead when its session is, a run in doubt or not', DEAD, [run(HIDDEN)], 'dead', /process 1 is gone/],
    [
      'is not another’s runs',
      UNKNOWN,
      [run(RUNNING, { holder: 'me/a' }), run(GONE, { holder: 'you' })],
      'unknown',
      /no process/,
    ],
    ['lives by one run of several', ALIVE, [run(GONE), run(RUNNING)], 'alive', /its run is at work/],
    [
      'on another boot was cut short',
      UNKNOWN,
      [run(RUNNING, { process: { pid: RUNNING, started: '5', ...HERE, boot: 'b0' } })],
      'dead',
      /restarted/,
    ],
    [
      'on another host is in doubt',
      UNKNOWN,
      [run(GONE, { process: { pid: GONE, started: '5', ...HERE, host: 'other', boot: 'x' } })],
      'unknown',
      /no process/,
    ],
  ])('%s', (_, session, runs, verdict, reason) => {
    expect(judgeWithRuns(session, 'me', runs, at)).toEqual({ verdict, reason: expect.stringMatching(reason) })
  })

  test('is never dead while a run of it may be at work in proof', () => {
    const runs = fc.array(
      fc.record({
        pid: fc.constantFrom(RUNNING, GONE, HIDDEN),
        owns: fc.boolean(),
        holder: fc.constantFrom('me', 'you'),
      }),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(runs, fc.constantFrom(ALIVE, UNKNOWN, DEAD), (list, session) => {
        const all = list.map(({ pid, ...more }) => run(pid, more))
        const { verdict } = judgeWithRuns(session, 'me', all, at)
        const mine = list.filter(({ holder }) => holder === 'me')
        if (mine.some(({ pid }) => pid === RUNNING)) expect(verdict).toBe('alive')
        else if (session !== DEAD && !mine.some(({ pid, owns }) => pid === GONE && owns))
          expect(verdict).toBe(session.verdict)
        else expect(verdict).toBe('dead')
        const live = liveRun('me', all, at)
        expect(live !== null).toBe(mine.some(({ pid }) => pid !== GONE))
      }),
    )
  })
})

test('the run that may be at work is one of the same holder that is not proven dead', () => {
  expect(liveRun('me', [run(GONE), run(HIDDEN)], at)?.id).toBe('run-30')
  expect(liveRun('me', [run(GONE), run(RUNNING, { holder: 'me/a' })], at)).toBeNull()
  expect(liveRun('me/a', [run(RUNNING, { holder: 'me/a' })], at)?.id).toBe('run-10')
})
