/** Several processes under one session, several sessions in one process, and what a dead session leaves running. */
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { heard, NOTES, note } from '../support/notes.ts'
import { finished, gone, start } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { type Agent, orphaned, startAgent } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

const livenessOf = async (queue: Queue, id: string) =>
  (await queue.run(`session show ${id} --json`)).json.session

describe('what a dead session has left running', () => {
  test('neither takes its process away nor brings it back, whatever it calls', async context => {
    const dead = { id: 's', anchor: deadAnchor(), heartbeat_at: new Date() }
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const { pid } = dead.anchor
    queue.write('session-state.yaml', registry([dead]))
    for (const [command, code] of [
      ['heartbeat', 2],
      ['claim WRK-1', 2],
      ['release WRK-2', 0],
      ['status', 0],
    ] as const)
      for (const env of [{ WRK_SESSION_ID: 's' }, { CODEX_THREAD_ID: 's' }]) {
        const called = await orphaned(context, queue, `wrk ${command}`, env)
        expect([command, called.code]).toEqual([command, code])
        if (code === 2) expect(called.stderr).toContain(`session s has ended: process ${pid} is gone`)
        expect(queue.session('s')).toMatchObject({ anchor: { pid }, ended_at: null })
      }
    expect(await livenessOf(queue, 's')).toMatchObject({ liveness: 'dead' })
    expect(queue.lock('WRK-1').by).toBe('')
    // Only who says so goes on with it.
    const env = { WRK_SESSION_ID: 's' }
    await orphaned(context, queue, 'wrk session start --provider cron --session-id s', env)
    expect((await orphaned(context, queue, 'wrk claim WRK-1', env)).code).toBe(0)
  })

  test.skipIf(!haveTerminals())(
    'a pane closed during wrk execute frees all that was claimed there',
    async () => {
      const queue = makeQueue({ 'WRK-1': item('WRK-1', { plan_approved: 'true' }), 'WRK-2': item('WRK-2') })
      const terminal = await openTerminal(queue)
      expect((await terminal.run('wrk claim WRK-2')).code).toBe(0)
      const holder = queue.lock('WRK-2').by!
      queue.write('../work', `${NOTES}say up $PPID; await go\n`)
      await terminal.run(
        '{ wrk execute WRK-1 --provider claude -- bash "$HOME/work" >/dev/null 2>&1 </dev/null & }',
      )
      const wrapper = Number(await heard(queue, 'up'))
      await terminal.kill()
      note(queue, 'go')
      await gone(wrapper)
      expect(queue.lock('WRK-1').by).toBe('')
      expect(queue.session(holder).anchor.pid).toBe(terminal.pid)
      const claim = await queue.run('claim WRK-2 --json')
      expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    },
  )

  test('another terminal that goes on under its id is it, and alive', async () => {
    const queue = makeQueue(['WRK-1'])
    queue.write('session-state.yaml', registry([{ id: 's', anchor: deadAnchor(), heartbeat_at: new Date() }]))
    const codex = await startAgent('codex', queue, { WRK_SESSION_ID: 's' })
    expect((await codex.run('wrk claim WRK-1')).code).toBe(0)
    expect(await livenessOf(queue, 's')).toMatchObject({ liveness: 'alive', pid: codex.pid })
  })
})

const hook = (agent: Agent, event: object) =>
  agent.run(`printf %s '${JSON.stringify({ session_id: 's-1', ...event })}' | wrk agents hook claude`)

describe('one session in two processes', () => {
  const two = async (queue: Queue) => {
    const variables = { CLAUDE_CODE_SESSION_ID: 's-1' }
    const [one, other] = [
      await startAgent('claude', queue, variables),
      await startAgent('claude', queue, variables),
    ]
    expect((await one.run('wrk claim WRK-1')).stderr).toBe('')
    const second = await other.run('wrk claim WRK-2')
    expect(second.stderr).toContain(`session s-1 also runs in process ${one.pid}`)
    expect(queue.session('s-1').anchors.map(({ pid }: { pid: number }) => pid)).toEqual([other.pid, one.pid])
    return { one, other }
  }

  test('lives while one of them runs', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const { one, other } = await two(queue)
    await other.kill()
    expect(await livenessOf(queue, 's-1')).toMatchObject({ liveness: 'alive' })
    expect((await queue.run('claim WRK-2')).code).toBe(4)
    await one.kill()
    expect(await livenessOf(queue, 's-1')).toMatchObject({ liveness: 'dead' })
    expect((await queue.run('claim WRK-1')).code).toBe(0)
  })

  test.each([
    [
      'the hook at the end of one',
      (agent: Agent) => hook(agent, { hook_event_name: 'SessionEnd', reason: 'other' }),
    ],
    ['wrk session end in one', (agent: Agent) => agent.run('wrk session end')],
  ])('keeps its items at %s, and gives them back at the end of the last', async (_, end) => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const { one, other } = await two(queue)
    expect((await end(other)).code).toBe(0)
    expect(queue.session('s-1')).toMatchObject({ ended_at: null, anchor: { pid: one.pid } })
    expect([queue.lock('WRK-1').by, queue.lock('WRK-2').by]).toEqual(['s-1', 's-1'])
    expect((await end(one)).code).toBe(0)
    expect(queue.session('s-1').ended_at).not.toBeNull()
    expect([queue.lock('WRK-1').by, queue.lock('WRK-2').by]).toEqual(['', ''])
  })
})

