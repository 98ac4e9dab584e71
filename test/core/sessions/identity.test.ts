/** Who am I (contract, section 2): the first match wins, in this order, and nothing is asked for without need. */
import { describe, expect, test } from 'vitest'
import {
  type Ancestor,
  anchoredTo,
  type IdentityFacts,
  identify,
  isSameProcess,
  noSession,
  type ProcessContext,
} from '../../../src/core/sessions/identity.ts'
import type { AgentName, Anchor, Registry, Session } from '../../../src/core/sessions/session.ts'

const HERE = { boot: 'b1', pidns: '17', host: 'devbox' }
const anchor = (pid: number, more: Partial<Anchor> = {}): Anchor => ({
  pid,
  started: `${pid}0`,
  ...HERE,
  ...more,
})
const above = (pid: number, agent: AgentName | null = null): Ancestor => ({ anchor: anchor(pid), agent })
const NOON = new Date('2026-02-16T12:00:00Z')
const later = (ms: number) => new Date(NOON.getTime() + ms)

const session = (id: string, more: Partial<Session> = {}): Session => ({
  id,
  agent: null,
  anchors: [],
  startedAt: NOON,
  heartbeatAt: null,
  activeWrk: null,
  claims: [],
  endedAt: null,
  ...more,
})
const registry = (...sessions: Session[]): Registry => ({
  kind: 'registry',
  sessions,
  rebuiltAt: null,
  current: null,
})
const single = (sessionId: string | null): Registry => ({
  kind: 'single',
  sessionId,
  agent: null,
  updatedAt: null,
})

const NOBODY: ProcessContext = { ancestors: [], terminal: null }
const who = (facts: Partial<Omit<IdentityFacts, 'processes'>>, processes: ProcessContext = NOBODY) =>
  identify({ flag: undefined, env: {}, registry: registry(), processes: () => processes, ...facts })
/** Fails when processes are looked at. */
const withoutLooking = (facts: Partial<IdentityFacts>) =>
  identify({
    flag: undefined,
    env: {},
    registry: registry(),
    processes: () => {
      throw new Error('looked at processes')
    },
    ...facts,
  })

describe('what is given', () => {
  const env = { WRK_SESSION_ID: 'from-env', CLAUDE_CODE_SESSION_ID: 'from-claude' }

  test('by --session is first, then by WRK_SESSION_ID; no process is looked at', () => {
    expect(withoutLooking({ flag: 'from-flag', env })).toEqual({
      id: 'from-flag',
      source: 'flag',
      via: '--session',
      agent: null,
      anchor: null,
    })
    expect(withoutLooking({ env })).toEqual({
      id: 'from-env',
      source: 'env',
      via: 'WRK_SESSION_ID',
      agent: null,
      anchor: null,
    })
  })

  test('must be an id; an empty flag is not, an empty variable is as if not set', () => {
    for (const flag of ['', 'a b'])
      expect(() => who({ flag })).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--session') }),
      )
    expect(() => who({ env: { WRK_SESSION_ID: 'a b' } })).toThrow(/WRK_SESSION_ID/)
    expect(() => who({ env: { CODEX_THREAD_ID: 'a b' } })).toThrow(/CODEX_THREAD_ID/)
    expect(who({ env: { WRK_SESSION_ID: '', CODEX_THREAD_ID: 'from-codex' } })?.id).toBe('from-codex')
  })
})

