/** session-state.yaml, the file that lists the sessions: read, repaired and written by wrk and by others. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'

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
