/** The rest of watch.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { together } from '../support/together.ts'
import { listed, reapedAll, startWatch } from './watch.shared.ts'

describe('wrk watch --json', () => {
  test('adds up to what `wrk list` says after git has switched branches to and fro', async () => {
    const count = 300
    const ids = Array.from({ length: count }, (_, i) => `WRK-${i + 1}`)
    const queue = makeQueue(ids)
    const git = (...args: string[]) => {
      const names = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'core.autocrlf=false']
      const done = spawnSync('git', [...names, '-C', queue.root, ...args], {
        env: cleanEnv(queue.home),
        encoding: 'utf8',
      })
      if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`)
    }
    git('init', '-q', '-b', 'one')
    git('add', '-A')
    git('commit', '-qm', 'one')
    git('checkout', '-qb', 'two')
    for (const [i, id] of ids.entries()) {
      if (i % 10 === 0) unlinkSync(queue.path(id))
      else if (i % 10 === 1) {
        unlinkSync(queue.path(id))
        queue.write(`archive/2030-0${(i % 9) + 1}/${id}.md`, item(id, { status: 'archived' }))
      } else if (i % 10 === 2) queue.write(id, 'no frontmatter at all')
      else queue.write(id, heldItem(id, `session-${i % 7}`, new Date(), { title: `Other ${i}` }))
    }
    for (let i = 0; i < 20; i++) queue.write(`working/NEW-${i}.md`, item(`NEW-${i}`, { status: 'working' }))
    git('add', '-A')
    git('commit', '-qm', 'two')
    git('checkout', '-q', 'one')

    const watcher = await startWatch(queue)
    const known = await listed(queue)
    let applied = 0
    const adds = (branch: string) =>
      until(`the changes reported add up to ${branch}`, async () => {
        await pause(200)
        for (; applied < watcher.events.length; applied++) apply(known, watcher.events[applied])
        const there = await listed(queue)
        return JSON.stringify([...known].sort()) === JSON.stringify([...there].sort())
      })
    for (const branch of ['two', 'one', 'two']) {
      git('checkout', '-q', branch)
      await adds(branch)
    }
    expect(known.size).toBe(count + 20 - count / 10)
    expect(watcher.stderr()).toBe('')
  })

  test('needs a watch for each folder, not for each item', async () => {
    const items: Record<string, string> = {}
    for (let i = 0; i < 3000; i++) {
      const month = `20${20 + Math.floor((i % 30) / 12)}-${String(((i % 30) % 12) + 1).padStart(2, '0')}`
      items[`archive/${month}/WRK-${i}.md`] = item(`WRK-${i}`, { status: 'archived' })
    }
    const queue = makeQueue(items)
    const watcher = await startWatch(queue)
    const infos = readdirSync(`/proc/${watcher.pid}/fdinfo`).map(fd => {
      const path = `/proc/${watcher.pid}/fdinfo/${fd}`
      return readFileSync(path, 'utf8').match(/^inotify /gm)?.length ?? 0
    })
    // 30 months, the root and five folders.
    expect(infos.reduce((sum, count) => sum + count, 0)).toBe(36)
    queue.write('archive/2021-05/WRK-16.md', item('WRK-16', { status: 'archived', title: 'Deep down' }))
    await watcher.sees({ type: 'title', to: 'Deep down' })
  })
})

/** What somebody knows who gets nothing but changes. */
function apply(known: Map<string, Json>, { type, item, from, to, problem, holder }: Json): void {
  if (!item) return
  if (type === 'removed' || type === 'moved') known.delete(from)
  if (type === 'removed') return
  const { title, status } = item
  known.set(
    item.path,
    problem !== null ? 'unreadable' : { title, status, locked_by: holder?.session_id ?? null },
  )
  if (type === 'claimed' || type === 'takenOver') expect(holder.session_id).toBe(to)
}

