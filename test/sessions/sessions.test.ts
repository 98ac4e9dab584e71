/** Sessions over their life: started, seen, superseded, ended; and the file that lists them. */
import { closeSync, mkdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { realDisk } from '../../src/store/files/disk.ts'
import type { PendingEvent } from '../../src/store/log/event-log.ts'
import { writeIntent } from '../../src/store/log/outbox.ts'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { anchorOf, deadAnchor, HOST, registry, sessionFile } from '../support/sessions.ts'
import { orphaned, startAgent } from '../support/terminals/agents.ts'
import { together } from '../support/together.ts'
import { as, later, T } from './sessions.shared.ts'

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

describe('a heartbeat', () => {
  test('is written by any call of the session, at most once a minute', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 0, 'claim WRK-1')
    const state = queue.read('session-state.yaml')
    await as(queue, 'me', 59_000, 'list')
    expect(queue.read('session-state.yaml')).toBe(state)
    await as(queue, 'me', 60_000, 'list')
    expect(queue.session('me').heartbeat_at).toBe(later(60_000))
  })

  test('is not written for a session that never worked here', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('list')
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test('by a clock that is behind does not take back a later one, unless that is beyond belief', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 10 * MINUTE, 'claim WRK-1')
    for (const call of ['heartbeat', 'list', 'claim WRK-1']) {
      await as(queue, 'me', 8 * MINUTE, call)
      expect(queue.session('me').heartbeat_at).toBe(later(10 * MINUTE))
    }
    await as(queue, 'me', 4 * MINUTE, 'list')
    expect(queue.session('me').heartbeat_at).toBe(later(4 * MINUTE))
  })

  test('by a renewal with a clock that is behind does not take back that of an earlier one', async () => {
    const queue = makeQueue(['WRK-1'])
    const at = (session: string, ms: number, args: string) =>
      queue.run(args, { session, env: { WRK_NOW: later(ms), LOCK_TTL_SECONDS: '60' } })
    await at('me', 0, 'claim WRK-1')
    await at('me', 50_000, 'claim WRK-1')
    await at('me', -2 * MINUTE, 'claim WRK-1')
    await at('me', -2 * MINUTE, 'start WRK-1')
    expect((await at('other', 109_000, 'claim WRK-1')).code).toBe(4)
    expect((await at('other', 110_000, 'claim WRK-1')).code).toBe(0)
  })

  test('by a clock that is far ahead, or read by one far behind, counts from when it was written', async () => {
    const queue = makeQueue(['WRK-1'])
    const at = (session: string, now: string, args: string) =>
      queue.run(args, { session, env: { WRK_NOW: now } })
    await at('me', '-3h', 'claim WRK-1')
    await at('me', '+0s', 'heartbeat')
    expect((await at('other', '-10m', 'claim WRK-1')).code).toBe(4)

    await at('me', '+1h', 'heartbeat')
    expect((await at('other', '+0s', 'claim WRK-1')).code).toBe(4)
    const file = join(queue.root, '.wrk', 'sessions', 'me')
    utimesSync(file, ago(2 * HOUR), ago(2 * HOUR))
    expect((await at('other', '+0s', 'claim WRK-1')).code).toBe(0)
  })

  test('is written at once by heartbeat, and keeps the session’s items from running out', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'me', 1000, 'heartbeat')
    expect(queue.session('me').heartbeat_at).toBe(later(1000))
    const beat = await as(queue, 'me', HOUR, 'heartbeat --json')
    expect(beat.json).toMatchObject({
      ok: true,
      session: { id: 'me' },
      heartbeat_at: later(HOUR),
      superseded: [],
      dropped: [],
    })
    const refused = await as(queue, 'other', 2.5 * HOUR, 'claim WRK-1 --json')
    expect([refused.code, refused.json.holder?.expires_at]).toEqual([4, later(3 * HOUR)])
    expect((await as(queue, 'other', 3 * HOUR, 'claim WRK-1')).code).toBe(0)
  })

  test('of a queue that cannot be written is no reason for a look to fail', async () => {
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': 'sessions: [unclosed\n' })
    expect((await queue.run('list')).code).toBe(0)
    expect((await queue.run('show WRK-1')).code).toBe(0)
    const status = await queue.run('status --json')
    expect([status.code, status.json.ok]).toEqual([0, true])
    expect(status.stderr).toContain('session-state.yaml')
  })
})

