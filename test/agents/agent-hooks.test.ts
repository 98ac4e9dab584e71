/** `wrk agents hook claude`: real processes, the JSON that Claude Code sends, the answers that it understands. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { run } from '../support/run.ts'
import { registry } from '../support/sessions.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { answer, edit, send, unhindered } from './agent-hooks.shared.ts'

test('what a link in the folder of hooks leads to is neither dated, nor emptied, nor removed', async () => {
  const queue = makeQueue(['WRK-1'])
  const [hooks, theirs] = [queue.path('.wrk/hooks'), join(queue.home, 'theirs')]
  const old = ago(48 * 60 * MINUTE)
  mkdirSync(theirs)
  for (const name of ['claude.begin', 's-1', 'letter']) {
    writeFileSync(join(theirs, name), 'precious')
    utimesSync(join(theirs, name), old, old)
  }
  const begin = () =>
    run(['agents', 'hook', 'claude', 'begin', hooks, 's-1'], {
      queue,
      session: null,
      input: JSON.stringify({ session_id: 's-1', cwd: queue.root, hook_event_name: 'SessionStart' }),
    })
  mkdirSync(hooks, { recursive: true })
  for (const name of ['claude.begin', 's-1']) symlinkSync(join(theirs, name), join(hooks, name))
  expect((await begin()).code).toBe(0)
  rmSync(hooks, { recursive: true })
  symlinkSync(theirs, hooks)
  expect((await begin()).code).toBe(0)
  for (const name of ['claude.begin', 's-1', 'letter']) {
    expect(readFileSync(join(theirs, name), 'utf8')).toBe('precious')
    expect(Math.round(statSync(join(theirs, name)).mtimeMs)).toBe(old.getTime())
  }
})

describe('SessionStart', () => {
  test('registers the session, anchored to the agent, and tells it what it holds and how to claim', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: '"One\\u001b[31m"' }),
      'session-state.yaml': registry([]),
    })
    const agent = await startAgent('claude', queue)
    const event = { hook_event_name: 'SessionStart', session_id: 's-1', source: 'startup' }
    const input = JSON.stringify(event).replaceAll("'", '')
    const first = await agent.run(`printf %s '${input}' | wrk agents hook claude`)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.json.hookSpecificOutput).toMatchObject({ hookEventName: 'SessionStart' })
    const { additionalContext } = first.json.hookSpecificOutput
    for (const words of ['s-1', queue.root, 'no item', 'wrk claim ID', 'code 4'])
      expect(additionalContext).toContain(words)
    expect(queue.session('s-1')).toMatchObject({ orchestrator_agent: 'claude', anchor: { pid: agent.pid } })

    // The agent's own shell has the same id, so what is claimed there is the session's.
    expect((await agent.run('CLAUDE_CODE_SESSION_ID=s-1 wrk claim WRK-1')).code).toBe(0)
    const again = await answer(send(queue, { ...event, source: 'compact' }))
    expect(again.additionalContext).toContain('It holds WRK-1 (One?[31m).')
    expect(queue.state().sessions).toHaveLength(1)
    await agent.kill()
    expect((await queue.run('claim WRK-1', { session: 'next' })).code).toBe(0)
  })

  test('exports the session once into CLAUDE_ENV_FILE, and again when it is another', async () => {
    const queue = makeQueue(['WRK-1'])
    const file = join(queue.home, 'env')
    const began = (session_id: string) =>
      answer(send(queue, { hook_event_name: 'SessionStart', session_id }, { CLAUDE_ENV_FILE: file }))
    appendFileSync(file, 'export OTHER=1')
    const asked = (env: Env = {}) =>
      spawnSync('/bin/bash', ['-uc', `. ${file}; echo "$OTHER $WRK_SESSION_ID"; env`], {
        env: { PATH: '/usr/bin:/bin', ...env },
        encoding: 'utf8',
      }).stdout
    for (let i = 0; i < 3; i++) await began('s-1')
    expect(readFileSync(file, 'utf8').match(/export WRK_SESSION_ID='s-1'/g)).toHaveLength(1)
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3)
    expect(asked()).toMatch(/^1 s-1\n/)
    expect(asked()).toContain('\nWRK_SESSION_ID=s-1\n')
    await began('s-2')
    expect(asked()).toMatch(/^1 s-2\n/)
    // Lines of a session that is over may stay in force; the shell's own id is more certain.
    expect(asked({ CLAUDE_CODE_SESSION_ID: 's-3' })).toMatch(/^1 s-3\n/)
  })
})

describe('UserPromptSubmit, PostToolUse and Stop', () => {
  test('are heartbeats, at most one a minute, and say nothing else', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': registry([]) })
    const beat = () => queue.session('s-1')?.heartbeat_at
    await answer(send(queue, { hook_event_name: 'SessionStart' }, { WRK_NOW: '-10m' }))
    const first = beat()
    for (const hook_event_name of ['UserPromptSubmit', 'PostToolUse', 'Stop'])
      expect(await answer(send(queue, { hook_event_name }, { WRK_NOW: '-570s' }))).toBeNull()
    expect(beat()).toBe(first)
    let last = first
    for (const [hook_event_name, at] of [
      ['UserPromptSubmit', '-8m'],
      ['PostToolUse', '-6m'],
      ['Stop', '-4m'],
    ] as const) {
      expect(
        await answer(send(queue, { hook_event_name, stop_hook_active: false }, { WRK_NOW: at })),
      ).toBeNull()
      expect(Date.parse(beat())).toBeGreaterThan(Date.parse(last))
      last = beat()
    }
  })

  test('register a session that began before the hooks did', async () => {
    const queue = makeQueue(['WRK-1'])
    await answer(send(queue, { hook_event_name: 'PostToolUse', tool_name: 'Read' }))
    expect(queue.session('s-1')).toMatchObject({ orchestrator_agent: 'claude', ended_at: null })
  })

  test('Stop keeps the claim', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 's-1' })
    expect(await answer(send(queue, { hook_event_name: 'Stop' }))).toBeNull()
    expect(queue.lock('WRK-1').by).toBe('s-1')
    expect(queue.session('s-1').ended_at).toBeNull()
  })

  test('report a claim that was taken over, until it is released', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    for (const id of ['WRK-1', 'WRK-2']) await queue.run(`claim ${id}`, { session: 's-1' })
    await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'next' })
    for (const hook_event_name of ['UserPromptSubmit', 'PostToolUse']) {
      const result = await answer(send(queue, { hook_event_name }))
      expect(result.hookEventName).toBe(hook_event_name)
      expect(result.additionalContext).toMatch(/^WRK-1 was taken over by next .*stop working on it/)
      expect(result.additionalContext).not.toContain('WRK-2')
    }
    await queue.run('release WRK-1', { session: 's-1' })
    expect(await answer(send(queue, { hook_event_name: 'PostToolUse' }))).toBeNull()
  })
})

describe('PreToolUse refuses', () => {
  test('edits of an item that a living session holds, however the file is named', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1', { session: 'other' })
    symlinkSync(queue.path('WRK-1'), join(queue.home, 'today.md'))
    symlinkSync(queue.root, join(queue.home, 'linked'))
    for (const file of [
      queue.path('WRK-1'),
      'pending/WRK-1.md',
      'done/../pending/WRK-1.md',
      join(queue.home, 'today.md'),
      join(queue.home, 'linked', 'pending', 'WRK-1.md'),
    ])
      expect((await answer(send(queue, edit(file))))?.permissionDecision, file).toBe('deny')
    for (const tool of ['Write', 'MultiEdit', 'NotebookEdit']) {
      const refused = await answer(send(queue, edit(queue.path('WRK-1'), tool)))
      expect(refused).toMatchObject({ hookEventName: 'PreToolUse', permissionDecision: 'deny' })
      expect(refused.permissionDecisionReason).toMatch(/WRK-1 is held by other \(may be alive\), claimed /)
    }
    expect(queue.lock('WRK-1').by).toBe('other')
  })

  test('not what a run of wrk execute does for the session that holds the item', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'wrapper' })
    const env = { WRK_RUN_ID: 'run-1', WRK_SESSION_ID: 'wrapper', CLAUDE_ENV_FILE: join(queue.home, 'env') }
    expect(await answer(send(queue, edit(queue.path('WRK-1')), env))).toBeNull()
    for (const hook_event_name of ['SessionStart', 'SessionEnd'])
      expect(await answer(send(queue, { hook_event_name, reason: 'other' }, env))).toBeNull()
    expect(queue.lock('WRK-1').by).toBe('wrapper')
    expect(existsSync(env.CLAUDE_ENV_FILE)).toBe(false)
    // Another session's is refused all the same.
    await queue.run('release WRK-1', { session: 'wrapper' })
    await queue.run('claim WRK-1', { session: 'other' })
    expect((await answer(send(queue, edit(queue.path('WRK-1')), env))).permissionDecision).toBe('deny')
  })
})

describe('SessionEnd', () => {
  test.each(['clear', 'resume', 'logout', 'prompt_input_exit', 'bypass_permissions_disabled', 'other'])(
    'because of %s releases what the session and its helpers hold, and ends it',
    async reason => {
      const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
      await answer(send(queue, { hook_event_name: 'SessionStart' }))
      await queue.run('claim WRK-1', { session: 's-1' })
      await queue.run('claim WRK-2 --agent helper', { session: 's-1' })
      await queue.run('claim WRK-3', { session: 'other' })
      expect(await answer(send(queue, { hook_event_name: 'SessionEnd', reason }))).toBeNull()
      expect(['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.lock(id).by)).toEqual(['', '', 'other'])
      expect(queue.session('s-1').ended_at).not.toBeNull()
      expect(queue.events().map(({ type }) => type)).toContain('sessionEnded')
      expect(queue.leftovers()).toEqual([])
    },
  )

  test('of a session that nobody knows, or that has ended, changes nothing', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': registry([]) })
    const before = queue.read('session-state.yaml')
    expect(await answer(send(queue, { hook_event_name: 'SessionEnd' }))).toBeNull()
    expect(queue.read('session-state.yaml')).toBe(before)
  })

  test('within a sub-agent ends nothing', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 's-1' })
    expect(await answer(send(queue, { hook_event_name: 'SessionEnd', agent_id: 'sub-1' }))).toBeNull()
    expect(queue.lock('WRK-1').by).toBe('s-1')
  })
})

describe('no failure of wrk blocks an agent', () => {
  test('broken settings', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'wrk.yaml': 'ttl: [\n' })
    await unhindered(queue.root, { WRK_QUEUE: queue.root })
  })

  test('an unreadable registry, which stays as it is', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': 'sessions: [\n' })
    expect((await send(queue, { hook_event_name: 'SessionStart' })).code).toBe(0)
    expect((await send(queue, { hook_event_name: 'PostToolUse' })).code).toBe(0)
    expect(queue.read('session-state.yaml')).toBe('sessions: [\n')
  })

  test.skipIf(process.getuid?.() === 0)('a queue that cannot be written', async () => {
    const queue = makeQueue(['WRK-1'])
    chmodSync(queue.root, 0o500)
    try {
      await unhindered(queue.root, { WRK_QUEUE: queue.root })
    } finally {
      chmodSync(queue.root, 0o700)
    }
  })

  test('an agent that never closes stdin, or sends without end', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root })
    const silent = start(PROGRAM, [...FIRST, 'agents', 'hook', 'claude'], { cwd: queue.home, env })
    const began = performance.now()
    const code = await new Promise(settle => silent.on('exit', settle))
    expect(code).toBe(0)
    // The budget is 120 ms; the rest is for a machine that is busy with other tests.
    expect(performance.now() - began).toBeLessThan(10_000)

    const endless = start('/bin/sh', ['-c', `yes '{"a":' | wrk agents hook claude`], { cwd: queue.home, env })
    expect(await finished(endless)).toMatchObject({ code: 0, stdout: '' })
  })

  test('a guard that somebody holds', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': registry([]) })
    await answer(send(queue, { hook_event_name: 'SessionStart' }, { WRK_NOW: '-10m' }))
    // Not a name of a process: only its age would free it.
    queue.write('.wrk/guards/session-s-1/somebody', '')
    const began = performance.now()
    const result = await send(queue, { hook_event_name: 'PostToolUse' })
    expect(result).toMatchObject({ code: 0, stdout: '' })
    expect(result.stderr).toMatch(/^wrk: .*\n$/)
    expect(performance.now() - began).toBeLessThan(9_000)
    expect(queue.exists('.wrk/guards/session-s-1/somebody')).toBe(true)
    // What only looks does not wait for it.
    queue.write('WRK-1', heldItem('WRK-1', 's-2', ago(MINUTE)))
    writeFileSync(queue.path('session-state.yaml'), registry([{ id: 's-2', heartbeat_at: ago(MINUTE) }]))
    expect((await answer(send(queue, edit(queue.path('WRK-1'))))).permissionDecision).toBe('deny')
  })
})
