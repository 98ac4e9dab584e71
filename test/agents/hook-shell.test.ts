/**
 * The shell part of agents' hooks (templates/agents/hook.sh): run as the agents run it, through the command line that install
 * writes, in every shell that is there. In place of wrk stands a program that notes each call.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ADAPTERS, adapterOf } from '../../src/core/agents/adapters/adapters.ts'
import type { HookWord } from '../../src/core/agents/agent-event.ts'
import { hookCommand } from '../../src/core/agents/hook-command.ts'
import { tempFolder } from '../support/processes.ts'
import { ROOT } from '../support/program.ts'

const QUEUE = '.claude/work-queue'
const TEXT = readFileSync(join(ROOT, 'templates', 'agents', 'hook.sh'), 'utf8').replaceAll('@QUEUE@', QUEUE)
const BIN = '/usr/bin:/bin'

/** Notes its words and its input. */
const WRK = `#!/bin/sh
{ printf '%s\\n' "$*"; cat; echo; } >>"$CALLS"
`

function workspace(name = 'a project, "quoted" $HOME') {
  const home = tempFolder()
  const root = join(home, name)
  const hooks = join(root, QUEUE, '.wrk', 'hooks')
  mkdirSync(hooks, { recursive: true })
  mkdirSync(join(root, 'src', 'deep'), { recursive: true })
  writeFileSync(join(root, QUEUE, 'agent-hook.sh'), TEXT)
  const bin = join(home, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'wrk-cli'), WRK, { mode: 0o755 })
  const calls = join(home, 'calls')
  const env = { PATH: `${bin}:${BIN}`, CALLS: calls, HOME: home }
  const stamp = (key: string, ms = 60_000) => {
    writeFileSync(join(hooks, key), '')
    utimesSync(join(hooks, key), new Date(), new Date(Date.now() + ms))
  }
  return {
    root,
    hooks,
    env,
    stamp,
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8') : ''),
  }
}

type Workspace = ReturnType<typeof workspace>

const commandLine = (agent: string, word: HookWord) =>
  hookCommand(adapterOf(agent)!, word, `${QUEUE}/agent-hook.sh`)

interface Options {
  shell?: string
  cwd?: string
  env?: Record<string, string>
}

