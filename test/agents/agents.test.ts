/** `wrk agents install` and `uninstall`: what they add to other people's files, and that nothing of it stays. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM, WRK } from '../support/program.ts'
import type { Json, Result } from '../support/result.ts'
import { run } from '../support/run.ts'

const EVENTS = [
  'SessionStart',
  'SubagentStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'Stop',
  'SessionEnd',
]
const HOOK_FILE = '.claude/work-queue/agent-hook.sh'
const INSTRUCTIONS = [
  'CLAUDE.md',
  'AGENTS.md',
  'GEMINI.md',
  '.github/copilot-instructions.md',
  '.cursor/rules/wrk.mdc',
]
const SETTINGS = '.claude/settings.json'
const LOCAL = '.claude/settings.local.json'

/** A workspace with a queue, and files in it. */
function workspace(files: Record<string, string | Buffer> = {}) {
  const root = join(tempFolder(), 'workspace')
  for (const folder of ['pending', 'working'])
    mkdirSync(join(root, '.claude', 'work-queue', folder), { recursive: true })
  const path = (name: string) => join(root, name)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), content)
  }
  return {
    root,
    path,
    read: (name: string) => readFileSync(path(name), 'utf8'),
    has: (name: string) => existsSync(path(name)),
    wrk: (args: string) => run(args, { cwd: root }),
    /** All files but those of the queue itself, with their content. */
    files: () =>
      Object.fromEntries(
        readdirSync(root, { recursive: true, encoding: 'utf8' })
          .filter(name => !name.includes('.wrk') && lstatSync(path(name)).isFile())
          .map(name => [name, readFileSync(path(name), 'latin1')]),
      ),
  }
}

async function done(result: Promise<Result>): Promise<Json> {
  const { code, stderr, stdout } = await result
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}

