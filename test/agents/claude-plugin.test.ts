/**
 * Claude Code's plugin (templates/claude-plugin): its files have the documented forms, its hooks are those of install, and it
 * never acts beside them. After a change of the hooks: npx vitest run test/agents/claude-plugin.test.ts --update
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { claude } from '../../src/core/agents/adapters/claude.ts'
import type { HookWord } from '../../src/core/agents/agent-event.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT, STANDALONE } from '../support/program.ts'
import type { Json } from '../support/result.ts'
import { run } from '../support/run.ts'

const PLUGIN = join(ROOT, 'templates', 'claude-plugin')
const read = (name: string): string => readFileSync(join(PLUGIN, name), 'utf8')
const json = (name: string): Json => JSON.parse(read(name))
const SETTINGS = '.claude/settings.json'
const LOCAL = '.claude/settings.local.json'

const commandOf = (word: HookWord): string =>
  `d=\${CLAUDE_PROJECT_DIR:-$PWD}; case $d in /*) ;; *) d=$PWD ;; esac; while [ "$d" ] && [ ! -d "$d/.claude/work-queue" ]; do d=\${d%/*}; done; if [ "$d" ]; then wrk_from=plugin wrk_hook='claude ${word}'; . "\${CLAUDE_PLUGIN_ROOT}/agent-hook.sh"; fi`

test('its hooks and their shell part are those of install', async () => {
  const { hooks } = claude
  if (hooks.kind !== 'settings') throw new Error('no settings')
  const entries = hooks.entries.map(({ event, matcher, word, fields }) => {
    const own = matcher === undefined ? {} : { matcher }
    return [event, [{ ...own, hooks: [{ type: 'command', command: commandOf(word), ...fields }] }]]
  })
  const text = `${JSON.stringify({ hooks: Object.fromEntries(entries) }, null, 2)}\n`
  await expect(text).toMatchFileSnapshot(join(PLUGIN, 'hooks', 'hooks.json'))
  const shellPart = readFileSync(join(ROOT, 'templates', 'agents', 'hook.sh'), 'utf8')
  await expect(shellPart.replaceAll('@QUEUE@', '.claude/work-queue')).toMatchFileSnapshot(
    join(PLUGIN, 'agent-hook.sh'),
  )
})

describe('its files have the documented form', () => {
  const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
  /** https://code.claude.com/docs/en/plugins-reference, read 2026-11-29. */
  const MANIFEST: Record<string, string> = {
    name: 'string',
    version: 'string',
    description: 'string',
    author: 'object',
    homepage: 'string',
    repository: 'string',
    license: 'string',
    keywords: 'object',
  }

  test('plugin.json', () => {
    const manifest = json('.claude-plugin/plugin.json')
    expect(manifest.name).toMatch(KEBAB)
    for (const [key, value] of Object.entries(manifest)) expect(typeof value, key).toBe(MANIFEST[key])
    expect(typeof manifest.author.name).toBe('string')
    expect(manifest.keywords.every((word: unknown) => typeof word === 'string')).toBe(true)
    // An update reaches users only when the version changes.
    expect(manifest.version).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version)
    // The manifest is alone in its folder; hooks/hooks.json, skills/ and .mcp.json are found by their names.
    expect(readdirSync(join(PLUGIN, '.claude-plugin')).sort()).toEqual(['marketplace.json', 'plugin.json'])
    expect(readdirSync(PLUGIN).sort()).toEqual([
      '.claude-plugin',
      '.mcp.json',
      'agent-hook.sh',
      'hooks',
      'skills',
    ])
  })

  test('marketplace.json', () => {
    const { name, owner, plugins } = json('.claude-plugin/marketplace.json')
    expect(name).toMatch(KEBAB)
    expect(typeof owner.name).toBe('string')
    expect(plugins).toHaveLength(1)
    expect(plugins[0].name).toBe(json('.claude-plugin/plugin.json').name)
    expect(plugins[0].source).toBe('./')
  })

  test('hooks.json', () => {
    const { hooks } = json('hooks/hooks.json')
    for (const groups of Object.values<Json>(hooks))
      for (const { matcher = '', hooks: handlers } of groups) {
        expect(typeof matcher).toBe('string')
        for (const { type, command, timeout, async = false } of handlers) {
          expect([type, typeof command, typeof timeout, typeof async]).toEqual([
            'command',
            'string',
            'number',
            'boolean',
          ])
          expect(command).toContain('CLAUDE_PLUGIN_ROOT')
        }
      }
  })

  test('.mcp.json', () => {
    expect(json('.mcp.json')).toEqual({ mcpServers: { wrk: { command: 'wrk-cli', args: ['mcp'] } } })
  })

  test('the skill teaches the whole loop', () => {
    const [, head, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read('skills/wrk/SKILL.md'))!
    expect(head).toMatch(/^name: wrk$/m)
    // What it may be at most: https://code.claude.com/docs/en/skills.
    expect(/^description: (.*)$/m.exec(head!)![1]!.length).toBeLessThanOrEqual(1024)
    for (const words of ['next --claim', 'wrk start', 'wrk note', 'wrk done', 'wrk release', '| 4 |', 'lost'])
      expect(body).toContain(words)
    expect(body).not.toMatch(/wrk (?:list|archive)/)
  })
})

