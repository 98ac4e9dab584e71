/** `wrk watch`: changes by other processes, editors and git; what it needs; how it ends; what --reap frees. */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startAgent } from '../support/agents.ts'
import { ago, HOUR, MINUTE, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, killGroup, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../support/program.ts'
import { haveTerminals, openTerminal } from '../support/pty.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { together } from '../support/together.ts'

const ESCAPE = /\x1b\[[\d;?]*[A-Za-z]/g
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/

interface Watcher {
  pid: number
  /** What has come so far, whole lines only, as objects. */
  events: Json[]
  stdout: () => string
  stderr: () => string
  /** Waits for an event with these properties. */
  sees: (what: Json) => Promise<Json>
  /** Ends it with a signal. */
  end: (signal?: NodeJS.Signals) => Promise<number | null>
  ended: Promise<number | null>
}

function matches(event: Json, what: Json): boolean {
  return Object.entries(what).every(([key, value]) =>
    typeof value === 'object' && value !== null
      ? event[key] !== null && event[key] !== undefined && matches(event[key], value)
      : event[key] === value,
  )
}

/** Starts `wrk watch` and, with --json, waits for its snapshot. */
async function startWatch(
  queue: Queue,
  args = '--json',
  { env = {}, wrap, quiet = false }: { env?: Env; wrap?: string; quiet?: boolean } = {},
): Promise<Watcher> {
  const all = cleanEnv(queue.home, { WRK_QUEUE: queue.root, ...env })
  const line = `exec ${[PROGRAM, ...FIRST].join(' ')} watch ${args}`
  const child = start('/bin/bash', ['-c', wrap ? wrap.replace('WATCH', line) : line], {
    cwd: queue.home,
    env: all,
  })
  child.stdin!.end()
  const events: Json[] = []
  let [stdout, stderr, whole] = ['', '', 0]
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    if (!args.includes('--json')) return
    for (let end = stdout.indexOf('\n', whole); end >= 0; end = stdout.indexOf('\n', whole)) {
      events.push(JSON.parse(stdout.slice(whole, end)))
      whole = end + 1
    }
  })
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<number | null>(settle => child.on('close', settle))
  onTestFinished(() => killGroup(child))
  const watcher: Watcher = {
    pid: child.pid!,
    events,
    stdout: () => stdout,
    stderr: () => stderr,
    sees: async what => {
      try {
        return await until(JSON.stringify(what), () => events.find(event => matches(event, what)), 20_000)
      } catch (cause) {
        throw new Error(`${cause}\n${events.map(event => JSON.stringify(event)).join('\n')}\n${stderr}`)
      }
    },
    end: signal => {
      child.kill(signal ?? 'SIGINT')
      return ended
    },
    ended,
  }
  if (args.includes('--json') && !quiet) await watcher.sees({ type: 'snapshot' })
  return watcher
}

const types = ({ events }: Watcher) => events.map(({ type }) => type)

