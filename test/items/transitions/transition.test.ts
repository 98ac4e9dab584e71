/** start, block, unblock, done, reopen: status, lock and folder in one act, whoever else is at it and wherever it stops. */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, stampOf } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue } from '../../support/queue.ts'
import { loading } from '../../support/run.ts'
import { anchorOf, deadAnchor, registry } from '../../support/sessions.ts'
import { expectError, field, pendingNotes, places, textOf, VERBS } from './transition.shared.ts'

const STAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)

describe('each verb from each state', () => {
  test('rewrites only what it must, and keeps a CRLF file as it is', async () => {
    const before = item('WRK-1', { status: "'pending' # not yet", title: '"A title"' }).replaceAll(
      '\n',
      '\r\n',
    )
    const queue = makeQueue({ 'pending/WRK-1.md': before })
    expect((await queue.run('start 1')).stdout).toBe('Started WRK-1  A title\n')
    const text = textOf(queue)
    const lockedAt = field(text, 'locked_at')!.replace(/["\r]/g, '')
    expect(text).toBe(
      before
        .replace("'pending'", "'working'")
        .replace('locked_by: ""', 'locked_by: "tester"')
        .replace('locked_at: ""', `locked_at: "${lockedAt}"`),
    )
  })
})

describe('start', () => {
  test('claims, and reports it with every key', async () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = await queue.run('start WRK-1 --json')
    expect(json).toEqual({
      schema_version: 1,
      ok: true,
      changed: true,
      item: {
        id: 'WRK-1',
        path: queue.path('working/WRK-1.md'),
        title: 'What WRK-1 is about',
        status: 'working',
      },
      lock: { locked_by: 'tester', locked_at: STAMP },
      from: null,
    })
    expect(queue.session('tester')).toMatchObject({ active_wrk: 'WRK-1', claims: [{ id: 'WRK-1' }] })
    expect(queue.events().at(-1)).toMatchObject({ type: 'started', item: 'WRK-1', session: 'tester' })
  })

  test('of what the session holds already renews the lock', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim 1', { env: { WRK_NOW: '-90m' } })
    const { json } = await queue.run('start 1 --json')
    expect(Date.now() - Date.parse(json.lock.locked_at)).toBeLessThan(HOUR)
    expect(json.from).toBeNull()
    expect((await queue.run('heartbeat')).code).toBe(0)
  })

  test('of an item after a run of this session was cut short begins again: nobody takes it for dead', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'tester', ago(MINUTE)),
      'session-state.yaml': registry([{ id: 'tester', started_at: ago(HOUR), heartbeat_at: new Date() }]),
      '.wrk/runs/wrk-1~run1': JSON.stringify({
        id: 'run1',
        holder: 'tester',
        process: deadAnchor(),
        owns: true,
      }),
    })
    expect((await queue.run('start 1')).code).toBe(0)
    expect((await queue.run('claim 1', { session: 'other' })).code).toBe(4)
    expect(readdirSync(queue.path('.wrk/runs'))).toEqual([])
  })

  test('within a run leaves the run its claim', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim 1 --run-id r7')
    expect((await queue.run('start 1')).code).toBe(0)
    expect(queue.session('tester').claims).toMatchObject([{ id: 'WRK-1', run_id: 'r7' }])
    expect((await queue.run('release 1 --run-id r7')).code).toBe(0)
  })
})

