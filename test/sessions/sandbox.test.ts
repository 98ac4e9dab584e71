/**
 * Agents that run each command in a sandbox of its own: a fresh pid namespace, `.git` read-only, no network, another
 * HOME. What a session is must not come from there.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, type Env } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import type { Result } from '../support/result.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc']
const BWRAP = [
  'bwrap',
  '--ro-bind',
  '/',
  '/',
  '--dev',
  '/dev',
  '--proc',
  '/proc',
  '--unshare-pid',
  '--unshare-net',
]

const works = (words: readonly string[]) => {
  const { status, error, stderr } = spawnSync(words[0]!, [...words.slice(1), 'true'], { encoding: 'utf8' })
  if (status !== 0) console.warn(`SKIPPED: no sandbox by ${words[0]}: ${error?.message ?? stderr.trim()}`)
  return status === 0
}

/** A sandbox as coding agents make them, around one command. */
const sandboxed =
  (repository: Repository) =>
  (command: string, env: Env): Promise<Result> => {
    const { top } = repository
    const box = [...BWRAP, '--bind', top, top, '--ro-bind', join(top, '.git'), join(top, '.git')]
    const all = cleanEnv(top, { ...env, HOME: '/nonexistent' })
    return finished(start('bwrap', [...box.slice(1), '/bin/bash', '-c', command], { cwd: top, env: all }))
  }

describe.runIf(works(BWRAP))('in bubblewrap, each command in a sandbox of its own', () => {
  const env = { CODEX_THREAD_ID: 'thread-7' }

  test('all are one session where the agent gives an id, and everything works', async () => {
    const repository = await makeRepository(['WRK-1', 'WRK-2'])
    const inside = sandboxed(repository)
    const wrk = async (args: string) => (await inside(`wrk ${args} --json`, env)).json
    expect(await wrk('claim 1')).toMatchObject({
      kind: 'granted',
      session: { id: 'thread-7', source: 'agent' },
    })
    expect(await wrk('heartbeat')).toMatchObject({ ok: true, session: { id: 'thread-7' }, superseded: [] })
    expect(await wrk('show 1')).toMatchObject({ holder: { session_id: 'thread-7' } })
    expect(await wrk('claim 2')).toMatchObject({ kind: 'granted' })
    expect(await wrk('verify')).toMatchObject({ ok: true })
    // Nobody from outside takes it for dead, although each of its processes is.
    const other = await repository.wrk('claim 1 --json', { session: 'other' })
    expect([other.code, other.json.holder.liveness]).toEqual([4, 'unknown'])
    expect(await wrk('claim 1')).toMatchObject({ kind: 'renewed' })
    expect(await wrk('release 1')).toMatchObject({ released: true })
    const state = readFileSync(join(repository.top, IN_QUEUE, 'session-state.yaml'), 'utf8')
    expect(parse(state).sessions).toMatchObject([
      { session_id: 'thread-7', anchor: null },
      { session_id: 'other' },
    ])
  })

  test('a call from inside leaves the session of the agent outside with its process', async () => {
    const repository = await makeRepository(['WRK-1'])
    const queue = { home: repository.top, root: join(repository.top, IN_QUEUE) } as Queue
    const codex = await startAgent('codex', queue, env)
    expect((await codex.run('wrk claim 1')).code).toBe(0)
    expect((await sandboxed(repository)('wrk heartbeat', env)).code).toBe(0)
    const show = async () => (await repository.wrk('session show thread-7 --json')).json.session
    expect(await show()).toMatchObject({ liveness: 'alive', pid: codex.pid })
    await codex.kill()
    // What is left of it in a sandbox does not bring it back.
    await sandboxed(repository)('wrk heartbeat', env)
    expect(await show()).toMatchObject({ liveness: 'dead' })
  })

  test('without an id there is no session, and a message says so', async () => {
    const repository = await makeRepository(['WRK-1'])
    const { code, stderr } = await sandboxed(repository)('wrk claim 1', {})
    expect([code, stderr]).toEqual([2, expect.stringContaining('export WRK_SESSION_ID=')])
  })
})

describe.runIf(haveTerminals() && works(UNSHARE))('in a pid namespace below a terminal', () => {
  test.each([
    ['with its own /proc', UNSHARE],
    ['that shows the /proc of the host', UNSHARE.slice(0, 3)],
  ])('%s, a session is not anchored to a shell of the sandbox', async (_, words) => {
    const queue = makeQueue(['WRK-1'])
    const terminal = await openTerminal(queue)
    const inside = (command: string) => terminal.run(`${words.join(' ')} bash -c '${command}; true' 2>&1`)
    expect((await inside('wrk claim 1')).stdout).toContain('No session')
    expect(queue.exists('session-state.yaml')).toBe(false)
    expect((await inside('GEMINI_SESSION_ID=g wrk claim 1')).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('g')
    expect(queue.session('g').anchor).toBeNull()
    const other = await queue.run('claim WRK-1 --json')
    expect([other.code, other.json.holder.liveness]).toEqual([4, 'unknown'])
  })
})
