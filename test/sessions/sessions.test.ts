/** Sessions over their life: started, listed, shown, ended, and the event of each. */
import { closeSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { realDisk } from '../../src/store/files/disk.ts'
import type { PendingEvent } from '../../src/store/log/event-log.ts'
import { writeIntent } from '../../src/store/log/outbox.ts'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { anchorOf, deadAnchor, HOST, registry, sessionFile } from '../support/sessions.ts'
import { orphaned, startAgent } from '../support/terminals/agents.ts'
import { together } from '../support/together.ts'
import { as, later } from './sessions.shared.ts'

describe('session start', () => {
  test.each(['start', 'init'])(
    '(%s) registers the agent, prints the id alone, and says the same again',
    async verb => {
      const queue = makeQueue()
      const codex = await startAgent('codex', queue)
      const started = await codex.run(`wrk session ${verb} --provider codex`)
      expect([started.code, started.stderr]).toEqual([0, ''])
      const id = started.stdout.trim()
      expect(id).toMatch(new RegExp(`^codex-${HOST}-[0-9a-z]{6}$`))
      expect(started.stdout).toBe(`${id}\n`)
      expect((await codex.run(`wrk session ${verb} --provider codex`)).stdout).toBe(`${id}\n`)
      expect((await codex.run('wrk session id')).stdout).toBe(`${id}\n`)
      expect(queue.state()).toMatchObject({
        session_id: id,
        orchestrator_agent: 'codex',
        sessions: [
          {
            session_id: id,
            orchestrator_agent: 'codex',
            host: HOST,
            anchor: { pid: codex.pid },
            ended_at: null,
          },
        ],
      })
      expect(queue.events().map(({ type, session }) => [type, session])).toEqual([['sessionStarted', id]])
    },
  )

  test('takes an id of one’s own, and JSON shows what was registered', async () => {
    const queue = makeQueue()
    const codex = await startAgent('codex', queue)
    const { json } = await codex.run('wrk session start --provider codex --session-id nightly-7 --json')
    expect(json).toMatchObject({
      ok: true,
      session: { id: 'nightly-7', anchor: anchorOf(codex.pid), agent: 'codex' },
    })
    expect((await codex.run('wrk session id')).stdout).toBe('nightly-7\n')
  })

  test.each([
    ['session', 'start'],
    ['session', 'start', '--provider', 'a b'],
    ['session', 'start', '--provider', ''],
    ['session'],
  ])('with wrong words is a usage error: %s %s %s %s', async (...args) => {
    const queue = makeQueue()
    expect((await queue.run(args)).code).toBe(2)
    expect(queue.exists('session-state.yaml')).toBe(false)
  })
})

describe('session list and show', () => {
  test('show who is there, who is dead, and what they hold', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'one', ago(MINUTE)),
      'WRK-2': heldItem('WRK-2', 'one/helper', ago(MINUTE)),
      'WRK-3': heldItem('WRK-3', 'two', ago(MINUTE)),
      'session-state.yaml': registry([
        {
          id: 'one',
          anchor: anchorOf(),
          started_at: ago(HOUR),
          heartbeat_at: ago(MINUTE),
          active_wrk: 'WRK-1',
        },
        { id: 'two', anchor: deadAnchor(), started_at: ago(HOUR), heartbeat_at: ago(MINUTE) },
      ]),
    })
    const { sessions } = (await queue.run('session list --json')).json
    expect(sessions).toMatchObject([
      {
        session_id: 'one',
        liveness: 'alive',
        pid: process.pid,
        host: HOST,
        items: [{ id: 'WRK-1' }, { id: 'WRK-2' }],
      },
      { session_id: 'two', liveness: 'dead', items: [{ id: 'WRK-3' }] },
    ])
    const one = (await queue.run('session show one --json')).json.session
    expect(one).toMatchObject({ session_id: 'one', liveness: 'alive', active_wrk: 'WRK-1', ended_at: null })
    const shown = await queue.run('session show two')
    for (const output of ['two', 'dead', 'is gone', 'WRK-3']) expect(shown.stdout).toContain(output)
    expect((await queue.run('session show', { session: 'one' })).stdout).toContain('WRK-2')
    const missing = await queue.run('session show three --json')
    expect([missing.code, missing.json.error.code]).toEqual([1, 'NOT_FOUND'])
  })
})

