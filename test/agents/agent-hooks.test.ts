/** `wrk agents hook claude`: real processes, the JSON that Claude Code sends, the answers that it understands. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startAgent } from '../support/agents.ts'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { run } from '../support/run.ts'
import { deadAnchor, registry } from '../support/sessions.ts'

interface Event {
  hook_event_name: string
  session_id?: string
  [key: string]: unknown
}

function send(queue: Queue, event: Event | string, env: Env = {}): Promise<Result> {
  const input =
    typeof event === 'string'
      ? event
      : JSON.stringify({ session_id: 's-1', cwd: queue.root, transcript_path: '/nowhere', ...event })
  return run('agents hook claude', { queue, session: null, env, input })
}

/** What the hook says: it never fails, and it answers with one JSON object or with nothing. */
async function answer(sent: Promise<Result>): Promise<Json> {
  const { code, stdout, stderr } = await sent
  expect(code).toBe(0)
  expect(stderr).toBe('')
  if (stdout === '') return null
  expect(stdout).toMatch(/^\{.*\}\n$/)
  return JSON.parse(stdout).hookSpecificOutput
}

const edit = (file: string, tool = 'Edit'): Event => ({
  hook_event_name: 'PreToolUse',
  tool_name: tool,
  tool_input: { file_path: file, old_string: 'a', new_string: 'b' },
})

const bash = (command: string): Event => ({
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command },
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

  test('exports the session once into CLAUDE_ENV_FILE, and anew when it is another', async () => {
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
    // Lines of a session that is over may stay in force; the shell's own id tells better.
    expect(asked({ CLAUDE_CODE_SESSION_ID: 's-3' })).toMatch(/^1 s-3\n/)
  })
})

