/** What scripts rely on: the JSON of the commands that read, and what holds for every command. */
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { run } from '../support/run.ts'
import { COMMANDS, expectError, oneObject, TEXT } from './commands.shared.ts'

const STAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)

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