describe('several sessions in one process', () => {
  test('after /clear the former one ends, also when its end was not reported', async () => {
    const queue = makeQueue(['WRK-1'])
    const claude = await startAgent('claude', queue)
    await hook(claude, { hook_event_name: 'SessionStart', source: 'startup' })
    expect((await claude.run('CLAUDE_CODE_SESSION_ID=s-1 wrk claim WRK-1')).code).toBe(0)
    await hook(claude, { hook_event_name: 'SessionStart', source: 'clear', session_id: 's-2' })
    expect(queue.session('s-1').ended_at).not.toBeNull()
    // A late event of the former one does not bring it back.
    await hook(claude, { hook_event_name: 'PostToolUse', tool_name: 'Read' })
    expect(queue.session('s-1').ended_at).not.toBeNull()
    const claim = await claude.run('CLAUDE_CODE_SESSION_ID=s-2 wrk claim WRK-1 --json')
    expect(claim.code).toBe(0)
    expect(await livenessOf(queue, 's-2')).toMatchObject({ liveness: 'alive' })
  })

  test('without hooks its life proves nothing of either, its end the end of both', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const claude = await startAgent('claude', queue)
    expect((await claude.run('CLAUDE_CODE_SESSION_ID=s-1 wrk claim WRK-1')).code).toBe(0)
    expect((await claude.run('CLAUDE_CODE_SESSION_ID=s-2 wrk claim WRK-2')).code).toBe(0)
    for (const id of ['s-1', 's-2'])
      expect(await livenessOf(queue, id)).toMatchObject({
        liveness: 'unknown',
        reason: `process ${claude.pid} is running, but works for other sessions too`,
      })
    await claude.kill()
    for (const id of ['s-1', 's-2']) expect(await livenessOf(queue, id)).toMatchObject({ liveness: 'dead' })
  })

  test('the agent ends the session that it was before by its id', async () => {
    const queue = makeQueue(['WRK-1'])
    const claude = await startAgent('claude', queue)
    await claude.run('CLAUDE_CODE_SESSION_ID=s-1 wrk claim WRK-1')
    expect((await queue.run('session end s-1')).code).toBe(4)
    expect((await queue.run('claim WRK-1')).stderr).not.toContain('wrk session end')
    const refused = await claude.run('CLAUDE_CODE_SESSION_ID=s-2 wrk claim WRK-1')
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain('If it was you, before /clear: wrk session end s-1')
    expect((await claude.run('CLAUDE_CODE_SESSION_ID=s-2 wrk session end s-1')).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('')
  })
})

describe('a session of the library', () => {
  const claiming = (queue: Queue, options: string) => {
    const script = `import { openQueue } from '${ROOT}/dist/index.js'
const queue = await openQueue(${JSON.stringify(queue.root)}, ${options})
await queue.claim('WRK-1')
console.log('claimed')
process.stdin.resume()`
    return start(process.execPath, ['--input-type=module', '-e', script], {
      cwd: queue.home,
      env: cleanEnv(queue.home),
    })
  }

  test('lives as long as its process, so that a crash frees its items', async () => {
    const queue = makeQueue(['WRK-1'])
    const child = claiming(queue, `{ session: 'lib' }`)
    await finished(child)
    expect(queue.session('lib').anchor.pid).toBe(child.pid)
    const claim = await queue.run('claim WRK-1 --json')
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
  })

  test('is kept alive by its heartbeats alone where it is to go on in another process', async () => {
    const queue = makeQueue(['WRK-1'])
    await finished(claiming(queue, `{ session: 'lib', anchor: false }`))
    expect(queue.session('lib').anchor).toBeNull()
    expect((await queue.run('claim WRK-1')).code).toBe(4)
  })
})
