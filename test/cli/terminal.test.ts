/** Real pseudo-terminals: no set-up, a session for each, and output that fits. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { LiveTable } from '../../src/print/watch/live.ts'
import { processFacts } from '../../src/system/processes/process.ts'
import { stampOf, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { gone, killProcess } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import { HOST } from '../support/sessions.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

const terminals = describe.skipIf(!haveTerminals())

terminals('a terminal', () => {
  test('claims without any set-up, and is registered by that, anchored to its shell', async () => {
    const queue = makeQueue(['WRK-157'])
    const terminal = await openTerminal(queue)
    const claim = await terminal.run('wrk claim WRK-157 --json')
    expect([claim.code, claim.stderr, claim.json.kind]).toEqual([0, '', 'granted'])
    const { id, source } = claim.json.session
    expect(source).toBe('new')
    expect(id).toMatch(new RegExp(`^terminal-${HOST}-[0-9a-z]{6}$`))
    expect(queue.lock('WRK-157').by).toBe(id)
    expect(queue.session(id)).toMatchObject({ anchor: { pid: terminal.pid }, host: HOST, ended_at: null })
    expect((await terminal.run('wrk session id')).stdout).toBe(`${id}\n`)
    expect((await terminal.run(`bash -c 'sh -c "wrk session id"; true'`)).stdout).toBe(`${id}\n`)
    expect((await terminal.run('wrk release WRK-157 --json')).json.released).toBe(true)
  })

  test('is refused what another holds; when that one is killed it claims at once, with a warning', async () => {
    const queue = makeQueue(['WRK-157'])
    const [first, second] = await Promise.all([openTerminal(queue), openTerminal(queue)])
    expect((await first.run('wrk claim WRK-157')).code).toBe(0)
    const holder = queue.lock('WRK-157').by!

    const answer = await second.run('wrk claim WRK-157')
    expect(answer.code).toBe(4)
    expect(answer.stderr).toContain(holder)
    expect(answer.stderr).toContain(`${holder} (alive), claimed `)
    expect((await second.run('wrk show WRK-157')).stdout).toContain(`alive: process ${first.pid} is running`)
    const refused = await second.run('wrk claim WRK-157 --json')
    expect(refused.json.holder).toMatchObject({
      session_id: holder,
      liveness: 'alive',
      pid: first.pid,
      host: HOST,
    })
    expect(refused.json.session.id).not.toBe(holder)
    expect(queue.lock('WRK-157').by).toBe(holder)

    await first.kill()
    const claim = await second.run('wrk claim WRK-157 --json')
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    expect(claim.json.from).toMatchObject({ locked_by: holder })
    expect(claim.stderr).toContain(`took over WRK-157 from ${holder}`)
    expect(claim.stderr).toMatch(new RegExp(`process ${first.pid} (is gone|has ended)`))
    expect(queue.lock('WRK-157').by).toBe(refused.json.session.id)
    expect(queue.events().at(-1)).toMatchObject({
      type: 'takenOver',
      item: 'WRK-157',
      session: refused.json.session.id,
      previous_holder: holder,
    })
    const log = await second.run('wrk log WRK-157')
    expect(log.stdout).toContain('takenOver')
  })

  test('that is closed frees its items, although a program that it started still runs', async () => {
    const queue = makeQueue(['WRK-157'])
    const terminal = await openTerminal(queue)
    await terminal.run('wrk claim WRK-157')
    await terminal.run("setsid --fork bash -c 'echo $$ >left; exec sleep 600' >/dev/null 2>&1 </dev/null")
    const left = Number(
      await until('it runs on its own', () => queue.exists('../left') && queue.read('../left')),
    )
    onTestFinished(() => killProcess(left))
    process.kill(terminal.pid, 'SIGHUP')
    await gone(terminal.pid)
    expect((await queue.run('claim WRK-157 --json')).json.kind).toBe('takenOver')
    expect(processFacts(left)).not.toBeNull()
  })

  test('that has done nothing yet is not registered by looking, nor by a release of what it does not hold', async () => {
    const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'WRK-2': heldItem('WRK-2', 'other', new Date()) })
    const terminal = await openTerminal(queue)
    for (const [command, code] of [
      ['list', 0],
      ['status', 0],
      ['show WRK-1', 0],
      ['log', 0],
      ['release WRK-1', 0],
      ['release WRK-2', 4],
    ])
      expect([command, (await terminal.run(`wrk ${command}`)).code]).toEqual([command, code])
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test('whose first claims run in the background at once is one session all the same', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    const terminal = await openTerminal(queue)
    const { stderr } = await terminal.run('( wrk claim WRK-1 & wrk claim WRK-2 & wrk claim WRK-3 & wait )')
    expect(stderr).toBe('')
    const holders = ['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.lock(id).by)
    expect(holders).toEqual(Array(3).fill((await terminal.run('wrk session id')).stdout.trim()))
    expect(queue.state().sessions).toHaveLength(1)
    expect(queue.events().filter(({ type }) => type === 'sessionStarted')).toHaveLength(1)
  })

  test('beside another, both new and both first to claim one item at the same time: one wins', async () => {
    const queue = makeQueue(['WRK-157'])
    const both = await Promise.all([openTerminal(queue), openTerminal(queue)])
    const claims = await Promise.all(both.map(terminal => terminal.run('wrk claim WRK-157 --json')))
    expect(claims.map(({ code }) => code).sort()).toEqual([0, 4])
    const [winner, loser] = claims[0]!.code === 0 ? claims : [...claims].reverse()
    expect(loser!.json.holder.session_id).toBe(winner!.json.session.id)
  })

  test('keeps its session when it is started by hand, under the name that was given', async () => {
    const queue = makeQueue(['WRK-157'])
    const terminal = await openTerminal(queue)
    expect((await terminal.run('wrk session start --provider codex --session-id nightly-7')).stdout).toBe(
      'nightly-7\n',
    )
    expect((await terminal.run('wrk claim WRK-157 --json')).json.session).toEqual({
      id: 'nightly-7',
      source: 'anchor',
    })
    expect(queue.session('nightly-7')).toMatchObject({
      orchestrator_agent: 'codex',
      anchor: { pid: terminal.pid },
    })
  })
})

/** Titles and names that are wider, longer or nastier than a table likes. */
const UGLY = {
  'WRK-1': item('WRK-1', { title: '"red \\e[31m, bell \\a, \\u202eturned\\u202c and\\nbroken"' }),
  'WRK-2': item('WRK-2', {
    title: '項目の説明はとても長いので端末の幅に収まらないはずです。項目の説明はとても長い',
  }),
  'WRK-3': item('WRK-3', { title: 'word '.repeat(60).trim() }),
  'WRK-4': heldItem('WRK-4', 'x'.repeat(128), stampOf(new Date())),
  'pending/workspace-hub-1311.md': item('workspace-hub#1311', {
    status: 'waiting-for-a-decision-of-the-board',
  }),
}
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const COLOUR = /\x1b\[[0-9;]*m/g
const plain = (text: string) => text.replace(COLOUR, '')
const columnsOf = (line: string) => [...line].reduce((sum, char) => sum + (char > '\u2e7f' ? 2 : 1), 0)

terminals('on a terminal of', () => {
  test.each([80, 60, 120])('in %d columns the table fits, in colour', async columns => {
    const queue = makeQueue(UGLY)
    const terminal = await openTerminal(queue, { columns })
    const screen = await terminal.screen('wrk list')
    expect(screen).toMatch(COLOUR)
    const lines = plain(screen).trimEnd().split('\n')
    expect(lines).toHaveLength(6)
    for (const line of lines) {
      expect(line).not.toMatch(CONTROL)
      expect(columnsOf(line), line).toBeLessThanOrEqual(columns)
    }
    // The room that there is gets used: what is cut ends in an ellipsis at the right edge.
    expect(Math.max(...lines.map(columnsOf))).toBeGreaterThan(columns - 3)
    for (const id of ['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4']) expect(plain(screen)).toContain(id)
  })

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('%j no colour appears', async env => {
    const queue = makeQueue(UGLY)
    const terminal = await openTerminal(queue, { env })
    for (const command of ['list', 'status', 'log', 'show WRK-1'])
      expect(await terminal.screen(`wrk ${command}`)).not.toMatch(CONTROL)
  })
})

test('what goes into a pipe or file holds neither colours nor control characters', async () => {
  const queue = makeQueue(UGLY)
  await queue.run(['claim', 'WRK-1', '--force', '--reason', 'colour \x1b[31m of\nreason'])
  await queue.run('claim WRK-2', { session: 'other' })
  for (const args of [
    'list',
    'status',
    'log',
    'show WRK-1',
    'show WRK-2',
    'session list',
    'claim WRK-2',
    '--help',
  ]) {
    const { stdout, stderr } = await queue.run(args)
    expect(stdout + stderr, args).not.toMatch(CONTROL)
  }
  for (const line of (await queue.run('list', { env: { COLUMNS: '80' } })).stdout.split('\n'))
    expect(columnsOf(line)).toBeLessThanOrEqual(80)
  for (const line of (await queue.run('list', { env: { COLUMNS: '60' } })).stdout.split('\n'))
    expect(columnsOf(line)).toBeLessThanOrEqual(60)
})

test('what goes into a pipe or file is not cut', async () => {
  const title = `${'a long title '.repeat(30)}end`
  const queue = makeQueue({ 'WRK-1': item('WRK-1', { title }) })
  expect((await queue.run('list')).stdout).toContain(` ${title}\n`)
  const found = await queue.run(['search', 'long title'])
  expect(found.stdout).toContain(`  3: title: ${title}\n`)
})

terminals('times', () => {
  test('are local on a terminal, and UTC in a pipe and in JSON', async () => {
    const env = { WRK_NOW: '2026-03-02T12:00:00Z', TZ: 'Asia/Kolkata' }
    const queue = makeQueue({
      'WRK-1': item('WRK-1'),
      'WRK-2': item('WRK-2', { at: '2026-03-02T11:00:00Z' }),
    })
    const terminal = await openTerminal(queue, { env })
    expect(await terminal.screen('wrk claim 1')).toMatch(/^Yours until 19:30; each wrk call extends it\. /m)
    const { stdout } = await terminal.run('wrk log 1')
    expect(stdout).toMatch(/ 17:30 .*granted/)
    expect((await terminal.run('wrk log 1 | cat')).stdout).toContain('2026-03-02T12:00:00Z')
    expect((await terminal.run('wrk show 1 --json')).json.lock.expires_at).toBe('2026-03-02T14:00:00Z')
    const refusal = await terminal.screen('wrk claim 1 --session other')
    expect(refusal.replace(/\s+/g, ' ')).toMatch(/\(alive\), claimed just now/)
    expect(await terminal.screen('wrk show 1 --no-pager')).toMatch(/since +17:30 \(just now\)/)
    // What the file says stays as it is.
    expect((await terminal.run('wrk show 2')).stdout).toMatch(/^ {2}at +2026-03-02T11:00:00Z$/m)
    const piped = await queue.run('claim 1', { env, session: 'third' })
    expect(piped.stderr).toContain('claimed just now')
    expect((await queue.run('show 1', { env })).stdout).toContain('2026-03-02T12:00:00Z (just now)')
  })
})

terminals('messages', () => {
  test('are wrapped at words to the terminal’s width, and below their first line are under it', async () => {
    const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'somebody-else-with-a-long-name', new Date()) })
    const terminal = await openTerminal(queue, { columns: 50 })
    const lines = (await terminal.screen('wrk claim 1')).replaceAll('\r', '').trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(3)
    expect(lines[0]).toMatch(/^wrk: WRK-1 is /)
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {5}\S/)
    for (const line of lines) if (line.trim().includes(' ')) expect(columnsOf(line)).toBeLessThanOrEqual(50)
  })
})

