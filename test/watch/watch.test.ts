/** `wrk watch`: changes by other processes, editors and git; what it needs; how it ends; what --reap frees. */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'
import { reapedAll, startWatch, type Watcher } from './watch.shared.ts'

const ESCAPE = /\x1b\[[\d;?]*[A-Za-z]/g
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/

const types = ({ events }: Watcher) => events.map(({ type }) => type)

describe('wrk watch --json', () => {
  test('begins with what is held, then reports what other processes do', async () => {
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
    await watcher.sees({ type: 'moved', to: queue.path('working/WRK-2.md') })
    await queue.run('archive WRK-2', { session: 'first' })
    const moved = await watcher.sees({ type: 'moved', from: queue.path('working/WRK-2.md') })
    expect(moved.to).toMatch(/archive\/\d{4}-\d\d\/WRK-2\.md$/)
    await watcher.sees({ type: 'released', from: 'first', item: { id: 'WRK-2' } })
    expect(types(watcher)).not.toContain('removed')
    for (const event of watcher.events) expect(event).toMatchObject({ schema_version: 1, ok: true })
    expect(await watcher.end()).toBe(130)
    expect(watcher.stderr()).toBe('')
  })

  test('reports what editors do: new text in place, by rename, half a file, one that goes', async () => {
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

  test('sees folders that are new, deleted, made again, and a queue that is away for a while', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const watcher = await startWatch(queue)
    queue.write('archive/2031-01/WRK-7.md', item('WRK-7', { status: 'archived' }))
    await watcher.sees({ type: 'added', item: { id: 'WRK-7' } })
    queue.write('archive/2031-01/WRK-7.md', item('WRK-7', { status: 'archived', title: 'Changed' }))
    await watcher.sees({ type: 'title', to: 'Changed' })

    rmSync(queue.path('pending'), { recursive: true })
    await watcher.sees({ type: 'removed', item: { id: 'WRK-1' } })
    queue.write('WRK-1', item('WRK-1', { title: 'Made again' }))
    await watcher.sees({ type: 'added', item: { title: 'Made again' } })
    queue.write('WRK-1', heldItem('WRK-1', 'x', new Date(), { title: 'Made again' }))
    await watcher.sees({ type: 'claimed', item: { id: 'WRK-1' } })

    renameSync(queue.root, join(queue.home, 'away'))
    await watcher.sees({ type: 'queue', from: 'there', to: 'gone' })
    renameSync(join(queue.home, 'away'), queue.root)
    await watcher.sees({ type: 'queue', from: 'gone', to: 'there' })
    const before = watcher.events.length
    queue.write('WRK-1', item('WRK-1', { title: 'Made again' }))
    await watcher.sees({ type: 'released', item: { id: 'WRK-1' } })
    expect(types(watcher).slice(before)).toEqual(['released'])
    expect(await watcher.end('SIGTERM')).toBe(143)
    expect(watcher.stderr()).toBe('')
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

  test('goes on with a registry and settings that are broken and repaired', async () => {
    const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'x', ago(3 * HOUR)), 'WRK-2': item('WRK-2') })
    const watcher = await startWatch(queue)
    queue.write('wrk.yaml', 'ttl: [')
    await until('a warning', () => watcher.stderr().includes('the earlier settings stay in use'))
    queue.write('wrk.yaml', 'ttl: 10h\n')
    await watcher.sees({ type: 'liveness', from: 'stale', to: 'unknown' })
    queue.write('session-state.yaml', 'sessions: [')
    queue.write('WRK-2', heldItem('WRK-2', 'y', new Date()))
    await watcher.sees({ type: 'claimed', to: 'y' })
    queue.write('session-state.yaml', registry([]))
    await watcher.sees({ type: 'liveness', to: 'dead', item: { id: 'WRK-2' } })
  })
})

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

  test('hears a signal although its reader reads nothing', async () => {
    const items = Array.from({ length: 600 }, (_, i) => [`WRK-${i}`, heldItem(`WRK-${i}`, 'x', new Date())])
    const queue = makeQueue(Object.fromEntries(items))
    const pipe = join(tempFolder(), 'pipe')
    spawnSync('mkfifo', [pipe])
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
    /** By a byte of our own, which nobody reads either. */
    const isFull = () => {
      try {
        writeSync(fd, ' ')
        return false
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        return true
      }
    }
    try {
      const watcher = await startWatch(queue, `--json >${pipe}`, { quiet: true })
      await until('the pipe is full', isFull)
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
      await until('an empty table', () => seen().includes('No item is held'))
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
      await until('it shows', () => seen().slice(from).includes('No item is held'))
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
    expect(reaped.reason).toMatch(/^reaped: its holder is dead \(process \d+ /)
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
    await reapedAll(queue, watcher)
    expect([queue.lock('WRK-2'), queue.lock('WRK-3')]).toEqual(locks)
    const freed = watcher.events.filter(({ type }) => type === 'reaped' || type === 'released')
    expect(freed.map(({ item }) => item.id)).toEqual(['WRK-1', 'WRK-99999'])
    expect(queue.leftovers()).toEqual([])
  })

  test('begins with what is dead or stale already; who comes back learns of it', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1', { session: 'old', env: { WRK_NOW: '-3h' } })
    queue.write('WRK-2', heldItem('WRK-2', 'never-seen', ago(MINUTE)))
    const watcher = await startWatch(queue, '--json --reap')
    const stale = await watcher.sees({ type: 'reaped', from: 'old' })
    expect(stale.reason).toBe('reaped: its holder was silent for longer than the TTL')
    const dead = await watcher.sees({ type: 'reaped', from: 'never-seen' })
    expect(dead.reason).toBe('reaped: its holder is dead (not listed in session-state.yaml)')
    const beat = await queue.run('heartbeat', { session: 'old' })
    expect(beat.code).toBe(4)
    expect(beat.stderr).toContain(stale.reason)
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
    await reapedAll(queue, watcher)
    expect(['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.read(id))).toEqual(before)
    expect(watcher.events.filter(({ type }) => type === 'reaped')).toHaveLength(2)
  })
})
