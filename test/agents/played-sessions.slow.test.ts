/**
 * Whole sessions of agents, played by what the block in AGENTS.md says, word for word: processes that are called claude and
 * codex run the hooks that install wrote, with payloads of the real form, and the real commands.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HOOKED_AGENTS } from '../../src/core/agents/adapters/adapters.ts'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { registry } from '../support/sessions.ts'
import { type Agent, startAgent } from '../support/terminals/agents.ts'
import { quote } from '../support/terminals/shells.ts'

const SETTINGS = { claude: '.claude/settings.json', codex: '.codex/hooks.json' } as const
type Name = keyof typeof SETTINGS

/** An agent with its hooks: its shells know its session as the real ones' do. */
async function player(queue: Queue, name: Name, session: string) {
  const settings = JSON.parse(readFileSync(join(queue.home, SETTINGS[name]), 'utf8'))
  const variable = { claude: 'CLAUDE_CODE_SESSION_ID', codex: 'CODEX_THREAD_ID' }[name]
  const agent: Agent = await startAgent(name, queue)
  let events = 0
  const hook = async (hook_event_name: string, more: object = {}): Promise<Json> => {
    const file = join(queue.home, `${session}-event-${events++}.json`)
    const event = {
      session_id: session,
      transcript_path: '/x.jsonl',
      cwd: queue.home,
      hook_event_name,
      ...more,
    }
    writeFileSync(file, JSON.stringify(event))
    const command: string = settings.hooks[hook_event_name][0].hooks[0].command
    const { code, stdout, stderr } = await agent.run(
      `cd ${quote(queue.home)}; CLAUDE_PROJECT_DIR=$PWD sh -c ${quote(command)} <${quote(file)}`,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout === '' ? null : JSON.parse(stdout).hookSpecificOutput
  }
  return {
    hook,
    kill: () => agent.kill(),
    wrk: (words: string): Promise<Result> =>
      agent.run(`cd ${quote(queue.home)}; ${variable}=${session} wrk ${words}`),
  }
}

async function workspace(items: number) {
  const files: Record<string, string> = { 'session-state.yaml': registry([]) }
  for (let i = 1; i <= items; i++) files[`pending/WRK-${i}.md`] = item(`WRK-${i}`, { title: `Item ${i}` })
  const queue = makeQueue(files)
  const installed = await queue.run('agents install all --json', { cwd: queue.home })
  expect(installed.code).toBe(0)
  return queue
}

/** Every item is in done/, each was finished once, and nobody holds anything. */
function expectAllDone(queue: Queue, items: number): void {
  const ids = Array.from({ length: items }, (_, i) => `WRK-${i + 1}`)
  for (const id of ids) expect(queue.exists(`done/${id}.md`), id).toBe(true)
  const finished = queue.events().filter(({ type }) => type === 'finished')
  expect(finished.map(event => event.item).sort()).toEqual(ids)
  for (const id of ids) expect(queue.lock(`done/${id}.md`).by || null).toBeNull()
}

const edit = (queue: Queue, id: string) => ({
  tool_name: 'Write',
  tool_input: { file_path: queue.path(id), content: 'x' },
  tool_use_id: 't',
})

test('two agents and a person take three items, each its own, and finish them', async () => {
  const queue = await workspace(3)
  const claude = await player(queue, 'claude', 'claude-session')
  const codex = await player(queue, 'codex', 'codex-thread')
  expect((await claude.hook('SessionStart', { source: 'startup' })).additionalContext).toContain(
    'wrk next --claim',
  )
  expect((await codex.hook('SessionStart', { source: 'startup' })).additionalContext).toContain(
    'codex-thread',
  )

  const [first, second, third] = await Promise.all([
    claude.wrk('next --claim --json'),
    codex.wrk('next --claim --json'),
    queue.run('next --claim --json', { session: 'person' }),
  ])
  const ids = [first, second, third].map(({ json }) => json.item.id as string)
  expect([...ids].sort()).toEqual(['WRK-1', 'WRK-2', 'WRK-3'])
  const [ofClaude, ofCodex, ofPerson] = ids as [string, string, string]

  // Neither edits what is the other's, also not in a patch with others; its own it may.
  expect((await claude.hook('PreToolUse', edit(queue, ofCodex))).permissionDecision).toBe('deny')
  expect(await claude.hook('PreToolUse', edit(queue, ofClaude))).toBeNull()
  const patch = (...of: string[]) => ({
    tool_name: 'apply_patch',
    tool_input: {
      command: `*** Begin Patch\n*** Update File: src/a.ts\n@@\n-a\n+b\n${of.map(id => `*** Update File: ${queue.path(id)}\n@@\n-a\n+b\n`).join('')}*** End Patch`,
    },
  })
  expect(await codex.hook('PreToolUse', patch(ofCodex))).toBeNull()
  const refused = await codex.hook('PreToolUse', patch(ofCodex, ofPerson))
  expect(refused.permissionDecisionReason).toContain(`${ofPerson} is held by person`)

  for (const [wrk, id] of [
    [claude.wrk, ofClaude],
    [codex.wrk, ofCodex],
    [(words: string) => queue.run(words, { session: 'person' }), ofPerson],
  ] as const)
    for (const words of [`start ${id}`, `note ${id} found`, `done ${id}`])
      expect((await wrk(words)).code, words).toBe(0)
  await claude.hook('PostToolUse', { tool_name: 'Bash', tool_response: {} })
  await codex.hook('Stop')
  await claude.hook('SessionEnd', { reason: 'other' })
  expect((await claude.wrk('next --claim')).code).toBe(1)
  expectAllDone(queue, 3)
  expect(queue.events().filter(({ type }) => type === 'granted')).toHaveLength(3)
})

test('what an agent that crashed had begun is taken on by the next, once', async () => {
  const queue = await workspace(2)
  const claude = await player(queue, 'claude', 'claude-session')
  const codex = await player(queue, 'codex', 'codex-thread')
  await claude.hook('SessionStart', { source: 'startup' })
  await codex.hook('SessionStart', { source: 'startup' })
  expect((await claude.wrk('next --claim')).stdout).toContain('WRK-1')
  expect((await claude.wrk('start WRK-1')).code).toBe(0)
  expect((await codex.wrk('claim WRK-1')).code).toBe(4)
  expect((await codex.hook('PreToolUse', edit(queue, 'WRK-1'))).permissionDecision).toBe('deny')
  await claude.kill()

  expect(await codex.hook('PreToolUse', edit(queue, 'WRK-1'))).toBeNull()
  for (const id of ['WRK-1', 'WRK-2']) {
    expect((await codex.wrk('next --claim --json')).json.item.id).toBe(id)
    for (const words of [`start ${id}`, `note ${id} found`, `done ${id}`])
      expect((await codex.wrk(words)).code, words).toBe(0)
  }
  expectAllDone(queue, 2)
})

test('an agent whose claim was taken over is told, stops, and goes on with another item', async () => {
  const queue = await workspace(2)
  const claude = await player(queue, 'claude', 'claude-session')
  await claude.hook('SessionStart', { source: 'startup' })
  expect((await claude.wrk('next --claim')).stdout).toContain('WRK-1')
  expect((await claude.wrk('start WRK-1')).code).toBe(0)
  const person = (words: string | string[]) => queue.run(words, { session: 'person' })
  expect((await person(['claim', 'WRK-1', '--force', '--reason', 'urgent'])).code).toBe(0)

  const warned = await claude.hook('UserPromptSubmit', { prompt: 'go on' })
  expect(warned.additionalContext).toMatch(/^WRK-1 was taken over by person .*stop working on it/)
  expect((await claude.hook('PreToolUse', edit(queue, 'WRK-1'))).permissionDecision).toBe('deny')
  expect((await claude.wrk('done WRK-1')).code).toBe(4)
  await claude.wrk('release WRK-1')
  expect(await claude.hook('UserPromptSubmit', { prompt: 'go on' })).toBeNull()

  for (const words of ['next --claim', 'start WRK-2', 'note WRK-2 found', 'done WRK-2'])
    expect((await claude.wrk(words)).code, words).toBe(0)
  expect((await person('done WRK-1')).code).toBe(0)
  expectAllDone(queue, 2)
})

test('two sub-agents of one session exclude each other', async () => {
  const queue = await workspace(2)
  const claude = await player(queue, 'claude', 'claude-session')
  await claude.hook('SessionStart', { source: 'startup' })
  const one = { agent_id: 'a216198197bfc04c4', agent_type: 'general-purpose' }
  const two = { agent_id: 'b99999999999999b9', agent_type: 'general-purpose' }
  const told = await claude.hook('SubagentStart', one)
  expect(told.additionalContext).toContain(`wrk --agent ${one.agent_id} next --claim`)

  // A call that does not say which of them it is would claim for the session as a whole.
  const bash = (command: string) => ({ tool_name: 'Bash', tool_input: { command } })
  const nameless = await claude.hook('PreToolUse', { ...bash('wrk next --claim'), ...one })
  expect(nameless.permissionDecisionReason).toContain(`wrk --agent ${one.agent_id} next --claim`)
  const named = `wrk --agent ${one.agent_id} next --claim`
  expect(await claude.hook('PreToolUse', { ...bash(named), ...one })).toBeNull()
  expect(await claude.hook('PreToolUse', bash('wrk next --claim'))).toBeNull()

  expect((await claude.wrk(`--agent ${one.agent_id} next --claim`)).stdout).toContain('WRK-1')
  expect((await claude.wrk(`--agent ${two.agent_id} claim WRK-1`)).code).toBe(4)
  expect((await claude.wrk(`--agent ${two.agent_id} next --claim`)).stdout).toContain('WRK-2')
  expect(await claude.hook('PreToolUse', { ...edit(queue, 'WRK-1'), ...one })).toBeNull()
  expect((await claude.hook('PreToolUse', { ...edit(queue, 'WRK-1'), ...two })).permissionDecision).toBe(
    'deny',
  )
  // Their session may: they work for it.
  expect(await claude.hook('PreToolUse', edit(queue, 'WRK-1'))).toBeNull()
  await claude.hook('SessionEnd', { reason: 'other' })
  for (const id of ['WRK-1', 'WRK-2']) expect(queue.lock(id).by || null).toBeNull()
})

test('status shows that the hooks find wrk, and when each ran last', async () => {
  const queue = await workspace(1)
  const status = async () => JSON.parse((await queue.run('agents status --json', { cwd: queue.home })).stdout)
  const before = await status()
  expect(before.agents.map(({ agent }: Json) => agent)).toEqual(HOOKED_AGENTS)
  for (const { reachable, seen, shellPart } of before.agents) {
    expect(reachable.problem).toBeNull()
    expect(reachable.program).toMatch(/wrk-cli$/)
    expect(seen).toEqual({ begin: null, beat: null, look: null, end: null })
    expect(['installed', null]).toContain(shellPart)
  }
  expect((await queue.run('agents status', { cwd: queue.home })).stdout).toContain('until you trust them')
  const codex = await player(queue, 'codex', 'codex-thread')
  await codex.hook('SessionStart', { source: 'startup' })
  const [, after] = (await status()).agents
  expect(Math.abs(Date.now() - Date.parse(after.seen.begin))).toBeLessThan(60_000)
  expect(after.seen.beat).toBeNull()

  const hidden = await queue.run('agents status --json', { cwd: queue.home, env: { PATH: '/usr/bin:/bin' } })
  expect(JSON.parse(hidden.stdout).agents[0].reachable.problem).toMatch(/PATH|another program/)
})