describe('wrk watch --json', () => {
  test('begins with what is held, then tells what other processes do', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1', { session: 'first' })
    const watcher = await startWatch(queue)
    const [snapshot] = watcher.events
    expect(snapshot).toMatchObject({ schema_version: 1, ok: true, type: 'snapshot' })
    expect(snapshot.items).toMatchObject([
      { id: 'WRK-1', status: 'pending', holder: { session_id: 'first', liveness: 'unknown' } },
    ])
    expect(snapshot.sessions).toMatchObject([{ session_id: 'first', liveness: 'unknown' }])

    await queue.run('claim WRK-2', { session: 'second' })
    const claimed = await watcher.sees({ type: 'claimed', to: 'second' })
    expect(claimed).toMatchObject({
      from: null,
      item: { id: 'WRK-2', title: 'What WRK-2 is about', status: 'pending', path: queue.path('WRK-2') },
      holder: { session_id: 'second', locked_at: queue.lock('WRK-2').at },
    })
    await queue.run('claim WRK-2 --force --reason test', { session: 'first' })
    await watcher.sees({ type: 'takenOver', from: 'second', to: 'first' })
    await queue.run('release WRK-1', { session: 'first' })
    await watcher.sees({ type: 'released', from: 'first', to: null, item: { id: 'WRK-1' } })
    await queue.run('set WRK-2 status=working', { session: 'first' })
    await watcher.sees({ type: 'status', from: 'pending', to: 'working' })
    await queue.run('archive WRK-2', { session: 'first' })
    const moved = await watcher.sees({ type: 'moved', from: queue.path('WRK-2') })
    expect(moved.to).toMatch(/archive\/\d{4}-\d\d\/WRK-2\.md$/)
    await watcher.sees({ type: 'released', from: 'first', item: { id: 'WRK-2' } })
    expect(types(watcher)).not.toContain('removed')
    for (const event of watcher.events) expect(event).toMatchObject({ schema_version: 1, ok: true })
    expect(await watcher.end()).toBe(130)
    expect(watcher.stderr()).toBe('')
  })

  test('tells what editors do: new text in place, by rename, half a file, one that goes', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    const watcher = await startWatch(queue)
    queue.write('WRK-1', item('WRK-1', { title: 'In place' }))
    await watcher.sees({ type: 'title', to: 'In place' })
    queue.write('../new', item('WRK-1', { title: 'By rename' }))
    renameSync(queue.path('../new'), queue.path('WRK-1'))
    await watcher.sees({ type: 'title', from: 'In place', to: 'By rename' })

    queue.write('WRK-2', heldItem('WRK-2', 'someone', new Date()))
    await watcher.sees({ type: 'claimed', to: 'someone' })
    queue.write('WRK-2', '---\nid: WRK-2\nti')
    const broken = await watcher.sees({ type: 'problem', item: { id: 'WRK-2' } })
    expect(broken).toMatchObject({ from: null, item: { title: 'What WRK-2 is about' } })
    expect(broken.holder.session_id).toBe('someone')
    queue.write('WRK-2', heldItem('WRK-2', 'someone', new Date(), { title: 'Whole' }))
    await watcher.sees({ type: 'problem', to: null })
    await watcher.sees({ type: 'title', to: 'Whole' })
    expect(types(watcher)).not.toContain('released')

    unlinkSync(queue.path('WRK-3'))
    await watcher.sees({ type: 'removed', from: queue.path('WRK-3'), to: null })
    queue.write('pending/WRK-3-again.md', item('WRK-3'))
    await watcher.sees({ type: 'added', to: queue.path('pending/WRK-3-again.md') })
    queue.write('done/WRK-3.md', item('WRK-3', { status: 'done' }))
    await watcher.sees({ type: 'problem', item: { path: queue.path('done/WRK-3.md') } })
    expect(watcher.stderr()).toBe('')
  })

  test('sees folders that are new, deleted, made anew, and a queue that is away for a while', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const watcher = await startWatch(queue)
    queue.write('archive/2031-01/WRK-7.md', item('WRK-7', { status: 'archived' }))
    await watcher.sees({ type: 'added', item: { id: 'WRK-7' } })
    queue.write('archive/2031-01/WRK-7.md', item('WRK-7', { status: 'archived', title: 'Changed' }))
    await watcher.sees({ type: 'title', to: 'Changed' })

    rmSync(queue.path('pending'), { recursive: true })
    await watcher.sees({ type: 'removed', item: { id: 'WRK-1' } })
    queue.write('WRK-1', item('WRK-1', { title: 'Made anew' }))
    await watcher.sees({ type: 'added', item: { title: 'Made anew' } })
    queue.write('WRK-1', heldItem('WRK-1', 'x', new Date(), { title: 'Made anew' }))
    await watcher.sees({ type: 'claimed', item: { id: 'WRK-1' } })

    renameSync(queue.root, join(queue.home, 'away'))
    await watcher.sees({ type: 'queue', from: 'there', to: 'gone' })
    renameSync(join(queue.home, 'away'), queue.root)
    await watcher.sees({ type: 'queue', from: 'gone', to: 'there' })
    const before = watcher.events.length
    queue.write('WRK-1', item('WRK-1', { title: 'Made anew' }))
    await watcher.sees({ type: 'released', item: { id: 'WRK-1' } })
    expect(types(watcher).slice(before)).toEqual(['released'])
    expect(await watcher.end('SIGTERM')).toBe(143)
    expect(watcher.stderr()).toBe('')
  })

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
      until(`what was told adds up to ${branch}`, async () => {
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

  test('looks every second where the system has no watches left, and says so', async context => {
    const queue = makeQueue(['WRK-1'])
    const wrap = `exec unshare -Ur /bin/bash -c 'echo 1 >/proc/sys/user/max_inotify_watches; WATCH'`
    const probe = spawnSync('unshare', ['-Ur', 'sh', '-c', 'echo 1 >/proc/sys/user/max_inotify_watches'])
    context.skip(probe.status !== 0, 'watches cannot be limited here')
    const watcher = await startWatch(queue, '--json', { wrap })
    await queue.run('claim WRK-1', { session: 'someone' })
    await watcher.sees({ type: 'claimed', to: 'someone' })
    expect(watcher.stderr()).toMatch(/^wrk: warning: not all folders can be watched \(.*ENOSPC.*\)[^\n]*\n$/)
  })

  test('goes on with a registry and settings that are broken and mended', async () => {
    const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'x', ago(3 * HOUR)), 'WRK-2': item('WRK-2') })
    const watcher = await startWatch(queue)
    queue.write('wrk.yaml', 'ttl: [')
    await until('a warning', () => watcher.stderr().includes('the settings stay as they were'))
    queue.write('wrk.yaml', 'ttl: 10h\n')
    await watcher.sees({ type: 'liveness', from: 'stale', to: 'unknown' })
    queue.write('session-state.yaml', 'sessions: [')
    queue.write('WRK-2', heldItem('WRK-2', 'y', new Date()))
    await watcher.sees({ type: 'claimed', to: 'y' })
    queue.write('session-state.yaml', registry([]))
    await watcher.sees({ type: 'liveness', to: 'dead', item: { id: 'WRK-2' } })
  })
})