describe('block, unblock and reopen', () => {
  test('keep the reason where it is of use: in the item while it is blocked, and in the log', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('start 1')
    await queue.run(['block', '1', '--reason', 'waits: the "licence" #3'])
    expect(textOf(queue)).toContain('blocked_reason: "waits: the \\"licence\\" #3"\n')
    await queue.run(['block', '1', '--reason', 'another'])
    expect(field(textOf(queue), 'blocked_reason')).toBe('another')
    await queue.run('block 1')
    expect(field(textOf(queue), 'blocked_reason')).toBe('another')
    await queue.run(['unblock', '1', '--reason', 'it came'])
    expect(field(textOf(queue), 'blocked_reason')).toBe('')
    await queue.run('done 1')
    await queue.run(['reopen', '1', '--reason', 'it did not hold'])
    const answer = queue.events().flatMap(({ type, item, reason }) => (item ? [[type, reason]] : []))
    expect(answer).toEqual([
      ['started', null],
      ['blocked', 'waits: the "licence" #3'],
      ['blocked', 'another'],
      ['unblocked', 'it came'],
      ['finished', null],
      ['reopened', 'it did not hold'],
    ])
  })

  test('block frees what the session holds', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('start 1')
    expect((await queue.run('block 1 --json')).json.lock).toBeNull()
    expect(field(textOf(queue), 'locked_by')).toBe('')
    expect(queue.session('tester').claims).toEqual([])
  })

  test('unblock and reopen leave a pending item to whoever holds it', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim 1')
    for (const verb of ['unblock', 'reopen']) {
      expect((await queue.run(`${verb} 1`)).stdout).toBe('Nothing to do: WRK-1 is already pending.\n')
      expect(queue.lock('WRK-1').by).toBe('tester')
    }
  })

  test('reopen empties completed_at, and the item can be claimed again', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('archive 1', { env: { WRK_NOW: '2026-02-10T00:00:00Z' } })
    expect(places(queue)).toEqual(['archive/2026-02'])
    expect((await queue.run('claim 1')).code).toBe(5)
    expect((await queue.run('reopen 1')).stdout).toBe('Reopened WRK-1  What WRK-1 is about\n')
    expect(places(queue)).toEqual(['pending'])
    expect(field(textOf(queue), 'completed_at')).toBe('')
    expect((await queue.run('claim 1')).code).toBe(0)
    // The time of its second end is that of the second end.
    await queue.run('done 1', { env: { WRK_NOW: '2026-05-05T00:00:00Z' } })
    expect(field(textOf(queue), 'completed_at')).toBe('2026-05-05T00:00:00Z')
  })
})

