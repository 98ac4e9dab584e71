/** `wrk archive`: status, time and the empty lock in one rewrite, then the move, which whoever comes next completes. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openContext } from '../../../src/operations/context.ts'
import { archive } from '../../../src/operations/items/transitions/archive.ts'
import { ago, HOUR, MINUTE, stampOf } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { tempFolder } from '../../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../../support/program.ts'
import { makeQueue } from '../../support/queue.ts'
import { type Result, resultOf } from '../../support/result.ts'
import { anchorOf, deadAnchor, registry } from '../../support/sessions.ts'
import { together } from '../../support/together.ts'
import { archived, expectUnchanged, places, typesOf } from './archive.shared.ts'

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

describe('an item goes to the archive', () => {
  test('by one event, and only status, time and lock change', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const { code, json, stderr } = await queue.run('archive 1 --json')
    expect([code, stderr]).toEqual([0, ''])
    expect(json.completed_at).toMatch(STAMP)
    const name = `archive/${json.completed_at.slice(0, 7)}/WRK-1.md`
    expect(json).toEqual({
      schema_version: 1,
      ok: true,
      archived: true,
      changed: true,
      item: { id: 'WRK-1', path: queue.path(name), title: 'What WRK-1 is about', status: 'archived' },
      completed_at: json.completed_at,
      from: null,
    })
    expect(places(queue)).toEqual([name, 'pending/WRK-2.md'])
    expect(queue.read(name)).toBe(archived(item('WRK-1'), json.completed_at))
    expect(typesOf(queue)).toEqual(['archived'])
    expect(queue.leftovers()).toEqual([])
    expect((await queue.run('show WRK-1 --json')).json).toMatchObject({ problems: [], lock: null })
  })

  test('by its holder, and it is free then', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1')
    const { code, stdout } = await queue.run('archive WRK-1')
    const [name] = places(queue)
    expect([code, stdout]).toEqual([0, `Archived WRK-1  ${queue.path(name!)}\n`])
    expect(queue.lock(name!)).toEqual({ by: '', at: '' })
    expect(queue.session('tester')).toMatchObject({ claims: [], active_wrk: null })
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect((await queue.run('release WRK-1')).code).toBe(0)
  })

  test.each([
    ['2026-01-31T12:00:00Z', '2026-01'],
    ['"2025-12-31"', '2025-12'],
    ["'2026-01-31T23:30:00-05:00'", '2026-02'],
    ['2026-03-01T00:30:00+02:00 # in the morning', '2026-02'],
  ])('of the month that completed_at: %s names, and that stays as it is', async (completed, month) => {
    const before = item('WRK-1', { status: 'done', completed_at: completed })
    const queue = makeQueue({ 'done/WRK-1.md': before })
    expect((await queue.run('archive WRK-1')).code).toBe(0)
    expect(places(queue)).toEqual([`archive/${month}/WRK-1.md`])
    const after = queue.read(`archive/${month}/WRK-1.md`)
    expect(after).toBe(before.replace('status: done', 'status: archived'))
  })

  test.each(['', '""', 'soon', '[]'])('of this month when completed_at is %j', async completed => {
    const queue = makeQueue({ 'WRK-1': item('WRK-1', { completed_at: completed }) })
    const { json } = await queue.run('archive WRK-1 --json')
    expect(json.completed_at).toMatch(STAMP)
    expect(places(queue)).toEqual([`archive/${json.completed_at.slice(0, 7)}/WRK-1.md`])
  })

  test.each(['WRK-1.md', 'blocked/WRK-1.md', 'done/WRK-1.md', 'working/WRK-1-with a long name.md'])(
    'from %s, under its own name',
    async name => {
      const queue = makeQueue({ [name]: item('WRK-1', { completed_at: '2026-02-03' }) })
      expect((await queue.run('archive WRK-1')).code).toBe(0)
      expect(places(queue)).toEqual([`archive/2026-02/${name.replace(/^.*\//, '')}`])
    },
  )

  test('where it is in the archive already, it stays', async () => {
    for (const name of ['archived/WRK-1.md', 'archive/WRK-1.md', 'archive/2025-01/WRK-1.md']) {
      const queue = makeQueue({ [name]: item('WRK-1', { status: 'done' }) })
      expect((await queue.run('archive WRK-1')).code).toBe(0)
      expect(places(queue)).toEqual([name])
      expect(queue.read(name)).toContain('status: archived\n')
    }
  })

  test('and being archived a second time changes nothing and is no event', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('archive WRK-1')
    const [name] = places(queue)
    const before = queue.read(name!)
    const { mtimeMs } = statSync(queue.path(name!))
    const { code, json } = await queue.run('archive WRK-1 --json')
    expect([code, json.archived, json.changed, json.item.path]).toEqual([0, true, false, queue.path(name!)])
    expect((await queue.run('archive WRK-1')).stdout).toContain('Nothing to do: WRK-1 is already archived.')
    expectUnchanged(queue, before, name)
    expect(statSync(queue.path(name!)).mtimeMs).toBe(mtimeMs)
    expect(typesOf(queue)).toEqual(['archived'])
  })

  test('once, of many that do it at the same instant', async () => {
    const queue = makeQueue(['WRK-1'])
    const calls = Array.from({ length: 8 }, (_, i) => ({
      args: 'archive WRK-1 --json',
      session: `racer-${i}`,
    }))
    const results = await together(calls, { queue })
    expect(results.map(({ code, stdout }) => (code === 0 ? 0 : stdout))).toEqual(calls.map(() => 0))
    expect(results.filter(({ json }) => json.changed)).toHaveLength(1)
    expect(places(queue)).toEqual([`archive/${results[0]!.json.completed_at.slice(0, 7)}/WRK-1.md`])
    expect(typesOf(queue)).toEqual(['archived'])
    expect(queue.leftovers()).toEqual([])
  })
})

describe('an item that another holds', () => {
  const holder = (more: object) => registry([{ id: 'other', started_at: ago(HOUR), ...more }])

  test.each<[string, string]>([
    ['lives', holder({ anchor: anchorOf(), heartbeat_at: ago(MINUTE) })],
    ['may live', holder({ anchor: null, heartbeat_at: ago(MINUTE) })],
  ])('who %s stays: exit 4, who and since when', async (_, sessions) => {
    const before = heldItem('WRK-1', 'other', ago(HOUR))
    const queue = makeQueue({ 'WRK-1': before, 'session-state.yaml': sessions })
    const { code, json } = await queue.run('archive WRK-1 --json')
    expect([code, json.error.code, json.superseded]).toEqual([4, 'LOCKED', null])
    expect(json.holder.session_id).toBe('other')
    expect(json.error.message).toMatch(/, claimed .* ago/)
    expectUnchanged(queue, before)
    expect(typesOf(queue)).toEqual([])
  })

  test.each<[string, string, Date, string]>([
    ['is dead', holder({ anchor: deadAnchor(), heartbeat_at: ago(MINUTE) }), ago(HOUR), 'is gone'],
    ['was silent for the TTL', holder({ heartbeat_at: ago(3 * HOUR) }), ago(3 * HOUR), 'TTL'],
  ])('who %s is replaced, with a warning', async (_, sessions, since, why) => {
    const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'other', since), 'session-state.yaml': sessions })
    const { code, json, stderr } = await queue.run('archive WRK-1 --json')
    expect(code).toBe(0)
    expect(json.from).toEqual({ holder: 'other', reason: expect.stringContaining(why) })
    expect(stderr).toMatch(new RegExp(`^wrk: warning: took over WRK-1 from other: .*${why}`))
    expect(queue.events().at(-1)).toMatchObject({
      type: 'archived',
      session: 'tester',
      previous_holder: 'other',
      reason: expect.stringContaining(why),
    })
    expect(places(queue)).toEqual([`archive/${json.completed_at.slice(0, 7)}/WRK-1.md`])
    expect(queue.lock(places(queue)[0]!).by).toBe('')
  })

  test('although it is a helper of the same session', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1 --agent a')
    const before = queue.read('WRK-1')
    expect((await queue.run('archive WRK-1')).code).toBe(4)
    expect((await queue.run('archive WRK-1 --agent b')).code).toBe(4)
    expectUnchanged(queue, before)
    expect((await queue.run('archive WRK-1 --agent a')).code).toBe(0)
  })
})

test('a takeover and its event are of one instant, however long the process is stopped in between', async () => {
  const at = ago(10 * MINUTE)
  at.setMilliseconds(0)
  let taken = 0
  for (let first = 0; first < 8; first++) {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'holder', at),
      'session-state.yaml': registry([{ id: 'holder' }]),
    })
    // Each look at the clock is a second later than the one before.
    let looks = first
    const clock = () => new Date(at.getTime() + 1000 * looks++)
    const env = { LOCK_TTL_SECONDS: '8' }
    const context = await openContext({ queue: queue.root, env, session: 'me', clock })
    const { kind } = await archive(context, 'WRK-1')
    if (kind === 'refused') continue
    taken++
    const event = queue.events().find(({ type }) => type === 'archived')
    expect(Date.parse(event!.time) - at.getTime()).toBeGreaterThanOrEqual(8000)
  }
  // Some came in time and some did not, else this has shown nothing.
  expect(taken).toBeGreaterThan(0)
  expect(taken).toBeLessThan(8)
})

describe('nothing is overwritten', () => {
  test('when another file is in its place: exit 5 with both places', async () => {
    const queue = makeQueue({
      'WRK-1': item('WRK-1', { completed_at: '2026-02-03' }),
      'archive/2026-02/WRK-1.md': item('WRK-1', { title: 'Another' }),
    })
    const { code, json } = await queue.run('archive WRK-1 --json')
    expect([code, json.error.code]).toEqual([5, 'AMBIGUOUS'])
    expect(json.error.paths).toEqual([queue.path('WRK-1'), queue.path('archive/2026-02/WRK-1.md')])
    expect(queue.read('WRK-1')).toBe(item('WRK-1', { completed_at: '2026-02-03' }))
    expect(queue.read('archive/2026-02/WRK-1.md')).toContain('Another')
    expect((await queue.run('show WRK-1')).code).toBe(0)
  })

  test.each(['a link', 'a file'])(
    'where the archive is %s: exit 74; when that is repaired, it is completed',
    async kind => {
      const queue = makeQueue({ 'WRK-1': item('WRK-1', { completed_at: '2026-02-03' }) })
      if (kind === 'a file') queue.write('archive/2026-02', 'in the way\n')
      else symlinkSync(tempFolder(), queue.path('archive/2026-02'))
      const { code, json } = await queue.run('archive WRK-1 --json')
      expect([code, json.error.code]).toEqual([74, 'IO'])
      expect(json.error.message).toContain(queue.path('archive/2026-02'))
      expect(places(queue)).toEqual(['pending/WRK-1.md'])
      expect((await queue.run('show WRK-1')).code).toBe(0)
      expect((await queue.run('claim WRK-1')).code).toBe(5)
      rmSync(queue.path('archive/2026-02'))
      expect((await queue.run('archive WRK-1 --json')).json).toMatchObject({ ok: true, changed: false })
      expect(places(queue)).toEqual(['archive/2026-02/WRK-1.md'])
      expect(queue.leftovers()).toEqual([])
    },
  )

  test.each<[string, string, number, string]>([
    ['not there', 'WRK-9', 1, 'NOT_FOUND'],
    ['no id', '../WRK-1', 2, 'USAGE'],
    ['unreadable', 'WRK-2', 5, 'INVALID_ITEM'],
  ])('by an item that is %s', async (_, id, exit, error) => {
    const queue = makeQueue({ 'WRK-2': '---\nid: WRK-2\ntitle: [unclosed\n---\n' })
    const { code, json } = await queue.run(['archive', id, '--json'])
    expect([code, json.error.code]).toEqual([exit, error])
    expect(places(queue)).toEqual(['pending/WRK-2.md'])
    expect(queue.read('WRK-2')).toContain('[unclosed')
  })
})

/** An item whose archiving was cut short: published, not moved. */
const CUT_SHORT = item('WRK-1', { status: 'archived', completed_at: '2026-02-16T19:30:05Z' })
const IN_PLACE = 'archive/2026-02/WRK-1.md'
/** What archive notes before it publishes: only moves that were meant are completed by other commands. */
const NOTE = { '.wrk/moves/wrk-1': JSON.stringify({ status: 'archived', folder: 'archive/2026-02' }) }

