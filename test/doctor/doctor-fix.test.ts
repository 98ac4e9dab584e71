/** wrk doctor --fix where it cannot repair, where its plan is no longer right, and on a real queue. */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Fix } from '../../src/core/doctor/finding.ts'
import type { ItemKey } from '../../src/core/items/ids.ts'
import { openContext } from '../../src/operations/context.ts'
import { applyFix } from '../../src/operations/doctor/doctor-fix.ts'
import { ago } from '../support/clock.ts'
import { CORPUS } from '../support/corpus.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue, Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { anchorOf, deadAnchor, sessionFile } from '../support/sessions.ts'
import { age, inShort, ownedBy, snapshot } from './doctor.shared.ts'

const DONE = { status: 'done' }

describe('what --fix cannot repair is reported once, as not repaired, and not tried again', () => {
  const reportedOf = async (queue: Queue) => {
    const { code, json } = await queue.run('doctor --fix --json')
    const failed = json.failed.map((one: Json) => [one.code, one.error])
    return { code, failed, fixed: json.fixed, left: json.findings.map((one: Json) => one.code) }
  }

  test('an event that cannot be logged', async () => {
    const queue = makeQueue(['WRK-1'])
    const event = { time: '2026-01-01T00:00:00Z', type: 'released', item: 'WRK-1', session: 's' }
    const events = [{ ...event, previous_holder: 's', reason: null, forced: false, tx: 'tx-1' }]
    const { ino } = statSync(queue.path('WRK-1'))
    queue.write('.wrk/outbox/wrk-1~tx-1', JSON.stringify({ events, inode: ino }))
    age(queue, '.wrk/outbox/wrk-1~tx-1')
    mkdirSync(queue.path('.wrk/events.jsonl'))
    expect(await reportedOf(queue)).toEqual({
      code: 74,
      fixed: [],
      failed: [['unlogged-change', expect.stringContaining('the event log could not be written yet')]],
      left: ['torn-log', 'unlogged-change'],
    })
  })

  test('a note that is gone all the same, since a newer one took over its event', async () => {
    const queue = makeQueue({ '.wrk/sessions/ghost': sessionFile('ghost') })
    const event = { time: '2026-01-01T00:00:00Z', type: 'sessionStarted', session: 'ghost', item: null }
    const events = [{ ...event, previous_holder: null, reason: null, forced: false, tx: 'tx-ghost' }]
    const { ino } = statSync(queue.path('.wrk/sessions/ghost'))
    for (const [name, inode] of [
      ['older', 1],
      ['newer', ino],
    ] as const) {
      queue.write(`.wrk/outbox/session-ghost~${name}`, JSON.stringify({ events, inode }))
      age(queue, `.wrk/outbox/session-ghost~${name}`)
    }
    mkdirSync(queue.path('.wrk/events.jsonl'))
    const { json } = await queue.run('doctor --fix --json')
    expect(json.fixed).toEqual([])
    expect(json.failed).toMatchObject([{ path: queue.path('.wrk/outbox/session-ghost~newer') }])
    expect(readdirSync(queue.path('.wrk/outbox'))).toEqual(['session-ghost~newer'])
  })

  test('a draft that somebody put more into', async () => {
    const draft = `.wrk/tmp/${ownedBy(deadAnchor())}`
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), [`${draft}/more`]: '' })
    expect(await reportedOf(queue)).toEqual({
      code: 1,
      fixed: [],
      failed: [['left-over', 'it is still there (removed it)']],
      left: ['left-over'],
    })
    const { stdout } = await queue.run('doctor --fix')
    expect(stdout).not.toMatch(/repaired:|--fix repairs/)
    expect(stdout.match(/could not repair/g)).toHaveLength(1)
  })
})