describe('done', () => {
  test('sets completed_at once, frees, and keeps another word for the same', async () => {
    const queue = makeQueue({
      'working/WRK-1.md': item('WRK-1', { status: 'working', completed_at: '2020-01-01' }),
      'pending/WRK-2.md': item('WRK-2', { status: 'merged' }),
      'pending/WRK-3.md': item('WRK-3'),
    })
    await queue.run('start 1')
    expect((await queue.run('done 1')).stdout).toBe('Done WRK-1  What WRK-1 is about\n')
    expect(field(textOf(queue), 'completed_at')).toBe('2020-01-01')
    expect(field(textOf(queue), 'locked_by')).toBe('')
    expect(queue.session('tester').claims).toEqual([])
    const now = { env: { WRK_NOW: '2026-02-09T00:00:00Z' } }
    expect((await queue.run('done 2', now)).stdout).toBe('Done WRK-2  What WRK-2 is about\n')
    expect(field(textOf(queue, 'WRK-2'), 'completed_at')).toBe('2026-02-09T00:00:00Z')
    expect((await queue.run('done 2')).stdout).toBe('Nothing to do: WRK-2 is already merged.\n')
    expect(places(queue, 'WRK-2')).toEqual(['done'])
    expect(field(textOf(queue, 'WRK-2'), 'status')).toBe('merged')
    await queue.run('done 3', { env: { WRK_NOW: '2026-02-10T00:00:00Z' } })
    expect(field(textOf(queue, 'WRK-3'), 'completed_at')).toBe('2026-02-10T00:00:00Z')
  })

  test.each(['completed', 'completed_at', 'closed_at'])(
    'frees what was finished in an editor and is still held, and changes nothing else where %s says when',
    async key => {
      const dated = { status: 'completed', [key]: '2026-02-01' }
      const queue = makeQueue({ 'pending/WRK-1.md': heldItem('WRK-1', 'tester', ago(MINUTE), dated) })
      const { json } = await queue.run('done 1 --json')
      expect(json).toMatchObject({
        changed: true,
        item: { status: 'completed', path: queue.path('done/WRK-1.md') },
      })
      expect(textOf(queue)).toBe(item('WRK-1', dated))
    },
  )

  test('dates an item with a status that was set in an editor', async () => {
    const queue = makeQueue({ 'done/WRK-1.md': item('WRK-1', { status: 'done' }) })
    const env = { WRK_NOW: '2026-02-10T00:00:00Z' }
    expect((await queue.run('done 1 --json', { env })).json.changed).toBe(true)
    expect(field(textOf(queue), 'completed_at')).toBe('2026-02-10T00:00:00Z')
    expect((await queue.run('done 1 --json')).json.changed).toBe(false)
  })

  test('puts an archived item that is elsewhere into the archive, never into done', async () => {
    const fields = { status: 'archived', completed_at: '2026-02-03T00:00:00Z' }
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', fields),
      'done/WRK-2.md': item('WRK-2', { status: 'archived' }),
    })
    expect((await queue.run('done 1')).stdout).toBe('Nothing to do: WRK-1 is already archived.\n')
    expect(places(queue)).toEqual(['archive/2026-02'])
    await queue.run('done 2')
    expect(places(queue, 'WRK-2')).toEqual(['done'])
  })

  test('shows what it unblocked: what waited for it and for nothing else any more', async () => {
    const queue = makeQueue({
      'working/WRK-1.md': item('WRK-1', { status: 'working' }),
      'pending/WRK-2.md': item('WRK-2', { depends_on: '1' }),
      'pending/WRK-3.md': item('WRK-3', { blocked_by: '[WRK-1, WRK-9]' }),
      'pending/WRK-4.md': item('WRK-4', { blocked_by: '[WRK-1, WRK-5]', priority: 'high' }),
      'done/WRK-5.md': item('WRK-5', { status: 'done' }),
      'blocked/WRK-6.md': item('WRK-6', { status: 'blocked', blocked_by: 'WRK-1' }),
      'pending/WRK-7.md': item('WRK-7'),
      'pending/WRK-9.md': item('WRK-9'),
      'done/WRK-10.md': item('WRK-10', { status: 'done', blocked_by: 'WRK-1' }),
    })
    const { json } = await queue.run('done 1 --json')
    expect(json.unblocked).toEqual([
      { id: 'WRK-4', title: 'What WRK-4 is about', status: 'pending', ready: true },
      { id: 'WRK-2', title: 'What WRK-2 is about', status: 'pending', ready: true },
      { id: 'WRK-6', title: 'What WRK-6 is about', status: 'blocked', ready: false },
    ])
    const again = await queue.run('done 1')
    expect(again.stdout).toBe(
      `Nothing to do: WRK-1 is already done.
Unblocked:
  WRK-4  What WRK-4 is about
  WRK-2  What WRK-2 is about
  WRK-6 (blocked)  What WRK-6 is about
`,
    )
  })
})

test('start says what the item still waits for, and starts it', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': item('WRK-1', { blocked_by: '[WRK-2, 3, WRK-4, nonsense]' }),
    'blocked/WRK-2.md': item('WRK-2', { status: 'blocked' }),
    'pending/WRK-3-long-name.md': item('WRK-3', { status: null }),
    'done/WRK-4.md': item('WRK-4', { status: 'done' }),
    'pending/WRK-5.md': item('WRK-5', { depends_on: 'WRK-4' }),
  })
  const { code, stderr } = await queue.run('start 1')
  expect(stderr).toBe(
    'wrk: warning: WRK-1 waits for WRK-2 (blocked), 3 (pending), nonsense (not in the queue)\n',
  )
  expect(code).toBe(0)
  expect((await queue.run('start 5')).stderr).toBe('')
})

