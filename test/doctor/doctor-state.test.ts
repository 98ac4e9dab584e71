/** wrk doctor on the state in .wrk and on session-state.yaml: events that are not logged, and files that cannot be read. */
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { registry, sessionFile } from '../support/sessions.ts'
import { age, inShort } from './doctor.shared.ts'

describe('a change that was published before its event was logged', () => {
  test('is logged once; one that did not happen is forgotten', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const event = {
      time: '2026-01-01T00:00:00Z',
      type: 'released',
      session: 's',
      previous_holder: 's',
      reason: null,
    }
    for (const [id, inode] of [
      ['WRK-1', statSync(queue.path('WRK-1')).ino],
      ['WRK-2', 1],
    ] as const) {
      const events = [{ ...event, item: id, forced: false, tx: `tx-${id}` }]
      queue.write(`.wrk/outbox/${id.toLowerCase()}~tx-${id}`, JSON.stringify({ events, inode }))
      age(queue, `.wrk/outbox/${id.toLowerCase()}~tx-${id}`)
    }
    const { code, json } = await queue.run('doctor --fix --json')
    expect({ code, fixed: json.fixed.length }).toEqual({ code: 0, fixed: 2 })
    expect(queue.events().map(({ item: id, tx }) => [id, tx])).toEqual([['WRK-1', 'tx-WRK-1']])
    expect(queue.leftovers()).toEqual([])
  })
})

describe('a session that was registered before its event was logged', () => {
  /** `heartbeat_at` of a minute ago would be a change of the registry by doctor itself. */
  const leftBehind = (inode?: number) => {
    const queue = makeQueue({
      'session-state.yaml': registry([{ id: 'ghost' }, { id: 'tester', heartbeat_at: new Date() }]),
      '.wrk/sessions/ghost': sessionFile('ghost'),
    })
    const more = { item: null, previous_holder: null, reason: null, forced: false, tx: 'tx-ghost' }
    const event = { time: '2026-01-01T00:00:00Z', type: 'sessionStarted', session: 'ghost', ...more }
    const note = { events: [event], inode: inode ?? statSync(queue.path('.wrk/sessions/ghost')).ino }
    queue.write('.wrk/outbox/session-ghost~of-the-dead', JSON.stringify(note))
    return queue
  }
  const codes = ({ json }: { json: Json }) => json.findings.map((one: Json) => one.code)

  test.each([
    ['is logged once', undefined, ['tx-ghost']],
    ['is forgotten when that did not happen', 1, []],
  ])('%s', async (_, inode, logged) => {
    const queue = leftBehind(inode)
    expect(codes(await queue.run('doctor --json'))).toEqual([])
    age(queue, '.wrk/outbox/session-ghost~of-the-dead')
    expect(codes(await queue.run('doctor --json'))).toEqual(['unlogged-change'])
    const { code, json } = await queue.run('doctor --fix --json')
    expect({ code, fixed: json.fixed.map((one: Json) => one.code) }).toEqual({
      code: 0,
      fixed: ['unlogged-change'],
    })
    expect(queue.events().map(({ tx }) => tx)).toEqual(logged)
    expect(queue.leftovers()).toEqual([])
  })

  test('is logged also when the registry has to be rebuilt', async () => {
    const queue = leftBehind()
    queue.write('session-state.yaml', 'sessions: [\n')
    age(queue, '.wrk/outbox/session-ghost~of-the-dead')
    const { code, json } = await queue.run('doctor --fix --json')
    expect({ code, fixed: json.fixed.map((one: Json) => one.code) }).toEqual({
      code: 0,
      fixed: ['registry', 'unlogged-change'],
    })
    expect(queue.events().map(({ tx }) => tx)).toEqual(['tx-ghost'])
    expect(queue.leftovers().filter(name => name.startsWith('outbox/'))).toEqual([])
  })
})

test('an event log that is behind its last append is completed', async () => {
  const queue = makeQueue(['WRK-1'])
  await queue.run('claim WRK-1')
  const whole = queue.read('.wrk/events.jsonl')
  queue.write('.wrk/events.jsonl', whole.slice(0, -20))
  expect((await queue.run('doctor --json')).json.findings).toEqual([])
  age(queue, '.wrk/events.tail')
  expect((await queue.run('doctor --json')).json.findings).toMatchObject([{ code: 'torn-log' }])
  const { code, json } = await queue.run('doctor --fix --json')
  expect({ code, done: json.fixed.map((one: Json) => one.code) }).toEqual({ code: 0, done: ['torn-log'] })
  expect(queue.read('.wrk/events.jsonl')).toBe(whole)
})

describe('a session registry that cannot be read', () => {
  const BROKEN = 'session_id: "a\nsessions: [\n'

  test('is set aside under a name of its own, and a new one is started; who was listed is unknown then', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'gone', ago(MINUTE)),
      'WRK-2': heldItem('WRK-2', 'gone', ago(3 * HOUR)),
      'session-state.yaml': BROKEN,
    })
    const refused = await queue.run('claim WRK-1')
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain('wrk doctor --fix')
    expect(queue.read('session-state.yaml')).toBe(BROKEN)

    const { code, json } = await queue.run('doctor --fix --json')
    expect(code).toBe(0)
    expect(json.fixed.map((one: Json) => one.code)).toEqual(['registry', 'stale-lock'])
    const aside = () =>
      readdirSync(queue.path('.wrk')).filter(name => name.startsWith('session-state.yaml.broken-'))
    expect(aside().map(name => queue.read(`.wrk/${name}`))).toEqual([BROKEN])
    expect(queue.state()).toMatchObject({
      sessions: [{ session_id: 'tester' }],
      rebuilt_at: expect.any(String),
    })

    const held = await queue.run('claim WRK-1 --json')
    expect({
      code: held.code,
      liveness: held.json.error.holder?.liveness ?? held.json.holder.liveness,
    }).toEqual({
      code: 4,
      liveness: 'unknown',
    })
    expect((await queue.run('claim WRK-2')).code).toBe(0)
    expect(queue.state().rebuilt_at).toBeTruthy()

    queue.write('session-state.yaml', `${BROKEN}again`)
    expect((await queue.run('doctor --fix')).code).toBe(0)
    expect(
      aside()
        .map(name => queue.read(`.wrk/${name}`))
        .sort(),
    ).toEqual([BROKEN, `${BROKEN}again`])
  })

  test('twice at the same instant: neither is lost', async () => {
    const queue = makeQueue({ 'session-state.yaml': 'one: "' })
    const env = { WRK_NOW: '2026-02-16T19:30:05Z' }
    expect((await queue.run('doctor --fix', { env })).code).toBe(0)
    queue.write('session-state.yaml', 'two: "')
    expect((await queue.run('doctor --fix', { env })).code).toBe(0)
    const aside = readdirSync(queue.path('.wrk')).filter(name => name.includes('.broken-'))
    expect(aside.map(name => queue.read(`.wrk/${name}`))).toEqual(['one: "', 'two: "'])
  })

  test('is left to a person when it is not a file', async () => {
    const queue = makeQueue(['WRK-1'])
    mkdirSync(queue.path('session-state.yaml'))
    const { code, json } = await queue.run('doctor --fix --json')
    expect({ code, findings: inShort(json.findings) }).toEqual({
      code: 1,
      findings: ['error registry session-state.yaml'],
    })
  })
})