describe('a lock that git or an editor took out of the file', () => {
  test('is a warning at every heartbeat, and each leaves the file as git or the editor left it', async () => {
    const queue = makeQueue(['WRK-1'])
    const before = queue.read('WRK-1')
    await as(queue, 'me', 0, 'claim WRK-1')
    queue.write('WRK-1', before)
    for (const minutes of [1, 2, 3]) {
      const { code, json } = await as(queue, 'me', minutes * MINUTE, 'heartbeat --json')
      expect([code, json.dropped]).toEqual([0, ['WRK-1']])
      expect(queue.read('WRK-1')).toBe(before)
    }
  })

  test('is a warning for its session at its heartbeat, until it changes or releases the item; nobody else gets it', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    const before = ['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.read(id))
    for (const id of ['WRK-1', 'WRK-2', 'WRK-3']) await as(queue, 'me', 0, `claim ${id}`)
    expect((await as(queue, 'me', MINUTE, 'heartbeat --json')).json.dropped).toEqual([])
    for (const [i, id] of ['WRK-1', 'WRK-2', 'WRK-3'].entries()) queue.write(id, before[i]!)
    const answer = await as(queue, 'me', 2 * MINUTE, 'heartbeat')
    expect(answer.code).toBe(0)
    for (const id of ['WRK-1', 'WRK-2', 'WRK-3'])
      expect(answer.stderr).toContain(`${id} is still yours, but git or an editor removed its lock`)

    expect((await as(queue, 'me', 3 * MINUTE, 'set WRK-1 priority=low')).code).toBe(0)
    expect((await as(queue, 'me', 3 * MINUTE, 'release WRK-2')).code).toBe(0)
    const refused = await as(queue, 'other', 3 * MINUTE, 'claim WRK-3 --json')
    expect([refused.code, refused.json.holder]).toMatchObject([4, { session_id: 'me', taken_out: true }])
    expect(queue.read('WRK-3')).toBe(before[2])
    const then = await as(queue, 'me', 4 * MINUTE, 'heartbeat --json')
    expect([then.code, then.json.dropped, then.json.superseded]).toEqual([0, ['WRK-3'], []])
    expect((await as(queue, 'other', 3 * MINUTE, 'claim WRK-2')).code).toBe(0)
  })
})

