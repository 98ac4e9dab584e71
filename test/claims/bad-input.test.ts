/** What comes from outside and means harm, or is simply broken: refused in a sentence, nothing touched. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { LIBRARY } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { registry } from '../support/sessions.ts'
import { EVIL, evilQueue, expectCalm, RAW } from './bad-input.shared.ts'

describe('an invalid id', () => {
  test('with a NUL in it is a usage error for the library, which no shell protects', async () => {
    const queue = makeQueue(['WRK-157'])
    const { openQueue } = (await import(/* @vite-ignore */ LIBRARY)) as typeof import('../../src/index.ts')
    const calls = await openQueue(queue.root, { session: 'tester', env: {} })
    for (const id of ['WRK-157\0', '\0', '../\0/WRK-157'])
      for (const call of [calls.claim, calls.release, calls.show])
        await expect(call(id)).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('a session id or helper name', () => {
  test('as long and as odd as is allowed works', async () => {
    const queue = makeQueue(['WRK-157'])
    const session = `._:@#/+-${'x'.repeat(120)}`
    expect((await queue.run('claim WRK-157', { session })).code).toBe(0)
    expect(queue.lock('WRK-157').by).toBe(session)
    expect((await queue.run('release WRK-157', { session })).code).toBe(0)
  })
})

describe('a link', () => {
  test('in place of an item is not followed: refused, and its target stays as it is', async () => {
    const queue = makeQueue()
    const outside = join(queue.home, 'outside.md')
    writeFileSync(outside, item('WRK-1'))
    symlinkSync(outside, queue.path('WRK-1'))
    for (const command of ['claim', 'release']) {
      const result = await queue.run([command, 'WRK-1', '--json'])
      expect(result.code).toBe(5)
      expect(result.json.error).toMatchObject({
        code: 'INVALID_ITEM',
        message: expect.stringMatching(/symbolic link/),
      })
    }
    expect((await queue.run('claim WRK-1 --force --reason x')).code).toBe(5)
    for (const command of ['show WRK-1', 'list']) {
      const result = await queue.run(`${command} --json`)
      expectCalm(result)
      expect(result.stdout).not.toContain('What WRK-1 is about')
    }
    expect(readFileSync(outside, 'utf8')).toBe(item('WRK-1'))
  })

  test('in place of a status folder is not followed', async () => {
    const queue = makeQueue()
    const outside = tempFolder()
    writeFileSync(join(outside, 'WRK-1.md'), item('WRK-1'))
    symlinkSync(outside, queue.path('archived'))
    symlinkSync(outside, join(queue.root, 'archive', '2026-01'))
    for (const command of ['claim', 'release', 'show'])
      expect((await queue.run([command, 'WRK-1', '--json'])).json.error.code).toBe('NOT_FOUND')
    expect((await queue.run('list --json')).json.items).toEqual([])
    expect(readdirSync(outside)).toEqual(['WRK-1.md'])
    expect(readFileSync(join(outside, 'WRK-1.md'), 'utf8')).toBe(item('WRK-1'))
  })

  test.each(['session-state.yaml', '.wrk/events.jsonl'])(
    'in place of %s is not written through',
    async name => {
      const queue = makeQueue(['WRK-1'])
      await queue.run('claim WRK-1')
      const outside = join(queue.home, 'outside')
      writeFileSync(outside, 'precious: true\n')
      spawnSync('rm', [queue.path(name)])
      symlinkSync(outside, queue.path(name))
      for (const command of ['release WRK-1', 'claim WRK-1', 'heartbeat', 'status', 'log'])
        expectCalm(await queue.run(command))
      expect(readFileSync(outside, 'utf8')).toBe('precious: true\n')
    },
  )
})