/** The whole queue as `wrk list` has it, by path. */
async function listed(queue: Queue): Promise<Map<string, Json>> {
  const { items } = (await queue.run('list --json')).json
  return new Map(
    items.map(({ path, title, status, locked_by, problems }: Json) => [
      path,
      problems.some(({ blocks }: Json) => blocks) ? 'unreadable' : { title, status, locked_by },
    ]),
  )
}

/** What somebody knows who is told of nothing but changes. */
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
  test('into a pipe or file writes a line for each change, without control characters', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'holder-1', ago(MINUTE)),
      'WRK-2': item('WRK-2', { title: '"red \\e[31m, bell \\a, \\u202eturned\\u202c and\\nbroken"' }),
    })
    const watcher = await startWatch(queue, '')
    await until('it has begun', () => watcher.stdout().includes('WRK-1 held by holder-1 since'))
    await queue.run('claim WRK-2', { session: 'second' })
    await until('the claim', () => watcher.stdout().includes('WRK-2 claimed by second'))
    await queue.run('release WRK-2', { session: 'second' })
    await until('the release', () => watcher.stdout().includes('WRK-2 released by second'))
    expect(await watcher.end()).toBe(130)
    expect(watcher.stdout()).not.toMatch(CONTROL)
    for (const line of watcher.stdout().trimEnd().split('\n'))
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}\S/)
    expect(watcher.stderr()).toBe('')
  })

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

  test('hears a signal although its reader reads nothing', async () => {
    const items = Array.from({ length: 600 }, (_, i) => [`WRK-${i}`, heldItem(`WRK-${i}`, 'x', new Date())])
    const queue = makeQueue(Object.fromEntries(items))
    const pipe = join(tempFolder(), 'pipe')
    spawnSync('mkfifo', [pipe])
    const fd = openSync(pipe, 'r+')
    try {
      const watcher = await startWatch(queue, `--json >${pipe}`, { quiet: true })
      await pause(1500)
      expect(await watcher.end()).toBe(130)
    } finally {
      closeSync(fd)
    }
  })

  test.skipIf(!haveTerminals())(
    'on a terminal shows a live table, and gives the terminal back on Ctrl-C',
    async () => {
      const queue = makeQueue(['WRK-1', 'WRK-2'])
      const terminal = await openTerminal(queue)
      const folder = join(queue.home, readdirSync(queue.home).find(name => name.startsWith('terminal-'))!)
      const seen = () => readFileSync(join(folder, 'output'), 'utf8')
      const text = () => seen().replace(ESCAPE, '')
      const over = terminal.screen('wrk watch')
      await until('an empty table', () => seen().includes('Nobody holds anything'))
      await queue.run('claim WRK-2', { session: 'second' })
      await until('the claim is in the table', () => /^\* +WRK-2 .* second /m.test(text()))
      await until('the age counts', () => /^\* +WRK-2 .* second +[1-9]s /m.test(text()))
      await queue.run('release WRK-2', { session: 'second' })
      await until('it is free', () => seen().includes('WRK-2 released by second'))
      writeFileSync(join(folder, 'input'), '\x03')
      const whole = await over
      expect(whole.startsWith('\x1b[?1049h\x1b[?25l\x1b[?7l')).toBe(true)
      expect(whole.endsWith('\x1b[?7h\x1b[?25h\x1b[?1049l')).toBe(true)
      expect(whole.match(/\x1b\[\?1049h/g)).toHaveLength(1)
      // Nothing is higher than the terminal's 40 lines, or wider than its 80 columns.
      for (const frame of whole.split('\x1b[H').slice(1)) {
        const lines = frame.replace(ESCAPE, '').split('\n')
        expect(lines.length).toBeLessThanOrEqual(40)
        for (const line of lines) expect([...line.replace('\r', '')].length).toBeLessThan(80)
      }
      expect((await terminal.run('echo $?')).code).toBe(0)
      const again = terminal.run('NO_COLOR=1 wrk watch')
      const from = seen().length
      await until('it shows', () => seen().slice(from).includes('Nobody holds anything'))
      const children = readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, 'utf8')
      process.kill(Number.parseInt(children, 10), 'SIGTERM')
      const ended = await again
      expect(ended.code).toBe(143)
      expect(ended.stderr).toBe('')
      expect(ended.stdout.endsWith('\x1b[?7h\x1b[?25h\x1b[?1049l')).toBe(true)
      expect(ended.stdout).not.toMatch(/\x1b\[[\d;]*m/)
    },
  )

  test('is an iterator in the library', async () => {
    const queue = makeQueue(['WRK-1'])
    const { openQueue } = await import('../../src/index.ts')
    const mine = await openQueue(queue.root, { session: 'mine', env: {} })
    const ending = new AbortController()
    const seen: string[] = []
    for await (const event of mine.watch({ signal: ending.signal })) {
      if (event.type === 'snapshot') await mine.claim('WRK-1')
      if (event.type === 'claimed') await mine.release('WRK-1')
      if (event.type === 'released') ending.abort()
      if ('item' in event) seen.push(event.type)
    }
    expect(seen).toEqual(['claimed', 'released'])
  })

  test('takes no argument, and no flag that it does not know', async () => {
    const queue = makeQueue([])
    expect((await queue.run('watch WRK-1')).code).toBe(2)
    expect((await queue.run('watch --poll')).code).toBe(2)
    expect((await queue.run('watch --help')).stdout).toContain('one object a line')
    expect((await queue.run(['watch', '--queue', join(queue.home, 'nowhere')])).code).toBe(1)
  })
})