describe('session end', () => {
  test('releases all that the session and its helpers hold, and nothing else', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4', 'WRK-5'])
    await queue.run('claim WRK-1', { session: 'boss' })
    await queue.run('claim WRK-2 --agent one', { session: 'boss' })
    await queue.run('claim WRK-3 --agent two', { session: 'boss' })
    await queue.run('claim WRK-4', { session: 'other' })
    await queue.run('claim WRK-5', { session: 'boss-2' })
    const ended = await queue.run('session end --json', { session: 'boss' })
    expect(ended.code).toBe(0)
    expect(ended.json).toMatchObject({ session: { id: 'boss' }, released: ['WRK-1', 'WRK-2', 'WRK-3'] })
    expect(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4', 'WRK-5'].map(id => queue.lock(id).by)).toEqual([
      '',
      '',
      '',
      'other',
      'boss-2',
    ])
    expect(queue.session('boss')).toMatchObject({ ended_at: expect.any(String), claims: [] })
    const events = queue.events().slice(-4)
    expect(events.map(({ type, item: id }) => [type, id])).toEqual([
      ['released', 'WRK-1'],
      ['released', 'WRK-2'],
      ['released', 'WRK-3'],
      ['sessionEnded', null],
    ])
    expect((await queue.run('session list --json')).json.sessions[0]).toMatchObject({
      session_id: 'boss',
      liveness: 'dead',
    })
  })

  test('is not for ever: the next claim of the session makes it live again', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'boss' })
    await queue.run('session end', { session: 'boss' })
    expect((await queue.run('claim WRK-1', { session: 'boss' })).code).toBe(0)
    expect(queue.session('boss').ended_at).toBeNull()
    expect((await queue.run('claim WRK-1')).code).toBe(4)
  })

  test('is not undone by a heartbeat that goes on, exit 2, but by any other work of the session', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'me', MINUTE, 'session end')
    const ended = queue.read('session-state.yaml')
    const { code, json } = await as(queue, 'me', 10 * MINUTE, 'heartbeat --json')
    expect([code, json.error.code]).toEqual([2, 'NO_SESSION'])
    expect(json).toMatchObject({ ok: false, heartbeat_at: null, ended_at: later(MINUTE), superseded: [] })
    expect(json.error.message).toContain(`ended at ${later(MINUTE)}`)
    expect(queue.read('session-state.yaml')).toBe(ended)
    expect((await as(queue, 'me', 11 * MINUTE, 'claim WRK-1')).code).toBe(0)
    expect((await as(queue, 'me', 12 * MINUTE, 'heartbeat')).code).toBe(0)
  })

  test('is reported once, whoever ends it again', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'boss' })
    await queue.run('session end', { session: 'boss' })
    const { ended_at } = queue.session('boss')
    expect((await queue.run('session end boss')).code).toBe(0)
    expect(queue.session('boss').ended_at).toBe(ended_at)
    expect(queue.events().filter(({ type }) => type === 'sessionEnded')).toHaveLength(1)
  })

  test('of another’s living session is refused with 4, and nothing changes, unless it is forced with a reason', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'other', ago(MINUTE)),
      'session-state.yaml': registry([{ id: 'other', anchor: anchorOf(), heartbeat_at: ago(MINUTE) }]),
    })
    const [before, state] = [queue.read('WRK-1'), queue.read('session-state.yaml')]
    const refused = await queue.run('session end other --json')
    expect([refused.code, refused.json.error.code]).toEqual([4, 'LOCKED'])
    expect(refused.json.error.message).toContain('is running')
    expect(JSON.stringify(refused.json)).not.toContain('force')
    expect((await queue.run('session end other --force')).code).toBe(2)
    expect([queue.read('WRK-1'), queue.read('session-state.yaml')]).toEqual([before, state])

    expect((await queue.run(['session', 'end', 'other', '--force', '--reason', 'it hangs'])).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.events().at(-1)).toMatchObject({
      type: 'sessionEnded',
      session: 'other',
      forced: true,
      reason: 'ended by tester; forced: it hangs',
    })
  })

  test('of another’s unknown session that was seen a minute ago is refused too', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'other', ago(MINUTE)),
      'session-state.yaml': registry([
        { id: 'other', anchor: { ...anchorOf(), host: 'otherbox', boot: 'b0' }, heartbeat_at: ago(MINUTE) },
      ]),
    })
    const refused = await queue.run('session end other --json')
    expect(refused.code).toBe(4)
    expect(queue.lock('WRK-1').by).toBe('other')
  })

  test('of another’s session that only has a name, but was heard of within the TTL, is refused with 4 and both ways', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'other', 0, 'claim WRK-1')
    const [before, state] = [queue.read('WRK-1'), queue.session('other')]
    const refused = await as(queue, 'me', 2 * HOUR - 1000, 'session end other --json')
    expect([refused.code, refused.json.error?.code]).toEqual([4, 'LOCKED'])
    for (const way of ['wrk session end --session other', 'wrk session end other --force --reason'])
      expect(refused.json.error.hint).toContain(way)
    expect([queue.read('WRK-1'), queue.session('other')]).toEqual([before, state])
    expect((await as(queue, 'me', 2 * HOUR, 'session end other')).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.events().at(-1)).toMatchObject({
      type: 'sessionEnded',
      session: 'other',
      forced: false,
      reason: 'ended by me',
    })
  })

  test('of a session that only has a name is granted to a script without a session', async context => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'nightly' })
    expect((await orphaned(context, queue, 'wrk session end nightly')).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.events().at(-1)).toMatchObject({ type: 'sessionEnded', session: 'nightly', reason: null })
  })

  test('by force names who did it, and the ended session learns of it at its heartbeat, exit 4', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'me', 0, 'claim WRK-2 --agent helper')
    await as(queue, 'other', MINUTE, 'session end me --force --reason stuck')
    expect(queue.events().slice(-3)).toMatchObject([
      { type: 'released', item: 'WRK-1', session: 'other', previous_holder: 'me', forced: true },
      { type: 'released', item: 'WRK-2', session: 'other', previous_holder: 'me/helper', forced: true },
      { type: 'sessionEnded', session: 'me', forced: true, reason: 'ended by other; forced: stuck' },
    ])
    const answer = await as(queue, 'me', 2 * MINUTE, 'heartbeat --json')
    expect(answer.code).toBe(4)
    expect(answer.json.superseded).toEqual(
      ['WRK-1', 'WRK-2'].map(id => ({ id, by: null, at: later(MINUTE), reason: 'forced: stuck' })),
    )
    for (const id of ['WRK-1', 'WRK-2']) await as(queue, 'me', 2 * MINUTE, `release ${id}`)
    // Neither a release nor a heartbeat brings it back.
    expect((await as(queue, 'me', 2 * MINUTE, 'heartbeat')).code).toBe(2)
  })

  test('of another’s dead session needs no force; of an unknown one it is not found', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'other', ago(MINUTE)),
      'session-state.yaml': registry([{ id: 'other', anchor: deadAnchor(), heartbeat_at: ago(MINUTE) }]),
    })
    expect((await queue.run('session end nobody')).code).toBe(1)
    expect((await queue.run('session end other --json')).json.released).toEqual(['WRK-1'])
    expect(queue.lock('WRK-1').by).toBe('')
  })
})

