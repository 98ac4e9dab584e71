/** wrk session set: single values on top of session-state.yaml, and nothing else. */
import { expect, test } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { registry } from '../support/sessions.ts'

test('values on top are set in place; comments, unknown keys and other sessions stay', async () => {
  const top = `# ours
session_id: "one"
last_stage: "old"   # why
custom: { a: 1 }
handoff_allowed: false
updated_at: "2026-02-16T19:30:00Z"
# the list
`
  const queue = makeQueue({
    'session-state.yaml': registry(
      [
        { id: 'one', started_at: ago(HOUR) },
        { id: 'tester', started_at: new Date() },
      ],
      top,
    ),
  })
  const before = queue.read('session-state.yaml')
  const result = await queue.run([
    'session',
    'set',
    'last_stage=a "b" # c',
    'active_wrk=WRK-1',
    'handoff_allowed=true',
    '--json',
  ])
  expect(result).toMatchObject({ code: 0, stderr: '' })
  expect(result.json).toEqual({
    schema_version: 1,
    ok: true,
    session: { id: 'tester' },
    fields: { last_stage: 'a "b" # c', active_wrk: 'WRK-1', handoff_allowed: 'true' },
  })
  const stage = String.raw`"a \"b\" # c"`
  const [one, tester] = before.slice(before.indexOf('  - session_id')).split(/(?= {2}- session_id: "tester")/)
  const written = queue.read('session-state.yaml').replace(/^updated_at: .*$/m, 'updated_at: NOW')
  expect(written).toBe(
    top
      .replace('"old"', stage)
      .replace('allowed: false', 'allowed: true')
      .replace(/^updated_at: .*$/m, 'updated_at: NOW')
      .concat(`active_wrk: "WRK-1"\nsessions:\n${one}`)
      .concat(
        tester!
          .replace('active_wrk: null', 'active_wrk: "WRK-1"')
          .replace('last_stage: null', `last_stage: ${stage}`),
      ),
  )
})

test('a caller that is not listed, or not known, sets what is on top and is not registered', async () => {
  const queue = makeQueue({ 'session-state.yaml': registry([{ id: 'one', started_at: new Date() }]) })
  for (const session of ['stranger', null]) {
    const { code, json } = await queue.run(['session', 'set', `last_stage=${session}`, '--json'], { session })
    expect({ code, session: json.session }).toEqual({ code: 0, session: null })
    expect(queue.state().last_stage).toBe(`${session}`)
    expect(queue.state().sessions).toHaveLength(1)
    expect(queue.session('one').last_stage).toBe(null)
  }
})

test('a store that is made here has no list, so that its silence about a holder proves nothing', async () => {
  const queue = makeQueue({
    'WRK-1': item('WRK-1', { locked_by: '"other"', locked_at: `"${ago(HOUR).toISOString()}"` }),
  })
  expect((await queue.run('session set last_stage=s', { session: null })).code).toBe(0)
  expect(queue.state()).toEqual({
    session_id: '',
    orchestrator_agent: '',
    subagents_used: [],
    active_wrk: '',
    last_stage: 's',
    handoff_allowed: false,
    updated_at: expect.any(String),
  })
  expect((await queue.run('claim WRK-1')).code).toBe(4)
  expect(queue.session('tester')).toBeDefined()
  expect((await queue.run('session set last_stage=t')).code).toBe(0)
  expect(queue.session('tester').last_stage).toBe('t')
})

test('a file by older tooling stays one, and its session can still be adopted', async () => {
  const queue = makeQueue({
    'WRK-1': item('WRK-1'),
    'session-state.yaml': 'session_id: "old-1"\nlast_stage: ""\n',
  })
  expect((await queue.run('session set last_stage=s', { session: null })).code).toBe(0)
  expect(queue.read('session-state.yaml')).toMatch(
    /^session_id: "old-1"\nlast_stage: "s"\nupdated_at: ".*"\n$/,
  )
  expect((await queue.run('claim WRK-1', { session: null })).code).toBe(0)
  expect(queue.lock('WRK-1').by).toBe('old-1')
})

test.each([
  'session_id=x',
  'sessions=x',
  'rebuilt_at=x',
  'updated_at=x',
  'subagents_used=x',
  'custom=x',
  'no assignment',
  '=x',
  'a=b\nc: d',
])('%j is refused with 2, and nothing changes', async assignment => {
  const queue = makeQueue({
    'session-state.yaml': registry(
      [{ id: 'tester', started_at: new Date() }],
      'session_id: ""\ncustom:\n  - a\n',
    ),
  })
  const before = queue.read('session-state.yaml')
  const { code, stderr } = await queue.run(['session', 'set', 'last_stage=s', assignment])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^wrk: /)
  expect(queue.read('session-state.yaml')).toBe(before)
})

test.each([
  ['last_stge=plan', 'last_stage'],
  ['Active_wrk=WRK-1', 'active_wrk'],
  ['session_ids=x', 'session_id'],
])('a key that looks misspelt is refused: %s', async (assignment, meant) => {
  const queue = makeQueue()
  const { code, stderr } = await queue.run(['session', 'set', assignment])
  expect(code).toBe(2)
  expect(stderr).toContain(`Did you mean ${meant}?`)
  expect(queue.exists('session-state.yaml')).toBe(false)
})

test('a wrong identity and a file that cannot be read change nothing', async () => {
  const queue = makeQueue({ 'session-state.yaml': registry([{ id: 'tester', started_at: new Date() }]) })
  const before = queue.read('session-state.yaml')
  expect((await queue.run(['session', 'set', 'last_stage=s', '--session', 'a b'])).code).toBe(2)
  expect(queue.read('session-state.yaml')).toBe(before)
  queue.write('session-state.yaml', 'session_id: "x\nsessions: [\n')
  expect((await queue.run('session set last_stage=s')).code).toBe(74)
  expect(queue.read('session-state.yaml')).toBe('session_id: "x\nsessions: [\n')
})

test.each([
  ['in one line', '{"session_id": "a", "sessions": [{"session_id": "tester"}], "last_stage": "x"}\n'],
  ['with an anchor', 'session_id: &a "a"\nlast_stage: *a\nsessions:\n  - session_id: tester\n'],
])('a registry written %s is changed too', async (_, text) => {
  const queue = makeQueue({ 'session-state.yaml': text })
  expect((await queue.run('session set last_stage=s')).code).toBe(0)
  expect(queue.state()).toMatchObject({ session_id: 'a', last_stage: 's' })
  expect(queue.session('tester').last_stage).toBe('s')
})

test('ten calls at once lose no key', async () => {
  const queue = makeQueue()
  const keys = [...'abcdefghij']
  const results = await Promise.all(keys.map(key => queue.run(`session set ${key}=${key}`)))
  expect(results.map(({ code }) => code)).toEqual(keys.map(() => 0))
  expect(queue.state()).toMatchObject(Object.fromEntries(keys.map(key => [key, key])))
  expect(queue.leftovers()).toEqual([])
})