describe('wrk agents', () => {
  test('install all makes what is missing, says so, and is safe to repeat; uninstall takes it away', async () => {
    const space = workspace()
    const first = JSON.parse(await done(space.wrk('agents install all --json')))
    expect(first.workspace).toBe(space.root)
    expect(first.files.map(({ file, change }: Json) => [file, change])).toEqual([
      ['CLAUDE.md', 'created'],
      [SETTINGS, 'created'],
      ['AGENTS.md', 'created'],
      ['.codex/hooks.json', 'created'],
      ['GEMINI.md', 'created'],
      ['.gemini/settings.json', 'created'],
      ['.github/copilot-instructions.md', 'created'],
      ['.github/hooks/wrk.json', 'created'],
      ['.cursor/rules/wrk.mdc', 'created'],
      ['.cursor/hooks.json', 'created'],
      ['.opencode/plugins/wrk.js', 'created'],
      [HOOK_FILE, 'created'],
    ])
    const files = space.files()
    for (const name of INSTRUCTIONS) {
      const [, content] = /<!-- wrk: begin -->\n([\s\S]*)\n<!-- wrk: end -->\n$/.exec(files[name]!)!
      expect(content!.split('\n').length).toBeLessThanOrEqual(12)
      for (const word of [
        'wrk next --claim',
        'wrk claim',
        'wrk start',
        'wrk note',
        'wrk done',
        'code 4',
        'heartbeat',
        'release',
        'lost',
        'locked_by',
        '--no-verify',
      ])
        expect(content).toContain(word)
      expect(content).not.toMatch(/wrk (?:list|archive)/)
    }
    expect(files['.cursor/rules/wrk.mdc']).toMatch(
      /^---\n[\s\S]*\nalwaysApply: true\n---\n<!-- wrk: begin -->\n/,
    )
    expect(Object.keys(JSON.parse(files[SETTINGS]!).hooks)).toEqual(EVENTS)

    const again = JSON.parse(await done(space.wrk('agents install all --json')))
    expect(new Set(again.files.map(({ change }: Json) => change))).toEqual(new Set(['unchanged']))
    expect(space.files()).toEqual(files)

    await done(space.wrk('agents uninstall all'))
    expect(space.files()).toEqual({})
    expect(readdirSync(space.root)).toEqual(['.claude'])
    expect(await done(space.wrk('agents uninstall all'))).toBe(`${space.root}\n`)
  })

  test('leaves files of any form as they were, byte for byte', async () => {
    const space = workspace({
      'CLAUDE.md': Buffer.from('# Räder\r\n\r\nno end', 'latin1'),
      'AGENTS.md': '\ufeff# Agents\n\n\n',
      'GEMINI.md': '',
      [SETTINGS]:
        '{\n\t// ours\n\t"model": "ä",\n\t"hooks": { "Stop": [{ "hooks": [{ "type": "command", "command": "x" }] }] }, // last\n}\n',
    })
    chmodSync(space.path(SETTINGS), 0o600)
    const before = space.files()
    await done(space.wrk('agents install claude codex gemini'))
    const after = space.files()
    for (const name of Object.keys(before)) expect(after[name]).not.toBe(before[name])
    expect(after[SETTINGS]).toContain('// ours')
    expect(after[SETTINGS]).toContain('// last')
    expect(statSync(space.path(SETTINGS)).mode & 0o777).toBe(0o600)
    await done(space.wrk('agents uninstall all'))
    expect(space.files()).toEqual(before)
    expect(statSync(space.path(SETTINGS)).mode & 0o777).toBe(0o600)
  })

  test('removes only its own when others have written since', async () => {
    const space = workspace({ 'CLAUDE.md': '# Mine\n' })
    await done(space.wrk('agents install claude'))
    writeFileSync(space.path('CLAUDE.md'), `${space.read('CLAUDE.md')}\n## Added later\n`)
    const settings = JSON.parse(space.read(SETTINGS))
    settings.model = 'x'
    writeFileSync(space.path(SETTINGS), JSON.stringify(settings))
    await done(space.wrk('agents uninstall claude'))
    expect(space.read('CLAUDE.md')).toBe('# Mine\n\n## Added later\n')
    expect(JSON.parse(space.read(SETTINGS))).toEqual({ model: 'x' })
  })

  test('a line that is appended to a file without a final newline does not break the block', async () => {
    const space = workspace({ 'CLAUDE.md': '# Notes' })
    await done(space.wrk('agents install claude'))
    appendFileSync(space.path('CLAUDE.md'), 'more text\n')
    await done(space.wrk('agents install claude'))
    await done(space.wrk('agents uninstall claude'))
    expect(space.read('CLAUDE.md')).toBe('# Notes\nmore text\n')
  })

  test('renews an outdated block in its place', async () => {
    const space = workspace({
      'AGENTS.md': '# A\n\n<!-- wrk: begin -->\nold words\n<!-- wrk: end -->\n\n# B\n',
    })
    const status = JSON.parse(await done(space.wrk('agents status --json')))
    expect(status.agents.find(({ agent }: Json) => agent === 'codex').block).toBe('outdated')
    await done(space.wrk('agents install codex'))
    expect(space.read('AGENTS.md')).toMatch(
      /^# A\n\n<!-- wrk: begin -->\n## [\s\S]*\n<!-- wrk: end -->\n\n# B\n$/,
    )
    expect(space.has('CLAUDE.md')).toBe(false)
  })

  test.each([
    ['{\n  "model": "ü",\n  "hooks" {}\n}\n', '3:11'],
    ['', '1:1'],
    ['[]', '1:1'],
    ['{"hooks": {"Stop": 1}}', '1:20'],
  ])(
    'refuses settings that read %j, with line and column, and changes nothing at all',
    async (text, place) => {
      const space = workspace({ [SETTINGS]: text, 'CLAUDE.md': 'x\n' })
      const before = space.files()
      const refused = await space.wrk('agents install claude --json')
      expect(refused.code).toBe(2)
      expect(refused.json.error).toMatchObject({ code: 'USAGE' })
      expect(refused.json.error.message).toContain(`${space.path(SETTINGS)}:${place}: `)
      expect(space.files()).toEqual(before)
    },
  )

  test('refuses a block without an end', async () => {
    const space = workspace({ 'CLAUDE.md': 'x\n<!-- wrk: begin -->\n' })
    const refused = await space.wrk('agents uninstall claude')
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('CLAUDE.md:2:1: ')
  })

  test('writes once through a link within the workspace, and not at all through one that leads out', async () => {
    const space = workspace({ 'AGENTS.md': '# One for all\n' })
    symlinkSync('AGENTS.md', space.path('CLAUDE.md'))
    await done(space.wrk('agents install all'))
    expect(lstatSync(space.path('CLAUDE.md')).isSymbolicLink()).toBe(true)
    expect(space.read('AGENTS.md').match(/wrk: begin/g)).toHaveLength(1)
    await done(space.wrk('agents uninstall all'))
    expect(space.read('AGENTS.md')).toBe('# One for all\n')
    expect(lstatSync(space.path('CLAUDE.md')).isSymbolicLink()).toBe(true)

    const outside = join(tempFolder(), 'GEMINI.md')
    writeFileSync(outside, 'theirs\n')
    symlinkSync(outside, space.path('GEMINI.md'))
    const refused = await space.wrk('agents install all')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(outside)
    expect(readFileSync(outside, 'utf8')).toBe('theirs\n')
    expect(space.read('AGENTS.md')).toBe('# One for all\n')
  })

  test('--local writes the path of this program to the local settings, and uninstall finds it there', async () => {
    const space = workspace()
    await done(space.wrk('agents install claude --local'))
    expect(space.has(SETTINGS)).toBe(false)
    const [{ hooks }] = JSON.parse(space.read(LOCAL)).hooks.PreToolUse
    expect(hooks[0].command).toContain([PROGRAM, ...FIRST].map(path => `'${path}'`).join(' '))
    const status = JSON.parse(await done(space.wrk('agents status --json')))
    expect(status.agents[0]).toMatchObject({
      block: 'installed',
      hooks: { [SETTINGS]: 'none', [LOCAL]: 'installed' },
    })
    await done(space.wrk('agents uninstall claude'))
    expect(space.files()).toEqual({})
  })

  test.each(['', '{', '// nothing\n', '[]', '"hooks"', '{"hooks": []}'])(
    'settings that install refuses are unreadable to status: %j',
    async text => {
      const space = workspace({ [SETTINGS]: text })
      const status = JSON.parse(await done(space.wrk('agents status --json')))
      expect(status.agents[0].hooks).toEqual({ [SETTINGS]: 'unreadable', [LOCAL]: 'none' })
      expect((await space.wrk('agents install claude')).code).toBe(2)
      expect(space.read(SETTINGS)).toBe(text)
    },
  )

  test('instructions may look like settings', async () => {
    const space = workspace({ 'CLAUDE.md': '[]\n' })
    await done(space.wrk('agents install claude'))
    expect(space.read('CLAUDE.md')).toMatch(/^\[\]\n\n<!-- wrk: begin -->/)
  })

  test('needs a queue, and an agent that it knows', async () => {
    expect((await run('agents install claude', { cwd: tempFolder() })).code).toBe(1)
    const unknown = await workspace().wrk('agents install clade')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('claude')
  })
})

