/** Session locks as text, and what is decided on them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideClaim } from '../../src/core/claim.ts'
import type { Judge, ProcessLook } from '../../src/core/liveness.ts'
import { claimRequest, heldSessionLock, judgeLock } from '../../src/core/lock-holder.ts'
import type { Anchor, Session } from '../../src/core/session.ts'
import {
  checkLockName,
  checkRunId,
  generatedRunId,
  grantedLock,
  isLockName,
  type Keeper,
  lockText,
  parseLock,
  releasedText,
  renewedLock,
  type SessionLock,
  startOfRun,
} from '../../src/core/session-lock.ts'

const NOW = new Date('2026-11-21T09:37:02Z')
const anchor: Anchor = { pid: 4242, started: '81423977', boot: 'b1', pidns: '17', host: 'devbox' }
const keeper: Keeper = { sessionId: 'claude-devbox-k3x9f2', host: 'devbox', anchor, pidOf: 'session' }
const HOUR = 3_600_000

function lock(more: Partial<SessionLock> = {}): SessionLock {
  return { ...grantedLock({ runId: 'run-1', keeper, ttlMs: 2 * HOUR, purpose: 'nightly' }, NOW), ...more }
}

function judge(look: ProcessLook, sessions: Partial<Session>[] = []): Judge {
  const blank = {
    id: '',
    agent: null,
    anchor: null,
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

describe('the text of a lock', () => {
  test('gives back what was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          pid: fc.option(fc.integer({ min: 1, max: 4_194_304 })),
          purpose: fc.option(fc.string({ minLength: 1 })),
          seconds: fc.integer({ min: 0, max: 10_000_000 }),
          at: fc.integer({ min: 0, max: 4e9 }),
        }),
        ({ pid, purpose, seconds, at }) => {
          const one = lock({
            pid,
            purpose,
            anchor: pid === null ? null : { started: '1', boot: '', pidns: '' },
            ttlMs: seconds * 1000,
            startedAt: new Date(at * 1000),
            heartbeatAt: new Date(at * 1000),
          })
          expect(parseLock(lockText(one))).toEqual({ kind: 'held', lock: one })
        },
      ),
    )
  })

  test('has the keys and the times that scripts rely on', () => {
    expect(JSON.parse(lockText(lock()))).toEqual({
      run_id: 'run-1',
      pid: 4242,
      host: 'devbox',
      started_utc: '2026-11-21T09:37:02Z',
      purpose: 'nightly',
      ttl_sec: 7200,
      session_id: 'claude-devbox-k3x9f2',
      heartbeat_utc: '2026-11-21T09:37:02Z',
      pid_of: 'session',
      anchor: { started: '81423977', boot: 'b1', pidns: '17' },
    })
  })

  test('never throws and never takes for free what it does not understand', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant(null)), text => {
        const { kind } = parseLock(text)
        expect(['corrupt', 'held']).toContain(kind)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    [null, 'UTF-8'],
    ['', 'empty'],
    [' \n', 'empty'],
    ['{', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"run-1"', 'not a JSON object'],
    ['{}', 'run_id'],
    ['{"run_id":""}', 'run_id'],
    ['{"run_id":7}', 'run_id'],
    ['{"run_id":null,"released_utc":""}', 'run_id'],
    ['{"run_id":7,"released_utc":"2026-11-21T09:37:02Z"}', 'run_id'],
    [lockText(lock()).slice(0, -4), 'not JSON'],
  ])('%j is corrupt: %s', (text, why) => {
    expect(parseLock(text)).toEqual({ kind: 'corrupt', why: expect.stringContaining(why) })
  })

  test('of a released lock says so, and reads as a stale lock to programs that do not know that', () => {
    const text = releasedText('run-1', 'holder', NOW)
    expect(parseLock(text)).toEqual({ kind: 'released', released: { runId: 'run-1', by: 'holder' } })
    const { pid, started_utc, ttl_sec } = JSON.parse(text)
    expect([pid, ttl_sec]).toEqual([null, 0])
    expect(Date.parse(started_utc)).toBe(0)
  })

  test('by older tooling is read as far as it goes', () => {
    const text = JSON.stringify({
      run_id: 'nightly/7 of "us"',
      pid: '4242',
      host: 'devbox',
      started_utc: '2026-11-21T09:37:02.123456+00:00',
      purpose: null,
      ttl_sec: '5400',
    })
    expect(parseLock(text)).toMatchObject({
      kind: 'held',
      lock: { runId: 'nightly/7 of "us"', pid: null, startedAt: NOW, ttlMs: 5_400_000, anchor: null },
    })
    for (const ttl of [-1, 1e99, 'soon', {}, null])
      expect(parseLock(JSON.stringify({ run_id: 'r', ttl_sec: ttl }))).toMatchObject({
        lock: { ttlMs: null },
      })
  })
})

describe('names', () => {
  test.each(['nightly_session', 'a', '_x', 'deploy-2.eu', 'x'.repeat(64)])('%s is one', name => {
    expect(checkLockName(name)).toBe(name)
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
  ])('%j is none', name => {
    expect(() => checkLockName(name)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test('that pass hold nothing that means more than a file’s name', () => {
    fc.assert(
      fc.property(fc.string(), name => {
        if (isLockName(name)) expect(name).toMatch(/^[\w][\w.-]*$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('of runs tell when they began', () => {
    const id = generatedRunId(NOW, 'k3x9f2')
    expect(id).toBe('run-20261121T093702Z-k3x9f2')
    expect(checkRunId(id)).toBe(id)
    expect(startOfRun(id)).toEqual(NOW)
    expect(startOfRun('nightly-7')).toBeNull()
    for (const wrong of ['', 'a b', '../x', '-r', 'x'.repeat(129)])
      expect(() => checkRunId(wrong)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

describe('the holder of a lock is', () => {
  const ID = 'claude-devbox-k3x9f2'
  const elsewhere = { ...anchor, host: 'otherbox' }
  const cases: [string, SessionLock, Judge, string, string][] = [
    ['alive when its process runs', lock(), judge(RUNNING), 'alive', 'process 4242 is running'],
    ['dead when its process is gone', lock(), judge(GONE), 'dead', 'process 4242 is gone'],
    [
      'dead when its pid is another’s',
      lock(),
      judge({ kind: 'running', started: '9' }),
      'dead',
      'another one',
    ],
    ['unknown on another host', lock({ host: 'otherbox' }), judge(GONE), 'unknown', 'another host'],
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
      judge(RUNNING, [{ id: ID, anchor, endedAt: NOW }]),
      'dead',
      'ended',
    ],
    [
      'alive when its session went on in another process',
      lock({ pid: 77 }),
      { ...judge(GONE, [{ id: ID, anchor }]), look: pid => (pid === 4242 ? RUNNING : GONE) },
      'alive',
      'process 4242',
    ],
    [
      'unknown when its session went on elsewhere',
      lock(),
      judge(GONE, [{ id: ID, anchor: elsewhere }]),
      'unknown',
      'another host',
    ],
    [
      'dead when the wrapper around a command is, whatever its session does',
      lock({ pidOf: 'run', pid: 77 }),
      { ...judge(GONE, [{ id: ID, anchor }]), look: pid => (pid === 4242 ? RUNNING : GONE) },
      'dead',
      'process 77',
    ],
  ]
  test.each(cases)('%s', (_, one, by, verdict, reason) => {
    expect(judgeLock(one, by)).toEqual({ verdict, reason: expect.stringContaining(reason) })
  })

  test('judged by the sessions only where they list it', () => {
    expect(
      judgeLock(lock({ pid: null, anchor: null }), judge(GONE, [{ id: 'somebody', anchor }])),
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
    const renewed = renewedLock(lock(), { runId: 'run-1', keeper, ttlMs: null, purpose: null }, later(HOUR))
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
    const byHand = renewedLock(held, { runId: 'run-1', keeper, ttlMs: null, purpose: null }, later(1))
    expect(byHand).toMatchObject({ pidOf: 'run', pid: 4242 })
  })

  test('does not count a renewal of a short lock for less than it is', () => {
    const at = new Date(NOW.getTime() + 900)
    const short = lock({ ttlMs: 1000 })
    const renewed = renewedLock(short, { runId: 'run-1', keeper, ttlMs: null, purpose: null }, at)
    const read = parseLock(lockText(renewed))
    expect(read.kind === 'held' && decide(read.lock, judge(RUNNING), later(1899))).toEqual({ kind: 'held' })
  })
})
