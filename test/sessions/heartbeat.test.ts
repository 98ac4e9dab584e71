/** The heartbeat of a session, and what a session learns by it: a lock that git removed, an item that was taken over. */
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { as, later } from './sessions.shared.ts'

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