describe('another’s item', () => {
  const held = (sessions: Parameters<typeof registry>[0], at = ago(MINUTE), status = 'working') =>
    makeQueue({
      'working/WRK-1.md': heldItem('WRK-1', 'holder', at, { status }),
      'session-state.yaml': registry(sessions),
    })
  const alive = { id: 'holder', anchor: anchorOf(), started_at: ago(HOUR) }
  const dead = { id: 'holder', anchor: deadAnchor(), started_at: ago(HOUR) }

  test.each(VERBS)(
    'is left alone by %s while its holder is or may be alive: exit 4, and who holds it',
    async verb => {
      for (const sessions of [[alive], [{ id: 'holder', started_at: ago(HOUR) }]]) {
        const queue = held(sessions)
        const before = queue.read('working/WRK-1.md')
        const json = expectError(await queue.run(`${verb} 1 --json`), 4, 'LOCKED')
        expect(json.holder).toMatchObject({ session_id: 'holder' })
        expect(json.error.message).toContain('WRK-1 is held by holder')
        expect(JSON.stringify(json.error)).not.toContain('--force')
        expect(queue.read('working/WRK-1.md')).toBe(before)
        expect(queue.events().filter(({ item }) => item)).toEqual([])
      }
    },
  )

  test.each(['start', 'block', 'done'] as const)(
    'is taken by %s from the dead and the stale, with a warning',
    async verb => {
      for (const queue of [
        held([dead]),
        held([]),
        held([{ id: 'holder', started_at: ago(9 * HOUR) }], ago(9 * HOUR)),
      ]) {
        const result = await queue.run(`${verb} 1 --json`)
        expect(result.code).toBe(0)
        expect(result.json.from).toMatchObject({ holder: 'holder' })
        expect(result.stderr).toMatch(/^wrk: warning: took over WRK-1 from holder: /)
        const [event] = queue.events().filter(({ item }) => item)
        expect(event).toMatchObject({ previous_holder: 'holder', session: 'tester' })
        expect(event!.reason).toMatch(/dead|TTL/)
      }
    },
  )

  test.each(VERBS)('cannot be changed by %s without a session: exit 2', async verb => {
    const queue = makeQueue(['WRK-1'])
    expectError(await queue.run(`${verb} 1 --json`, { session: null }), 2, 'NO_SESSION')
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  })

  test('helpers of one session exclude each other', async () => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run('start 1 --agent one')).code).toBe(0)
    expect((await queue.run('done 1 --agent two')).code).toBe(4)
    expect((await queue.run('done 1 --agent one')).code).toBe(0)
  })

  test('a session that lost an item is warned and changes nothing, but may start it again', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('start 1', { session: 'slow', env: { WRK_NOW: '-9h' } })
    expect((await queue.run('start 1', { session: 'quick' })).code).toBe(0)
    for (const verb of ['block', 'done']) {
      const json = expectError(await queue.run(`${verb} 1 --json`, { session: 'slow' }), 4, 'LOCKED')
      expect(json.error.message).toMatch(/^WRK-1 was taken over by quick at /)
      expect(json.superseded).toMatchObject({ by: 'quick' })
    }
    await queue.run('release 1', { session: 'quick' })
    const lost = expectError(await queue.run('done 1 --json', { session: 'slow' }), 4, 'LOCKED')
    expect(lost.error.message).toMatch(/^WRK-1 is no longer yours/)
    expect(field(textOf(queue), 'status')).toBe('working')
    expect((await queue.run('start 1', { session: 'slow' })).code).toBe(0)
    expect((await queue.run('done 1', { session: 'slow' })).code).toBe(0)
  })
})