describe('what agents give', () => {
  test.each([
    ['CLAUDE_CODE_SESSION_ID', 'claude'],
    ['CODEX_THREAD_ID', 'codex'],
    ['CURSOR_CONVERSATION_ID', 'cursor'],
    ['COPILOT_AGENT_SESSION_ID', 'copilot'],
    ['AMP_CURRENT_THREAD_ID', 'amp'],
    ['AGENT_SESSION_ID', null],
    ['CLAUDE_SESSION_ID', 'claude'],
    ['GEMINI_SESSION_ID', 'gemini'],
  ])('%s alone', (name, agent) => {
    expect(
      who({ env: { [name]: 'given' }, registry: registry(session('x', { anchors: [anchor(5)] })) }),
    ).toEqual({ id: 'given', source: 'agent', via: name, agent, anchor: null })
    // Its process, where it is above, is what a registration is anchored to.
    const processes = { ancestors: [above(5), above(6, agent as AgentName | null)], terminal: anchor(9) }
    expect(who({ env: { [name]: 'given' } }, processes)).toMatchObject(
      agent ? { id: 'given', anchor: anchor(6) } : { id: null, anchor: anchor(9) },
    )
  })

  const both = { CLAUDE_CODE_SESSION_ID: 'from-claude', CODEX_THREAD_ID: 'from-codex' }

  test('of several, the agent nearest above decides', () => {
    const nested = (...agents: AgentName[]) =>
      who({ env: both }, { ancestors: agents.map((agent, i) => above(i + 1, agent)), terminal: null })
    expect(nested('codex', 'claude')).toMatchObject({ id: 'from-codex', agent: 'codex', anchor: anchor(1) })
    expect(nested('claude', 'codex')).toMatchObject({ id: 'from-claude', agent: 'claude', anchor: anchor(1) })
    // One that gave nothing has inherited them.
    expect(nested('gemini', 'codex', 'claude')).toMatchObject({
      id: null,
      source: 'new',
      agent: 'gemini',
      anchor: anchor(1),
      passedOver: 'CLAUDE_CODE_SESSION_ID is inherited; gemini (process 1) is nearer',
    })
    // A variable of no known agent may be that of any.
    expect(
      who({ env: { ...both, AGENT_SESSION_ID: 'a' } }, { ancestors: [above(1, 'gemini')], terminal: null }),
    ).toMatchObject({ id: 'a', source: 'agent', anchor: null })
  })

  test('an inherited variable yields to the terminal above which no agent runs, and to its session', () => {
    const terminal = { ancestors: [above(5), above(9)], terminal: anchor(9) }
    expect(who({ env: both }, terminal)).toMatchObject({
      id: null,
      source: 'new',
      anchor: anchor(9),
      passedOver: 'CLAUDE_CODE_SESSION_ID is inherited; no claude runs in this terminal',
    })
    const listed = registry(session('of-terminal', { anchors: [anchor(9)] }))
    expect(who({ env: both, registry: listed }, terminal)).toMatchObject({
      id: 'of-terminal',
      source: 'anchor',
    })
    // An agent in the terminal has given its own.
    const agent = { ...terminal, ancestors: [above(5), above(6, 'claude'), above(9)] }
    expect(who({ env: both, registry: listed }, agent)).toMatchObject({
      id: 'from-claude',
      anchor: anchor(6),
    })
  })

  test('an agent below another one’s session has a session of its own; one below a terminal’s shares it', () => {
    const nested = {
      ancestors: [above(5), above(6, 'codex'), above(7, 'claude'), above(9)],
      terminal: anchor(9),
    }
    const ofClaude = registry(
      session('outer', { anchors: [anchor(7)] }),
      session('shell', { anchors: [anchor(9)] }),
    )
    expect(who({ registry: ofClaude }, nested)).toMatchObject({ id: null, source: 'new', anchor: anchor(6) })
    const ofShell = registry(session('shell', { anchors: [anchor(9)] }))
    expect(who({ registry: ofShell }, nested)).toMatchObject({
      id: 'shell',
      source: 'anchor',
      anchor: anchor(9),
    })
    const same = { ...nested, ancestors: [above(5, 'claude'), above(7, 'claude')] }
    expect(who({ registry: ofClaude }, same)).toMatchObject({ id: 'outer', anchor: anchor(7) })
  })

  test('of several without their agents above, the first of the list decides', () => {
    expect(who({ env: both })).toMatchObject({ id: 'from-claude', anchor: null })
    expect(who({ env: { GEMINI_SESSION_ID: 'g', AGENT_SESSION_ID: 'a' } })).toMatchObject({
      id: 'a',
      agent: null,
    })
    // An ancestor that is no agent is not taken for the maker of a variable that belongs to none.
    const plain = { ancestors: [above(3)], terminal: null }
    expect(who({ env: { ...both, AGENT_SESSION_ID: 'a' } }, plain)).toMatchObject({ id: 'from-claude' })
    expect(who({ env: { AGENT_SESSION_ID: 'a' } }, plain)).toMatchObject({ id: 'a', anchor: null })
  })
})