describe('wrk watch --reap', () => {
  test('frees what a crashed agent held, and leaves what a living one holds', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    const [crashing, living] = await Promise.all([startAgent('codex', queue), startAgent('claude', queue)])
    await crashing.run('wrk claim WRK-1')
    await living.run('wrk claim WRK-2')
    await queue.run('claim WRK-3', { session: 'by-name' })
    const locks = [queue.lock('WRK-2'), queue.lock('WRK-3')]
    const holder = queue.lock('WRK-1').by!
    const watcher = await startWatch(queue, '--json --reap')
    await crashing.kill()
    const reaped = await watcher.sees({ type: 'reaped', item: { id: 'WRK-1' } })
    expect(reaped).toMatchObject({ from: holder, to: null, holder: null })
    expect(reaped.reason).toMatch(/^reaped: its holder is dead: process \d+ /)
    expect(queue.lock('WRK-1')).toEqual({ by: '', at: '' })
    const event = await until('the event', () => queue.events().find(({ type }) => type === 'released'))
    expect(event).toMatchObject({
      item: 'WRK-1',
      session: null,
      previous_holder: holder,
      reason: reaped.reason,
      forced: false,
    })
    await until('a warning', () => watcher.stderr() !== '')
    expect(watcher.stderr()).toBe(`wrk: warning: WRK-1 released for ${holder}; ${reaped.reason}\n`)
    await pause(1500)
    expect([queue.lock('WRK-2'), queue.lock('WRK-3')]).toEqual(locks)
    expect(types(watcher).filter(type => type === 'reaped' || type === 'released')).toEqual(['reaped'])
    expect(queue.leftovers()).toEqual([])
  })

  test('begins with what is dead or stale already; who comes back learns of it', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1', { session: 'old', env: { WRK_NOW: '-3h' } })
    queue.write('WRK-2', heldItem('WRK-2', 'never-seen', ago(MINUTE)))
    const watcher = await startWatch(queue, '--json --reap')
    const stale = await watcher.sees({ type: 'reaped', from: 'old' })
    expect(stale.reason).toBe('reaped: its holder gave no sign of life for longer than the TTL')
    const dead = await watcher.sees({ type: 'reaped', from: 'never-seen' })
    expect(dead.reason).toBe('reaped: its holder is dead: not listed in session-state.yaml')
    const beat = await queue.run('heartbeat', { session: 'old' })
    expect(beat.code).toBe(4)
    expect(beat.stderr).toContain(stale.reason)
  })

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
    await pause(1500)
    expect(queue.lock('WRK-1')).toEqual(lock)
  })

  test('keeps what is unknown, and what cannot be read', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'elsewhere', ago(MINUTE)),
      'WRK-2': heldItem('WRK-2', 'claude-otherhost-abc123', ago(MINUTE)),
      'WRK-3': `${heldItem('WRK-3', 'x', ago(9 * HOUR)).replace('---\n', '---\nlocked_by: y\n')}`,
      'WRK-4': heldItem('WRK-4', 'gone', ago(MINUTE)),
      'wrk.yaml': 'unlisted: unknown\n',
      'session-state.yaml': registry([{ id: 'gone', anchor: deadAnchor(), started_at: ago(HOUR) }]),
    })
    const before = ['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.read(id))
    const watcher = await startWatch(queue, '--json --reap')
    await watcher.sees({ type: 'reaped', item: { id: 'WRK-4' } })
    await pause(1500)
    expect(['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.read(id))).toEqual(before)
    expect(watcher.stderr().split('\n')).toHaveLength(2)
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
    await pause(1500)
    expect(ids.map(id => queue.lock(id).by)).toEqual(ids.map(id => `new-${id}`))
    const events = queue.events().filter(({ previous_holder }) => previous_holder === 'gone')
    expect(events.map(one => one.item).sort()).toEqual([...ids].sort())
    const reaped = watchers.flatMap(({ events }) => events.filter(({ type }) => type === 'reaped'))
    expect(reaped).toHaveLength(events.filter(({ type }) => type === 'released').length)
    for (const watcher of watchers)
      for (const id of ids) await watcher.sees({ item: { id }, to: `new-${id}` })
  })

  test('warns once of what it cannot release, and does so when it can', async () => {
    const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'x', ago(9 * HOUR)) })
    mkdirSync(queue.path('.wrk'))
    writeFileSync(queue.path('.wrk/guards'), 'in the way')
    const watcher = await startWatch(queue, '--json --reap')
    await until('a warning', () => watcher.stderr().includes('could not release WRK-1'))
    await pause(2500)
    expect(watcher.stderr().split('\n')).toHaveLength(2)
    rmSync(queue.path('.wrk/guards'))
    await watcher.sees({ type: 'reaped', item: { id: 'WRK-1' } })
  })
})