describe('wrk watch', () => {
  test.each(['--json', ''])(
    '%s ends quietly when its reader goes away, although nothing happens',
    async args => {
      // In plain text only a line can tell, and there is one a minute; here something happens.
      const queue = makeQueue(['WRK-1'])
      const line = `set -o pipefail; wrk watch ${args} | head -n 1; echo "$?"`
      const child = start('/bin/bash', ['-c', line], {
        cwd: queue.home,
        env: cleanEnv(queue.home, { WRK_QUEUE: queue.root }),
      })
      let over = false
      const done: Promise<Result> = finished(child).finally(() => {
        over = true
      })
      if (args === '')
        for (let i = 0; !over && i < 200; i++) {
          queue.write('WRK-1', item('WRK-1', { title: `Title ${i}` }))
          await pause(100)
        }
      const { stdout, stderr } = await done
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('0')
      expect(stderr).toBe('')
    },
  )
})

describe('wrk watch --reap', () => {
  test('frees what becomes stale; with dead-only, not what a living session holds', async () => {
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'WRK-2': item('WRK-2'),
      'wrk.yaml': 'takeover: dead-only\n',
    })
    const agent = await startAgent('codex', queue)
    await agent.run('wrk claim WRK-1')
    await queue.run('claim WRK-2', { session: 'by-name' })
    const lock = queue.lock('WRK-1')
    const watcher = await startWatch(queue, '--json --reap', { env: { LOCK_TTL_SECONDS: '3' } })
    await watcher.sees({ type: 'reaped', from: 'by-name' })
    await reapedAll(queue, watcher)
    expect(queue.lock('WRK-1')).toEqual(lock)
  })

  test('never takes a lock from who claims the item at the same moment, nor frees one twice', async () => {
    const ids = Array.from({ length: 8 }, (_, i) => `WRK-${i + 1}`)
    const session = { id: 'gone', anchor: deadAnchor(), started_at: ago(HOUR) }
    const queue = makeQueue({
      ...Object.fromEntries(ids.map(id => [id, heldItem(id, 'gone', ago(MINUTE))])),
      'session-state.yaml': registry([session]),
    })
    const watchers = await Promise.all([1, 2].map(() => startWatch(queue, '--json --reap')))
    const claims = await together(
      ids.map(id => ({ args: `claim ${id} --json`, session: `new-${id}` })),
      { queue },
    )
    expect(claims.map(({ code }) => code)).toEqual(ids.map(() => 0))
    await reapedAll(queue, ...watchers)
    expect(ids.map(id => queue.lock(id).by)).toEqual(ids.map(id => `new-${id}`))
    const events = queue.events().filter(({ previous_holder }) => previous_holder === 'gone')
    expect(events.map(one => one.item).sort()).toEqual([...ids].sort())
    const reaped = watchers.flatMap(({ events }) =>
      events.filter(one => one.type === 'reaped' && one.from === 'gone'),
    )
    expect(reaped).toHaveLength(events.filter(({ type }) => type === 'released').length)
    for (const watcher of watchers)
      for (const id of ids) await watcher.sees({ item: { id }, to: `new-${id}` })
  })

  test('warns once of what it cannot release, and does so when it can', async () => {
    const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'x', ago(9 * HOUR)) })
    mkdirSync(queue.path('.wrk'), { recursive: true })
    writeFileSync(queue.path('.wrk/guards'), 'in the way')
    const watcher = await startWatch(queue, '--json --reap')
    await until('a warning', () => watcher.stderr().includes('could not release WRK-1'))
    queue.write('WRK-2', heldItem('WRK-2', 'x', ago(9 * HOUR)))
    await until('another warning', () => watcher.stderr().includes('could not release WRK-2'))
    expect(watcher.stderr().split('\n')).toHaveLength(3)
    rmSync(queue.path('.wrk/guards'))
    await watcher.sees({ type: 'reaped', item: { id: 'WRK-1' } })
  })
})
