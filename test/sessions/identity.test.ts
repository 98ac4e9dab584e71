/** Section 2 of the contract: which session a call belongs to. Agents here are real processes with an agent's name. */
import { describe, expect, test } from 'vitest'
import { agentOfCommand } from '../../src/system/processes/ancestors.ts'
import { makeQueue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { anchorOf, HOST, registry } from '../support/sessions.ts'
import { orphaned, startAgent } from '../support/terminals/agents.ts'
import type { Shell } from '../support/terminals/shells.ts'

const idOf = async (shell: Shell, more = '') => (await shell.run(`wrk session id --json${more}`)).json.session

describe('the first rule that matches gives the identity', () => {
  test('--session, then WRK_SESSION_ID, then the variable of an agent', async () => {
    const queue = makeQueue()
    const env = { CLAUDE_CODE_SESSION_ID: 'conversation', WRK_NOW: '+0s' }
    const id = async (args: string, session: string | null) =>
      (await queue.run(`session id --json${args}`, { session, env })).json.session
    expect(await id(' --session flag', 'variable')).toMatchObject({ id: 'flag', source: 'flag' })
    expect(await id('', 'variable')).toMatchObject({ id: 'variable', source: 'env' })
    expect(await id('', '')).toMatchObject({ id: 'conversation', source: 'agent' })
    expect(await id('', null)).toMatchObject({ id: 'conversation', source: 'agent' })
  })

  test.each([
    'CLAUDE_CODE_SESSION_ID',
    'CODEX_THREAD_ID',
    'CURSOR_CONVERSATION_ID',
    'COPILOT_AGENT_SESSION_ID',
    'AMP_CURRENT_THREAD_ID',
    'AGENT_SESSION_ID',
    'CLAUDE_SESSION_ID',
    'GEMINI_SESSION_ID',
  ])('%s names the session', async variable => {
    const queue = makeQueue(['WRK-157'])
    const env = { [variable]: '0196-ab:c' }
    const claim = await queue.run('claim WRK-157 --json', { session: null, env })
    expect(claim.json.session).toEqual({ id: '0196-ab:c', source: 'agent' })
    expect(queue.lock('WRK-157').by).toBe('0196-ab:c')
  })

  test('of several variables the one of the nearest agent process wins, since agents inherit their parent’s', async () => {
    const queue = makeQueue()
    const variables = { CLAUDE_CODE_SESSION_ID: 'the-claude', CODEX_THREAD_ID: 'the-codex' }
    const claude = await startAgent('claude', queue, variables)
    const codex = await startAgent('codex', queue, {}, claude)
    const inner = await startAgent('claude', queue, {}, codex)
    expect((await idOf(claude)).id).toBe('the-claude')
    expect((await idOf(codex)).id).toBe('the-codex')
    expect((await idOf(inner)).id).toBe('the-claude')
  })

  test('an agent that gives no variable does not speak for the one that started it', async () => {
    const queue = makeQueue(['WRK-157'])
    const gemini = await startAgent('gemini', queue, {
      CLAUDE_CODE_SESSION_ID: 'the-claude',
      GEMINI_SESSION_ID: 'the-gemini',
    })
    const codex = await startAgent('codex', queue, {}, gemini)
    const outer = await gemini.run('wrk claim WRK-157 --json')
    expect(outer.json.session).toEqual({ id: 'the-gemini', source: 'agent' })
    const inner = await idOf(codex)
    expect(inner).toMatchObject({ source: 'new', anchor: { pid: codex.pid } })
    expect((await codex.run('wrk claim WRK-157')).code).toBe(4)
    const explained = await codex.run('wrk session id --explain')
    expect(explained.stdout).toContain(
      `CLAUDE_CODE_SESSION_ID is inherited; codex (process ${codex.pid}) is nearer`,
    )
  })

  test('a session with an id from its agent is anchored to the agent’s process, not to the shell of one command', async () => {
    const queue = makeQueue()
    const claude = await startAgent('claude', queue, { CLAUDE_CODE_SESSION_ID: 'conversation' })
    await claude.run('wrk session id')
    expect(queue.session('conversation')).toMatchObject({
      orchestrator_agent: 'claude',
      anchor: { pid: claude.pid, started: anchorOf(claude.pid).started },
    })
  })

  test('an agent without a variable gets a session of its own that names agent and host', async () => {
    const queue = makeQueue()
    const codex = await startAgent('codex', queue)
    const session = await idOf(codex)
    expect(session.id).toMatch(new RegExp(`^codex-${HOST}-[0-9a-z]{6}$`))
    expect(session.source).toBe('new')
    expect(session.anchor).toEqual(anchorOf(codex.pid))
  })

  test('one agent that runs each command in a fresh shell is one session, however deep the shells are', async () => {
    const queue = makeQueue(['WRK-157'])
    const codex = await startAgent('codex', queue)
    const claim = (await codex.run('wrk claim WRK-157 --json')).json
    expect(await idOf(codex)).toMatchObject({ id: claim.session.id, source: 'anchor' })
    const deep = await codex.run(`bash -c 'sh -c "wrk session id --json; true"; true'`)
    expect(deep.json.session.id).toBe(claim.session.id)
    expect((await codex.run('wrk claim WRK-157 --json')).json.kind).toBe('renewed')
    expect((await codex.run('wrk release WRK-157 --json')).json.released).toBe(true)
    expect(queue.state().sessions).toHaveLength(1)
  })

  test('two first calls of an agent at the same instant make one session', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'])
    const codex = await startAgent('codex', queue)
    const both = await codex.run('for i in 1 2 3 4; do wrk claim WRK-$i & done; wait')
    expect([both.code, both.stderr]).toEqual([0, ''])
    const holders = ['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'].map(id => queue.lock(id).by)
    expect(new Set(holders).size).toBe(1)
    expect(queue.state().sessions).toHaveLength(1)
    expect(queue.events().filter(({ type }) => type === 'sessionStarted')).toHaveLength(1)
  })

  test('two agents of one kind are two sessions', async () => {
    const queue = makeQueue(['WRK-157'])
    const [one, two] = await Promise.all([startAgent('claude', queue), startAgent('claude', queue)])
    expect((await one.run('wrk claim WRK-157')).code).toBe(0)
    const refused = await two.run('wrk claim WRK-157 --json')
    expect(refused.code).toBe(4)
    expect(refused.json.holder).toMatchObject({
      session_id: (await idOf(one)).id,
      liveness: 'alive',
      pid: one.pid,
      host: HOST,
    })
    expect((await idOf(two)).id).not.toBe((await idOf(one)).id)
  })

  test('a command below a registered process belongs to that session, whatever else is above it', async () => {
    const queue = makeQueue()
    const claude = await startAgent('claude', queue)
    const codex = await startAgent('codex', queue, {}, claude)
    queue.write(
      'session-state.yaml',
      registry([
        { id: 'outer', anchor: anchorOf(claude.pid) },
        { id: 'inner', anchor: anchorOf(codex.pid) },
      ]),
    )
    expect(await idOf(claude)).toMatchObject({ id: 'outer', source: 'anchor' })
    expect(await idOf(codex)).toMatchObject({ id: 'inner', source: 'anchor' })
  })

  test('an anchor with the pid of a process above, but another start time or host, is no match', async () => {
    const queue = makeQueue()
    const codex = await startAgent('codex', queue)
    const anchor = anchorOf(codex.pid)
    queue.write(
      'session-state.yaml',
      registry([
        { id: 'earlier', anchor: { ...anchor, started: '17' } },
        { id: 'elsewhere', anchor: { ...anchor, host: 'otherbox', boot: 'b0' } },
        { id: 'contained', anchor: { ...anchor, pidns: '17' } },
        { id: 'ended', anchor, ended_at: new Date() },
      ]),
    )
    expect((await idOf(codex)).source).toBe('new')
  })

  test('an agent that starts a session below another agent’s gets one of its own', async () => {
    const queue = makeQueue(['WRK-157'])
    const claude = await startAgent('claude', queue)
    const outer = await idOf(claude)
    const codex = await startAgent('codex', queue, {}, claude)
    const started = (await codex.run('wrk session start --provider codex --json')).json.session
    expect(started.id).not.toBe(outer.id)
    expect(started.anchor.pid).toBe(codex.pid)
    expect((await idOf(codex)).id).toBe(started.id)
    expect(queue.session(outer.id)).toMatchObject({
      orchestrator_agent: 'claude',
      anchor: { pid: claude.pid },
    })
  })
})

