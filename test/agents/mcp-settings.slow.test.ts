/** `wrk agents install … --mcp`: the server in each agent's own settings, and that nothing of it stays. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/processes.ts'
import { run } from '../support/run.ts'

const STDIO = { type: 'stdio', command: 'wrk-cli', args: ['mcp'] }

/** Of each agent: the file, and what is to be in it. */
const PLACES = [
  ['claude', '.mcp.json', { mcpServers: { wrk: STDIO } }],
  ['copilot', '.mcp.json', { mcpServers: { wrk: STDIO } }],
  ['gemini', '.gemini/settings.json', { mcpServers: { wrk: { command: 'wrk-cli', args: ['mcp'] } } }],
  [
    'cursor',
    '.cursor/mcp.json',
    {
      mcpServers: {
        wrk: { command: 'wrk-cli', args: ['mcp', '--queue', `${'$'}{workspaceFolder}/.claude/work-queue`] },
      },
    },
  ],
  [
    'opencode',
    'opencode.json',
    { mcp: { wrk: { type: 'local', command: ['wrk-cli', 'mcp'], enabled: true } } },
  ],
] as const

function workspace(files: Record<string, string> = {}) {
  const root = join(tempFolder(), 'workspace')
  mkdirSync(join(root, '.claude/work-queue/pending'), { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return {
    wrk: (args: string) => run(args, { cwd: root }),
    has: (name: string) => existsSync(join(root, name)),
    read: (name: string) => readFileSync(join(root, name), 'utf8'),
  }
}

describe.each(PLACES)('%s', (agent, file, expected) => {
  const [container] = Object.keys(expected)

  test('gets the server, once, and loses it without a trace', async () => {
    const space = workspace()
    expect((await space.wrk(`agents install ${agent} --mcp`)).code).toBe(0)
    expect(JSON.parse(space.read(file))).toMatchObject(expected)
    const before = space.read(file)
    const again = await space.wrk(`agents install ${agent} --mcp --json`)
    expect(again.json.files.map(({ change }: { change: string }) => change)).not.toContain('updated')
    expect(space.read(file)).toBe(before)
    expect((await space.wrk(`agents uninstall ${agent}`)).code).toBe(0)
    expect(space.has(file)).toBe(false)
  })

  test.each([
    ['an empty object', '{}'],
    ['an empty object of servers', `{\n  "${container}": {}\n}\n`],
    ['another server', `{\n\t"${container}": {\n\t\t"other": { "command": "x" }\n\t}\n}\n`],
    [
      'comments, other settings and CRLF',
      `{ // mine\r\n  "theme": "dark", /* kept */\r\n  "${container}": {"a": {}},\r\n}\r\n`,
    ],
    ['one line', `{"${container}":{"other":{"command":"x"}},"z":1}`],
  ])('leaves a file with %s as it was, byte for byte', async (_, text) => {
    const space = workspace({ [file]: text })
    expect((await space.wrk(`agents install ${agent} --mcp`)).code).toBe(0)
    expect(space.read(file)).toContain('"wrk"')
    expect((await space.wrk(`agents uninstall ${agent}`)).code).toBe(0)
    expect(space.read(file)).toBe(text)
  })
})

describe('codex', () => {
  const file = '.codex/config.toml'

  test.each([
    ['no file', null],
    ['an empty file', ''],
    ['other settings', 'model = "x"\n\n[mcp_servers.other]\ncommand = "y"\n'],
    ['no line end at its end', 'model = "x"'],
    ['CRLF', 'model = "x"\r\n'],
  ])('gets the server in its TOML and loses it: %s', async (_, text) => {
    const space = workspace(text === null ? {} : { [file]: text })
    for (let i = 0; i < 2; i++) {
      expect((await space.wrk('agents install codex --mcp')).code).toBe(0)
      const written = space.read(file).replaceAll('\r\n', '\n')
      expect(written.split('\n[mcp_servers.wrk]\ncommand = "wrk-cli"\nargs = ["mcp"]\n')).toHaveLength(2)
    }
    expect((await space.wrk('agents uninstall codex')).code).toBe(0)
    if (text === null) expect(space.has(file)).toBe(false)
    else expect(space.read(file)).toBe(text)
  })
})

test('a server of that name that is another program’s stays, and nothing is written', async () => {
  const text = '{ "mcpServers": { "wrk": { "command": "load-test" } } }'
  const space = workspace({ '.mcp.json': text, '.codex/config.toml': '[mcp_servers.wrk]\ncommand = "x"\n' })
  const { code, stderr } = await space.wrk('agents install claude --mcp')
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining(`.mcp.json:1:19: "wrk" is another program's server`),
  ])
  expect(space.has('CLAUDE.md')).toBe(false)
  expect((await space.wrk('agents install codex --mcp')).code).toBe(2)
  expect((await space.wrk('agents uninstall claude codex')).code).toBe(0)
  expect(space.read('.mcp.json')).toBe(text)
})