describe('a session that lost an item to a takeover', () => {
  const lost = async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'other', 2 * HOUR, 'claim WRK-1')
    return queue
  }

  test('learns by its heartbeat, exit 4: who, when and why; a release puts an end to that', async () => {
    const queue = await lost()
    const answer = await as(queue, 'me', 2 * HOUR + MINUTE, 'heartbeat')
    expect(answer.code).toBe(4)
    for (const output of ['WRK-1', 'other', later(2 * HOUR), 'TTL']) expect(answer.stderr).toContain(output)
    const { code, json } = await as(queue, 'me', 2 * HOUR + MINUTE, 'heartbeat --json')
    expect([code, json.error.code]).toEqual([4, 'LOCKED'])
    expect(json.superseded).toEqual([
      { id: 'WRK-1', by: 'other', at: later(2 * HOUR), reason: expect.stringContaining('TTL') },
    ])
    await as(queue, 'me', 2 * HOUR + MINUTE, 'release WRK-1')
    expect((await as(queue, 'me', 2 * HOUR + MINUTE, 'heartbeat')).code).toBe(0)
  })

  test('learns by its release, exit 4, and the item stays with the other', async () => {
    const queue = await lost()
    const before = queue.read('WRK-1')
    const { code, json, stderr } = await as(queue, 'me', 2 * HOUR + MINUTE, 'release WRK-1 --json')
    expect(code).toBe(4)
    expect(json).toMatchObject({
      ok: false,
      released: false,
      holder: { session_id: 'other' },
      superseded: { id: 'WRK-1', by: 'other', at: later(2 * HOUR), reason: expect.stringContaining('TTL') },
    })
    expect(json.error.message).toContain('taken over by other')
    expect(stderr).toBe('')
    expect(queue.read('WRK-1')).toBe(before)
    expect(queue.events().at(-1)).toMatchObject({ type: 'refused', session: 'me', previous_holder: 'other' })
  })

  test('is warned by its next claim of anything', async () => {
    const queue = await lost()
    const claim = await as(queue, 'me', 2 * HOUR + MINUTE, 'claim WRK-2')
    expect(claim.code).toBe(0)
    expect(claim.stderr).toContain('WRK-1 was taken over by other')
  })

  test('learns of a forced takeover with the reason that was given', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'other', MINUTE, 'claim WRK-1 --force --reason urgent')
    const answer = await as(queue, 'me', 2 * MINUTE, 'heartbeat')
    expect(answer.code).toBe(4)
    expect(answer.stderr).toContain('forced: urgent')
  })

  test('learns of it also when the other has released it since', async () => {
    const queue = await lost()
    await as(queue, 'other', 2 * HOUR + 1000, 'release WRK-1')
    const answer = await as(queue, 'me', 2 * HOUR + MINUTE, 'heartbeat --json')
    expect([answer.code, answer.json.superseded?.[0]]).toEqual([
      4,
      expect.objectContaining({ id: 'WRK-1', by: null }),
    ])
  })

  test('learns of a forced release as of any other loss, until it releases the item itself', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    for (const id of ['WRK-1', 'WRK-2']) await as(queue, 'me', 0, `claim ${id}`)
    const forced = await as(queue, 'other', 1000, 'release WRK-1 --force --reason stuck --json')
    expect(forced.json).toMatchObject({ ok: true, released: true, reason: 'forced' })
    expect(queue.lock('WRK-1').by).toBe('')
    const loss = { id: 'WRK-1', by: null, at: later(1000), reason: 'forced: stuck' }
    const answer = await as(queue, 'me', 2000, 'heartbeat --json')
    expect([answer.code, answer.json.superseded]).toEqual([4, [loss]])
    expect((await as(queue, 'me', 3000, 'release WRK-1 --json')).json.superseded).toEqual(loss)
    expect((await as(queue, 'me', 4000, 'heartbeat')).code).toBe(0)
  })

  test.each([
    ['release WRK-1 --force --reason stuck', ['WRK-1', 'WRK-2']],
    ['claim WRK-1 --force --reason urgent', ['WRK-1', 'WRK-2']],
    ['session end me --force --reason stuck', ['WRK-1', 'WRK-2']],
    ['session end me', []],
  ])('shows no life by what another does to it: %s', async (command, records) => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    for (const id of ['WRK-1', 'WRK-2']) await as(queue, 'me', 0, `claim ${id}`)
    expect((await as(queue, 'other', 3 * HOUR, command)).code).toBe(0)
    const { heartbeat_at, claims } = queue.session('me')
    expect([heartbeat_at, claims.map(({ id }: Json) => id)]).toEqual([later(0), records])
  })

  test('and that gets it back is not warned any more', async () => {
    const queue = await lost()
    await as(queue, 'other', 2 * HOUR + 1000, 'release WRK-1')
    expect((await as(queue, 'me', 2 * HOUR + 2000, 'claim WRK-1')).code).toBe(0)
    expect((await as(queue, 'me', 2 * HOUR + MINUTE, 'heartbeat')).code).toBe(0)
  })
})

