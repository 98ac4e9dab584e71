/** Alive, dead or unknown (contract, section 4): every row of the table, its reason, and that doubt is never death. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Judge,
  judgeAnchor,
  judgeHolder,
  judgeSession,
  type ProcessLook,
} from '../../../src/core/sessions/liveness.ts'
import type { Anchor, Registry, Session } from '../../../src/core/sessions/session.ts'

const HERE = { host: 'devbox', boot: 'b1', pidns: '17', machine: 'm1' }
const PID = 4242
const anchor: Anchor = { pid: PID, started: '81423977', ...HERE }
const NOON = new Date('2026-02-16T12:00:00Z')
const minutesAfter = (minutes: number) => new Date(NOON.getTime() + minutes * 60_000)

const RUNNING: ProcessLook = { kind: 'running', started: '81423977' }
const GONE: ProcessLook = { kind: 'gone' }

const session = (more: Partial<Session> = {}): Session => ({
  id: 'claude-devbox-k3x9f2',
  agent: null,
  anchors: [anchor],
  startedAt: NOON,
  heartbeatAt: NOON,
  activeWrk: null,
  claims: [],
  endedAt: null,
  ...more,
})

/** Looks at the one process that is asked for, and at no other. */
const looking = (look: ProcessLook) => (pid: number) => {
  expect(pid).toBe(PID)
  return look
}
const at = (look: ProcessLook, here = HERE) => ({ here, look: looking(look) })

describe('a process is', () => {
  const OTHER = { boot: 'b0', machine: 'm2' }
  const UNCLEAR = 'it ran before a restart of this machine, or runs on another one (devbox)'
  test.each<[what: string, verdict: string, reason: string, one: Partial<Anchor>, look: ProcessLook]>([
    ['there', 'alive', 'process 4242 is running', {}, RUNNING],
    ['gone', 'dead', 'process 4242 is gone', {}, GONE],
    ['a zombie', 'dead', 'zombie', {}, { kind: 'zombie' }],
    ['another with its pid', 'dead', 'process 4242 is now another process', { started: '9' }, RUNNING],
    ['of an earlier boot', 'dead', 'restarted', { boot: 'b0' }, RUNNING],
    ['on another host', 'unknown', 'another host (otherbox)', { ...OTHER, host: 'otherbox' }, GONE],
    ['on another machine of the same name', 'unknown', 'machine of the same name (devbox)', OTHER, GONE],
    [
      'of another boot, where no machine id distinguishes it',
      'unknown',
      UNCLEAR,
      { boot: 'b0', machine: '' },
      GONE,
    ],
    ['of another boot and host name', 'unknown', 'on another one (x)', { boot: 'b0', host: 'x' }, GONE],
    ['gone, when the host had another name', 'dead', 'process 4242 is gone', { host: 'old-name' }, GONE],
    ['there, when the host had another name', 'alive', 'is running', { host: 'old-name' }, RUNNING],
    ['on a host of another name, without boot id', 'unknown', 'another host', { host: 'x', boot: '' }, GONE],
    ['on a host that was not noted', 'unknown', 'another host (not named)', { host: '', boot: '' }, GONE],
    ['in another pid namespace', 'unknown', 'another pid namespace', { pidns: '18' }, GONE],
    ['hidden', 'unknown', 'no permission', {}, { kind: 'unknown', why: 'no permission' }],
    ['there, of unknown start', 'unknown', 'may be another one', { started: '' }, RUNNING],
    ['gone, of unknown start', 'dead', 'process 4242 is gone', { started: '' }, GONE],
    ['there, of unknown boot', 'alive', 'running', { boot: '' }, RUNNING],
    ['there, of unknown namespace', 'alive', 'running', { pidns: '' }, RUNNING],
    ['not seen, of unknown namespace', 'unknown', 'not seen from here', { pidns: '' }, GONE],
  ])('%s: %s', (_, verdict, reason, one, look) => {
    expect(judgeAnchor({ ...anchor, ...one }, at(look))).toEqual({
      verdict,
      reason: expect.stringContaining(reason),
    })
  })

  test('judged by pid and start time alone where the system tells no boot and no namespace', () => {
    const bare = { ...HERE, boot: '', pidns: '' }
    expect(judgeAnchor({ ...anchor, ...bare }, at(RUNNING, bare)).verdict).toBe('alive')
    expect(judgeAnchor({ ...anchor, ...bare }, at(GONE, bare)).verdict).toBe('dead')
  })

  test('dead only by a proof that this host can give', () => {
    const word = fc.constantFrom('', 'a', 'b')
    const where = fc.record({ host: word, boot: word, pidns: word, machine: word })
    const look = fc.constantFrom<ProcessLook>({ kind: 'running', started: 'a' }, { kind: 'zombie' }, GONE, {
      kind: 'unknown',
      why: '',
    })
    fc.assert(
      fc.property(where, where, word, look, (there, here, started, seen) => {
        const { verdict } = judgeAnchor({ pid: PID, started, ...there }, at(seen, here))
        type Part = 'boot' | 'pidns' | 'machine'
        const same = (part: Part) => there[part] !== '' && there[part] === here[part]
        const differ = (part: Part) => there[part] !== '' && here[part] !== '' && !same(part)
        const sameName = there.host === here.host
        const isHere = same('boot')
          ? sameName || same('pidns')
          : sameName && !differ('boot') && !differ('machine')
        if (differ('boot') && same('machine') && sameName) expect(verdict).toBe('dead')
        else if (!isHere || differ('pidns') || seen.kind === 'unknown') expect(verdict).toBe('unknown')
        else if (seen.kind === 'running' && started === 'a') expect(verdict).toBe('alive')
        else if (seen.kind === 'running' && started === '') expect(verdict).toBe('unknown')
        else expect(verdict).toBe(there.pidns === here.pidns ? 'dead' : 'unknown')
      }),
    )
  })
})

