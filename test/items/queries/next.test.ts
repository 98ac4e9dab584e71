/** wrk next: the item to work on now, why that one, and its claim as one act. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, stampOf } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import type { Json } from '../../support/result.ts'
import { loading } from '../../support/run.ts'
import { anchorOf, deadAnchor, registry } from '../../support/sessions.ts'
import { together } from '../../support/together.ts'
import { expectDifferentItems, NOW, nothing, queueOf, ready } from './next.shared.ts'

async function reasons(queue: Queue, id: string, env = {}): Promise<string[]> {
  const { json } = await queue.run('next --explain --json', {
    env: { ...NOW, WRK_MACHINE: 'devbox', ...env },
  })
  return json.waiting.find((one: Json) => one.id === id)?.reasons
}

describe('wrk next', () => {
  test('takes priority, then how many it unblocks, then age', async () => {
    const queue = queueOf({
      'WRK-1': { priority: 'low', created_at: '2025-01-01' },
      'WRK-2': { created_at: '2026-02-02' },
      'WRK-3': { created_at: '2026-02-01' },
      'WRK-4': { created_at: '2026-02-03' },
      'WRK-5': { blocked_by: '[WRK-4]' },
      'WRK-6': { priority: 'P1', created_at: '2026-02-20' },
      'WRK-7': { priority: 'Critical' },
      'WRK-8': { priority: null },
    })
    expect(await ready(queue)).toEqual(['WRK-7', 'WRK-6', 'WRK-4', 'WRK-3', 'WRK-2', 'WRK-8', 'WRK-1'])
  })

  test('reports the item with every key, and claims nothing', async () => {
    const queue = queueOf({ 'WRK-1': { created_at: '2026-02-01' } })
    const before = queue.read('WRK-1')
    const result = await queue.run('next --json', { env: NOW })
    expect(result.json).toEqual({
      schema_version: 1,
      ok: true,
      item: {
        id: 'WRK-1',
        path: queue.path('WRK-1'),
        title: 'What WRK-1 is about',
        status: 'pending',
        priority: 'medium',
        folder: 'pending',
      },
      why: 'The only ready item: priority medium, blocks nothing, created 2026-02-01.',
      ready: 1,
      left: null,
      holding: [],
    })
    expect(queue.read('WRK-1')).toBe(before)
    const text = await queue.run('next', { env: NOW })
    expect(text).toMatchObject({
      code: 0,
      stdout: `WRK-1  What WRK-1 is about\n${result.json.why}\nTake it: wrk claim WRK-1\n`,
    })
  })

  test('needs no session to look, but one to claim', async () => {
    const queue = queueOf({ 'WRK-1': {} })
    expect((await queue.run('next --json', { session: null })).json.item.id).toBe('WRK-1')
    const refused = await queue.run('next --claim --json', { session: null })
    expect(refused.code).toBe(2)
    expect(refused.json.error.code).toBe('NO_SESSION')
    expect(queue.lock('WRK-1').by).toBe('')
  })

  test('says with --explain why not the others, within the width of the screen', async () => {
    const queue = queueOf(
      {
        'WRK-1': { priority: 'high' },
        'WRK-2': { title: `"${'long '.repeat(50)}"` },
        'WRK-3': { blocked_by: '[WRK-2, WRK-99]' },
        'WRK-4': { status: 'parked' },
        'WRK-5': { computer: 'otherbox' },
        'WRK-6': { not_before: '2030-01-01' },
      },
      { 'pending/WRK-7.md': heldItem('WRK-7', 'somebody', ago(MINUTE)) },
    )
    const env = { WRK_MACHINE: 'devbox' }
    const { stdout } = await queue.run('next --explain', { env })
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([])
    expect(stdout).toContain('Not chosen:\n')
    for (const line of [
      'WRK-2  also ready; lower priority: medium',
      'WRK-3  waits for WRK-2; waits for WRK-99, which is not in the queue',
      'WRK-4  its status is parked',
      'WRK-5  is for otherbox, not for this machine (devbox)',
      'WRK-6  not before 2030-01-01',
      'WRK-7  held by somebody',
    ])
      expect(stdout).toContain(`  ${line}\n`)
  })

  test('nothing ready is exit 1, null, and why; with --explain why for each', async () => {
    const queue = queueOf({ 'WRK-1': { status: 'parked' }, 'WRK-2': { blocked_by: '1' } })
    const json = nothing(await queue.run('next --json'))
    expect(json.error.message).toBe('nothing is ready: 2 open items have to wait')
    expect(json.waiting).toEqual([
      { id: 'WRK-1', reasons: ['its status is parked'] },
      { id: 'WRK-2', reasons: ['waits for 1'] },
    ])
    const people = await queue.run('next')
    expect(people).toMatchObject({ code: 1, stdout: '' })
    expect(people.stderr).toBe(
      'wrk: nothing is ready: 2 open items have to wait\n     WRK-1: its status is parked. See all: wrk next --explain\n',
    )
    expect((await queue.run('next --explain')).stderr).toBe(
      'wrk: nothing is ready: 2 open items have to wait\n  WRK-1  its status is parked\n  WRK-2  waits for 1\n',
    )
    const closed = await makeQueue({ 'done/WRK-1.md': item('WRK-1', { status: 'done' }) }).run(
      'next --claim --json',
    )
    expect(nothing(closed)).toMatchObject({
      error: { message: 'nothing is ready: the queue has no open items' },
    })
  })

  test('shows many in a few lines', async () => {
    const queue = queueOf(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`WRK-${i}`, {}])))
    const { stdout } = await queue.run('next --explain')
    expect(stdout).toMatch(/ {2}and 39 more: wrk next --explain --json\n$/)
    expect((await queue.run('next --explain --json')).json.behind).toHaveLength(59)
  })
})

describe('what is not ready', () => {
  test('waits as long as what it waits for is not closed in all its places', async () => {
    const queue = queueOf(
      { 'WRK-1': { blocked_by: '[WRK-2]' }, 'WRK-2': { status: 'done' } },
      { 'working/WRK-2.md': item('WRK-2', { status: 'working' }) },
    )
    expect(await ready(queue)).toEqual([])
    rmSync(queue.path('working/WRK-2.md'))
    // Finished in the frontmatter, and the move forgotten: the frontmatter is the truth.
    expect(await ready(queue)).toEqual(['WRK-1'])
  })

  test('is parked, deferred, on hold, or of any other status than pending', async () => {
    for (const status of [
      'parked',
      'deferred',
      'on-hold',
      'On_Hold',
      '"on hold"',
      'blocked',
      'working',
      'idea',
    ])
      expect(await ready(queueOf({ 'WRK-1': { status } }))).toEqual([])
    for (const status of ['pending', 'Pending', '"pending"', null])
      expect(await ready(queueOf({ 'WRK-1': { status } }))).toEqual(['WRK-1'])
  })

  test.each(['not_before', 'parked_until', 'deferred_until'])(
    'is put off by %s, until that instant',
    async key => {
      const queue = queueOf({ 'WRK-1': { [key]: '2026-03-01T12:00:00Z' } })
      expect(await ready(queue, { WRK_NOW: '2026-03-01T11:59:59Z' })).toEqual([])
      expect(await reasons(queue, 'WRK-1', { WRK_NOW: '2026-03-01T11:59:59Z' })).toEqual([
        'not before 2026-03-01T12:00:00Z',
      ])
      expect(await ready(queue, { WRK_NOW: '2026-03-01T12:00:00Z' })).toEqual(['WRK-1'])
    },
  )

  test.each([
    ['Pacific/Auckland', '2026-02-28T10:59:59Z', '2026-02-28T11:00:00Z'],
    ['America/Los_Angeles', '2026-03-01T07:59:59Z', '2026-03-01T08:00:00Z'],
    ['UTC', '2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z'],
  ])('is put off by a day until midnight in %s', async (TZ, before, midnight) => {
    const queue = queueOf({ 'WRK-1': { not_before: '2026-03-01' } })
    expect(await ready(queue, { WRK_NOW: before, TZ })).toEqual([])
    expect(await ready(queue, { WRK_NOW: midnight, TZ })).toEqual(['WRK-1'])
  })

  test('is read as other tools write it: numbers for priorities, deps, open, none', async () => {
    const queue = queueOf({
      'WRK-1': { priority: '2', status: 'open', blocked_by: 'None' },
      'WRK-2': { priority: '0', status: 'To Do', parent: '~' },
      'WRK-3': { priority: '4', status: 'open', deps: '[]' },
      'WRK-4': { priority: '0', status: 'open', deps: '[WRK-3]' },
    })
    expect(await ready(queue)).toEqual(['WRK-2', 'WRK-1', 'WRK-3'])
    expect(await reasons(queue, 'WRK-4')).toEqual(['waits for WRK-3'])
    expect((await queue.run('doctor --json')).json.findings).toEqual([])
  })

  test('goes by the name of the host where WRK_MACHINE does not name the machine', async () => {
    const queue = queueOf({ 'WRK-1': { computer: 'no-such-machine' } })
    const { json } = await queue.run('next --json')
    expect(json.waiting[0].reasons[0]).toMatch(/^is for no-such-machine, not for this machine \(\S+\)$/)
    const name = json.waiting[0].reasons[0].split(' ').at(-1)!.slice(1, -1)
    queue.write('WRK-1', item('WRK-1', { computer: name }))
    expect((await queue.run('next --json')).json.item.id).toBe('WRK-1')
  })

  test('is held by the living and the unknown, not by the dead, the stale and the unlisted', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'alive', ago(MINUTE)),
      'pending/WRK-2.md': heldItem('WRK-2', 'unanchored', ago(MINUTE)),
      'pending/WRK-3.md': heldItem('WRK-3', 'dead', ago(MINUTE)),
      'pending/WRK-4.md': heldItem('WRK-4', 'unanchored', ago(9 * HOUR)),
      'pending/WRK-5.md': heldItem('WRK-5', 'unlisted', ago(MINUTE)),
      'pending/WRK-6.md': heldItem('WRK-6', 'tester/helper', ago(MINUTE)),
      'session-state.yaml': registry([
        { id: 'alive', anchor: anchorOf(), started_at: ago(HOUR) },
        { id: 'unanchored', started_at: ago(9 * HOUR) },
        { id: 'dead', anchor: deadAnchor(), started_at: ago(HOUR) },
        { id: 'tester', anchor: anchorOf(), started_at: ago(HOUR) },
      ]),
    })
    expect(await ready(queue, { WRK_NOW: '' })).toEqual(['WRK-3', 'WRK-4', 'WRK-5'])
    expect(await reasons(queue, 'WRK-1', { WRK_NOW: '' })).toEqual(['held by alive'])
    expect(await reasons(queue, 'WRK-6', { WRK_NOW: '' })).toEqual(['held by tester/helper'])
    const taken = await queue.run('next --claim --json')
    expect(taken.json).toMatchObject({
      item: { id: 'WRK-3' },
      kind: 'takenOver',
      from: { locked_by: 'dead', reason: expect.stringContaining('gone') },
    })
    expect(taken.stderr).toMatch(/^wrk: warning: took over WRK-3 from dead/)
  })

  test('is what this session holds already, also where the registry was lost', async () => {
    const queue = queueOf({ 'WRK-1': { priority: 'high' }, 'WRK-2': {} })
    await queue.run('claim 1')
    expect((await queue.run('next --json')).json.item.id).toBe('WRK-2')
    queue.write('session-state.yaml', registry([]))
    const at = queue.lock('WRK-1').at
    const claimed = await queue.run('next --claim --json', { env: { WRK_NOW: '+5m' } })
    expect(claimed.json.item.id).toBe('WRK-2')
    expect(queue.lock('WRK-1').at).toBe(at)
    expect(nothing(await queue.run('next --claim --json')).waiting[0].reasons).toEqual(['held by tester'])
  })

  test('is in a circle, or waits for what is not there', async () => {
    const queue = queueOf({
      'WRK-1': { blocked_by: '[WRK-2]' },
      'WRK-2': { blocked_by: '[WRK-1]' },
      'WRK-3': { blocked_by: '[WRK-3]' },
      'WRK-4': { blocked_by: '[WRK-99, the licence]' },
    })
    nothing(await queue.run('next --claim --json'))
    expect(await reasons(queue, 'WRK-4')).toEqual([
      'waits for WRK-99, which is not in the queue',
      'waits for the licence, which is not in the queue',
    ])
  })

  test('is ambiguous or broken, which is reported with the line; the others are offered', async () => {
    const queue = queueOf(
      { 'WRK-1': { priority: 'high' }, 'WRK-3': { priority: 'low' } },
      {
        'blocked/WRK-1.md': item('WRK-1'),
        'pending/WRK-4.md': '---\nid: WRK-4\npriority: high\ntitle: "open\n---\n',
        'pending/WRK-5.md': item('WRK-6', { priority: 'high' }),
        'pending/WRK-7.md': 'no frontmatter\n',
        'pending/WRK-8.md': '---\nid: WRK-8\nstatus: pending\nlocked_by: [a]\n---\n',
      },
    )
    mkdirSync(queue.path('pending/WRK-9.md'))
    symlinkSync(queue.path('WRK-3'), queue.path('pending/WRK-10.md'))
    expect(await ready(queue)).toEqual(['WRK-3'])
    expect((await reasons(queue, 'WRK-1'))[0]).toContain('also in another place: blocked/WRK-1.md')
    expect((await reasons(queue, 'WRK-4'))[0]).toMatch(/^line \d: /)
    expect((await reasons(queue, 'WRK-5'))[0]).toMatch(/^line 2: the id WRK-6 and the file name /)
    expect((await queue.run('next --claim --json')).json.item.id).toBe('WRK-3')
  })
})

describe('next --claim', () => {
  test('claims as claim does: the lock, the event, the session’s record', async () => {
    const queue = queueOf({ 'WRK-1': {}, 'WRK-2': { priority: 'high' } })
    const before = queue.read('WRK-2')
    const { json, stderr } = await queue.run('next --claim --json')
    const { at } = queue.lock('WRK-2')
    expect(stderr).toBe('')
    expect(json).toMatchObject({
      ok: true,
      kind: 'granted',
      item: { id: 'WRK-2', path: queue.path('WRK-2'), title: 'What WRK-2 is about', status: 'pending' },
      lock: { locked_by: 'tester', locked_at: at },
      session: { id: 'tester' },
      from: null,
    })
    expect(queue.read('WRK-2')).toBe(
      before.replace('locked_by: ""', 'locked_by: "tester"').replace('locked_at: ""', `locked_at: "${at}"`),
    )
    expect(queue.events().filter(({ item }) => item)).toMatchObject([{ type: 'granted', item: 'WRK-2' }])
    expect(queue.session('tester').claims).toMatchObject([{ id: 'WRK-2' }])
    expect((await queue.run('next --claim')).stdout).toMatch(
      /^Claimed WRK-1 {2}What WRK-1 is about\nThe only ready item/,
    )
  })

  test('passes over what looks well but cannot be written to, and names it when nothing else is left', async () => {
    const flow = '---\n{ id: WRK-1, title: Flow, status: pending, priority: high }\n---\n'
    const queue = queueOf({ 'WRK-2': {} }, { 'pending/WRK-1.md': flow })
    expect((await queue.run('next --claim --json')).json.item.id).toBe('WRK-2')
    const json = nothing(await queue.run('next --claim --json'))
    expect(json.waiting).toMatchObject([
      { id: 'WRK-1', reasons: [expect.stringContaining('WRK-1.md:')] },
      { id: 'WRK-2' },
    ])
    expect(queue.read('WRK-1')).toBe(flow)
  })

  test('eight processes at the same instant on five items: five get one each, three learn that none is left', () =>
    expectDifferentItems(8, 5))

  test('one session’s calls at the same instant get different items as well', async () => {
    const queue = queueOf(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`WRK-${i}`, {}])))
    const results = await together(
      Array.from({ length: 8 }, () => ({ args: 'next --claim --json' })),
      { queue },
    )
    expect(new Set(results.map(({ json }) => json.item?.id)).size).toBe(8)
    expect(queue.session('tester').claims).toHaveLength(8)
  })

  test.each<[what: string, fields: Record<string, string>, message: RegExp]>([
    ['parked', { status: 'parked' }, /^$/],
    ['made to wait', { blocked_by: '[WRK-3]' }, /^$/],
    ['put off', { not_before: '2999-01-01' }, /^$/],
    ['bound to another machine', { computer: 'another' }, /^$/],
    ['done', { status: 'done' }, /^$/],
    ['broken', { id: 'WRK-9' }, /^wrk: warning: skipped: .*WRK-1\.md:/],
  ])('an item that is %s between the look and the claim is not claimed', async (_, fields, message) => {
    const queue = queueOf({ 'WRK-1': { priority: 'high' }, 'WRK-2': {}, 'WRK-3': { priority: 'low' } })
    const changed = item('WRK-1', { priority: 'high', ...fields })
    // The change happens when the claim's guard is taken, which is after the look.
    const env = loading(
      queue,
      `const fs = require('node:fs')
const { renameSync } = fs
fs.renameSync = (from, to) => {
  if (String(to).endsWith('guards/wrk-1')) fs.writeFileSync(${JSON.stringify(queue.path('WRK-1'))}, ${JSON.stringify(changed)})
  return renameSync(from, to)
}
`,
    )
    const { json, stderr } = await queue.run('next --claim --json', { env })
    expect(stderr).toMatch(message)
    expect(json.item?.id).toBe('WRK-2')
    expect(queue.read('WRK-1')).toBe(changed)
  })

  test('an item that another takes over in that moment is passed over', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'gone', stampOf(ago(9 * HOUR)), { priority: 'high' }),
      'pending/WRK-2.md': item('WRK-2'),
    })
    const other = heldItem('WRK-1', 'quicker', stampOf(new Date()), { priority: 'high' })
    const env = loading(
      queue,
      `const fs = require('node:fs')
const { renameSync } = fs
fs.renameSync = (from, to) => {
  if (String(to).endsWith('guards/wrk-1')) fs.writeFileSync(${JSON.stringify(queue.path('WRK-1'))}, ${JSON.stringify(other)})
  return renameSync(from, to)
}
`,
    )
    const { json } = await queue.run('next --claim --json', { env })
    expect(json.item.id).toBe('WRK-2')
    expect(queue.read('WRK-1')).toBe(other)
  })
})
