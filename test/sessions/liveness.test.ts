/** Sections 4 and 5 of the contract, through the command: alive, dead or unknown, and who then gets the item. */
import { readFileSync, utimesSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { ago, HOUR, MINUTE, stampOf, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { killGroup, start } from '../support/processes.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { anchorOf, deadAnchor, HOST, registry } from '../support/sessions.ts'
import { listed, mine, queueWith } from './liveness.shared.ts'

describe('a holder on another machine that has the name of this one', () => {
  const boot = '00000000-aaaa-bbbb-cccc-000000000000'
  const claimFrom = (anchor: Parameters<typeof listed>[0]) =>
    queueWith(listed(anchor)).run('claim WRK-157 --json')

  test('is not dead because that machine was started at another time', async () => {
    const { machine: _, ...unmarked } = deadAnchor()
    for (const anchor of [unmarked, { ...unmarked, machine: 'another1' }]) {
      const { code, json } = await claimFrom({ ...anchor, boot })
      expect([code, json.holder?.liveness]).toEqual([4, 'unknown'])
    }
  })

  test('is distinguished from one on this machine before a restart', async context => {
    if (!mine.machine) context.skip('this machine has no /etc/machine-id')
    const { code, json } = await claimFrom({ ...deadAnchor(), boot })
    expect([code, json.from?.reason]).toEqual([0, expect.stringContaining('the machine was restarted')])
  })
})

describe('a holder with', () => {
  test('a zombie as its anchor is dead', async () => {
    const parent = start('/bin/bash', ['-c', 'exec 3<&0; read -r _ <&3 & echo $!; exec sleep 600 3<&-'], {
      cwd: '/',
      env: { PATH: process.env.PATH ?? '' },
    })
    let printed = ''
    parent.stdout!.setEncoding('utf8').on('data', text => {
      printed += text
    })
    const pid = Number(await until('the child has a pid', () => /^\d+\n/.exec(printed)?.[0]))
    const anchor = anchorOf(pid)
    // After exec nobody is left who would collect the child.
    await until('the parent has become sleep', () =>
      readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('sleep'),
    )
    parent.stdin!.end()
    await until('the child is a zombie', () => processFacts(pid)?.state === 'Z')
    const claim = await queueWith(listed(anchor)).run('claim WRK-157 --json')
    expect([claim.code, claim.json.from?.reason]).toEqual([0, expect.stringContaining('zombie')])
    killGroup(parent)
  })

  test('an unreadable registry makes every holder unknown, and nobody dead', async () => {
    const queue = queueWith('sessions: [unclosed\n')
    const before = queue.read('WRK-157')
    const shown = (await queue.run('show WRK-157 --json')).json
    expect(shown.holder).toMatchObject({
      liveness: 'unknown',
      reason: expect.stringContaining('cannot be read'),
    })
    const refused = await queue.run('claim WRK-157 --json')
    expect([refused.code, refused.json.holder?.liveness]).toEqual([4, 'unknown'])
    expect(queue.read('WRK-157')).toBe(before)
    expect(queue.read('session-state.yaml')).toBe('sessions: [unclosed\n')
  })
})

/** An instant of its own, so that nothing depends on when the test runs. */
const T = Date.parse('2026-02-16T19:30:05Z')
const later = (ms: number) => stampOf(new Date(T + ms))

describe('a lock of an unknown holder is taken over when it has expired', () => {
  const claimAt = (queue: Queue, ms: number, more = '', env = {}) =>
    queue.run(`claim WRK-157 --json${more}`, { env: { WRK_NOW: later(ms), ...env } })

  test('not a second before two hours have passed, and at two hours', async () => {
    const queue = queueWith(registry([{ id: 'holder' }]), { since: new Date(T) })
    const early = await claimAt(queue, 2 * HOUR - 1000)
    expect(early.code).toBe(4)
    expect(early.json.holder).toMatchObject({ locked_at: later(0), expires_at: later(2 * HOUR) })
    const claim = await claimAt(queue, 2 * HOUR)
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    expect(claim.json.lock).toEqual({
      locked_by: 'tester',
      locked_at: later(2 * HOUR),
      expires_at: later(4 * HOUR),
    })
    expect(claim.json.from).toMatchObject({ locked_by: 'holder', locked_at: later(0) })
    expect(queue.lock('WRK-157')).toEqual({ by: 'tester', at: later(2 * HOUR) })
  })

  test.each([
    ['--ttl', 30 * MINUTE, { more: ' --ttl 30m' }],
    ['LOCK_TTL_SECONDS', 90_000, { env: { LOCK_TTL_SECONDS: '90' } }],
    ['ttl in wrk.yaml', 10 * MINUTE, { settings: 'ttl: 10m\n' }],
    ['--ttl before LOCK_TTL_SECONDS', 30 * MINUTE, { more: ' --ttl 30m', env: { LOCK_TTL_SECONDS: '90' } }],
    ['LOCK_TTL_SECONDS before wrk.yaml', 90_000, { env: { LOCK_TTL_SECONDS: '90' }, settings: 'ttl: 10m\n' }],
  ] as [string, number, { more?: string; env?: Record<string, string>; settings?: string }][])(
    'after the time that is set by %s',
    async (_, ttl, { more = '', env = {}, settings = '' }) => {
      const queue = queueWith(registry([{ id: 'holder' }]), { since: new Date(T), settings })
      const early = await claimAt(queue, ttl - 1000, more, env)
      expect([early.code, early.json.holder.expires_at]).toEqual([4, later(ttl)])
      expect((await claimAt(queue, ttl, more, env)).code).toBe(0)
    },
  )

  test('at once with LOCK_TTL_SECONDS=0, alive or not', async () => {
    const queue = queueWith(listed(mine), { since: new Date() })
    expect((await queue.run('claim WRK-157')).code).toBe(4)
    const claim = await queue.run('claim WRK-157 --json', { env: { LOCK_TTL_SECONDS: '0' } })
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
  })

  test('also when its holder is alive, unless wrk.yaml says dead-only', async () => {
    const since = ago(30 * HOUR)
    const state = registry([{ id: 'holder', anchor: mine, heartbeat_at: since }])
    expect((await queueWith(state, { since }).run('claim WRK-157')).code).toBe(0)

    const kept = queueWith(state, { since, settings: 'takeover: dead-only\n' })
    const refused = await kept.run('claim WRK-157 --json')
    expect([refused.code, refused.json.holder?.liveness]).toEqual([4, 'alive'])
    expect((await kept.run('claim WRK-157', { env: { LOCK_TTL_SECONDS: '0' } })).code).toBe(4)
  })

  test('and dead-only protects neither dead nor unknown holders', async () => {
    const since = ago(5 * HOUR)
    for (const anchor of [deadAnchor(), null]) {
      const state = registry([{ id: 'holder', anchor, heartbeat_at: since }])
      const queue = queueWith(state, { since, settings: 'takeover: dead-only\n' })
      expect((await queue.run('claim WRK-157')).code).toBe(0)
    }
  })

  test('counted from the holder’s heartbeat when that came later', async () => {
    const state = registry([{ id: 'holder', heartbeat_at: new Date(T + HOUR) }])
    const queue = queueWith(state, { since: new Date(T) })
    const early = await claimAt(queue, 3 * HOUR - 1000)
    expect([early.code, early.json.holder.expires_at]).toEqual([4, later(3 * HOUR)])
    expect((await claimAt(queue, 3 * HOUR)).code).toBe(0)
  })

  test('and a heartbeat from the future counts for nothing', async () => {
    const state = registry([{ id: 'holder', heartbeat_at: new Date(T + 10 * HOUR) }])
    const queue = queueWith(state, { since: new Date(T) })
    expect((await claimAt(queue, 2 * HOUR)).code).toBe(0)
  })
})

describe('the file’s modification time replaces a locked_at that', () => {
  const held = (lockedAt: string | null) => item('WRK-157', { locked_by: 'holder', locked_at: lockedAt })

  test.each([
    ['is missing', () => held(null)],
    ['is empty', () => held('""')],
    ['is no time', () => held('"yesterday"')],
    ['lies more than five minutes ahead', () => held(`"${stampOf(ago(-HOUR))}"`)],
    ['lies a year ahead', () => held(`"${stampOf(ago(-365 * 24 * HOUR))}"`)],
  ])('%s: neither immortal nor free', async (_, text) => {
    const queue = makeQueue({ 'WRK-157': text(), 'session-state.yaml': registry([{ id: 'holder' }]) })
    const young = new Date()
    utimesSync(queue.path('WRK-157'), young, young)
    const refused = await queue.run('claim WRK-157 --json')
    expect(refused.code).toBe(4)
    expect(refused.json.holder.locked_at).toBe(stampOf(young))
    expect(refused.json.holder.expires_at).toBe(stampOf(new Date(young.getTime() + 2 * HOUR)))

    const old = ago(3 * HOUR)
    utimesSync(queue.path('WRK-157'), old, old)
    const claim = await queue.run('claim WRK-157 --json')
    expect([claim.code, claim.json.kind, claim.json.from?.locked_by]).toEqual([0, 'takenOver', 'holder'])
  })

  test('but one that is a few minutes ahead is a clock that differs a little', async () => {
    const queue = makeQueue({
      'WRK-157': held(`"${later(4 * MINUTE)}"`),
      'session-state.yaml': registry([{ id: 'holder' }]),
    })
    const old = new Date(T - 3 * HOUR)
    utimesSync(queue.path('WRK-157'), old, old)
    const refused = await queue.run('claim WRK-157 --json', { env: { WRK_NOW: later(0) } })
    expect([refused.code, refused.json.holder?.locked_at]).toEqual([4, later(4 * MINUTE)])
  })
})

describe('what a claim answers', () => {
  test('to the holder itself: renewed, with a new locked_at', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { env: { WRK_NOW: later(0) } })
    const again = await queue.run('claim WRK-157 --json', { env: { WRK_NOW: later(HOUR) } })
    expect([again.code, again.json.kind, again.json.from]).toEqual([0, 'renewed', null])
    expect(queue.lock('WRK-157')).toEqual({ by: 'tester', at: later(HOUR) })
  })

  test('to the holder itself also after its time has run out', async () => {
    const queue = queueWith(null, { holder: 'tester', since: ago(9 * HOUR) })
    expect((await queue.run('claim WRK-157 --json')).json.kind).toBe('renewed')
  })

  test('WRK_NOW shifts the clock by an offset, and nonsense in it is a usage error', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    expect((await queue.run('claim WRK-157', { env: { WRK_NOW: '+1h' } })).code).toBe(4)
    expect((await queue.run('claim WRK-157', { env: { WRK_NOW: 'soon' } })).code).toBe(2)
    expect((await queue.run('claim WRK-157', { env: { WRK_NOW: '+3h' } })).code).toBe(0)
  })

  test('to others: who, alive or not, since when and what to do, and all of it in JSON; no way round', async () => {
    const since = ago(10 * MINUTE)
    const queue = queueWith(listed(mine, { active_wrk: 'WRK-157' }), { since })
    const { code, stdout, stderr } = await queue.run('claim WRK-157')
    expect([code, stdout]).toEqual([4, ''])
    const { json } = await queue.run('claim WRK-157 --json')
    expect(json).toMatchObject({
      schema_version: 1,
      ok: false,
      error: { code: 'LOCKED' },
      holder: {
        session_id: 'holder',
        locked_at: stampOf(since),
        expires_at: stampOf(new Date(Date.parse(stampOf(since)) + 2 * HOUR)),
        liveness: 'alive',
        reason: `process ${process.pid} is running`,
        host: HOST,
        pid: process.pid,
        active_wrk: 'WRK-157',
      },
    })
    for (const message of ['held by holder', 'alive', 'claimed 10m ago', 'wrk next --claim'])
      expect(stderr).toContain(message)
    expect(stderr + JSON.stringify(json)).not.toMatch(/force|session end|LOCK_TTL|--ttl/)
  })

  test('with --force but without a reason: a usage error, and nothing changes', async () => {
    const queue = queueWith(listed(mine))
    const before = queue.read('WRK-157')
    for (const args of [
      ['claim', 'WRK-157', '--force', '--json'],
      ['claim', 'WRK-157', '--force', '--reason', ' ', '--json'],
      ['claim', 'WRK-157', '--reason', 'because', '--json'],
    ]) {
      const { code, json } = await queue.run(args)
      expect([code, json.error.code]).toEqual([2, 'USAGE'])
    }
    expect(queue.read('WRK-157')).toBe(before)
  })

  test('with --force and a reason: taken from a living holder, warned about and logged', async () => {
    const queue = queueWith(listed(mine))
    const claim = await queue.run(['claim', 'WRK-157', '--force', '--reason', 'holder asked me to', '--json'])
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    expect(claim.json.from).toMatchObject({ locked_by: 'holder', reason: 'forced: holder asked me to' })
    expect(claim.stderr).toContain('holder asked me to')
    expect(queue.events().at(-1)).toMatchObject({
      type: 'takenOver',
      item: 'WRK-157',
      session: 'tester',
      previous_holder: 'holder',
      reason: 'forced: holder asked me to',
      forced: true,
    })
  })

  test('on a closed item: refused with 5 even when it is free, unless forced with a reason', async () => {
    const queue = makeQueue({ 'done/WRK-157.md': item('WRK-157', { status: 'done' }) })
    const before = queue.read('done/WRK-157.md')
    const refused = await queue.run('claim WRK-157 --json')
    expect([refused.code, refused.json.error.code]).toEqual([5, 'CLOSED'])
    expect(queue.read('done/WRK-157.md')).toBe(before)
    const forced = await queue.run([
      'claim',
      'WRK-157',
      '--json',
      '--force',
      '--reason',
      'it was closed by mistake',
    ])
    expect([forced.code, forced.json.kind]).toEqual([0, 'granted'])
    expect(queue.events().at(-1)).toMatchObject({ type: 'granted', forced: true })
  })

  test('helpers of one session exclude each other, their session included, and each renews its own', async () => {
    const queue = makeQueue(['WRK-157'])
    const as = (agent: string) => queue.run(`claim WRK-157 --json${agent}`, { session: 'boss' })
    const first = await as(' --agent one')
    expect([first.code, first.json.lock.locked_by]).toEqual([0, 'boss/one'])
    for (const other of [' --agent two', '']) {
      const refused = await as(other)
      expect([refused.code, refused.json.holder?.session_id]).toEqual([4, 'boss/one'])
    }
    expect((await as(' --agent one')).json.kind).toBe('renewed')
    expect((await queue.run('release WRK-157 --agent two', { session: 'boss' })).code).toBe(4)
    expect((await queue.run('release WRK-157 --agent one', { session: 'boss' })).code).toBe(0)
    expect((await as(' --agent two')).code).toBe(0)
  })

  test.each(['a/b', 'a b', '', 'x'.repeat(65)])('a helper cannot be called %j', async name => {
    const queue = makeQueue(['WRK-157'])
    const before = queue.read('WRK-157')
    expect((await queue.run(['claim', 'WRK-157', '--agent', name])).code).toBe(2)
    expect(queue.read('WRK-157')).toBe(before)
  })
})

test('a dead holder’s item shows as dead and an old one as stale, before anybody claims them', async () => {
  const queue = makeQueue({
    'WRK-1': heldItem('WRK-1', 'gone', ago(MINUTE)),
    'WRK-2': heldItem('WRK-2', 'old', ago(3 * HOUR)),
    'session-state.yaml': registry([{ id: 'gone', anchor: deadAnchor() }, { id: 'old' }]),
  })
  const { json } = await queue.run('list --json')
  expect(json.items.map(({ liveness }: { liveness: string }) => liveness)).toEqual(['dead', 'stale'])
  const { sessions } = (await queue.run('status --json')).json
  expect(sessions).toMatchObject([
    { session_id: 'gone', liveness: 'dead', items: [{ id: 'WRK-1', liveness: 'dead' }] },
    { session_id: 'old', liveness: 'unknown', items: [{ id: 'WRK-2', liveness: 'stale' }] },
  ])
})