describe('release', () => {
  test('by another changes nothing: released false, exit 4, logged', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'holder' })
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('release WRK-1 --json')
    expect([code, json.released, json.holder.session_id]).toEqual([4, false, 'holder'])
    expect(JSON.stringify(json)).not.toContain('force')
    expect(queue.read('WRK-1')).toBe(before)
    expect(queue.events().at(-1)).toMatchObject({ type: 'refused', item: 'WRK-1', session: 'tester' })
  })

  test('of a free item succeeds: released false, exit 0, the file as it was', async () => {
    const queue = makeQueue(['WRK-1'])
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('release WRK-1 --json')
    expect([code, json.ok, json.released]).toEqual([0, true, false])
    expect(queue.read('WRK-1')).toBe(before)
  })

  test.each(['release WRK-1', 'set WRK-1 title=new'])(
    'of what a holder has that is silent too long, or dead, is refused with the way to take it over: %s',
    async command => {
      const queue = makeQueue({
        'WRK-1': item('WRK-1'),
        'WRK-2': heldItem('WRK-2', 'gone', new Date(T + 1000)),
      })
      await as(queue, 'silent', 0, 'claim WRK-1')
      const early = await as(queue, 'me', 2 * HOUR - 1000, `${command} --json`)
      expect(early.json.error.message).toMatch(
        /^WRK-1 is held by silent \(may be alive\), .*; free in 1s if silent$/,
      )
      expect(early.json.error.hint).not.toContain('wrk claim')
      const late = await as(queue, 'me', 2 * HOUR, `${command} --json`)
      expect(late.code).toBe(4)
      expect(late.json.error.message).toMatch(
        /^WRK-1 is held by silent \(may be alive\), .*; expired just now$/,
      )
      expect(late.json.error.hint).toContain('Take it over: wrk claim WRK-1')
      const dead = await as(queue, 'me', MINUTE, `${command.replace('1', '2')} --json`)
      expect(dead.json.error.hint).toContain('Take it over: wrk claim WRK-2')
      expect(queue.lock('WRK-1').by).toBe('silent')
      expect((await as(queue, 'me', 2 * HOUR, 'claim WRK-1')).code).toBe(0)
    },
  )

  test('of what a living holder has that was silent for long does not say how to take it', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'other', ago(3 * HOUR)),
      'session-state.yaml': registry([{ id: 'other', anchor: anchorOf(), heartbeat_at: ago(3 * HOUR) }]),
    })
    const { code, json } = await queue.run('release WRK-1 --json')
    expect([code, json.holder.liveness]).toEqual([4, 'alive'])
    expect(json.error.message).toBe('WRK-1 is held by other (alive), claimed 3h ago')
    expect(json.error.hint).not.toContain('wrk claim')
  })

  test('of what a helper of the session holds says so; neither it nor a refusal is a takeover', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1 --agent helper', { session: 'me' })
    for (const session of ['other', 'me', 'me'])
      for (const command of ['release WRK-1', 'set WRK-1 priority=low', 'done WRK-1']) {
        const { code, json } = await queue.run(`${command} --json`, { session })
        expect([command, code, json.superseded]).toEqual([command, 4, null])
        expect(json.error.message).toContain('WRK-1 is held by me/helper (may be alive), claimed ')
        expect(json.error.hint).not.toContain('Stop working')
      }
    expect((await queue.run('heartbeat', { session: 'me' })).code).toBe(0)
    expect(queue.session('me').claims).toMatchObject([{ id: 'WRK-1' }])
    expect((await queue.run('release WRK-1 --agent helper', { session: 'me' })).code).toBe(0)
  })

  test('of what a helper took from the session itself says when and why, and the helper keeps it', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'me', MINUTE, 'claim WRK-1 --agent helper --force --reason urgent')
    await as(queue, 'me', MINUTE, 'claim WRK-1 --agent helper')
    const { code, json } = await as(queue, 'me', 2 * MINUTE, 'release WRK-1 --json')
    expect([code, json.superseded]).toEqual([
      4,
      { id: 'WRK-1', by: 'me/helper', at: later(MINUTE), reason: 'forced: urgent' },
    ])
    expect(queue.session('me').claims).toMatchObject([{ id: 'WRK-1' }])
    expect((await as(queue, 'me', 2 * MINUTE, 'release WRK-1 --agent helper')).code).toBe(0)
  })

  test('--mine releases what this holder has, not what its helpers have', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    for (const args of ['claim WRK-1', 'claim WRK-2', 'claim WRK-3 --agent one']) await queue.run(args)
    const { code, json } = await queue.run('release --mine --json')
    expect([code, json.items.map(({ item: { id } }: Json) => id)]).toEqual([0, ['WRK-1', 'WRK-2']])
    expect(['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.lock(id).by)).toEqual(['', '', 'tester/one'])
  })

  test.each([
    ['--mine', 'release --mine --json'],
    ['by the end of the session', 'session end --json'],
  ])(
    '%s gives up by their records also the items whose files cannot be changed, and leaves those as they are',
    async (_, command) => {
      const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'])
      for (const id of ['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4']) await queue.run(`claim ${id}`)
      queue.write('WRK-1', `${queue.read('WRK-1')}${'x'.repeat(9 * 1024 * 1024)}`)
      queue.write('WRK-3', queue.read('WRK-3').replace('title: ', 'title: "not closed: '))
      queue.write('working/WRK-4.md', queue.read('WRK-4'))
      const files = ['WRK-1', 'WRK-3', 'WRK-4', 'working/WRK-4.md']
      const before = files.map(name => queue.read(name))
      const { code, json, stderr } = await queue.run(command)
      expect([code, json.ok, json.failed ?? []]).toEqual([0, true, []])
      expect(stderr).toContain('too large')
      expect(stderr).toMatch(/WRK-3\.md:3:\d+: /)
      expect(stderr).toContain('WRK-4 is in 2 places')
      expect(queue.lock('WRK-2').by).toBe('')
      expect(files.map(name => queue.read(name)) as unknown).toEqual(before)
      // Readable again, they show lines that were given up: history, and free for all.
      queue.write('WRK-1', before[0]!.slice(0, -9 * 1024 * 1024))
      queue.write('WRK-3', before[1]!.replace('"not closed: ', ''))
      rmSync(queue.path('working/WRK-4.md'))
      for (const id of ['WRK-1', 'WRK-3', 'WRK-4']) {
        expect(queue.lock(id).by).toBe('tester')
        expect((await queue.run(`claim ${id} --json`, { session: 'other' })).json.kind).toBe('granted')
      }
      if (command.startsWith('session')) expect(queue.session('tester').ended_at).not.toBeNull()
    },
  )

  test('--mine releases a broken item that the session has claimed, and none of others', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1')
    await queue.run('claim WRK-2', { session: 'other' })
    for (const id of ['WRK-1', 'WRK-2'])
      queue.write(id, queue.read(id).replace('title: ', 'title: "not closed: '))
    const before = queue.read('WRK-1')
    const { code, stderr, stdout } = await queue.run('release --mine')
    expect([code, stdout]).toEqual([0, 'Released WRK-1\n'])
    expect(stderr).toMatch(/^wrk: warning: released in its record; the file was not changed: .*WRK-1\.md:3:/)
    expect(stderr).not.toContain('WRK-2')
    expect(queue.read('WRK-1')).toBe(before)
    expect((await queue.run('heartbeat --json', { session: 'other' })).json.superseded).toEqual([])
  })

  test('that names a run works for the run that claimed, and for no other', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1 --run-id a1')
    expect(queue.session('tester').claims).toMatchObject([{ id: 'WRK-1', run_id: 'a1' }])
    const refused = await queue.run('release WRK-1 --run-id b2 --json')
    expect([refused.code, refused.json.released, refused.json.reason]).toEqual([4, false, 'other-run'])
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect((await queue.run('release WRK-1 --run-id a1')).code).toBe(0)
    expect(queue.session('tester').claims).toEqual([])
  })

  test('works for its holder even when session-state.yaml cannot be read: the record is the truth', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1')
    queue.write('session-state.yaml', 'sessions: [unclosed\n')
    const { code, stderr } = await queue.run('release WRK-1')
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.read('session-state.yaml')).toBe('sessions: [unclosed\n')
    expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(0)
  })
})