describe('the command line of the hooks', () => {
  /** As Claude Code runs it: through a shell, with the event on stdin. */
  async function hookCommand() {
    const space = workspace()
    await done(space.wrk('agents install claude'))
    const command: string = JSON.parse(space.read(SETTINGS)).hooks.SessionStart[0].hooks[0].command
    const event = { hook_event_name: 'SessionStart', session_id: 's-1', cwd: space.root, source: 'startup' }
    const shell = (env: Record<string, string>) =>
      spawnSync('/bin/sh', ['-c', command], {
        cwd: space.root,
        env: { ...env, CLAUDE_PROJECT_DIR: space.root },
        input: JSON.stringify(event),
        encoding: 'utf8',
      })
    return { space, shell }
  }

  const node = dirname(process.execPath)

  test.each(['wrk', 'wrk-cli'])('finds wrk on the PATH as %s', async name => {
    const { shell } = await hookCommand()
    const bin = tempFolder()
    symlinkSync(WRK, join(bin, name))
    const { status, stdout } = shell({ PATH: `${bin}:${node}:/usr/bin:/bin` })
    expect(status).toBe(0)
    expect(JSON.parse(stdout).hookSpecificOutput.hookEventName).toBe('SessionStart')
  })

  test('finds it among the project’s own packages', async () => {
    const { space, shell } = await hookCommand()
    mkdirSync(space.path('node_modules/.bin'), { recursive: true })
    symlinkSync(WRK, space.path('node_modules/.bin/wrk-cli'))
    const { status, stdout } = shell({ PATH: `${node}:/usr/bin:/bin` })
    expect(status).toBe(0)
    expect(JSON.parse(stdout).hookSpecificOutput.additionalContext).toContain('s-1')
  })

  test('prefers wrk-cli to another program of the name wrk', async () => {
    const { shell } = await hookCommand()
    const bin = tempFolder()
    symlinkSync(WRK, join(bin, 'wrk-cli'))
    writeFileSync(join(bin, 'wrk'), '#!/bin/sh\necho another\n', { mode: 0o755 })
    expect(JSON.parse(shell({ PATH: `${bin}:${node}:/usr/bin:/bin` }).stdout)).toHaveProperty(
      'hookSpecificOutput',
    )
  })

  test('does no harm without wrk, or with one that fails', async () => {
    const { shell } = await hookCommand()
    expect(shell({ PATH: '/nowhere' })).toMatchObject({ status: 0, stdout: '' })
    const bin = tempFolder()
    writeFileSync(join(bin, 'wrk-cli'), '#!/bin/sh\necho Usage; exit 2\n', { mode: 0o755 })
    expect(shell({ PATH: `${bin}:/usr/bin:/bin` })).toMatchObject({ status: 0, stdout: '' })
  })
})

test('in a linked worktree its own files are written, although the queue is the main one’s', async () => {
  const space = workspace({
    'README.md': 'x\n',
    '.claude/work-queue/pending/WRK-1.md': '---\nid: WRK-1\n---\n',
  })
  writeFileSync(join(space.root, '.claude/work-queue/working/.keep'), '')
  const linked = join(tempFolder(), 'linked')
  const git = (...args: string[]) => {
    const env = cleanEnv(tempFolder(), { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' })
    const result = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: space.root,
      env,
      encoding: 'utf8',
    })
    if (result.status !== 0) throw new Error(result.stderr)
  }
  git('init', '-q')
  git('add', '-A')
  git('commit', '-qm', 'start')
  git('worktree', 'add', '-q', linked)
  const installed = JSON.parse(await done(run('agents install codex --json', { cwd: linked })))
  expect(installed.workspace).toBe(linked)
  expect(existsSync(join(linked, 'AGENTS.md'))).toBe(true)
  expect(space.has('AGENTS.md')).toBe(false)
})