describe('a session that is anchored above', () => {
  const sessions = registry(
    session('of-terminal', { anchors: [anchor(9)] }),
    session('of-agent', { anchors: [anchor(6)] }),
  )

  test('is found by the nearest process, the terminal’s last', () => {
    const processes = { ancestors: [above(5), above(6, 'codex')], terminal: anchor(9) }
    expect(who({ registry: sessions }, processes)).toEqual({
      id: 'of-agent',
      source: 'anchor',
      via: 'process 6',
      agent: 'codex',
      anchor: anchor(6),
    })
    expect(who({ registry: sessions }, { ...processes, ancestors: [above(5)] })).toEqual({
      id: 'of-terminal',
      source: 'anchor',
      via: 'process 9',
      agent: null,
      anchor: anchor(9),
    })
  })

  test('is the one that was started last and has not ended', () => {
    const at = anchor(6)
    const answer = (...list: Session[]) =>
      anchoredTo(at, { kind: 'registry', sessions: list, rebuiltAt: null, current: null })?.id
    const [old, young] = [
      session('old', { anchors: [at] }),
      session('young', { anchors: [at], startedAt: later(1) }),
    ]
    expect(answer(old, young)).toBe('young')
    expect(answer(young, old)).toBe('young')
    expect(answer(old, { ...young, endedAt: later(2) })).toBe('old')
    expect(answer({ ...young, startedAt: null }, old)).toBe('old')
    expect(answer(old, { ...young, startedAt: null })).toBe('old')
    // Of the same second: the one that was registered later.
    expect(answer(old, { ...young, startedAt: NOON })).toBe('young')
    expect(answer(session('elsewhere', { anchors: [] }))).toBeUndefined()
    expect(answer()).toBeUndefined()
  })

  test('is the same process only if all that is known of it agrees', () => {
    expect(isSameProcess(anchor(6), anchor(6))).toBe(true)
    for (const more of [{ pid: 7 }, { started: '1' }, { boot: 'x' }, { pidns: '1' }])
      expect(isSameProcess(anchor(6), anchor(6, more))).toBe(false)
    // Hosts change their names, and where there is no boot id, the name is all there is.
    expect(isSameProcess(anchor(6), anchor(6, { host: 'x' }))).toBe(true)
    const [here, there] = ['x', 'y'].map(host => anchor(6, { host, boot: '' }))
    expect(isSameProcess(here!, there!)).toBe(false)
  })
})

describe('without any of these', () => {
  const agentAbove = { ancestors: [above(5), above(6, 'codex'), above(7, 'claude')], terminal: anchor(9) }

  test('the id in a file by older tooling is adopted', () => {
    expect(who({ registry: single('older') }, agentAbove)).toEqual({
      id: 'older',
      source: 'file',
      via: 'session-state.yaml',
      agent: 'codex',
      anchor: anchor(6),
    })
    expect(who({ registry: single('older') })).toMatchObject({ id: 'older', agent: null, anchor: null })
    for (const none of [null, '', 'not an id'])
      expect(who({ registry: single(none) }, agentAbove)?.source).toBe('new')
  })

  test('a new session is anchored to the nearest agent, else to the terminal', () => {
    for (const kind of [registry(), { kind: 'missing' } as const])
      expect(who({ registry: kind }, agentAbove)).toEqual({
        id: null,
        source: 'new',
        via: 'process 6 (codex)',
        agent: 'codex',
        anchor: anchor(6),
      })
    expect(who({}, { ancestors: [above(5)], terminal: anchor(9) })).toEqual({
      id: null,
      source: 'new',
      via: 'terminal of process 9',
      agent: null,
      anchor: anchor(9),
    })
  })

  test('there is no shared default: a process that is not an agent is not a session, and the next step is shown', () => {
    expect(who({})).toBeNull()
    expect(who({}, { ancestors: [above(5)], terminal: null })).toBeNull()
    const { code, message, hint } = noSession()
    expect([code, message]).toEqual(['NO_SESSION', 'No session: not started from a terminal or an agent.'])
    for (const way of ['--session ID', 'WRK_SESSION_ID', 'wrk session start']) expect(hint).toContain(way)
  })
})