test('a narrow table keeps the ids, but for one that would take more than half of it', async () => {
  const holder = 'terminal-devbox-1ssn43'
  const long = `WRK-${'LONG'.repeat(12)}-1`
  const queue = makeQueue({
    'pending/WRK-001.md': heldItem('WRK-001', holder, stampOf(new Date())),
    'pending/WRK-1570.md': item('WRK-1570', { title: 'A title that is longer than the screen is wide' }),
  })
  const list = async () => (await queue.run('list', { env: { COLUMNS: '40' } })).stdout.trimEnd().split('\n')
  const rows = await list()
  expect(rows.map(row => row.split(' ')[0])).toEqual(['ID', 'WRK-001', 'WRK-1570'])
  expect(Math.max(...rows.map(columnsOf))).toBeLessThanOrEqual(40)
  queue.write(`pending/${long}.md`, item(long))
  const withLong = await list()
  expect(withLong.find(row => row.includes('LONG'))).toMatch(/^WRK-LONGLONGLON… {2}\S/)
  expect(Math.max(...withLong.map(columnsOf))).toBeLessThanOrEqual(40)

  const live = new LiveTable('queue')
  const now = new Date('2026-11-21T12:00:00Z')
  const held = {
    ...{ id: 'WRK-001', title: 'A title of some length', status: 'pending', problem: null, path: 'x' },
    holder: { session_id: holder, locked_at: '2026-11-21T10:01:00Z', expires_at: null, liveness: 'unknown' },
  }
  live.take({ type: 'snapshot', items: [held] } as never, now)
  const drawn = live.draw({ width: 39, height: 20, colour: false, isTerminal: true }, now)
  expect(drawn.find(line => line.includes('WRK'))).toMatch(/^ {3}WRK-001 {2}\S/)
  expect(Math.max(...drawn.map(columnsOf))).toBeLessThanOrEqual(39)
})

test('a reader that goes away early is not an error', async () => {
  const queue = makeQueue(Array.from({ length: 1500 }, (_, i) => `WRK-${i + 1}`))
  const agent = await startAgent('codex', queue)
  const { stdout, stderr } = await agent.run('set -o pipefail; wrk list --json | head -c 10; echo " $?"')
  expect([stdout, stderr]).toEqual(['{"schema_v 0\n', ''])
})
