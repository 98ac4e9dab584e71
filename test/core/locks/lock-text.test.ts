/** The text of a session lock, written and read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { grantedLock, lockText, parseLock, releasedText } from '../../../src/core/locks/session-lock.ts'
import { runs } from '../../support/property-runs.ts'
import { keeper, lock, NOW } from './session-lock.shared.ts'

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

  test('never throws and never treats as free what it does not understand', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant(null)), text => {
        const { kind } = parseLock(text)
        expect(['corrupt', 'held']).toContain(kind)
      }),
      { numRuns: runs(2000) },
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
    expect(parseLock(releasedText(null, 'cleanup', NOW))).toEqual({
      kind: 'released',
      released: { runId: null, by: 'cleanup' },
    })
    expect(parseLock('{"run_id":"","released_utc":"2026-11-21T09:37:02Z","released_by":"me"}')).toEqual({
      kind: 'released',
      released: { runId: null, by: null },
    })
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
    for (const ttl of [
      -1,
      1e10,
      1e99,
      'soon',
      '-1',
      '+1',
      'x1',
      '1x',
      '1.',
      '0x10',
      '1e3',
      '12345678901',
      {},
      null,
    ])
      expect(parseLock(JSON.stringify({ run_id: 'r', ttl_sec: ttl }))).toMatchObject({
        lock: { ttlMs: null },
      })
    for (const [ttl, ms] of [
      [0, 0],
      ['0', 0],
      ['1.25', 1250],
      [' 60 ', 60_000],
      [0.0004, 0],
      [9_999_999_999, 9_999_999_999_000],
    ])
      expect(parseLock(JSON.stringify({ run_id: 'r', ttl_sec: ttl }))).toMatchObject({ lock: { ttlMs: ms } })
  })

  const fieldsOf = (fields: object) => {
    const read = parseLock(JSON.stringify({ run_id: 'r', ...fields }))
    if (read.kind !== 'held') throw new Error(read.kind)
    return read.lock
  }

  test('names a process only by a number that may be one', () => {
    expect(fieldsOf({ pid: 1 }).pid).toBe(1)
    for (const pid of [0, -1, 1.5, 2 ** 53, '7', null, [7]]) expect(fieldsOf({ pid }).pid).toBeNull()
  })

  test('takes fields of another kind for absent', () => {
    const absent = {
      host: null,
      purpose: null,
      sessionId: null,
      startedAt: null,
      heartbeatAt: null,
      anchor: null,
    }
    expect(fieldsOf({})).toMatchObject({ ...absent, pidOf: 'session' })
    for (const value of [7, true, [], {}, ''])
      expect(
        fieldsOf({
          ...{ host: value, purpose: value, session_id: value, started_utc: value, heartbeat_utc: value },
          ...{ pid_of: value, anchor: value },
        }),
      ).toMatchObject({ ...absent, pidOf: 'session' })
    expect(fieldsOf({ session_id: 'a b' }).sessionId).toBeNull()
    expect(fieldsOf({ pid_of: 'run' }).pidOf).toBe('run')
  })

  test('knows a process by its start time, and the rest where it is text', () => {
    expect(fieldsOf({ anchor: { started: '1', boot: 'b', pidns: '2' } }).anchor).toEqual({
      started: '1',
      boot: 'b',
      pidns: '2',
    })
    expect(fieldsOf({ anchor: { started: '1', boot: 7, pidns: null } }).anchor).toEqual({
      started: '1',
      boot: '',
      pidns: '',
    })
    for (const anchor of [null, 'x', { boot: 'b' }, { started: 1 }])
      expect(fieldsOf({ anchor }).anchor).toBeNull()
  })

  test('is kept for whoever has no process, no time to live and no session', () => {
    const bare = grantedLock(
      {
        runId: 'r',
        keeper: { sessionId: null, host: 'devbox', anchor: null, pidOf: 'session' },
        ttlMs: null,
        purpose: null,
      },
      NOW,
    )
    expect(bare).toMatchObject({ pid: null, host: 'devbox', anchor: null, ttlMs: null, heartbeatAt: NOW })
    expect(JSON.parse(lockText(bare))).toMatchObject({ ttl_sec: null, pid_of: null, host: 'devbox' })
    expect(parseLock(lockText(bare))).toEqual({ kind: 'held', lock: bare })
    // The host of the process is the one that counts.
    expect(lock({}).host).toBe('devbox')
    expect(
      grantedLock({ runId: 'r', keeper: { ...keeper, host: 'x' }, ttlMs: null, purpose: null }, NOW).host,
    ).toBe('devbox')
  })
})