describe('a plan that is no longer right', () => {
  const open = (queue: Queue) =>
    openContext({ queue: queue.root, session: 'somebody', env: {}, cwd: queue.home })
  const apply = async (queue: Queue, fix: Fix) =>
    applyFix(await open(queue), fix, { template: '', node: '', script: '' })
  const does = 'what was planned'

  test.each<[what: string, items: Record<string, string>, fix: Fix]>([
    [
      'a lock that was renewed',
      { 'WRK-1': heldItem('WRK-1', 'claude-elsewhere-abc123', ago(0)) },
      { kind: 'release', id: 'WRK-1', does },
    ],
    [
      'a lock that is whole now',
      { 'WRK-1': heldItem('WRK-1', 'you', ago(0)) },
      { kind: 'clear-half-lock', id: 'WRK-1', does },
    ],
    [
      'an item that lies well now',
      { 'WRK-1': item('WRK-1') },
      { kind: 'move', id: 'WRK-1', to: 'working', does },
    ],
    [
      'an item that lies well in another folder than its status’s own',
      { 'archive/WRK-1.md': item('WRK-1', DONE) },
      { kind: 'move', id: 'WRK-1', to: 'done', does },
    ],
    [
      'an item that somebody claimed',
      { 'WRK-1': heldItem('WRK-1', 'you', ago(0), { status: 'working' }) },
      { kind: 'move', id: 'WRK-1', to: 'working', does },
    ],
    [
      'copies that differ now',
      { 'WRK-1': item('WRK-1', DONE), 'done/WRK-1.md': `${item('WRK-1', DONE)}more\n` },
      { kind: 'remove-copy', id: 'WRK-1', keep: '', remove: [], does },
    ],
    [
      'copies of which one was claimed',
      {
        'WRK-1': heldItem('WRK-1', 'you', '2026-01-01', DONE),
        'done/WRK-1.md': heldItem('WRK-1', 'you', '2026-01-01', DONE),
      },
      { kind: 'remove-copy', id: 'WRK-1', keep: '', remove: [], does },
    ],
    ['a log that is whole', { '.wrk/events.jsonl': '' }, { kind: 'repair-log', does }],
    [
      'a registry that can be read',
      { 'session-state.yaml': 'session_id: a\n' },
      { kind: 'rebuild-registry', does },
    ],
    [
      'a run that is at work',
      {
        'WRK-1': item('WRK-1'),
        '.wrk/runs/wrk-1~r': JSON.stringify({ id: 'r', holder: 'a', process: anchorOf(), owns: true }),
      },
      { kind: 'remove-run', key: 'wrk-1' as ItemKey, path: '', does },
    ],
    [
      'a guard that is held',
      { [`.wrk/guards/wrk-1/${ownedBy(anchorOf())}`]: '' },
      { kind: 'remove-guard', key: 'wrk-1', does },
    ],
  ])('%s is left alone', async (_, items, planned) => {
    const queue = makeQueue(items)
    for (const folder of ['.wrk/tmp', '.wrk/guards', '.wrk/outbox'])
      mkdirSync(queue.path(folder), { recursive: true })
    if (!queue.exists('.wrk/.gitignore')) queue.write('.wrk/.gitignore', '*\n')
    const fix =
      planned.kind === 'remove-run' ? { ...planned, path: queue.path('.wrk/runs/wrk-1~r') } : planned
    const before = snapshot(queue.root)
    expect(await apply(queue, fix)).toBeNull()
    expect(snapshot(queue.root)).toEqual(before)
  })
})

describe('a real queue', () => {
  test.skipIf(CORPUS === null)('gets true findings only, and a second --fix changes nothing', async () => {
    const home = tempFolder()
    const queue = new Queue(home)
    cpSync(join(CORPUS!, 'queue'), queue.root, { recursive: true })
    for (const name of readdirSync(queue.root, { recursive: true, encoding: 'utf8' }))
      makeWritable(queue, name)
    makeWritable(queue, '')
    const first = await queue.run('doctor --fix --json')
    const names = readdirSync(queue.root, { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.md'),
    )
    for (const { code, path, item: id, message } of first.json.findings) {
      const text = path === null ? '' : readFileSync(path, 'utf8')
      const status = /^status: *"?([^"\n]*)"?$/m.exec(text)?.[1]
      const named = names.filter(name => new RegExp(`(^|/)${id}[-.]`).test(name))
      if (code === 'two-places') expect(named.length).toBeGreaterThan(1)
      else if (code === 'no-frontmatter') expect(text.startsWith('---\n')).toBe(false)
      else if (code === 'status-folder')
        expect(path.slice(queue.root.length + 1).startsWith(status!)).toBe(false)
      else if (code === 'dangling-dependency') {
        const other = /waits for (\S+),/.exec(message)![1]!
        expect(text).toContain(other)
        expect(names.filter(name => name.includes(`${other}.`) || name.includes(`${other}-`))).toEqual([])
      } else expect(code).toBe('one of the above')
    }
    const after = snapshot(queue.root)
    const second = await queue.run('doctor --fix --json')
    expect(second.json.fixed).toEqual([])
    expect(inShort(second.json.findings)).toEqual(inShort(first.json.findings))
    expect(snapshot(queue.root)).toEqual(after)
  })
})

function makeWritable(queue: Queue, name: string): void {
  const path = join(queue.root, name)
  chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644)
}
