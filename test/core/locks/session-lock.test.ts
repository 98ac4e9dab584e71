/** Session locks as text, and what is decided on them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideClaim } from '../../../src/core/claims/claim.ts'
import { claimRequest, heldSessionLock, judgeLock, lastSignOf } from '../../../src/core/locks/lock-holder.ts'
import {
  checkLockName,
  checkRunId,
  generatedRunId,
  grantedLock,
  isLockName,
  type Keeper,
  lockText,
  parseLock,
  renewedLock,
  type SessionLock,
  startOfRun,
} from '../../../src/core/locks/session-lock.ts'
import type { Judge, ProcessLook } from '../../../src/core/sessions/liveness.ts'
import type { Anchor, Session } from '../../../src/core/sessions/session.ts'
import { runs } from '../../support/property-runs.ts'
import { anchor, HOUR, keeper, lock, NOW } from './session-lock.shared.ts'

function judge(look: ProcessLook, sessions: Partial<Session>[] = []): Judge {
  const blank = {
    id: '',
    agent: null,
    anchors: [],
    startedAt: null,
    heartbeatAt: null,
    activeWrk: null,
    claims: [],
    endedAt: null,
  }
  return {
    registry: {
      kind: 'registry',
      sessions: sessions.map(one => ({ ...blank, ...one })),
      rebuiltAt: null,
      current: null,
    },
    here: { host: 'devbox', boot: 'b1', pidns: '17' },
    look: () => look,
    unlisted: 'dead',
  }
}

const RUNNING: ProcessLook = { kind: 'running', started: '81423977' }

const GONE: ProcessLook = { kind: 'gone' }

describe('names', () => {
  test.each(['nightly_session', 'a', '_x', 'deploy-2.eu', 'x'.repeat(64)])('%s is one', name => {
    expect([checkLockName(name), isLockName(name)]).toEqual([name, true])
  })

  test.each([
    '',
    '.',
    '..',
    '.hidden',
    '-x',
    'a/b',
    'a\\b',
    'a b',
    'ä',
    'a\n',
    'x'.repeat(65),
    '../x',
    'a~b',
  ])('%j is not one', name => {
    expect(() => checkLockName(name)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining('is not a valid lock name'),
        hint: expect.stringContaining('1 to 64'),
      }),
    )
  })

  test('that pass hold nothing that means more than a file’s name', () => {
    fc.assert(
      fc.property(fc.string(), name => {
        if (isLockName(name)) expect(name).toMatch(/^[\w][\w.-]*$/)
      }),
      { numRuns: runs(3000) },
    )
  })

  test('of runs tell when they began', () => {
    const id = generatedRunId(NOW, 'k3x9f2')
    expect(id).toBe('run-20261121T093702Z-k3x9f2')
    expect(checkRunId(id)).toBe(id)
    expect(startOfRun(id)).toEqual(NOW)
    expect(startOfRun('nightly-7')).toBeNull()
    for (const wrong of [`x${id}`, `${id}x`, id.toUpperCase(), id.replace('1121', '1321')])
      expect(startOfRun(wrong)).toBeNull()
    for (const right of ['r', '7', '_', 'a.b_c:d@e#f+g-h', 'x'.repeat(128)])
      expect(checkRunId(right)).toBe(right)
    for (const wrong of ['', 'a b', '../x', '-r', 'a\n', '\na', 'x'.repeat(129)])
      expect(() => checkRunId(wrong)).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          message: expect.stringContaining('--run-id must be a run id'),
          hint: expect.stringContaining('1 to 128'),
        }),
      )
    expect(() => checkRunId('a b', 'WRK_RUN_ID')).toThrow(/WRK_RUN_ID must be a run id, not "a b"/)
  })
})

describe('the holder of a lock is', () => {
  const ID = 'claude-devbox-k3x9f2'
  const elsewhere = { ...anchor, host: 'otherbox', boot: 'b0' }
  const cases: [string, SessionLock, Judge, string, string][] = [
    ['alive when its process runs', lock(), judge(RUNNING), 'alive', 'process 4242 is running'],
    ['dead when its process is gone', lock(), judge(GONE), 'dead', 'process 4242 is gone'],
    [
      'dead when its pid is another’s',
      lock(),
      judge({ kind: 'running', started: '9' }),
      'dead',
      'another process',
    ],
    [
      'unknown on another host',
      lock({ host: 'otherbox', anchor: elsewhere }),
      judge(GONE),
      'unknown',
      'another host',
    ],
    [
      'unknown in another pid namespace',
      lock({ anchor: { ...anchor, pidns: '18' } }),
      judge(GONE),
      'unknown',
      'pid namespace',
    ],
    [
      'unknown when its process may not be looked at',
      lock(),
      judge({ kind: 'unknown', why: 'hidden' }),
      'unknown',
      'hidden',
    ],
    ['unknown without a process', lock({ pid: null, anchor: null }), judge(GONE), 'unknown', 'only its age'],
    [
      'unknown when older tooling left a pid, running or gone',
      lock({ anchor: null, sessionId: null }),
      judge(GONE),
      'unknown',
      'only its age',
    ],
    [
      'dead when its session ended, although the terminal runs',
      lock(),
      judge(RUNNING, [{ id: ID, anchors: [anchor], endedAt: NOW }]),
      'dead',
      'ended',
    ],
    [
      'alive when its session went on in another process',
      lock({ pid: 77 }),
      { ...judge(GONE, [{ id: ID, anchors: [anchor] }]), look: pid => (pid === 4242 ? RUNNING : GONE) },
      'alive',
      'process 4242',
    ],
    [
      'unknown when its session went on elsewhere',
      lock(),
      judge(GONE, [{ id: ID, anchors: [elsewhere] }]),
      'unknown',
      'another host',
    ],
    [
      'dead when the wrapper around a command is, whatever its session does',
      lock({ pidOf: 'run', pid: 77 }),
      { ...judge(GONE, [{ id: ID, anchors: [anchor] }]), look: pid => (pid === 4242 ? RUNNING : GONE) },
      'dead',
      'process 77',
    ],
  ]
  test.each(cases)('%s', (_, one, by, verdict, reason) => {
    expect(judgeLock(one, by)).toEqual({ verdict, reason: expect.stringContaining(reason) })
  })

  test('said with what there is to watch', () => {
    expect(judgeLock(lock({ pid: null, anchor: null }), judge(GONE)).reason).toContain('no process known')
    expect(judgeLock(lock({ anchor: null }), judge(GONE)).reason).toContain(
      'process 4242 has no recorded start time',
    )
    // A pid alone, or its facts alone, are not a process.
    expect(judgeLock(lock({ pid: null }), judge(GONE)).verdict).toBe('unknown')
    const bootless = { started: anchor.started, boot: '', pidns: anchor.pidns }
    expect(judgeLock(lock({ host: null, anchor: bootless }), judge(GONE))).toEqual({
      verdict: 'unknown',
      reason: expect.stringContaining('not named'),
    })
  })

  test('as its listed session is, when the lock itself has no process', () => {
    for (const [look, verdict] of [
      [RUNNING, 'alive'],
      [GONE, 'dead'],
    ] as const)
      expect(
        judgeLock(lock({ pid: null, anchor: null }), judge(look, [{ id: ID, anchors: [anchor] }])),
      ).toEqual({
        verdict,
        reason: expect.stringContaining('process 4242'),
      })
  })

  test('dead when both processes are, said of the lock’s own', () => {
    expect(judgeLock(lock({ pid: 77 }), judge(GONE, [{ id: ID, anchors: [anchor] }]))).toEqual({
      verdict: 'dead',
      reason: 'process 77 is gone',
    })
  })

  test('judged by the sessions only where they list it', () => {
    expect(
      judgeLock(lock({ pid: null, anchor: null }), judge(GONE, [{ id: 'somebody', anchors: [anchor] }])),
    ).toMatchObject({
      verdict: 'unknown',
    })
  })
})

describe('the decision', () => {
  const decide = (one: SessionLock, by: Judge, at: Date, runId = 'run-2', who: Keeper = keeper) =>
    decideClaim(
      heldSessionLock(one, NOW, by, at),
      claimRequest({ runId, keeper: who }, one, one.ttlMs ?? HOUR, 'ttl'),
      at,
    )
  const later = (ms: number) => new Date(NOW.getTime() + ms)

  test('refuses every other run, also one of the same session, until the lock’s own time is up', () => {
    expect(decide(lock(), judge(RUNNING), later(2 * HOUR - 1))).toEqual({ kind: 'held' })
    expect(decide(lock(), judge(RUNNING), later(2 * HOUR))).toMatchObject({
      kind: 'takenOver',
      because: 'ttl',
    })
    expect(decide(lock(), judge(GONE), later(1))).toMatchObject({ kind: 'takenOver', because: 'dead' })
    expect(decide(lock(), judge(RUNNING), later(1), 'run-1')).toEqual({ kind: 'renewed' })
  })

  test('counts from the last renewal, and from the heartbeat of a listed session', () => {
    const renewed = renewedLock(
      lock(),
      { runId: 'run-1', keeper, ttlMs: null, purpose: null },
      NOW,
      later(HOUR),
    )
    expect(renewed).toMatchObject({
      startedAt: NOW,
      heartbeatAt: later(HOUR),
      purpose: 'nightly',
      ttlMs: 2 * HOUR,
    })
    expect(decide(renewed, judge(RUNNING), later(3 * HOUR - 1))).toEqual({ kind: 'held' })
    const sessions = [{ id: keeper.sessionId!, anchor, heartbeatAt: later(HOUR) }]
    expect(decide(lock(), judge(RUNNING, sessions), later(3 * HOUR - 1))).toEqual({ kind: 'held' })
    expect(decide(lock({ pidOf: 'run' }), judge(RUNNING, sessions), later(3 * HOUR - 1)).kind).toBe(
      'takenOver',
    )
  })

  test('lets one wrapper of two that were given the same run id run its command', () => {
    const first: Keeper = { ...keeper, pidOf: 'run' }
    const second: Keeper = { ...first, anchor: { ...anchor, pid: 5000 } }
    const held = lock({ pidOf: 'run' })
    expect(decide(held, judge(RUNNING), later(1), 'run-1', first)).toEqual({ kind: 'renewed' })
    expect(decide(held, judge(RUNNING), later(1), 'run-1', second)).toEqual({ kind: 'held' })
    expect(decide(held, judge(GONE), later(1), 'run-1', second)).toMatchObject({ kind: 'takenOver' })
    // What its command does under that id keeps the wrapper the one to watch.
    const byHand = renewedLock(held, { runId: 'run-1', keeper, ttlMs: null, purpose: null }, NOW, later(1))
    expect(byHand).toMatchObject({ pidOf: 'run', pid: 4242 })
  })

  test('does not count a renewal of a short lock for less than it is', () => {
    const at = new Date(NOW.getTime() + 900)
    const short = lock({ ttlMs: 1000 })
    const renewed = renewedLock(short, { runId: 'run-1', keeper, ttlMs: null, purpose: null }, NOW, at)
    const read = parseLock(lockText(renewed))
    expect(read.kind === 'held' && decide(read.lock, judge(RUNNING), later(1899))).toEqual({ kind: 'held' })
    // From a minute on, less than a second does not count.
    const signOf = (ttlMs: number | null) =>
      grantedLock({ runId: 'r', keeper, ttlMs, purpose: null }, at).heartbeatAt!.getTime() - NOW.getTime()
    expect([signOf(59_999), signOf(60_000), signOf(null)]).toEqual([1000, 900, 900])
  })

  test('asks for what nobody holds in the name of its run', () => {
    const wrapper: Keeper = { ...keeper, pidOf: 'run' }
    expect(claimRequest({ runId: 'run-1', keeper: wrapper }, null, HOUR, 'dead-only')).toEqual({
      holder: 'run-1',
      ttlMs: HOUR,
      takeover: 'dead-only',
      force: null,
    })
    // Without a process in the lock, no wrapper is known to be the one that holds it.
    const unknown = lock({ pidOf: 'run', pid: null, anchor: null })
    expect(claimRequest({ runId: 'run-1', keeper: wrapper }, unknown, HOUR, 'ttl').holder).toBe('')
  })

  test('distinguishes wrappers of the same run id by pid and start time', () => {
    const held = lock({ pidOf: 'run' })
    const ask = (more: Partial<Anchor>, pidOf: Keeper['pidOf'] = 'run') =>
      claimRequest(
        { runId: 'run-1', keeper: { ...keeper, pidOf, anchor: { ...anchor, ...more } } },
        held,
        HOUR,
        'ttl',
      ).holder
    expect([ask({}), ask({ pid: 7 }), ask({ started: '7' })]).toEqual(['run-1', '', ''])
    // What runs under the wrapper is of its run.
    expect(ask({ pid: 7 }, 'session')).toBe('run-1')
    expect(
      claimRequest(
        { runId: 'run-1', keeper: { ...keeper, pidOf: 'run', anchor: { ...anchor, pid: 7 } } },
        lock(),
        HOUR,
        'ttl',
      ).holder,
    ).toBe('run-1')
  })

  test('sees the later of both heartbeats, and either where there is one', () => {
    const beat = (own: Date | null, listed: Date | null) =>
      heldSessionLock(
        lock({ heartbeatAt: own }),
        NOW,
        judge(RUNNING, [{ id: keeper.sessionId!, anchors: [anchor], heartbeatAt: listed }]),
        later(HOUR),
      ).heartbeat
    expect(beat(later(1), later(2))).toEqual(later(2))
    expect(beat(later(2), later(1))).toEqual(later(2))
    expect(beat(later(1), null)).toEqual(later(1))
    expect(beat(null, later(1))).toEqual(later(1))
    expect(beat(null, null)).toBeNull()
    // Far ahead, the lock's own counts from when its file was written; of the listed one nobody knows that.
    expect(beat(later(2 * HOUR), later(3 * HOUR))).toEqual(NOW)
    expect(lastSignOf(heldSessionLock(lock(), NOW, judge(RUNNING), later(HOUR)), later(HOUR))).toEqual(NOW)
  })

  test('of whom a renewal makes the holder', () => {
    const other: Keeper = { ...keeper, sessionId: 'other', anchor: { ...anchor, pid: 77 } }
    const renew = (old: SessionLock, who: Keeper) =>
      renewedLock(old, { runId: 'run-1', keeper: who, ttlMs: HOUR, purpose: 'new' }, NOW, later(1))
    const pids = (['run', 'session'] as const).flatMap(before =>
      (['run', 'session'] as const).map(now => renew(lock({ pidOf: before }), { ...other, pidOf: now }).pid),
    )
    expect(pids).toEqual([77, 4242, 77, 77])
    expect(renew(lock(), other)).toMatchObject({ ttlMs: HOUR, purpose: 'new', sessionId: 'other' })
  })
})
