/** `wrk claim`: its answer as JSON and for a person, its flags and its exit codes. */
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, stampOf, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { expectError, oneObject, TEXT } from './commands.shared.ts'

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
    // The lock is stamped in whole seconds.
    const within = { env: { WRK_NOW: '2026-02-16T19:30:05.900Z' } }
    expect((await queue.run('claim WRK-1', within)).stdout).toContain('Yours for 3h;')
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