describe('a listed session is', () => {
  test('dead once it ended, whatever its process does', () => {
    expect(judgeSession(session({ endedAt: NOON }), at(RUNNING))).toEqual({
      verdict: 'dead',
      reason: 'it ended at 2026-02-16T12:00:00Z',
    })
  })

  test('unknown without a process, and never looked for', () => {
    expect(judgeSession(session({ anchors: [] }), at(GONE))).toEqual({
      verdict: 'unknown',
      reason: expect.stringContaining('no process known'),
    })
  })

  test('in several processes: alive while one runs, dead when all are gone, else unknown', () => {
    const other = { ...anchor, pid: PID + 1 }
    const elsewhere = { ...anchor, host: 'otherbox', boot: 'b0', machine: 'm2' }
    const both = (first: ProcessLook, second: ProcessLook) =>
      judgeSession(session({ anchors: [anchor, other] }), {
        here: HERE,
        look: pid => (pid === PID ? first : second),
      })
    expect(both(GONE, RUNNING)).toEqual({ verdict: 'alive', reason: 'process 4243 is running' })
    expect(both(RUNNING, GONE)).toEqual({ verdict: 'alive', reason: 'process 4242 is running' })
    expect(both(GONE, { kind: 'unknown', why: 'hidden' }).verdict).toBe('unknown')
    expect(both(GONE, GONE)).toEqual({
      verdict: 'dead',
      reason: 'process 4242 is gone; process 4243 is gone',
    })
    expect(judgeSession(session({ anchors: [anchor, elsewhere] }), at(GONE)).verdict).toBe('unknown')
  })

  test('as its process otherwise', () => {
    expect(judgeSession(session(), at(RUNNING)).verdict).toBe('alive')
    expect(judgeSession(session(), at(GONE)).verdict).toBe('dead')
  })
})

describe('a holder is', () => {
  const list = (more: Partial<Extract<Registry, { kind: 'registry' }>> = {}): Registry => ({
    kind: 'registry',
    sessions: [session()],
    rebuiltAt: null,
    current: null,
    ...more,
  })
  const judge = (registry: Registry, more: Partial<Judge> = {}): Judge => ({
    registry,
    ...at(GONE),
    unlisted: 'dead',
    ...more,
  })

  test.each<[what: string, registry: Registry, reason: string]>([
    ['there is none', { kind: 'missing' }, 'there is no session-state.yaml'],
    ['cannot be read', { kind: 'unreadable', message: '', line: 1, column: 1 }, 'cannot be read'],
    ['lists none', { kind: 'single', sessionId: 'x', agent: null, updatedAt: null }, 'lists no sessions'],
  ])('unknown where the registry %s', (_, registry, reason) => {
    expect(judgeHolder('nightly-7', NOON, judge(registry))).toEqual({
      verdict: 'unknown',
      reason: expect.stringContaining(reason),
    })
  })

  test('as its session, when that is listed, also as a helper of it', () => {
    for (const holder of ['claude-devbox-k3x9f2', 'claude-devbox-k3x9f2/helper'])
      expect(judgeHolder(holder, NOON, judge(list()))).toEqual({
        verdict: 'dead',
        reason: 'process 4242 is gone',
      })
  })

  test.each(['nightly-7', 'claude-devbox-aaaaaa'])('dead when it is not listed: %s', holder => {
    expect(judgeHolder(holder, NOON, judge(list()))).toEqual({
      verdict: 'dead',
      reason: 'not listed in session-state.yaml',
    })
  })

  test('unknown when it is not listed and its id names another host', () => {
    expect(judgeHolder('claude-otherbox-aaaaaa', NOON, judge(list()))).toEqual({
      verdict: 'unknown',
      reason: expect.stringContaining('otherbox'),
    })
  })

  test('unknown when it is not listed and the settings say that it may live elsewhere', () => {
    expect(judgeHolder('nightly-7', NOON, judge(list(), { unlisted: 'unknown' }))).toEqual({
      verdict: 'unknown',
      reason: expect.stringContaining('unlisted: unknown'),
    })
  })

  test('unknown when it is not listed and its lock is older than the registry, or of unknown age', () => {
    const registry = judge(list({ rebuiltAt: minutesAfter(1) }))
    // Both are kept to the second: a lock of the same second may be the older one.
    for (const since of [NOON, minutesAfter(1), null])
      expect(judgeHolder('nightly-7', since, registry)).toEqual({
        verdict: 'unknown',
        reason: expect.stringContaining('claimed before the session file was rebuilt'),
      })
    expect(judgeHolder('nightly-7', minutesAfter(1 + 1 / 60), registry).verdict).toBe('dead')
  })
})