describe('the event of a session', () => {
  const event: PendingEvent = {
    time: stampOf(ago(MINUTE)),
    type: 'sessionStarted',
    item: null,
    session: 'ghost',
    previous_holder: null,
    reason: null,
    forced: false,
    tx: 'abcdefghijkl',
  }
  /** As a process leaves it that was killed before it published (some other file was to be renamed), or right after. */
  const leftBy = (killed: 'before' | 'after') => {
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'session-state.yaml': registry([{ id: 'ghost' }, { id: 'tester' }]),
      '.wrk/sessions/ghost': sessionFile('ghost'),
    })
    mkdirSync(queue.path('.wrk/outbox'), { recursive: true })
    const slot = queue.path(killed === 'after' ? '.wrk/sessions/ghost' : 'WRK-1')
    const held = { slot, name: 'of-the-dead' }
    closeSync(writeIntent(realDisk, queue.path('.wrk'), 'session-ghost', [event], held).slot)
    return queue
  }
  const ghostly = (queue: Queue) => queue.events().filter(({ tx }) => tx === event.tx)
  const starts = (queue: Queue) => queue.events().filter(({ type }) => type === 'sessionStarted')

  test.each([
    ['the next call of that session', 'heartbeat', 'ghost'],
    ['the next session that begins', 'claim WRK-1', 'newcomer'],
  ])('that was left unlogged is logged once, by %s', async (_, first, session) => {
    const queue = leftBy('after')
    await queue.run(first, { session })
    expect(ghostly(queue)).toHaveLength(1)
    for (const command of ['heartbeat', 'claim WRK-1', 'session end']) await queue.run(command)
    await queue.run('heartbeat', { session: 'ghost' })
    await queue.run('heartbeat', { session: 'latecomer' })
    expect(ghostly(queue)).toMatchObject([{ session: 'ghost', type: 'sessionStarted' }])
    expect(queue.leftovers()).toEqual([])
  })

  test('that did not start is dropped', async () => {
    const queue = leftBy('before')
    expect((await queue.run('heartbeat', { session: 'ghost' })).code).toBe(0)
    expect(queue.leftovers()).toEqual([])
    await queue.run('claim WRK-1', { session: 'newcomer' })
    expect(starts(queue).map(({ session }) => session)).toEqual(['newcomer'])
  })

  test('is logged also by one for whom the list cannot be read', async () => {
    const queue = leftBy('after')
    queue.write('session-state.yaml', 'sessions: [\n')
    expect((await queue.run('claim WRK-1', { session: 'newcomer' })).code).toBe(0)
    expect(ghostly(queue)).toHaveLength(1)
    expect(queue.leftovers()).toEqual([])
  })

  test('waits while the log cannot be written, through later changes of the list', async () => {
    const queue = makeQueue({ '.wrk/events.jsonl/in-the-way': '' })
    const started = await queue.run('session start --provider codex --session-id made')
    expect([started.code, started.stdout]).toEqual([0, 'made\n'])
    expect(started.stderr).toMatch(/event log could not be written yet.*; the next command will complete it/)
    expect((await queue.run('heartbeat', { session: 'made' })).code).toBe(0)
    expect((await queue.run('session end', { session: 'made' })).stderr).toContain(
      'event log could not be written yet',
    )
    rmSync(queue.path('.wrk/events.jsonl'), { recursive: true })
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect(queue.events().map(({ type, session }) => [type, session])).toEqual([
      ['sessionStarted', 'tester'],
      ['sessionStarted', 'made'],
      ['sessionEnded', 'made'],
    ])
    expect(queue.leftovers()).toEqual([])
  })

  test('is noted before, but a heartbeat notes nothing', async () => {
    const queue = makeQueue({
      'session-state.yaml': registry([{ id: 'tester', started_at: ago(HOUR) }]),
      '.wrk/outbox': 'no folder: nothing can be noted\n',
      '.wrk/tmp/.keep': '',
      '.wrk/guards/.keep': '',
    })
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect((await queue.run('session end')).code).toBe(74)
    expect(queue.session('tester').ended_at).toBeNull()
  })

  test('is logged once for each of many that start at the same instant', async () => {
    const queue = makeQueue()
    const calls = Array.from({ length: 12 }, (_, i) => ({ args: 'heartbeat', session: `one-${i}` }))
    expect((await together(calls, { queue })).map(({ code }) => code)).toEqual(calls.map(() => 0))
    const ids = starts(queue).map(({ session }) => session)
    expect(ids.sort()).toEqual(calls.map(({ session }) => session).sort())
    expect(queue.leftovers()).toEqual([])
  })

  test('is logged where the list is outside the queue, and nothing is noted for others’ logs', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = { SESSION_STATE_FILE: join(queue.home, 'state.yaml') }
    expect((await queue.run('claim WRK-1', { env })).code).toBe(0)
    expect((await queue.run('session end', { env })).code).toBe(0)
    expect(queue.events().map(({ type }) => type)).toEqual([
      'sessionStarted',
      'granted',
      'released',
      'sessionEnded',
    ])
    expect(queue.leftovers()).toEqual([])
  })
})