describe('what cannot be changed', () => {
  test('an item in two places: nothing is overwritten, both are named', async () => {
    for (const verb of VERBS) {
      const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'working/WRK-1.md': 'something else\n' })
      const { error } = expectError(await queue.run(`${verb} 1 --json`), 5, 'AMBIGUOUS')
      for (const folder of ['pending', 'working'])
        expect(error.message).toContain(queue.path(`${folder}/WRK-1.md`))
      expect(queue.read('WRK-1')).toBe(item('WRK-1'))
      expect(queue.read('working/WRK-1.md')).toBe('something else\n')
    }
  })

  test('a file that cannot be read, or has its status twice, is refused with its line', async () => {
    for (const text of [
      '---\nid: WRK-1\nstatus: "open\n---\n',
      item('WRK-1').replace('priority:', 'status:'),
      'x\n',
    ]) {
      const queue = makeQueue({ 'pending/WRK-1.md': text })
      const { error } = expectError(await queue.run('start 1 --json'), 5, 'INVALID_ITEM')
      expect(error.message).toMatch(/WRK-1\.md:\d/)
      expect(queue.read('WRK-1')).toBe(text)
      expect(pendingNotes(queue)).toEqual([])
    }
  })

  test('an unknown item, and words that are not an id', async () => {
    const queue = makeQueue(['WRK-1'])
    for (const verb of VERBS) {
      expectError(await queue.run(`${verb} 9 --json`), 1, 'NOT_FOUND')
      expectError(await queue.run(`${verb} ../x --json`), 2, 'USAGE')
      expect((await queue.run(`${verb}`)).code).toBe(2)
    }
    expect(queue.stateFiles()).toEqual([])
  })

  test('a folder that is a link is not followed: the change remains, and the item is moved once the folder is a real one', async () => {
    const queue = makeQueue(['WRK-1'])
    const elsewhere = join(queue.home, 'elsewhere')
    mkdirSync(elsewhere)
    rmSync(queue.path('working'), { recursive: true })
    symlinkSync(elsewhere, queue.path('working'))
    const result = await queue.run('start 1 --json')
    expect(result.code).toBe(0)
    expect(result.json).toMatchObject({
      item: { status: 'working', path: queue.path('WRK-1') },
      lock: { locked_by: 'tester' },
    })
    expect(result.stderr).toMatch(
      /^wrk: warning: WRK-1 is changed, but not yet moved to its folder: .*working is not a folder/,
    )
    expect(queue.session('tester').claims).toMatchObject([{ id: 'WRK-1' }])
    expect(readdirSync(elsewhere)).toEqual([])
    rmSync(queue.path('working'))
    await queue.run('new another')
    expect(places(queue)).toEqual(['pending'])
    await queue.run('unblock 2')
    expect(places(queue)).toEqual(['working'])
    expect(pendingNotes(queue)).toEqual([])
  })
})