describe('UserPromptSubmit, PostToolUse and Stop', () => {
  test('are signs of life, at most one a minute, and say nothing else', async () => {
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

  test('tell of a claim that was taken over, until it is released', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    for (const id of ['WRK-1', 'WRK-2']) await queue.run(`claim ${id}`, { session: 's-1' })
    await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'next' })
    for (const hook_event_name of ['UserPromptSubmit', 'PostToolUse']) {
      const told = await answer(send(queue, { hook_event_name }))
      expect(told.hookEventName).toBe(hook_event_name)
      expect(told.additionalContext).toMatch(/^WRK-1 was taken over by next .*stop working on it/)
      expect(told.additionalContext).not.toContain('WRK-2')
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
      expect(refused.permissionDecisionReason).toMatch(/WRK-1 is held by other since .*unknown: .*wrk list/)
    }
    expect(queue.lock('WRK-1').by).toBe('other')
  })

  test('none of its own items, of free ones, of a dead session’s, of an old lock’s, and of other files', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 's-1', ago(MINUTE)),
      'pending/WRK-2.md': heldItem('WRK-2', 's-1/helper', ago(MINUTE)),
      'pending/WRK-3.md': item('WRK-3'),
      'pending/WRK-4.md': heldItem('WRK-4', 'dead', ago(MINUTE)),
      'pending/WRK-5.md': heldItem('WRK-5', 'silent', ago(3 * HOUR)),
      'pending/WRK-6.md': '---\nid: WRK-6\nlocked_by: [\n---\n',
      'pending/notes.md': 'x\n',
      'session-state.yaml': registry([
        { id: 's-1', heartbeat_at: ago(0) },
        { id: 'dead', anchor: deadAnchor(), heartbeat_at: ago(MINUTE) },
        { id: 'silent', heartbeat_at: ago(3 * HOUR) },
      ]),
    })
    writeFileSync(join(queue.home, 'WRK-1.md'), 'not in the queue\n')
    for (const name of ['1', '2', '3', '4', '5', '6', '999'])
      expect(await answer(send(queue, edit(queue.path(`WRK-${name}`)))), name).toBeNull()
    for (const file of [
      queue.path('pending/notes.md'),
      join(queue.home, 'WRK-1.md'),
      '/nowhere/at/all/WRK-1.md',
      '~',
    ])
      expect(await answer(send(queue, edit(file)))).toBeNull()
    const read = { ...edit(queue.path('WRK-1')), tool_name: 'Read' }
    expect(await answer(send(queue, read))).toBeNull()
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

  test('commits past wrk’s git hooks, where they are installed', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
    const git = (...args: string[]) => {
      const done = spawnSync('git', args, {
        cwd: queue.home,
        env: cleanEnv(queue.home, env),
        encoding: 'utf8',
      })
      if (done.status !== 0) throw new Error(done.stderr)
    }
    git('init', '-q')
    const ask = (command: string) => answer(send(queue, bash(command), env))
    const hookless = 'git add -A && git commit -anm "done"'
    expect(await ask(hookless)).toBeNull()

    const hook = join(queue.home, '.git', 'hooks', 'pre-commit')
    mkdirSync(join(queue.home, '.git', 'hooks'), { recursive: true })
    writeFileSync(hook, '#!/bin/sh\n# somebody else’s hook\n')
    expect(await ask(hookless)).toBeNull()
    writeFileSync(hook, '#!/bin/sh\n# wrk hook 1, 0123abcd\nexit 0\n')
    const refused = await ask(hookless)
    expect(refused.permissionDecision).toBe('deny')
    expect(refused.permissionDecisionReason).toContain('-anm')
    for (const command of [
      'git commit -m "no --no-verify here"',
      'git push --no-verify',
      'git status',
      'ls -n',
    ])
      expect(await ask(command), command).toBeNull()
    const elsewhere = tempFolder()
    expect(await ask(`git -C ${elsewhere} commit --no-verify`)).toBeNull()
    expect(
      await answer(send(queue, { ...bash(`cd ${queue.home} && git commit -n`), cwd: elsewhere }, env)),
    ).toMatchObject({
      permissionDecision: 'deny',
    })

    // Where core.hooksPath says that they are.
    git('config', 'core.hooksPath', 'own-hooks')
    expect(await ask(hookless)).toBeNull()
    mkdirSync(join(queue.home, 'own-hooks'))
    writeFileSync(join(queue.home, 'own-hooks', 'commit-msg'), '#!/bin/sh\n# wrk hook 1, 0123abcd\n')
    expect((await ask(hookless)).permissionDecision).toBe('deny')
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

describe('nothing that is wrong stands in an agent’s way', () => {
  test.each([
    '',
    'no json',
    '[]',
    'null',
    '"text"',
    '{}',
    '{"hook_event_name":"PreToolUse"}',
    '{"hook_event_name":"PreToolUse","session_id":"a b\\nc","tool_name":"Edit"}',
    '{"hook_event_name":7,"session_id":{},"cwd":[],"tool_input":3}',
    '{"hook_event_name":"Unheard","session_id":"s-1"}',
    '{"hook_event_name":"PreToolUse","session_id":"s-1","tool_name":"Bash","tool_input":null}',
    '{"hook_event_name":"PreToolUse","session_id":"s-1","tool_name":"Edit","tool_input":{"file_path":["x"]}}',
    '{"__proto__":{"hook_event_name":"SessionStart","session_id":"s-1"}}',
    '\u0000\ufffd{',
  ])('input %j', async input => {
    const queue = makeQueue(['WRK-1'])
    const result = await send(queue, input)
    expect(result).toMatchObject({ code: 0, stdout: '' })
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  const events: Event[] = [
    { hook_event_name: 'SessionStart' },
    { hook_event_name: 'UserPromptSubmit' },
    { hook_event_name: 'PostToolUse' },
    { hook_event_name: 'Stop' },
    { hook_event_name: 'SessionEnd' },
    edit('.claude/work-queue/pending/WRK-1.md'),
    bash('git commit -n'),
  ]

  async function unhindered(cwd: string, env: Env = {}): Promise<void> {
    for (const event of events) {
      const input = JSON.stringify({ session_id: 's-1', cwd, ...event })
      const result = await run('agents hook claude', { session: null, cwd: tempFolder(), input, env })
      expect(result.code).toBe(0)
      expect(result.stdout).toBe('')
      expect(result.stderr).toMatch(/^(?:wrk: [^\n]+\n)?$/)
    }
  }

  test('no queue, or a folder that is gone', async () => {
    await unhindered(tempFolder())
    await unhindered('/nowhere/at/all')
  })

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
    // Not a name that tells of a process: only its age would free it.
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