describe('session-state.yaml', () => {
  test('keeps comments, unknown keys and their order through everything that wrk does to it', async () => {
    const text = `# first line
session_id: "old" # the last one
orchestrator_agent: 'claude'
subagents_used: [a, "b c"] # two of them
x_custom:
  deep: [1, {k: v}] # nested
  # a comment in a map
  text: |
    kept   as it is
active_wrk: ""
handoff_allowed: false
updated_at: "2026-02-16T19:45:00Z"
# before the list
sessions:
  # before the first
  - session_id: "old" # who
    x_note: "kept: yes"
    anchor: null
    # between the keys
    started_at: "${stampOf(ago(HOUR))}"
    heartbeat_at: "${stampOf(ago(HOUR))}"
    claims: []
    ended_at: null
  # before the second
  - x_first: 7
    session_id: tester
    started_at: ${stampOf(ago(HOUR))}
# after the list
x_last: end
`
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'WRK-2': item('WRK-2'), 'session-state.yaml': text })
    for (const [session, args] of [
      ['tester', 'claim WRK-1'],
      ['new', 'claim WRK-2'],
      ['old', 'heartbeat'],
      ['tester', 'release WRK-1'],
      ['new', 'session end'],
      ['new', 'session start --provider codex --session-id third'],
    ] as const)
      expect([args, (await queue.run(args, { session })).code]).toEqual([args, 0])
    const after = queue.read('session-state.yaml')
    let from = 0
    for (const comment of text.match(/#.*$/gm)!) {
      const at = after.indexOf(comment, from)
      expect(at, `${comment}\n${after}`).toBeGreaterThanOrEqual(from)
      from = at
    }
    expect(queue.state()).toMatchObject({
      session_id: 'third',
      subagents_used: [],
      x_custom: { deep: [1, { k: 'v' }], text: 'kept   as it is\n' },
      x_last: 'end',
      sessions: [
        { session_id: 'old', x_note: 'kept: yes', anchor: null },
        { x_first: 7, session_id: 'tester', claims: [] },
        { session_id: 'new', ended_at: expect.any(String) },
        { session_id: 'third', orchestrator_agent: 'codex' },
      ],
    })
  })

  test('in one line, with a duplicate key within an entry, is added to as well', async () => {
    const text = '{"session_id": "a", "sessions": [{"session_id": "a", "x_note": "n", "x_note": "m"}]}\n'
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': text })
    expect(await queue.run('claim WRK-1')).toMatchObject({ code: 0, stderr: '' })
    const { sessions } = parse(queue.read('session-state.yaml'), { uniqueKeys: false })
    expect(sessions).toMatchObject([{ session_id: 'a', x_note: 'm' }, { session_id: 'tester' }])
    expect(queue.read('session-state.yaml')).toContain('n')
  })

  test.each([
    ['a map', 'session_id: "a"\nsessions: # by name\n  a: {agent: claude}\n'],
    ['a word', 'session_id: "a"\nsessions: a\n'],
  ])(
    'in which sessions is %s, which a list would replace, stays as it is, and the claim stands without it',
    async (_, text) => {
      const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': text })
      const { code, stderr } = await queue.run('claim WRK-1 --json')
      expect(code).toBe(0)
      expect(stderr).toContain('session-state.yaml')
      expect([queue.lock('WRK-1').by, queue.read('session-state.yaml')]).toEqual(['tester', text])
      expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(4)
      expect(queue.leftovers()).toEqual([])
    },
  )

  test('that is a folder is a warning, and neither claims nor releases need it', async () => {
    const queue = makeQueue(['WRK-1'])
    mkdirSync(queue.path('session-state.yaml'))
    const claim = await queue.run('claim WRK-1')
    expect([claim.code, queue.lock('WRK-1').by]).toEqual([0, 'tester'])
    expect(claim.stderr).toContain('session-state.yaml')
    expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(4)
    expect((await queue.run('release WRK-1')).code).toBe(0)
  })

  test('that is empty, as a power cut may leave it, is rebuilt; sessions unseen before are not dead by that', async () => {
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'WRK-2': heldItem('WRK-2', 'earlier', ago(MINUTE)),
      'session-state.yaml': '',
    })
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect(queue.state().rebuilt_at).toEqual(expect.any(String))
    const refused = await queue.run('claim WRK-2 --json')
    expect([refused.code, refused.json.holder?.liveness]).toEqual([4, 'unknown'])
  })

  test('forgets sessions that ended or died more than a day ago, when the next one starts', async () => {
    const old = ago(25 * HOUR)
    const young = ago(23 * HOUR)
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'session-state.yaml': registry([
        { id: 'ended-long-ago', started_at: old, ended_at: old },
        { id: 'ended-today', started_at: old, ended_at: young },
        { id: 'died-long-ago', anchor: deadAnchor(), started_at: old },
        { id: 'died-today', anchor: deadAnchor(), started_at: old, heartbeat_at: young },
        { id: 'alive', anchor: anchorOf(), started_at: old },
        { id: 'unknown', started_at: old },
      ]),
    })
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect(queue.state().sessions.map((session: Json) => session.session_id)).toEqual([
      'ended-today',
      'died-today',
      'alive',
      'unknown',
      'tester',
    ])
  })

  test('forgets them also when all of them are that old', async () => {
    const old = ago(25 * HOUR)
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'session-state.yaml': registry([
        { id: 'ended-long-ago', started_at: old, ended_at: old },
        { id: 'died-long-ago', anchor: deadAnchor(), started_at: old },
      ]),
    })
    const { code, stderr } = await queue.run('claim WRK-1')
    expect([code, stderr]).toEqual([0, ''])
    expect(queue.state().sessions.map((session: Json) => session.session_id)).toEqual(['tester'])
  })

  test('keeps holders that are silent through a call with a wrong clock; they do not die of it', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'holder' })
    await queue.run('heartbeat', { session: 'idle' })
    await queue.run('heartbeat', { session: 'early', env: { WRK_NOW: '+31d' } })
    expect(queue.state().sessions.map((session: Json) => session.session_id)).toEqual(['holder', 'early'])
    const refused = await queue.run('claim WRK-1 --json')
    expect([refused.code, refused.json.holder?.liveness]).toEqual([4, 'unknown'])
  })

  test('forgets silent holders after a year, ended ones after a day', async () => {
    const claims = [{ id: 'WRK-1', claimed_at: stampOf(ago(HOUR)) }]
    const days = (n: number) => ago(n * 24 * HOUR)
    const queue = makeQueue({
      'session-state.yaml': registry([
        { id: 'silent-for-a-year', started_at: days(366), claims },
        { id: 'silent-for-long', started_at: days(364), claims },
        { id: 'ended', started_at: days(3), ended_at: days(2), claims },
      ]),
    })
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect(queue.state().sessions.map((session: Json) => session.session_id)).toEqual([
      'silent-for-long',
      'tester',
    ])
  })

  test('is where SESSION_STATE_FILE says, and two queues may share it', async () => {
    const [one, two] = [makeQueue(['WRK-1']), makeQueue(['WRK-2'])]
    const path = join(one.home, 'elsewhere', 'state.yaml')
    mkdirSync(join(one.home, 'elsewhere'))
    const env = { SESSION_STATE_FILE: path }
    const claims = await Promise.all([one.run('claim WRK-1', { env }), two.run('claim WRK-2', { env })])
    expect(claims.map(({ code }) => code)).toEqual([0, 0])
    for (const queue of [one, two]) expect(queue.exists('session-state.yaml')).toBe(false)
    expect((await one.run('session show --json', { env })).json.session).toMatchObject({
      session_id: 'tester',
    })
    expect((await one.run('where --json', { env })).json.session_state).toBe(path)
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
    ['the next sign of life of that session', 'heartbeat', 'ghost'],
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