describe('a file that is not an item', () => {
  test('but a folder is reported as a folder, and no other item is affected', async () => {
    const queue = makeQueue(['WRK-2'])
    mkdirSync(join(queue.path('WRK-1'), 'sub'), { recursive: true })
    const claim = await queue.run('claim WRK-1 --json')
    expect(claim.code).toBe(5)
    expect(claim.json.error).toMatchObject({
      code: 'INVALID_ITEM',
      message: expect.stringContaining('WRK-1.md'),
    })
    expect((await queue.run('release WRK-1')).code).toBe(5)
    expectCalm(await queue.run('show WRK-1'))
    const { items } = (await queue.run('list --json')).json
    expect(
      items.map(({ id, problems }: { id: string; problems: unknown[] }) => [id, problems.length]),
    ).toEqual([
      ['WRK-1', 1],
      ['WRK-2', 0],
    ])
    expect((await queue.run('claim WRK-2')).code).toBe(0)
    expectCalm(await queue.run('status'))
  })

  test('but a pipe does not hang any command', async () => {
    const queue = makeQueue(['WRK-1'])
    spawnSync('mkfifo', [queue.path('WRK-2')])
    expect((await queue.run('claim WRK-2')).code).toBe(5)
    expect((await queue.run('release WRK-2')).code).toBe(5)
    for (const command of ['show WRK-2', 'list', 'status', 'claim WRK-1', 'release --mine', 'heartbeat'])
      expect({ [command]: (await queue.run(command)).code }).toEqual({ [command]: 0 })
  }, 20_000)

  test('but 50 MB is refused without being read', async () => {
    const queue = makeQueue(['WRK-9'])
    const large = { 'WRK-1': '---\nid: WRK-1\n---\n', 'WRK-2': '---\nid: WRK-2\n', 'WRK-3': '' }
    for (const [id, text] of Object.entries(large)) {
      writeFileSync(queue.path(id), text)
      truncateSync(queue.path(id), 50 * 1024 * 1024)
      const result = await queue.run(['claim', id, '--json'])
      expect(result.code).toBe(5)
      expect(result.json.error.message).toMatch(/too large for a work item \(50 MB\)/)
      expectCalm(await queue.run(['show', id]))
    }
    const env = { NODE_OPTIONS: '--max-old-space-size=64' }
    const list = await queue.run('list --json', { env })
    expect(list.code).toBe(0)
    expect(list.json.items).toHaveLength(4)
    expect((await queue.run('claim WRK-9', { env })).code).toBe(0)
  })
})

describe('control characters', () => {
  test('do not reach the terminal by the log of a takeover or of a forced act', async () => {
    const queue = evilQueue()
    expect((await queue.run('claim WRK-2')).code).toBe(0)
    expect((await queue.run(['claim', 'WRK-3', '--force', '--reason', 'because \x1b[2J \u202e'])).code).toBe(
      0,
    )
    const { stdout } = await queue.run('log')
    expect(stdout).toContain('takenOver')
    expect(stdout).not.toMatch(RAW)
  })

  const twice = `"k${EVIL}": 1\n"k${EVIL}": 2\n`

  test('in wrk.yaml do not reach the terminal', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'wrk.yaml': twice })
    const { code, stderr } = await queue.run('list')
    expect(code).toBe(2)
    expect(stderr).not.toMatch(RAW)
  })

  test.each(['status', 'claim WRK-1'])(
    'in a broken session-state.yaml do not reach the terminal by wrk %s',
    async command => {
      const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': twice })
      const { stderr } = await queue.run(command)
      expect(stderr).toContain('duplicate key')
      expect(stderr).not.toMatch(RAW)
    },
  )

  test.each(['status', 'session list', 'claim WRK-1', 'show WRK-1', 'session show s', 'session end s'])(
    'in the entries of session-state.yaml do not reach the terminal by wrk %s',
    async command => {
      const queue = makeQueue({
        'pending/WRK-1.md': heldItem('WRK-1', 's', ago(0)),
        'session-state.yaml': registry([
          { id: `s${EVIL}`, active_wrk: EVIL, agent: EVIL, started_at: ago(0) },
          { id: 's', active_wrk: EVIL, agent: EVIL, started_at: ago(0) },
        ]),
      })
      const { stdout, stderr } = await queue.run(command)
      expect(stdout + stderr).toContain('s')
      expect(stdout + stderr).not.toMatch(RAW)
    },
  )

  test('in what is typed do not reach the terminal again', async () => {
    const queue = makeQueue(['WRK-1'])
    const nasty = 'x\x1b[2J\u202e'
    for (const args of [
      [nasty],
      ['claim', 'WRK-1', `--${nasty}`],
      ['claim', 'WRK-1', nasty],
      ['list', '--queue', nasty],
    ]) {
      const { code, stdout, stderr } = await queue.run(args)
      expect([1, 2]).toContain(code)
      expect(stdout + stderr).not.toMatch(RAW)
    }
  })

  test('in the event log do not reach the terminal', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1')
    const nasty = '\x1b[2J\u202e'
    const event = {
      seq: 3,
      tx: 'x',
      time: nasty,
      type: nasty,
      item: nasty,
      session: nasty,
      previous_holder: nasty,
      reason: nasty,
      forced: true,
    }
    queue.write('.wrk/events.jsonl', `${queue.read('.wrk/events.jsonl')}${JSON.stringify(event)}\n`)
    const { code, stdout, stderr } = await queue.run('log')
    expect(code).toBe(0)
    expect(stdout).toContain('granted')
    expect(stdout + stderr).not.toMatch(RAW)
  })
})