function hook(space: Workspace, agent: string, word: HookWord, input: unknown, options: Options = {}) {
  const { shell = 'sh', cwd = space.root, env = {} } = options
  // From a file, so that nobody writes to a hook that is done.
  const file = join(space.hooks, '..', 'input')
  writeFileSync(file, typeof input === 'string' ? input : JSON.stringify(input))
  const stdin = openSync(file, 'r')
  const { status, stdout, stderr } = spawnSync(pathOf(shell), ['-c', commandLine(agent, word)], {
    cwd,
    env: { ...space.env, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  closeSync(stdin)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

const edit = (file_path: string, content = 'x') => ({
  session_id: 's-1',
  hook_event_name: 'PreToolUse',
  tool_name: 'Write',
  tool_input: { file_path, content },
})
const command = (text: string) => ({ session_id: 's-1', tool_name: 'Bash', tool_input: { command: text } })

const pathOf = (shell: string): string =>
  ['/bin', '/usr/bin'].map(folder => join(folder, shell)).find(existsSync) ?? shell

const SHELLS = ['dash', 'bash', 'zsh', 'sh'].filter(shell => existsSync(pathOf(shell)))

test('sh and at least one other shell are here', () => {
  expect(SHELLS).toContain('sh')
  expect(SHELLS.length).toBeGreaterThan(1)
})

describe.each(SHELLS)('in %s', shell => {
  test('a sign of life that is not due starts nothing, not even cat', () => {
    const space = workspace()
    // The agent's process is the shell's parent: this one.
    space.stamp(`${process.pid}`)
    for (const agent of ['claude', 'gemini'])
      expect(hook(space, agent, 'beat', {}, { shell, env: { PATH: '/nowhere' } })).toBe('')
    for (const agent of ['claude', 'gemini']) hook(space, agent, 'beat', {}, { shell })
    space.stamp('s-1')
    for (const agent of ['codex', 'cursor', 'copilot']) {
      hook(space, agent, 'beat', '{"session_id":"s-1","turn_id":"t"}', { shell })
      hook(space, agent, 'beat', '{"sessionId":"s-1","cwd":"/w"}', { shell })
    }
    expect(space.calls()).toBe('')
  })

  test('a sign of life that is due starts wrk, with the event', () => {
    const space = workspace()
    space.stamp(`${process.pid}`, -1000)
    hook(space, 'claude', 'beat', '{"a":1}', { shell })
    hook(space, 'codex', 'beat', '{"session_id":"s-2","a":"\\\\n %s \u00fc"}', { shell })
    expect(space.calls()).toBe(
      `agents hook claude beat ${space.hooks} ${process.pid}\n{"a":1}\n` +
        `agents hook codex beat ${space.hooks} s-2\n{"session_id":"s-2","a":"\\\\n %s \u00fc"}\n\n`,
    )
  })

  test('an edit outside the queue and a command without a commit start nothing', () => {
    const space = workspace()
    for (const agent of ['claude', 'gemini', 'codex', 'cursor']) {
      space.stamp('s-1')
      hook(space, agent, 'look', edit('/w/src/a.ts', 'x'.repeat(10_000)), { shell })
      hook(space, agent, 'look', command('git status && ls -n'), { shell })
    }
    expect(space.calls()).toBe('')
  })

  test('edits of markdown files, commits, and what a sub-agent asks of wrk are looked at', () => {
    const space = workspace()
    space.stamp('s-1')
    const events = [
      edit('/w/.claude/work-queue/pending/WRK-1.md'),
      edit('/w/WRK-1.MD'),
      edit('/w/a.txt', 'mentions b.md'),
      command('git commit -n'),
      { ...command('wrk next --claim'), agent_id: 'a1' },
      { agent_id: 'a1', ...command('wrk-cli next --claim') },
    ]
    for (const event of events) hook(space, 'claude', 'look', event, { shell })
    expect(space.calls()).toBe(
      events
        .map(event => `agents hook claude look ${space.hooks} s-1\n${JSON.stringify(event)}\n\n`)
        .join(''),
    )
  })

  test('an agent without hooks behind its tools gives signs of life before them', () => {
    const space = workspace()
    space.stamp('s-1', -1000)
    hook(space, 'claude', 'look', command('ls'), { shell })
    hook(space, 'codex', 'look', command('ls'), { shell })
    expect(space.calls()).toBe(
      `agents hook codex look ${space.hooks} s-1\n${JSON.stringify(command('ls'))}\n\n`,
    )
  })

  test('a folder that cannot be written to means that wrk is started, and no more', () => {
    const space = workspace()
    const { root, env } = space
    writeFileSync(join(root, QUEUE, '.wrk', 'file'), '')
    const hooks = join(root, QUEUE, '.wrk', 'file', 'hooks')
    writeFileSync(join(root, QUEUE, 'agent-hook.sh'), TEXT.replace('/.wrk/hooks', '/.wrk/file/hooks'))
    hook({ ...space, env }, 'claude', 'beat', '{}', { shell })
    hook({ ...space, env }, 'codex', 'beat', '{"session_id":"s-1"}', { shell })
    hook({ ...space, env }, 'claude', 'begin', '{}', { shell })
    expect(space.calls().match(/^agents hook (\w+ \w+) (.*) \S+$/gm)).toEqual(
      [
        `agents hook claude beat ${hooks} ${process.pid}`,
        `agents hook codex beat ${hooks} s-1`,
        `agents hook claude begin ${hooks} ${process.pid}`,
      ].map(line => expect.stringContaining(line)),
    )
  })

  test('links are not followed: no file outside of the queue is emptied or dated', () => {
    const space = workspace()
    const [home, state] = [join(space.root, '..'), join(space.root, QUEUE, '.wrk')]
    const theirs = join(home, 'theirs')
    mkdirSync(theirs)
    writeFileSync(join(theirs, 'claude.beat'), 'precious')
    symlinkSync(join(theirs, 'claude.beat'), join(space.hooks, 'claude.beat'))
    hook(space, 'claude', 'beat', '{}', { shell })
    renameSync(space.hooks, join(state, 'before'))
    symlinkSync(theirs, space.hooks)
    hook(space, 'claude', 'beat', '{}', { shell })
    renameSync(state, `${state}-before`)
    mkdirSync(join(home, 'state'))
    symlinkSync(theirs, join(home, 'state', 'hooks'))
    symlinkSync(join(home, 'state'), state)
    hook({ ...space, hooks: join(home, 'state', 'x') }, 'claude', 'beat', '{}', { shell })
    expect(readFileSync(join(theirs, 'claude.beat'), 'utf8')).toBe('precious')
    expect(space.calls().match(/^agents hook claude beat \/dev\/null /gm)).toHaveLength(3)
  })

  test('what wrk answers reaches the agent; what a program that fails has written does not', () => {
    const space = workspace()
    const answer = '{"a":"\\\\n %s"}'
    const wrk = join(space.root, '..', 'bin', 'wrk-cli')
    writeFileSync(wrk, `#!/bin/sh\ncat >/dev/null; printf '%s\\n' '${answer}'\n`)
    expect(hook(space, 'claude', 'begin', '{}', { shell })).toBe(`${answer}\n`)
    expect(hook(space, 'codex', 'look', command('commit'), { shell })).toBe(`${answer}\n`)
    writeFileSync(wrk, '#!/bin/sh\necho Usage; exit 2\n')
    expect(hook(space, 'claude', 'begin', '{}', { shell })).toBe('')
  })

  test('an input of any size is taken whole where it is read', async () => {
    const space = workspace()
    space.stamp('s-1')
    const large = JSON.stringify({ session_id: 's-1', tool_response: 'x'.repeat(300_000) })
    for (const [agent, word] of [
      ['codex', 'beat'],
      ['cursor', 'beat'],
      ['copilot', 'beat'],
      ['claude', 'look'],
      ['codex', 'look'],
    ] as const)
      expect(await writing(space, shell, agent, word, large)).toEqual({ code: 0, failed: null })
    expect(space.calls()).toBe('')
    // These agents do not mind: the hook is done before they have written all of it.
    space.stamp(`${process.pid}`)
    for (const agent of ['claude', 'gemini'])
      expect(await writing(space, shell, agent, 'beat', large)).toMatchObject({ code: 0 })
    hook(space, 'codex', 'look', { ...command('git commit'), large: 'x'.repeat(300_000) }, { shell })
    expect(space.calls().length).toBeGreaterThan(300_000)
  })

  test('without wrk, or without its file, nothing happens and the input is taken', async () => {
    const space = workspace()
    const nowhere = { ...space, env: { ...space.env, PATH: BIN } }
    const large = 'x'.repeat(300_000)
    for (const { name } of ADAPTERS.filter(({ looksAreHeartbeats: reads }) => reads))
      for (const word of ['begin', 'beat', 'look', 'end'] as const) {
        expect(await writing(nowhere, shell, name, word, large)).toEqual({ code: 0, failed: null })
        const empty = { ...space, root: tempFolder() }
        expect(await writing(empty, shell, name, word, large)).toEqual({ code: 0, failed: null })
      }
    expect(space.calls()).toBe('')
  })
})

/** Runs a hook; `failed`: the error that the agent gets that writes to it. */
function writing(space: Workspace, shell: string, agent: string, word: HookWord, input: string) {
  return new Promise<{ code: number | null; failed: string | null }>(settle => {
    const child = spawn(pathOf(shell), ['-c', commandLine(agent, word)], { cwd: space.root, env: space.env })
    let failed: string | null = null
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      failed = error.code ?? error.message
    })
    child.on('close', code => settle({ code, failed }))
    child.stdin.end(input)
  })
}

test('the project is found from its variable, from a folder in it, and from the working directory alone', () => {
  const space = workspace()
  const deep = join(space.root, 'src', 'deep')
  const elsewhere = tempFolder()
  hook(space, 'claude', 'begin', '1', { cwd: deep })
  hook(space, 'claude', 'begin', '2', { cwd: elsewhere, env: { CLAUDE_PROJECT_DIR: space.root } })
  hook(space, 'claude', 'begin', '3', { cwd: deep, env: { CLAUDE_PROJECT_DIR: 'C:\\project' } })
  hook(space, 'codex', 'begin', '4', { cwd: deep, env: { CLAUDE_PROJECT_DIR: elsewhere } })
  hook(space, 'codex', 'begin', '5', { cwd: elsewhere, env: { CLAUDE_PROJECT_DIR: space.root } })
  expect(space.calls().match(/^\d/gm)).toEqual(['1', '2', '3', '4'])
})

test('each hook leaves the time at which it ran', () => {
  const space = workspace()
  for (const word of ['begin', 'beat', 'look', 'end'] as const) hook(space, 'codex', word, command('ls'))
  for (const word of ['begin', 'beat', 'look', 'end'])
    expect(existsSync(join(space.hooks, `codex.${word}`)), word).toBe(true)
})

test('the command lines never change: Codex turns hooks off whose definition is another', () => {
  expect(commandLine('codex', 'look')).toBe(
    `d=$PWD; while [ "$d" ] && [ ! -f "$d/.claude/work-queue/agent-hook.sh" ]; do d=\${d%/*}; done; if [ "$d" ]; then wrk_hook='codex look'; . "$d/.claude/work-queue/agent-hook.sh"; else cat >/dev/null; fi`,
  )
  expect(adapterOf('codex')!.hooks).toEqual({
    kind: 'settings',
    shared: '.codex/hooks.json',
    local: null,
    style: 'groups',
    root: {},
    entries: [
      { event: 'SessionStart', word: 'begin', fields: { timeout: 10 } },
      { event: 'SubagentStart', word: 'begin', fields: { timeout: 10 } },
      { event: 'UserPromptSubmit', word: 'beat', fields: { timeout: 10 } },
      {
        event: 'PreToolUse',
        word: 'look',
        matcher: '^(Bash|apply_patch|Edit|Write)$',
        fields: { timeout: 10 },
      },
      { event: 'Stop', word: 'beat', fields: { timeout: 10 } },
      { event: 'SessionEnd', word: 'end', fields: { timeout: 3 } },
    ],
  })
})