function workspace(files: Record<string, string> = {}) {
  const root = join(tempFolder(), 'a project')
  mkdirSync(join(root, '.claude', 'work-queue', 'pending'), { recursive: true })
  writeFileSync(join(root, '.claude', 'work-queue', 'pending', 'WRK-1.md'), '---\nid: WRK-1\n---\n')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  const wrk = (args: string) => run(args, { cwd: root })
  return { root, wrk, read: (name: string) => readFileSync(join(root, name), 'utf8') }
}

describe.skipIf(STANDALONE)('wrk agents install claude --plugin', () => {
  test('turns the plugin on for this machine, takes hooks out of the settings, and back', async () => {
    const theirs = '{\n  // mine\n  "enabledPlugins": {\n    "other@place": true\n  }\n}\n'
    const space = workspace({ [LOCAL]: theirs, [SETTINGS]: '{"model": "x"}' })
    expect((await space.wrk('agents install claude')).code).toBe(0)
    expect(space.read(SETTINGS)).toContain('wrk_hook')

    expect((await space.wrk('agents install claude --plugin')).code).toBe(0)
    expect(space.read(SETTINGS)).toBe('{"model": "x"}')
    const local = JSON.parse(space.read(LOCAL).replace('// mine', ''))
    expect(local).toEqual({
      enabledPlugins: { 'other@place': true, 'wrk@wrk': true },
      extraKnownMarketplaces: { wrk: { source: { source: 'directory', path: PLUGIN } } },
    })
    const [status] = JSON.parse((await space.wrk('agents status --json')).stdout).agents
    expect(status).toMatchObject({ plugin: true, hooks: { [SETTINGS]: 'none', [LOCAL]: 'none' } })
    const again = JSON.parse((await space.wrk('agents install claude --plugin --json')).stdout)
    expect(new Set(again.files.map(({ change }: Json) => change))).toEqual(new Set(['unchanged']))

    expect((await space.wrk('agents install claude')).code).toBe(0)
    expect(space.read(LOCAL)).toBe(theirs)
    expect((await space.wrk('agents install claude --plugin')).code).toBe(0)
    expect((await space.wrk('agents uninstall claude')).code).toBe(0)
    expect([space.read(LOCAL), space.read(SETTINGS)]).toEqual([theirs, '{"model": "x"}'])
  })

  test('makes its file where there is none, and takes it away again', async () => {
    const space = workspace()
    await space.wrk('agents install claude --plugin')
    expect(Object.keys(JSON.parse(space.read(LOCAL)))).toEqual(['extraKnownMarketplaces', 'enabledPlugins'])
    await space.wrk('agents uninstall claude')
    expect(
      readdirSync(space.root, { recursive: true }).filter(name => !`${name}`.includes('work-queue')),
    ).toEqual(['.claude'])
  })

  test('not together with --local', async () => {
    expect((await workspace().wrk('agents install claude --plugin --local')).code).toBe(2)
  })
})

test('a hook of the plugin does nothing where the settings have hooks too', async () => {
  const space = workspace()
  const home = tempFolder()
  const begin = (): string => {
    const { status, stdout } = spawnSync('/bin/sh', ['-c', commandOf('begin')], {
      cwd: space.root,
      env: cleanEnv(home, { CLAUDE_PROJECT_DIR: space.root, CLAUDE_PLUGIN_ROOT: PLUGIN }),
      input: JSON.stringify({ hook_event_name: 'SessionStart', session_id: 's-1', cwd: dirname(space.root) }),
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    return stdout
  }
  expect(begin()).toContain('this session is s-1')
  await space.wrk('agents install claude')
  expect(begin()).toBe('')
})
