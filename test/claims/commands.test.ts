/** What scripts rely on: the JSON of every command, its exit codes, its flags, and which queue it uses. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, stampOf, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { run } from '../support/run.ts'
import { COMMANDS, expectError, git, oneObject, queueIn, repository, TEXT } from './commands.shared.ts'

const STAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)

describe('wrk claim --json', () => {
  test('reports a granted claim with every key', async () => {
    const queue = makeQueue(['WRK-157'])
    const before = Date.now()
    const result = await queue.run('claim WRK-157 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toEqual({
      schema_version: 1,
      ok: true,
      kind: 'granted',
      item: {
        id: 'WRK-157',
        path: queue.path('WRK-157'),
        title: 'What WRK-157 is about',
        status: 'pending',
      },
      lock: { locked_by: 'tester', locked_at: STAMP, expires_at: STAMP },
      from: null,
      session: { id: 'tester', source: 'env' },
    })
    const { locked_at, expires_at } = result.json.lock
    expect(Date.parse(locked_at)).toBeGreaterThanOrEqual(before - 1000)
    expect(Date.parse(expires_at) - Date.parse(locked_at)).toBe(2 * HOUR)
    expect(queue.lock('WRK-157')).toEqual({ by: 'tester', at: locked_at })
    expect(result.stderr).toBe('')
  })

  test('a renewed claim leaves the file alone until its lock is half the TTL old', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { env: { WRK_NOW: '2026-02-16T19:00:00Z' } })
    const result = await queue.run('claim WRK-157 --json', { env: { WRK_NOW: '2026-02-16T19:30:00Z' } })
    expect(oneObject(result)).toMatchObject({
      kind: 'renewed',
      from: null,
      lock: { locked_by: 'tester', locked_at: '2026-02-16T19:00:00Z', expires_at: '2026-02-16T21:30:00Z' },
    })
    expect(queue.lock('WRK-157').at).toBe('2026-02-16T19:00:00Z')
    const later = await queue.run('claim WRK-157 --json', { env: { WRK_NOW: '2026-02-16T20:00:00Z' } })
    expect(oneObject(later)).toMatchObject({ kind: 'renewed', lock: { locked_at: '2026-02-16T20:00:00Z' } })
    expect(queue.lock('WRK-157').at).toBe('2026-02-16T20:00:00Z')
  })

  test('reports a takeover: from whom, since when and why, and warns on stderr', async () => {
    const since = stampOf(ago(3 * HOUR))
    const queue = makeQueue({ 'pending/WRK-157.md': heldItem('WRK-157', 'older', since) })
    const result = await queue.run('claim WRK-157 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({
      kind: 'takenOver',
      from: { locked_by: 'older', locked_at: since, reason: TEXT },
      lock: { locked_by: 'tester' },
    })
    expect(result.stderr).toMatch(/^wrk: warning: took over WRK-157 from older/)
  })

  test('reports a refusal: the holder with every key, exit 4, and never how to break its lock', async () => {
    const queue = makeQueue(['WRK-157', 'WRK-158'])
    await queue.run('claim WRK-157', { session: 'first' })
    const result = await queue.run('claim WRK-157 --json', { session: 'second' })
    const json = expectError(result, 4, 'LOCKED')
    expect(json.holder).toEqual({
      session_id: 'first',
      locked_at: queue.lock('WRK-157').at,
      expires_at: STAMP,
      liveness: 'unknown',
      reason: TEXT,
      host: null,
      pid: null,
      active_wrk: 'WRK-157',
      taken_out: false,
      named_in_file: null,
    })
    expect(json.error.message).toContain('WRK-157 is held by first')
    expect(`${json.error.message} ${json.error.hint}`).not.toMatch(/--force|session end/)
    expect(queue.lock('WRK-157').by).toBe('first')

    const people = await queue.run('claim WRK-157', { session: 'second' })
    expect(people).toMatchObject({ code: 4, stdout: '' })
    expect(people.stderr).toContain(
      json.error.message
        .replace(/ \([^)]*\)/, '')
        .split(',')[0]
        .slice(0, 25),
    )
    expect(people.stderr).not.toMatch(/--force/)
  })

  test('names a missing item with exit 1 and writes nothing for it', async () => {
    const queue = makeQueue(['WRK-157'])
    expectError(await queue.run('claim WRK-9 --json'), 1, 'NOT_FOUND')
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test('names a missing session with exit 2 and the ways to give one', async () => {
    const queue = makeQueue(['WRK-157'])
    // No terminal and no agent above: the tests start every command in a session of its own.
    const result = await queue.run('claim WRK-157 --json', { session: null })
    const { error } = expectError(result, 2, 'NO_SESSION')
    for (const way of ['--session', 'WRK_SESSION_ID', 'wrk session start']) expect(error.hint).toContain(way)
    expect(queue.lock('WRK-157').by).toBe('')
  })

  test('says that an id in two places is ambiguous: exit 5 and both places', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'done/WRK-0001-copy.md': item('WRK-1') })
    for (const command of ['claim', 'release']) {
      const { error } = expectError(await queue.run([command, 'WRK-1', '--json']), 5, 'AMBIGUOUS')
      expect(error.message).toContain(queue.path('pending/WRK-1.md'))
      expect(error.message).toContain(queue.path('done/WRK-0001-copy.md'))
      expect(error.hint).toMatch(/remove|git rm/)
    }
    expect(queue.read('pending/WRK-1.md')).toBe(item('WRK-1'))
  })

  test.each([
    ['done/WRK-1.md', 'done'],
    ['archive/2026-01/WRK-1.md', 'archived'],
    ['pending/WRK-1.md', 'superseded'],
    ['done/WRK-1.md', null],
  ])('refuses the closed item %s (status %s) with exit 5, and takes it with force', async (path, status) => {
    const queue = makeQueue({ [path]: item('WRK-1', { status }) })
    expectError(await queue.run('claim WRK-1 --json'), 5, 'CLOSED')
    expect(queue.read(path)).toBe(item('WRK-1', { status }))
    const forced = await queue.run(['claim', 'WRK-1', '--force', '--reason', 'an addendum', '--json'])
    expect(oneObject(forced)).toMatchObject({ kind: 'granted' })
    expect(queue.events().at(-1)).toMatchObject({
      type: 'granted',
      forced: true,
      reason: expect.stringContaining('an addendum'),
    })
  })
})

describe('wrk claim', () => {
  test('says in the log that a closed item was taken by force, also where its holder’s time was up (found by a storm)', async () => {
    const queue = makeQueue({
      'done/WRK-1.md': heldItem('WRK-1', 'first', ago(9 * HOUR), { status: 'done' }),
    })
    expect((await queue.run('claim WRK-1')).code).toBe(5)
    const taken = await queue.run(['claim', 'WRK-1', '--force', '--reason', 'an addendum', '--json'])
    expect(oneObject(taken)).toMatchObject({ kind: 'takenOver', from: { locked_by: 'first' } })
    expect(queue.events().at(-1)).toMatchObject({ type: 'takenOver', forced: true, previous_holder: 'first' })
    expect(queue.events().at(-1)?.reason).toMatch(/; forced: an addendum$/)
  })

  test('by force takes a living holder’s item, warns, and the log shows it', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    const result = await queue.run(['claim', 'WRK-157', '--force', '--reason', 'first went home', '--json'])
    expect(oneObject(result)).toMatchObject({ kind: 'takenOver', from: { locked_by: 'first' } })
    expect(result.stderr).toMatch(/^wrk: warning: took over WRK-157 from first.*first went home/)
    expect(queue.events().at(-1)).toMatchObject({ type: 'takenOver', forced: true, previous_holder: 'first' })
  })

  test('takes an item over at the age that --ttl or the environment names', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'other', ago(10 * MINUTE)),
      'pending/WRK-2.md': heldItem('WRK-2', 'other', ago(10 * MINUTE)),
      'pending/WRK-3.md': heldItem('WRK-3', 'other', ago(0)),
      'pending/WRK-4.md': heldItem('WRK-4', 'other', ago(10 * MINUTE)),
    })
    expect((await queue.run('claim WRK-1')).code).toBe(4)
    expect((await queue.run('claim WRK-1 --ttl 11m')).code).toBe(4)
    expect((await queue.run('claim WRK-1 --ttl 9m')).code).toBe(0)
    expect((await queue.run('claim WRK-2', { env: { LOCK_TTL_SECONDS: '700' } })).code).toBe(4)
    expect((await queue.run('claim WRK-2', { env: { LOCK_TTL_SECONDS: '500' } })).code).toBe(0)
    expect((await queue.run('claim WRK-3', { env: { LOCK_TTL_SECONDS: '0' } })).code).toBe(0)
    queue.write('wrk.yaml', 'ttl: 5m\n')
    const settled = await queue.run('claim WRK-4 --json')
    expect(settled.json.kind).toBe('takenOver')
    const { locked_at, expires_at } = settled.json.lock
    expect(Date.parse(expires_at) - Date.parse(locked_at)).toBe(5 * MINUTE)
  })

  test('--ttl judges the locks of others: one’s own lasts for the queue’s TTL', async () => {
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'wrk.yaml': 'ttl: 3h\n' })
    const env = { WRK_NOW: '2026-02-16T19:30:05Z' }
    for (const kind of ['granted', 'renewed']) {
      const { json } = await queue.run('claim WRK-1 --ttl 24h --json', { env })
      expect([json.kind, json.lock?.expires_at]).toEqual([kind, '2026-02-16T22:30:05Z'])
    }
    expect((await queue.run('claim WRK-1 --ttl 24h', { env })).stdout).toContain('Yours for 3h;')
    const other = { session: 'other', env: { WRK_NOW: '2026-02-16T22:30:05Z' } }
    expect((await queue.run('claim WRK-1', other)).code).toBe(0)
  })

  test('leaves a living session its old items under takeover: dead-only', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'other', ago(10 * HOUR)),
      'wrk.yaml': 'takeover: dead-only\n',
    })
    // Doubt is not life: a session that nothing is known of keeps its item for one TTL only.
    expect((await queue.run('claim WRK-1 --json')).json.kind).toBe('takenOver')
  })

  test('with --wait is granted as soon as the holder releases', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    const waiting = queue.run('claim WRK-157 --wait 30s --json', { session: 'second' })
    // Listed means that it has begun; from there on it asks again and again.
    await until('the second session waits', () => queue.read('session-state.yaml').includes('second'))
    expect((await queue.run('release WRK-157', { session: 'first' })).code).toBe(0)
    expect(await waiting).toMatchObject({ code: 0, json: { kind: 'granted' } })
    expect(queue.lock('WRK-157').by).toBe('second')
  })

  test('with --wait in front of the id takes the id for the id', async () => {
    const queue = makeQueue(['WRK-157'])
    const result = await queue.run('claim --wait WRK-157 --json', { session: 'first' })
    expect(oneObject(result)).toMatchObject({ ok: true, kind: 'granted' })
    expectError(await queue.run('claim --wait soon WRK-157 --json'), 2, 'USAGE')
  })

  test('with --wait ends with exit 4 when the time is over, not before', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    const begin = performance.now()
    const result = await queue.run('claim WRK-157 --wait 1s --json', { session: 'second' })
    expect(performance.now() - begin).toBeGreaterThan(950)
    expectError(result, 4, 'LOCKED')
  })

  test('takes short ids, ids in other letter case, with a prefix or with .md', async () => {
    const queue = makeQueue({
      'pending/WRK-157-some-words.md': item('WRK-157'),
      'pending/workspace-hub-1311.md': item('workspace-hub#1311'),
    })
    for (const id of ['157', 'wrk-157', 'WRK-0157', 'WRK-157.md', 'WRK#157'])
      expect((await queue.run(['claim', id, '--json'])).json.item.id).toBe('WRK-157')
    for (const id of ['workspace-hub#1311', 'workspace-hub-1311', 'Workspace-Hub#1311'])
      expect((await queue.run(['claim', id, '--json'])).json.item.id).toBe('workspace-hub#1311')
    queue.write('wrk.yaml', 'id_prefix: workspace-hub\n')
    expect((await queue.run('show 1311 --json')).json.item.id).toBe('workspace-hub#1311')
  })
})

describe('wrk release', () => {
  test('releases the item and reports it with every key', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157')
    const result = await queue.run('release WRK-157 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({
      ok: true,
      released: true,
      reason: 'released',
      item: { id: 'WRK-157', path: queue.path('WRK-157') },
      holder: null,
    })
    expect(queue.read('WRK-157')).toBe(item('WRK-157'))
    expect(queue.events().map(({ type }) => type)).toEqual(['sessionStarted', 'granted', 'released'])
  })

  test('of an item that nobody holds is exit 0 and changes nothing', async () => {
    const queue = makeQueue(['WRK-157'])
    const result = await queue.run('release WRK-157 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({ released: false, reason: 'not-locked', holder: null })
    expect(queue.read('WRK-157')).toBe(item('WRK-157'))
  })

  test('of another’s item is exit 4, names the holder, changes nothing and is in the log', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    const before = queue.read('WRK-157')
    const result = await queue.run('release WRK-157 --json', { session: 'second' })
    expect(expectError(result, 4, 'LOCKED')).toMatchObject({
      released: false,
      reason: 'held-by-other',
      holder: { session_id: 'first', liveness: 'unknown' },
    })
    expect(result.json.error.hint).not.toContain('--force')
    expect(queue.read('WRK-157')).toBe(before)
    expect(queue.events().at(-1)).toMatchObject({
      type: 'refused',
      item: 'WRK-157',
      session: 'second',
      previous_holder: 'first',
    })
  })

  test('by force succeeds, warns and is logged; without a reason it is a usage error', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    for (const args of ['release WRK-157 --force --json', 'release WRK-157 --reason why --json'])
      expectError(await queue.run(args, { session: 'second' }), 2, 'USAGE')
    expectError(await queue.run(['release', 'WRK-157', '--force', '--reason', ' ', '--json']), 2, 'USAGE')
    expect(queue.lock('WRK-157').by).toBe('first')
    const forced = await queue.run(['release', 'WRK-157', '--force', '--reason', 'host is gone', '--json'], {
      session: 'second',
    })
    expect(oneObject(forced)).toMatchObject({ released: true, reason: 'forced' })
    expect(forced.stderr).toMatch(/^wrk: warning: forced the release of WRK-157; first held it/)
    expect(queue.lock('WRK-157').by).toBe('')
    expect(queue.events().at(-1)).toMatchObject({
      forced: true,
      reason: expect.stringContaining('host is gone'),
    })
    // By which the former holder learns of it.
    expect(queue.session('first').claims).toMatchObject([{ id: 'WRK-157' }])
  })

  test('that names a run needs the run that claimed', async () => {
    const queue = makeQueue(['WRK-157', 'WRK-158'])
    await queue.run('claim WRK-157 --run-id run-1')
    const other = await queue.run('release WRK-157 --run-id run-2 --json')
    expect(expectError(other, 4, 'LOCKED')).toMatchObject({ released: false, reason: 'other-run' })
    expect(queue.lock('WRK-157').by).toBe('tester')
    expect((await queue.run('release WRK-157 --run-id run-1')).code).toBe(0)
    // A claim that named no run is not a run's to release.
    await queue.run('claim WRK-158')
    expect((await queue.run('release WRK-158 --run-id run-1')).code).toBe(4)
    expect((await queue.run('release WRK-158')).code).toBe(0)
  })

  test('--mine releases all that this holder has, and nothing of others', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'])
    await queue.run('claim WRK-1')
    await queue.run('claim WRK-2')
    await queue.run('claim WRK-3', { session: 'other' })
    await queue.run('claim WRK-4 --agent helper')
    const result = await queue.run('release --mine --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({ released: true })
    expect(result.json.items.map((one: Json) => one.item.id).sort()).toEqual(['WRK-1', 'WRK-2'])
    expect(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'].map(id => queue.lock(id).by)).toEqual([
      ...['', '', 'other', 'tester/helper'],
    ])
    expect(oneObject(await queue.run('release --mine --json'))).toMatchObject({ released: false, items: [] })
  })
})

describe('wrk list', () => {
  const several = () =>
    makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': item('WRK-2', { status: 'on-hold', priority: null }),
      'working/WRK-3.md': heldItem('WRK-3', 'other', ago(MINUTE), { status: 'in_progress' }),
      'blocked/WRK-4.md': heldItem('WRK-4', 'old', ago(9 * HOUR), { status: 'blocked' }),
      'archive/2026-01/WRK-5.md': item('WRK-5', { status: 'archived' }),
      'WRK-6.md': '# no frontmatter\n',
      'README.md': '# not an item\n',
    })
  const ids = ({ json }: Result): string[] => json.items.map(({ id }: Json) => id).sort()

  test('reports every item with every key', async () => {
    const queue = several()
    const result = await queue.run('list --json')
    expect(result.code).toBe(0)
    expect(ids(result)).toEqual(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4', 'WRK-5', 'WRK-6'])
    const byId = Object.fromEntries(oneObject(result).items.map((one: Json) => [one.id, one]))
    expect(byId['WRK-3']).toEqual({
      id: 'WRK-3',
      title: 'What WRK-3 is about',
      status: 'in_progress',
      priority: 'medium',
      folder: 'working',
      path: queue.path('working/WRK-3.md'),
      locked_by: 'other',
      locked_at: STAMP,
      liveness: 'unknown',
      left_by: null,
      problems: [],
    })
    expect(byId['WRK-2']).toMatchObject({ priority: null, locked_by: null, locked_at: null, liveness: null })
    expect(byId['WRK-4'].liveness).toBe('stale')
    expect(byId['WRK-5'].folder).toBe('archive/2026-01')
    expect(byId['WRK-6'].problems).toMatchObject([
      { code: 'no-frontmatter', line: 1, column: 1, blocks: true },
    ])
  })

  test('shows only what its filters name', async () => {
    const queue = several()
    await queue.run('claim WRK-1')
    expect(ids(await queue.run('list --status pending --json'))).toEqual(['WRK-1'])
    expect(ids(await queue.run('list --status pending --status In-Progress --json'))).toEqual([
      'WRK-1',
      'WRK-3',
    ])
    expect(ids(await queue.run('list --status pending blocked --json'))).toEqual(['WRK-1', 'WRK-4'])
    expect(ids(await queue.run('list --locked --json'))).toEqual(['WRK-1', 'WRK-3', 'WRK-4'])
    expect(ids(await queue.run('list --mine --json'))).toEqual(['WRK-1'])
    expect(ids(await queue.run('list --mine --status blocked --json'))).toEqual([])
    expect(ids(await queue.run('list --status nonsense --json'))).toEqual([])
  })

  test.each([40, 60, 80, 120])('fits into %i columns', async width => {
    const queue = several()
    queue.write('WRK-7', item('WRK-7', { title: `"${'長い題名 and more '.repeat(20)}"` }))
    const { stdout } = await queue.run('list', { env: { COLUMNS: `${width}` } })
    const wide = (text: string) =>
      [...text].reduce((sum, char) => sum + (/[\u3000-\u9fff]/.test(char) ? 2 : 1), 0)
    expect(stdout.split('\n').filter(line => wide(line) > width)).toEqual([])
    expect(stdout).toContain('WRK-7')
  })

  test('prints no colours into a pipe', async () => {
    expect((await several().run('list')).stdout).not.toContain('\x1b')
  })
})

describe('wrk show', () => {
  test('shows fields, place, lock and holder', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { parent: '{a: [1, two]}', note: '|\n  two\n  lines' }),
    })
    await queue.run('claim WRK-1', { session: 'first' })
    const result = await queue.run('show 1 --json')
    expect(oneObject(result)).toMatchObject({
      item: { id: 'WRK-1', folder: 'pending', status: 'pending', priority: 'medium', closed: false },
      fields: {
        id: 'WRK-1',
        parent: { a: [1, 'two'] },
        note: 'two\nlines\n',
        related: [],
        locked_by: 'first',
      },
      lock: { locked_by: 'first', locked_at: STAMP, expires_at: STAMP, liveness: 'unknown' },
      holder: { session_id: 'first', reason: TEXT, active_wrk: 'WRK-1' },
      problems: [],
      places: [queue.path('WRK-1')],
    })
    const { stdout } = await queue.run('show 1')
    for (const text of ['WRK-1', 'held by first', 'may be alive: ', 'two / lines'])
      expect(stdout).toContain(text)
  })

  test('of an ambiguous id shows all places and warns', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: 'here' }),
      'archive/2026-01/WRK-1.md': item('WRK-1', { title: 'there' }),
    })
    const result = await queue.run('show WRK-1 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result).places).toEqual([
      queue.path('pending/WRK-1.md'),
      queue.path('archive/2026-01/WRK-1.md'),
    ])
    expect(result.json.problems).toMatchObject([{ code: 'ambiguous', blocks: true }])
    expect(result.stderr).toMatch(/^wrk: warning: WRK-1 is in 2 places/)
    const { stdout } = await queue.run('show WRK-1')
    expect(stdout).toContain('here')
    expect(stdout).toContain('there')
  })

  test('of a damaged file shows what is wrong with it, and never says that it is free', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': '---\nid: WRK-1\nlocked_by: [a, b]\n---\n' })
    const result = await queue.run('show WRK-1 --json')
    expect(oneObject(result).problems).toMatchObject([
      { code: 'unreadable-lock', line: 3, column: 1, blocks: true },
    ])
    for (const command of ['claim', 'release'])
      expectError(await queue.run([command, 'WRK-1', '--json']), 5, 'INVALID_ITEM')
    expect((await queue.run('show WRK-1')).stdout).not.toMatch(/lock +free/)
  })

  test('of a missing item is exit 1', async () => {
    expectError(await makeQueue().run('show WRK-1 --json'), 1, 'NOT_FOUND')
  })
})

describe('wrk status', () => {
  test('shows sessions with their items, and locks that no listed session has', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': heldItem('WRK-2', 'stranger', ago(9 * HOUR)),
    })
    await queue.run('claim WRK-1', { session: 'first' })
    const result = await queue.run('status --json', { session: 'first' })
    expect(oneObject(result)).toMatchObject({
      sessions: [
        {
          session_id: 'first',
          host: null,
          pid: null,
          liveness: 'unknown',
          reason: TEXT,
          heartbeat_at: STAMP,
          mine: true,
          items: [{ id: 'WRK-1', title: 'What WRK-1 is about', locked_by: 'first', locked_at: STAMP }],
        },
      ],
      orphans: [{ id: 'WRK-2', locked_by: 'stranger', liveness: 'stale', reason: TEXT }],
    })
    const { stdout } = await queue.run('status')
    expect(stdout).toMatch(/first .*unknown/)
    expect(stdout).toMatch(/WRK-2 .*\[stale\]/)
  })
})

describe('wrk session', () => {
  test('id shows the session, what named it, and with --explain why', async () => {
    const queue = makeQueue()
    expect(oneObject(await queue.run('session id --json'))).toEqual({
      schema_version: 1,
      ok: true,
      session: { id: 'tester', source: 'env', anchor: null },
    })
    expect((await queue.run('session id')).stdout).toBe('tester\n')
    const explained = await queue.run('session id --explain --json --session by-flag')
    expect(explained.json).toMatchObject({
      session: { id: 'by-flag', source: 'flag' },
      rules: [{ rule: '--session' }],
    })
    expect((await queue.run('session id --explain')).stdout).toMatch(
      /^tester\n1\. --session: no\n2\. WRK_SESSION_ID: tester/,
    )
  })

  test('start registers, list and show report it, end releases what it holds', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    for (const verb of ['start', 'init']) {
      const started = await queue.run(`session ${verb} --provider codex --session-id nightly-7 --json`, {
        session: null,
      })
      expect(started.code).toBe(0)
      expect(oneObject(started).session).toMatchObject({ id: 'nightly-7', agent: 'codex' })
    }
    await queue.run('claim WRK-1', { session: 'nightly-7' })
    await queue.run('claim WRK-2 --agent helper', { session: 'nightly-7' })
    expect((await queue.run('session list --json')).json.sessions).toMatchObject([
      { session_id: 'nightly-7' },
    ])
    expect((await queue.run('session show nightly-7 --json')).json.session).toMatchObject({
      session_id: 'nightly-7',
      items: [{ id: 'WRK-1' }, { id: 'WRK-2' }],
    })
    expectError(await queue.run('session show nobody --json'), 1, 'NOT_FOUND')
    const ended = await queue.run('session end --json', { session: 'nightly-7' })
    expect(oneObject(ended)).toMatchObject({ session: { id: 'nightly-7' }, released: ['WRK-1', 'WRK-2'] })
    expect(['WRK-1', 'WRK-2'].map(id => queue.lock(id).by)).toEqual(['', ''])
    expect(queue.session('nightly-7').ended_at).toEqual(STAMP)
    expectError(await queue.run('session start --json'), 2, 'USAGE')
    expectError(await queue.run(['session', 'start', '--provider', 'a b', '--json']), 2, 'USAGE')
  })
})

describe('wrk heartbeat', () => {
  test('is recorded, and fails with exit 4 once a lock was lost', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { env: { WRK_NOW: '-3h' } })
    const early = await queue.run('heartbeat --json', { env: { WRK_NOW: '-170m' } })
    expect(early.code).toBe(0)
    expect(oneObject(early)).toMatchObject({ session: { id: 'tester' }, heartbeat_at: STAMP, superseded: [] })
    expect((await queue.run('claim WRK-1', { session: 'next' })).code).toBe(0)
    const late = await queue.run('heartbeat --json')
    expect(expectError(late, 4, 'LOCKED').superseded).toMatchObject([
      { id: 'WRK-1', by: 'next', at: STAMP, reason: TEXT },
    ])
    expect(late.json.error.message).toContain('taken over by next')
  })
})

describe('wrk log', () => {
  test('shows every change in order, those of one item, and the last few', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1')
    await queue.run('claim WRK-2')
    await queue.run('release WRK-1')
    const all = oneObject(await queue.run('log --json')).events
    expect(all.map(({ seq, type, item }: Json) => [seq, type, item])).toEqual([
      [1, 'sessionStarted', null],
      [2, 'granted', 'WRK-1'],
      [3, 'granted', 'WRK-2'],
      [4, 'released', 'WRK-1'],
    ])
    for (const event of all)
      expect(Object.keys(event)).toEqual(
        expect.arrayContaining(['time', 'seq', 'type', 'item', 'session', 'previous_holder', 'reason']),
      )
    const seqs = async (args: string) =>
      (await queue.run(`log ${args} --json`)).json.events.map(({ seq }: Json) => seq)
    expect(await seqs('WRK-1')).toEqual([2, 4])
    expect(await seqs('1 -n 1')).toEqual([4])
    expect(await seqs('-n 2')).toEqual([3, 4])
    expect(await seqs('-n 0')).toEqual([])
    expect(await seqs('-n 99')).toHaveLength(4)
    expectError(await queue.run('log -n x --json'), 2, 'USAGE')
    expectError(await queue.run('log -n -1 --json'), 2, 'USAGE')
    const { stdout } = await queue.run('log -n 1')
    expect(stdout).toMatch(/^ +4 {2}\S+Z {2}released +WRK-1 {2}by tester\n$/)
  })
})

describe('every command', () => {
  const forms = [...COMMANDS, 'session start', 'session id', 'session list', 'session show', 'session end']

  test.each(forms)('%s explains itself with examples under --help, in any queue or none', async command => {
    const result = await run(`${command} --help`, { cwd: tempFolder() })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toMatch(/^Usage: wrk /)
    expect(result.stdout).toContain('Examples:')
    for (const flag of ['--queue', '--json', '--help']) expect(result.stdout).toContain(flag)
    const example = new RegExp(`wrk ${command.split(' ')[0]}`)
    expect(result.stdout.split('Examples:')[1]).toMatch(example)
  })

  test.each([
    'claim WRK-1 extra',
    'show',
    'claim',
    'release',
    'release WRK-1 --mine',
    'status WRK-1',
    'session nonsense',
  ])('wrk %s is a usage error', async args => {
    expectError(await makeQueue(['WRK-1']).run(`${args} --json`), 2, 'USAGE')
  })

  test.each([
    ['session start', 'session start'],
    ['session --queue . init --bogus', 'session start'],
    ['session nonsense', 'session'],
    ['claim', 'claim'],
    ['--bogus', ''],
  ])('the hint of wrk %s leads to the help of that very command', async (args, command) => {
    const { code, stderr } = await makeQueue(['WRK-1']).run(args)
    expect(code).toBe(2)
    expect(stderr).toContain(`See: wrk ${command}${command && ' '}--help\n`)
  })

  test.each(['5 parrots', '-5', '', '2h!', '--json'])('wrk claim --ttl %j is a usage error', async ttl => {
    expectError(await makeQueue(['WRK-1']).run(['claim', 'WRK-1', `--ttl=${ttl}`, '--json']), 2, 'USAGE')
  })

  test('that does not exist is exit 2, with a suggestion', async () => {
    const result = await run('clam WRK-157')
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(/clam[\s\S]*claim/)
    expectError(await run('clam WRK-157 --json'), 2, 'USAGE')
  })

  test('goes by its own name, also where a word of the options is the name of another', async () => {
    const queue = makeQueue(['WRK-157'])
    const result = await queue.run('--session status claim WRK-157 --json')
    expect(oneObject(result)).toMatchObject({ kind: 'granted', session: { id: 'status' } })
    const named = await queue.run('--agent log release WRK-157 --json', { session: 'status' })
    expect(expectError(named, 4, 'LOCKED').reason).toBe('held-by-other')
  })

  test('without a queue is exit 1 and says how to get one', async () => {
    const { error } = expectError(await run('list --json', { cwd: tempFolder() }), 1, 'NOT_FOUND')
    expect(error.hint).toContain('wrk init')
    expectError(await run('list --queue /nowhere/at/all --json'), 1, 'NOT_FOUND')
  })
})

test('wrk alone prints its help, --version its version', async () => {
  expect((await run([])).stdout).toMatch(/^Usage: wrk /)
  expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect((await run('--json')).code).toBe(2)
})

test('a length of time beyond all calendars is a usage error or works, but is never a bug in wrk', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': heldItem('WRK-1', 'other', ago(HOUR)),
    'pending/WRK-2.md': item('WRK-2'),
  })
  for (const id of ['WRK-1', 'WRK-2'])
    for (const ttl of ['9999999999d', '99999999h']) {
      const result = await queue.run(['claim', id, '--ttl', ttl, '--json'])
      expect([0, 2, 4]).toContain(result.code)
      const expires = (result.json.lock ?? result.json.holder)?.expires_at
      if (expires) expect(expires).toEqual(STAMP)
    }
})

describe('the queue', () => {
  const where = async (options: Parameters<typeof run>[1], args = '') =>
    (await run(`where --json${args}`, options)).json

  test('is reported by wrk where, with its settings and files', async () => {
    const queue = makeQueue({ 'wrk.yaml': 'ttl: 90m\nid_prefix: HUB\n' })
    expect(oneObject(await queue.run('where --json'))).toMatchObject({
      queue: queue.root,
      via: 'WRK_QUEUE',
      linked_worktree: null,
      session_state: queue.path('session-state.yaml'),
      state_dir: queue.path('.wrk'),
      settings: {
        id_prefix: 'HUB',
        ttl_seconds: 5400,
        takeover: 'ttl',
        unlisted: 'dead',
        worktrees: 'shared',
      },
    })
    expect((await queue.run('where')).stdout).toContain(queue.root)
  })

  test('is the one of --queue before WRK_QUEUE before WORK_ITEM_ROOT before the nearest above', async () => {
    const [flag, env, old, near] = [makeQueue(), makeQueue(), makeQueue(), makeQueue()]
    const cwd = join(near.root, 'pending')
    const both = { WRK_QUEUE: env.root, WORK_ITEM_ROOT: old.root }
    expect(await where({ cwd, env: both }, ` --queue=${flag.root}`)).toMatchObject({
      queue: flag.root,
      via: '--queue',
    })
    expect(await where({ cwd, env: both })).toMatchObject({ queue: env.root, via: 'WRK_QUEUE' })
    expect(await where({ cwd, env: { WORK_ITEM_ROOT: old.root } })).toMatchObject({ queue: old.root })
    expect((await where({ cwd })).queue).toBe(near.root)
  })

  test('is .claude/work-queue of the nearest folder above', async () => {
    const workspace = tempFolder()
    const queue = join(workspace, '.claude', 'work-queue')
    mkdirSync(join(queue, 'pending'), { recursive: true })
    mkdirSync(join(workspace, 'src', 'deep'), { recursive: true })
    expect((await where({ cwd: join(workspace, 'src', 'deep') })).queue).toBe(queue)
    expect((await where({ env: { WRK_QUEUE: workspace } })).queue).toBe(queue)
  })

  test('keeps its sessions where SESSION_STATE_FILE says, as older scripts set it', async () => {
    const queue = makeQueue(['WRK-157'])
    const file = join(tempFolder(), 'state.yaml')
    const env = { SESSION_STATE_FILE: file, WORK_ITEM_ROOT: queue.root }
    expect((await run('claim WRK-157', { env })).code).toBe(0)
    expect((await where({ env })).session_state).toBe(file)
    expect((await run('session list --json', { env })).json.sessions).toMatchObject([
      { session_id: 'tester' },
    ])
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test.each(['-1', 'soon', '1h'])('refuses LOCK_TTL_SECONDS=%s as a usage error', async seconds => {
    const queue = makeQueue(['WRK-157'])
    expectError(await queue.run('claim WRK-157 --json', { env: { LOCK_TTL_SECONDS: seconds } }), 2, 'USAGE')
    expect(queue.lock('WRK-157').by).toBe('')
  })
})

describe('in git', () => {
  test('a linked worktree uses the main working tree’s queue, so that both see one lock', async () => {
    const main = repository(true)
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    const found = (await run('where --json', { cwd: linked })).json
    expect(found).toMatchObject({ queue: queueIn(main), linked_worktree: queueIn(linked) })
    expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).code).toBe(0)
    expect((await run('claim WRK-1', { cwd: main, session: 'second' })).code).toBe(4)
    const named = await run(['claim', 'WRK-1', '--queue', queueIn(linked)], { session: 'second' })
    expect(named.code).toBe(4)
  })

  test('a linked worktree outside of the main tree finds its queue where git ignores .claude/', async () => {
    const main = repository(false)
    writeFileSync(join(main, '.gitignore'), '.claude/\n')
    git(main, 'add', '-A')
    git(main, 'commit', '-qm', 'ignored')
    mkdirSync(join(main, 'part'))
    mkdirSync(join(queueIn(main), 'pending'), { recursive: true })
    writeFileSync(join(queueIn(main), 'pending', 'WRK-1.md'), item('WRK-1'))
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    mkdirSync(join(linked, 'part', 'below'), { recursive: true })
    for (const cwd of [linked, join(linked, 'part', 'below')])
      expect((await run('where --json', { cwd })).json).toMatchObject({
        queue: queueIn(main),
        via: 'found in the main working tree of this linked worktree',
        linked_worktree: queueIn(linked),
      })
    expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).code).toBe(0)
    expect((await run('claim WRK-1', { cwd: main, session: 'second' })).code).toBe(4)
    expect((await run('verify', { cwd: linked, session: 'second' })).code).toBe(0)
    // A queue of its own goes first, and one of somebody else above the worktree comes last.
    mkdirSync(join(queueIn(join(linked, '..')), 'pending'), { recursive: true })
    expect((await run('where --json', { cwd: linked })).json.queue).toBe(queueIn(main))
    mkdirSync(join(queueIn(join(linked, 'part')), 'pending'), { recursive: true })
    expect((await run('where --json', { cwd: join(linked, 'part', 'below') })).json).toMatchObject({
      via: 'found above the working directory',
    })
    // One that is not to be shared is not.
    writeFileSync(join(queueIn(main), 'wrk.yaml'), 'worktrees: own\n')
    expect(await run('where', { cwd: linked })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Make one with: wrk init ${queueIn(linked)}`),
    })
  })

  test('a linked worktree finds the queue of the folder above its main tree', async () => {
    const workspace = tempFolder()
    mkdirSync(join(queueIn(workspace), 'pending'), { recursive: true })
    const main = join(workspace, 'repository')
    git(workspace, 'clone', '-q', repository(false), main)
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    expect((await run('where --json', { cwd: linked })).json).toMatchObject({
      queue: queueIn(workspace),
      linked_worktree: null,
    })
  })

  test('a submodule in a linked worktree uses the queue of the superproject’s main tree', async () => {
    const main = repository(false)
    mkdirSync(join(queueIn(main), 'pending'), { recursive: true })
    git(main, 'submodule', '--quiet', 'add', repository(false), 'part')
    git(main, 'commit', '-qm', 'part')
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    git(linked, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init')
    expect((await run('where --json', { cwd: join(linked, 'part') })).json.queue).toBe(queueIn(main))
    // And a linked worktree of the submodule, which lies nowhere near.
    const apart = join(tempFolder(), 'apart')
    git(join(main, 'part'), 'worktree', 'add', '-q', apart)
    expect((await run('where --json', { cwd: apart })).json.queue).toBe(queueIn(main))
  })

  test('a submodule without a queue uses the superproject’s, one with a queue its own', async () => {
    const main = repository(true)
    git(main, 'submodule', '--quiet', 'add', repository(false), 'bare')
    git(main, 'submodule', '--quiet', 'add', repository(true), 'own')
    expect((await run('where --json', { cwd: join(main, 'bare') })).json.queue).toBe(queueIn(main))
    expect((await run('where --json', { cwd: join(main, 'own') })).json.queue).toBe(
      queueIn(join(main, 'own')),
    )
  })
})

test('in a working directory that was removed, a queue named by its full path works', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { plan_approved: 'true' }) })
  const there = tempFolder()
  const script = `cd "$1" && rmdir "$1" && shift && exec "$@"`
  const call = (words: string) => {
    const gone = mkdtempSync(join(there, 'gone-'))
    const line = ['-c', script, 'sh', gone, PROGRAM, ...FIRST, ...words.split(' ')]
    return finished(start('sh', line, { cwd: there, env: cleanEnv(there, { WRK_SESSION_ID: 'tester' }) }))
  }
  const named = `--queue ${queue.root}`
  for (const words of [
    'claim 1',
    'show 1',
    'heartbeat',
    'list',
    'status',
    'set 1 priority=high',
    'release 1',
  ])
    expect((await call(`${words} ${named}`)).code, words).toBe(0)
  const ran = await call(`execute 1 --provider claude ${named} -- true`)
  expect(ran.code, ran.stderr).toBe(0)
  expect(await call('list')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the working directory was removed'),
  })
})

test('a session that older tooling wrote is used as it is, and its file keeps its comments', async () => {
  const older =
    '# ours\nsession_id: "nightly-run"\norchestrator_agent: "claude"\nsubagents_used:\n  - codex\nextra: 1\n'
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': older })
  expect((await queue.run('claim WRK-1')).code).toBe(0)
  const text = queue.read('session-state.yaml')
  for (const line of ['# ours', 'extra: 1']) expect(text).toContain(line)
  expect(
    queue
      .state()
      .sessions.map((one: Json) => one.session_id)
      .sort(),
  ).toEqual(['nightly-run', 'tester'])
})