describe('without agent, terminal or given id', () => {
  test('a call that needs a session exits 2, names the three ways, and changes nothing', async context => {
    const queue = makeQueue(['WRK-157'])
    const before = queue.read('WRK-157')
    const env = { USER: 'somebody', LOGNAME: 'somebody', GIT_AUTHOR_NAME: 'Some Body', USERNAME: 'somebody' }
    for (const command of ['claim WRK-157', 'release WRK-157', 'heartbeat', 'session id', 'session end']) {
      const { code, json, stderr } = await orphaned(context, queue, `wrk ${command} --json`, env)
      expect([command, code, json.error?.code]).toEqual([command, 2, 'NO_SESSION'])
      for (const way of ['--session', 'export WRK_SESSION_ID=', 'wrk session start'])
        expect(json.error.hint).toContain(way)
      expect(stderr).not.toContain('somebody')
    }
    expect(queue.read('WRK-157')).toBe(before)
    expect(queue.exists('session-state.yaml')).toBe(false)
    expect(queue.events()).toEqual([])
  })

  test('what only reads works all the same', async context => {
    const queue = makeQueue(['WRK-157'])
    for (const command of ['show WRK-157', 'list', 'status', 'session list', 'log', 'where']) {
      const { code, json } = await orphaned(context, queue, `wrk ${command} --json`)
      expect([command, code, json.ok]).toEqual([command, 0, true])
    }
  })

  test('a session can be started; only its heartbeat keeps it alive, and a message says so', async context => {
    const queue = makeQueue(['WRK-157'])
    const started = await orphaned(context, queue, 'wrk session start --provider cron')
    expect(started.code).toBe(0)
    expect(started.stderr).toContain('heartbeat')
    const id = started.stdout.trim()
    expect(queue.session(id)).toMatchObject({ orchestrator_agent: 'cron', anchor: null })
    const claim = await orphaned(context, queue, 'wrk claim WRK-157 --json', { WRK_SESSION_ID: id })
    expect([claim.code, claim.json.session?.id]).toEqual([0, id])
  })
})