test('foreign lines in the event log are skipped, and a torn last line is repaired', async () => {
  const queue = makeQueue(['WRK-1'])
  await queue.run('claim WRK-1')
  const foreign = [
    '{"seq":4,"time":"t","type":"x","session":5,"item":{}}',
    'null',
    '[]',
    '7',
    '{}',
    '{"seq":',
  ]
  queue.write('.wrk/events.jsonl', `${queue.read('.wrk/events.jsonl')}${foreign.join('\n')}`)
  for (const command of ['log', 'log WRK-1', 'release WRK-1', 'log', 'heartbeat']) {
    const result = await queue.run(command)
    expectCalm(result)
    expect({ [command]: result.code }).toEqual({ [command]: 0 })
  }
  const { events } = (await queue.run('log WRK-1 --json')).json
  expect(events.map(({ type }: { type: string }) => type)).toEqual(['granted', 'released'])
})

describe('session-state.yaml', () => {
  test('that is empty makes nobody dead: a new registry begins', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': heldItem('WRK-2', 'other', ago(HOUR)),
      'session-state.yaml': '',
    })
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect((await queue.run('claim WRK-2')).code).toBe(4)
    expect(queue.state().sessions).toHaveLength(1)
  })

  test('with invalid entries still takes a new session, and keeps what it cannot read', async () => {
    const text =
      'session_id: x\nsessions:\n  - session_id: {a: 1}\n  - session_id: old\n    anchor: nonsense\n    claims: 5\n    heartbeat_at: never\n'
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': text })
    const result = await queue.run('claim WRK-1')
    expectCalm(result)
    expect(result.code).toBe(0)
    expect(queue.read('session-state.yaml')).toContain('anchor: nonsense')
    expect(queue.session('tester')).toBeDefined()
    expectCalm(await queue.run('status'))
  })

  test('that is a folder or cannot be opened is a warning, and the claim is made', async () => {
    const queue = makeQueue(['WRK-1'])
    mkdirSync(queue.path('session-state.yaml'))
    const result = await queue.run('claim WRK-1')
    expectCalm(result)
    expect(result.code).toBe(0)
    expect(result.stderr).toMatch(/^wrk: warning: .*session-state\.yaml/)
    expect(queue.lock('WRK-1').by).toBe('tester')
    expectCalm(await queue.run('status'))
    expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(4)
  })
})

describe('wrk.yaml', () => {
  test('with keys of later versions, empty ones and comments is fine', async () => {
    const queue = makeQueue({
      'wrk.yaml': '\ufeff# ours\nfuture: {a: [1]}\nttl:\ntakeover: dead-only # yes\r\n',
    })
    expect((await queue.run('where --json')).json.settings).toMatchObject({
      ttl_seconds: 7200,
      takeover: 'dead-only',
    })
  })
})
