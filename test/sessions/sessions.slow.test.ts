/** The rest of sessions.test.ts: what takes too long for every run. */
import { describe, expect, test } from 'vitest'
import { MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { as, later, T } from './sessions.shared.ts'

describe('a heartbeat', () => {
  test.each([
    'list',
    'show WRK-1',
    'status',
    'session list',
    'session show',
    'session id',
    'log',
    'where',
    'release WRK-2',
    'claim WRK-3',
  ])('is any call: %s', async args => {
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'WRK-2': item('WRK-2'),
      'WRK-3': heldItem('WRK-3', 'other', new Date(T)),
    })
    await as(queue, 'other', 0, 'heartbeat')
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'me', 5 * MINUTE, args)
    expect(queue.session('me').heartbeat_at).toBe(later(5 * MINUTE))
  })
})

describe('session-state.yaml', () => {
  test.each([
    [
      'with an anchor in block form',
      '  - session_id: a\n    anchor:\n      pid: 17\n      started: "5"\n    ended_at: null\n',
    ],
    [
      'whose list is not indented',
      '- session_id: a\n  claims:\n  - id: WRK-9\n    claimed_at: x\n  ended_at: null\n',
    ],
    ['without a final newline', '  - session_id: a\n    ended_at: null'],
    ['with CRLF', '  - session_id: a\r\n    ended_at: null\r\n'],
    ['with blank lines between', '\n  - session_id: a\n\n    ended_at: null\n\n\n'],
    ['with an empty list', null],
  ])('%s is read and added to', async (_, entries) => {
    const text = entries === null ? 'session_id: ""\nsessions: []\n' : `session_id: ""\nsessions:\n${entries}`
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': text })
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    const ids = queue.state().sessions.map((session: Json) => session.session_id)
    expect(ids).toEqual(entries === null ? ['tester'] : ['a', 'tester'])
    expect(queue.session('tester').claims).toMatchObject([{ id: 'WRK-1' }])
    expect((await queue.run('session end')).code).toBe(0)
  })

  test.each([
    [
      'JSON',
      '{"session_id": "a", "x": 1, "sessions": [{"session_id": "a", "x_note": "n", "ended_at": null}]}\n',
    ],
    ['a list in one line', 'session_id: a\nx: 1\nsessions: [{session_id: a, x_note: n, ended_at: null}]\n'],
    [
      'entries in one line each',
      'session_id: a\nx: 1\nsessions:\n  - {session_id: a, x_note: n, ended_at: null}\n',
    ],
  ])('written as %s works too, and nothing in it is lost', async (_, text) => {
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': text })
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect(queue.state()).toMatchObject({
      x: 1,
      sessions: [{ session_id: 'a', x_note: 'n' }, { session_id: 'tester' }],
    })
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect((await queue.run('release WRK-1')).code).toBe(0)
    expect((await queue.run('session end a')).code).toBe(0)
    expect(queue.session('a').ended_at).not.toBeNull()
  })

  test.each([
    ['half-written', 'session_id: "a"\nsessions:\n  - session_id: "a"\n    anchor: { pid: 17, star'],
    ['with a key that stands twice', 'session_id: "a"\nsession_id: "b"\nsessions: []\n'],
    ['with a tab for indentation', 'sessions:\n\t- session_id: a\n'],
    ['not UTF-8', Buffer.from([0x73, 0x3a, 0x20, 0xff, 0xfe, 0x0a])],
  ])(
    '%s is reported with its place and the next step, stays as it is, and nobody needs it',
    async (_, content) => {
      const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': content })
      const state = queue.read('session-state.yaml')
      const claim = await queue.run('claim WRK-1 --json')
      expect(claim.code).toBe(0)
      expect(claim.stderr).toMatch(/session-state\.yaml:\d+:\d+: .*wrk doctor --fix/)
      for (const args of ['session start --provider codex', 'heartbeat', 'session id']) {
        const { code, stderr } = await queue.run(`${args} --json`)
        expect([args, code]).toEqual([args, 0])
        expect(stderr).not.toContain(' at ')
      }
      expect([queue.lock('WRK-1').by, queue.read('session-state.yaml')]).toEqual(['tester', state])
      expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(4)
      expect(queue.leftovers()).toEqual([])
    },
  )
})