describe('an invalid session id is refused with 2 and changes nothing', () => {
  const BAD = ['a\nb', 'a"b', "a'b", 'a b', 'a\tb', 'ä', 'a\x1b[31m', '$(id)', 'a\\b', 'x'.repeat(129)]

  test.each(BAD)('%j', async bad => {
    const queue = makeQueue(['WRK-157'])
    const before = queue.read('WRK-157')
    const expectRefused = ({ code, json, stderr }: Result) => {
      expect([code, json.error?.code]).toEqual([2, 'USAGE'])
      expect(json.error.message + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f]|a\nb/)
    }
    expectRefused(await queue.run(['claim', 'WRK-157', '--json', '--session', bad]))
    expectRefused(await queue.run(['claim', 'WRK-157', '--json'], { session: bad }))
    const env = { CLAUDE_CODE_SESSION_ID: bad }
    expectRefused(await queue.run(['claim', 'WRK-157', '--json'], { session: null, env }))
    expectRefused(
      await queue.run(['session', 'start', '--json', '--provider', 'claude', '--session-id', bad]),
    )
    expect(queue.read('WRK-157')).toBe(before)
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test('an empty --session too, while an empty variable counts as not set', async () => {
    const queue = makeQueue(['WRK-157'])
    expect((await queue.run(['claim', 'WRK-157', '--session', ''])).code).toBe(2)
    const env = { WRK_SESSION_ID: '', CODEX_THREAD_ID: 'thread' }
    expect((await queue.run('claim WRK-157 --json', { env })).json.session.id).toBe('thread')
  })

  test('128 characters of all permitted kinds are an id', async () => {
    const queue = makeQueue(['WRK-157'])
    const id = 'aZ9._:@#/+-'.padEnd(128, 'x')
    expect((await queue.run(['claim', 'WRK-157', '--session', id])).code).toBe(0)
    expect(queue.lock('WRK-157').by).toBe(id)
    expect(queue.session(id)).toBeDefined()
    expect((await queue.run(['release', 'WRK-157', '--session', id])).code).toBe(0)
  })
})

describe('when an agent is killed', () => {
  test('its items are free at once, with a warning, and the log shows it', async () => {
    const queue = makeQueue(['WRK-157'])
    const [codex, claude] = await Promise.all([startAgent('codex', queue), startAgent('claude', queue)])
    expect((await codex.run('wrk claim WRK-157')).code).toBe(0)
    const first = queue.lock('WRK-157').by!
    expect((await claude.run('wrk claim WRK-157')).code).toBe(4)
    await codex.kill()
    const claim = await claude.run('wrk claim WRK-157 --json')
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    expect(claim.stderr).toContain(`took over WRK-157 from ${first}`)
    expect(claim.stderr).toMatch(new RegExp(`process ${codex.pid} (is gone|has ended)`))
    expect(queue.events().at(-1)).toMatchObject({
      type: 'takenOver',
      session: queue.lock('WRK-157').by,
      previous_holder: first,
    })
  })

  test('the same conversation, resumed in a new process, is the same session and alive again', async () => {
    const queue = makeQueue(['WRK-157'])
    const variables = { CLAUDE_CODE_SESSION_ID: 'conversation' }
    const before = await startAgent('claude', queue, variables)
    await before.run('wrk claim WRK-157')
    await before.kill()
    const after = await startAgent('claude', queue, variables)
    expect((await after.run('wrk claim WRK-157 --json')).json.kind).toBe('renewed')
    expect(queue.session('conversation').anchor.pid).toBe(after.pid)
    const refused = await queue.run('claim WRK-157 --json')
    expect([refused.code, refused.json.holder?.liveness]).toEqual([4, 'alive'])
  })
})

describe('a single-session file by older tooling', () => {
  const OLDER = `# written by init.sh
session_id: "legacy-1"
orchestrator_agent: "claude"
subagents_used: [] # none yet
active_wrk: "WRK-9"
last_stage: "implement_tdd"
handoff_allowed: false
updated_at: "2026-02-16T19:45:00Z"
custom: { kept: yes }
`

  test('is adopted by the first that claims; the next one gets a session of its own', async () => {
    const queue = makeQueue({ 'session-state.yaml': OLDER, ...itemsOf('WRK-1', 'WRK-2') })
    const [one, two] = await Promise.all([startAgent('codex', queue), startAgent('codex', queue)])
    const first = (await one.run('wrk claim WRK-1 --json')).json
    expect(first.session).toEqual({ id: 'legacy-1', source: 'file' })
    // What is on top is about the session that was last initialised, which is still this one.
    expect(queue.state()).toMatchObject({ session_id: 'legacy-1', last_stage: 'implement_tdd' })
    const second = (await two.run('wrk claim WRK-2 --json')).json
    expect(second.session).toMatchObject({ id: expect.stringMatching(/^codex-/), source: 'new' })
    expect((await two.run('wrk claim WRK-1')).code).toBe(4)
    expect((await idOf(one)).id).toBe('legacy-1')
    expect(queue.session('legacy-1').anchor.pid).toBe(one.pid)
    const text = queue.read('session-state.yaml')
    for (const kept of ['# written by init.sh', '# none yet', 'custom: { kept: yes }'])
      expect(text).toContain(kept)
  })

  test('is adopted by one only, when several claim at the same instant', async () => {
    const queue = makeQueue({ 'session-state.yaml': OLDER, ...itemsOf('WRK-1', 'WRK-2', 'WRK-3') })
    const agents = await Promise.all([1, 2, 3].map(() => startAgent('codex', queue)))
    const claims = await Promise.all(agents.map((agent, i) => agent.run(`wrk claim WRK-${i + 1} --json`)))
    expect(claims.map(({ code }) => code)).toEqual([0, 0, 0])
    const ids = claims.map(({ json }) => json.session.id)
    expect(ids.filter(id => id === 'legacy-1')).toHaveLength(1)
    expect(new Set(ids).size).toBe(3)
  })

  test('is not adopted by those who only look', async () => {
    const queue = makeQueue({ 'session-state.yaml': OLDER, ...itemsOf('WRK-1') })
    const codex = await startAgent('codex', queue)
    for (const command of ['list', 'show WRK-1', 'status', 'log'])
      expect((await codex.run(`wrk ${command}`)).code).toBe(0)
    expect(queue.read('session-state.yaml')).toBe(OLDER)
  })

  test('gives way to a given id, and its session stays listed', async () => {
    const queue = makeQueue({ 'session-state.yaml': OLDER, ...itemsOf('WRK-1') })
    expect((await queue.run('claim WRK-1 --json')).json.session).toEqual({ id: 'tester', source: 'env' })
    expect(queue.session('legacy-1')).toMatchObject({ heartbeat_at: '2026-02-16T19:45:00Z', anchor: null })
  })
})

function itemsOf(...ids: string[]): Record<string, string> {
  const queue = makeQueue(ids)
  return Object.fromEntries(ids.map(id => [id, queue.read(id)]))
}

test('session id --explain shows which rule matched, and what it was', async () => {
  const queue = makeQueue()
  const given = await queue.run('session id --explain --json')
  expect(given.json.rules.at(-1)).toEqual({
    rule: 'WRK_SESSION_ID',
    found: expect.stringContaining('tester'),
  })
  expect(given.json.rules.slice(0, -1).map(({ found }: { found: string | null }) => found)).toEqual([null])

  const codex = await startAgent('codex', queue)
  const first = await codex.run('wrk session id --explain')
  expect(first.stdout).toContain(`process ${codex.pid} (codex)`)
  const [id] = first.stdout.split('\n')
  const again = await codex.run('wrk session id --explain')
  expect(again.stdout.split('\n')[0]).toBe(id)
  expect(again.stdout).toMatch(
    new RegExp(`a registered session of a parent process: ${id} by process ${codex.pid}`),
  )
  // Without --explain it is the id alone, so that $(wrk session id) can be used.
  expect((await codex.run('wrk session id')).stdout).toBe(`${id}\n`)
})

test('generated ids are unique, also when many sessions start at the same instant', async () => {
  const queue = makeQueue()
  const agents = await Promise.all(
    Array.from({ length: 10 }, (_, i) => startAgent(i % 2 ? 'claude' : 'codex', queue)),
  )
  const started = await Promise.all(agents.map(agent => agent.run('wrk session start --provider claude')))
  expect(started.map(({ code, stderr }) => [code, stderr])).toEqual(started.map(() => [0, '']))
  const ids = started.map(({ stdout }) => stdout.trim())
  expect(new Set(ids).size).toBe(10)
  for (const id of ids) expect(id).toMatch(new RegExp(`^claude-${HOST}-[0-9a-z]{6}$`))
  expect(
    queue
      .state()
      .sessions.map((session: { session_id: string }) => session.session_id)
      .sort(),
  ).toEqual(ids.sort())
})

describe('a process is known as an agent', () => {
  test.each([
    [['claude'], 'claude'],
    [['/opt/bin/codex', 'exec', 'x'], 'codex'],
    [['node', '/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js'], 'claude'],
    [['/usr/bin/node', '/home/me/node_modules/@openai/codex/bin/codex.js'], 'codex'],
    [['node', '/usr/lib/node_modules/@google/gemini-cli/dist/index.js'], 'gemini'],
    [['python3', '/usr/bin/aider'], 'aider'],
    [['cursor-agent'], 'cursor'],
  ] as [string[], string][])('%j', (command, agent) => {
    expect(agentOfCommand(command)).toBe(agent)
  })

  test.each([
    [['bash', '-c', 'claude']],
    [['vim', 'claude']],
    [['node', '/home/claude/server.js']],
    [['grep', 'codex', 'x']],
    [['']],
    [[]],
  ] as [string[]][])('but not: %j', command => {
    expect(agentOfCommand(command)).toBeNull()
  })
})