describe('an archiving that was cut short is completed', () => {
  test.each<[string, number, (result: Result) => void]>([
    [
      'show WRK-1',
      0,
      ({ json }) => expect([json.item.folder, json.problems]).toEqual(['archive/2026-02', []]),
    ],
    ['archive WRK-1', 0, ({ json }) => expect(json).toMatchObject({ changed: false, archived: true })],
    ['claim WRK-1', 5, ({ json }) => expect(json.error.code).toBe('CLOSED')],
    ['execute WRK-1 --provider claude -- true', 5, ({ json }) => expect(json.error.code).toBe('CLOSED')],
    ['review WRK-1 -- true', 5, ({ json }) => expect(json.error.code).toBe('CLOSED')],
    ['release WRK-1', 0, ({ json }) => expect(json.reason).toBe('not-locked')],
    ['set WRK-1 status=archived', 0, ({ json }) => expect(json.changed).toBe(false)],
  ])('by wrk %s, which shows the new place', async (command, code, check) => {
    const queue = makeQueue({ 'WRK-1': CUT_SHORT, ...NOTE })
    const words = command.split(' ')
    const mark = words.indexOf('--')
    const result = await queue.run(mark < 0 ? [...words, '--json'] : words.toSpliced(mark, 0, '--json'))
    expect(result.code).toBe(code)
    expectUnchanged(queue, CUT_SHORT, IN_PLACE)
    check(result)
    expect((result.json.item ?? result.json.error.item).path).toBe(queue.path(IN_PLACE))
  })

  test.each(['show WRK-1', 'claim WRK-1', 'release WRK-1', 'set WRK-1 priority=low'])(
    'but %s does not move what people archived in an editor: wrk archive and wrk doctor do',
    async command => {
      const queue = makeQueue({ 'WRK-1': CUT_SHORT })
      await queue.run(command)
      expect(places(queue)).toEqual(['pending/WRK-1.md'])
      expect((await queue.run('archive WRK-1')).code).toBe(0)
      expect(places(queue)).toEqual([IN_PLACE])
    },
  )

  test.each<[string, Record<string, string | null>]>([
    ['is held', { locked_by: '"other"', locked_at: `"${stampOf(new Date())}"` }],
    ['has no completed_at', { completed_at: null }],
    ['has another status', { status: 'done' }],
  ])('but not of an item that %s', async (_, fields) => {
    const before = item('WRK-1', { status: 'archived', completed_at: '2026-02-16T19:30:05Z', ...fields })
    const queue = makeQueue({ 'WRK-1': before })
    expect((await queue.run('show WRK-1')).code).toBe(0)
    expect((await queue.run('claim WRK-1')).code).toBe(5)
    expectUnchanged(queue, before)
  })

  test('but not of an id that appears twice', async () => {
    const queue = makeQueue({ 'WRK-1': CUT_SHORT, 'done/WRK-1.md': CUT_SHORT })
    expect((await queue.run('show WRK-1')).code).toBe(0)
    expect((await queue.run('claim WRK-1')).code).toBe(5)
    expect(places(queue)).toEqual(['done/WRK-1.md', 'pending/WRK-1.md'])
  })

  test('or left to the next, where the queue cannot be written: show goes on', () => {
    const queue = makeQueue({ 'WRK-1': CUT_SHORT })
    const root = process.getuid?.() === 0
    const folders = [queue.root, queue.path('pending'), queue.path('archive')]
    onTestFinished(() => {
      for (const folder of folders) chmodSync(folder, 0o755)
    })
    chmodSync(queue.home, 0o755)
    for (const folder of folders) chmodSync(folder, root ? 0o755 : 0o555)
    const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' })
    const as = root ? { uid: 65534, gid: 65534 } : {}
    const look = () => {
      const words = [...FIRST, 'show', 'WRK-1', '--json']
      const done = spawnSync(PROGRAM, words, { cwd: '/', env, encoding: 'utf8', ...as })
      return resultOf(done.status, done.stdout, done.stderr)
    }
    expect([look().code, look().json.item.path]).toEqual([0, queue.path('WRK-1')])
    // With a .wrk of its own it gets as far as the move.
    mkdirSync(queue.path('.wrk'), { recursive: true })
    if (root) chownSync(queue.path('.wrk'), 65534, 65534)
    const { code, json, stderr } = look()
    expect([code, json.item.path, stderr]).toEqual([0, queue.path('WRK-1'), ''])
    expect(places(queue)).toEqual(['pending/WRK-1.md'])
  })
})