describe('notes of moves', () => {
  const other = { 'pending/WRK-2.md': item('WRK-2') }
  const note = (status: string, folder: string) => JSON.stringify({ status, folder })
  const withNote = (text: string, status: string, folder = 'pending') =>
    makeQueue({ ...other, [`${folder}/WRK-1.md`]: item('WRK-1', { status }), '.wrk/moves/wrk-1': text })

  test.each(['start', 'block', 'unblock', 'done', 'archive'])(
    'are made good by %s of another item',
    async verb => {
      const queue = withNote(note('done', 'done'), 'done')
      expect((await queue.run(`${verb} 2`)).code).toBe(0)
      expect(places(queue)).toEqual(['done'])
      expect(pendingNotes(queue)).toEqual([])
      expect(queue.read('done/WRK-1.md')).toBe(item('WRK-1', { status: 'done' }))
    },
  )

  test('with another status than the item’s move nothing, and are removed', async () => {
    for (const status of ['pending', 'archived', 'working']) {
      const queue = withNote(note('done', 'done'), status)
      await queue.run('start 2')
      expect(places(queue)).toEqual(['pending'])
      expect(pendingNotes(queue)).toEqual([])
    }
  })

  test.each([
    ['torn', '{"status":"do'],
    ['empty', ''],
    ['null', 'null'],
    ['of another kind', '[]'],
    ['to an invalid place', note('done', '../elsewhere')],
    ['to the archive of no month', note('done', 'archive/x')],
    ['to a link', note('done', '.wrk')],
  ])('that are %s move nothing, and are removed', async (_, text) => {
    const queue = withNote(text, 'done')
    expect((await queue.run('start 2')).code).toBe(0)
    expect(places(queue)).toEqual(['pending'])
    expect(pendingNotes(queue)).toEqual([])
    expect(existsSync(join(queue.home, 'elsewhere'))).toBe(false)
  })

  test('of items that are gone are removed; other files are left alone', async () => {
    const queue = makeQueue({ ...other, '.wrk/moves/wrk-9': note('done', 'done'), '.wrk/moves/.keep': 'x' })
    expect((await queue.run('start 2')).code).toBe(0)
    expect(pendingNotes(queue)).toEqual(['.keep'])
  })

  test('of an item in two places wait until it is in one', async () => {
    const queue = withNote(note('done', 'done'), 'done')
    queue.write('done/WRK-1.md', 'in the way\n')
    expect((await queue.run('start 2')).code).toBe(0)
    expect(queue.read('done/WRK-1.md')).toBe('in the way\n')
    expect(places(queue)).toEqual(['pending', 'done'])
    rmSync(queue.path('done/WRK-1.md'))
    await queue.run('block 2')
    expect(places(queue)).toEqual(['done'])
  })

  test('do not make others wait: an item with a held guard is left to the holder of the guard', async () => {
    const queue = withNote(note('done', 'done'), 'done')
    // A guard of a kind that nobody can judge, young: it counts as held.
    queue.write('.wrk/guards/wrk-1/somebody', '')
    const began = performance.now()
    expect((await queue.run('start 2')).code).toBe(0)
    expect(performance.now() - began).toBeLessThan(8_000)
    expect(places(queue)).toEqual(['pending'])
  })

  test('looking makes no moves', async () => {
    const queue = withNote(note('done', 'done'), 'done')
    for (const args of ['list', 'next', 'graph', 'index', 'search WRK']) await queue.run(args)
    expect(places(queue)).toEqual(['pending'])
  })
})

test('a session that was paused within its move and lost its guard moves nothing any more', async () => {
  const queue = makeQueue(['WRK-1', 'WRK-2'])
  // At its move, the guard is revoked by another, as after half a minute; it must look again.
  const env = loading(
    queue,
    `const fs = require('node:fs')
const { lstatSync } = fs
let done = false
fs.lstatSync = (path, ...rest) => {
  if (!done && String(path).endsWith('working/WRK-1.md')) {
    done = true
    const dir = ${JSON.stringify(queue.path('.wrk/guards/wrk-1'))}
    for (const name of fs.readdirSync(dir)) fs.unlinkSync(dir + '/' + name)
    fs.writeFileSync(${JSON.stringify(queue.path('hit'))}, '')
  }
  return lstatSync(path, ...rest)
}
`,
  )
  const result = await queue.run('start 1 --json', { env })
  expect(queue.exists('hit')).toBe(true)
  expect(result.code).toBe(0)
  expect(places(queue)).toEqual(['working'])
  expect(pendingNotes(queue)).toEqual([])
})

test('the log and the stamps agree with the clock', async () => {
  const queue = makeQueue(['WRK-1'])
  const env = { WRK_NOW: '2026-03-01T12:00:00Z' }
  await queue.run('start 1', { env })
  expect(field(textOf(queue), 'locked_at')).toBe('2026-03-01T12:00:00Z')
  await queue.run('done 1', { env })
  expect(field(textOf(queue), 'completed_at')).toBe('2026-03-01T12:00:00Z')
  expect(new Set(queue.events().map(({ time }) => time))).toEqual(new Set([stampOf(new Date(env.WRK_NOW))]))
})
