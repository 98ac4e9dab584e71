/**
 * ssh and sudo make a terminal for one command: sshd's for `ssh -t HOST COMMAND`, and one of sudo's own with `use_pty`,
 * which is the default. Such a terminal ends with the command, so that no session is anchored to it.
 */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { HAS_SSH, sshServer } from '../support/coordination/servers.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'
import { quote } from '../support/terminals/shells.ts'

const sudo = spawnSync('sudo', ['-n', 'true'], { encoding: 'utf8' })
if (sudo.status !== 0) console.warn(`SKIPPED: no sudo here: ${sudo.error?.message ?? sudo.stderr.trim()}`)
if (!HAS_SSH) console.warn('SKIPPED: tests with ssh: sshd, ssh or ssh-keygen is not installed')

/** A command line that calls wrk where the environment is another's. */
function called(queue: Queue, args: string): string {
  const env = Object.entries(cleanEnv(queue.home, { WRK_QUEUE: queue.root }))
  return `env ${env.map(([key, value]) => quote(`${key}=${value}`)).join(' ')} wrk ${args}`
}

/** Which process the session that holds an item is anchored to. */
const anchorOf = (queue: Queue, id: string) => queue.session(queue.lock(id).by!).anchor.pid

/** It runs each command in a terminal of its own where `use_pty` is set: in Debian's settings, and by default since 1.9.14. */
const SUDO = 'sudo -n'

describe.skipIf(sudo.status !== 0 || !haveTerminals())('sudo', () => {
  test('in a terminal belongs to the terminal: two calls are one session, which outlives both', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const terminal = await openTerminal(queue)
    const tty = await terminal.run(`tty; ${SUDO} tty`)
    const [outside, inside] = tty.stdout.trim().split('\n')
    expect([outside, inside]).toEqual([
      expect.stringMatching(/^\/dev\/pts\//),
      expect.stringMatching(/^\/dev\/pts\//),
    ])
    // Without this the test shows nothing: sudo has to be set to make a terminal of its own.
    expect(inside).not.toBe(outside)
    for (const id of ['WRK-1', 'WRK-2']) {
      const claim = await terminal.run(`${SUDO} ${called(queue, `claim ${id}`)}`)
      expect([claim.code, claim.stderr]).toEqual([0, ''])
      expect(anchorOf(queue, id)).toBe(terminal.pid)
    }
    expect((await terminal.run('wrk claim WRK-1 --json')).json.kind).toBe('renewed')
  })

  test('in a terminal that was made for it alone is not a session, and a message says so', async () => {
    const queue = makeQueue(['WRK-1'])
    const command = `${SUDO} ${called(queue, 'claim 1')}`
    const env = cleanEnv(queue.home, { SHELL: '/bin/sh' })
    const child = start('setsid', ['--wait', 'script', '-qec', command, '/dev/null'], {
      cwd: queue.home,
      env,
    })
    const { code, stdout } = await finished(child)
    expect([code, stdout]).toEqual([2, expect.stringContaining('No session')])
    expect(queue.lock('WRK-1').by).toBe('')
  })

  test('by an agent belongs to the agent', async () => {
    const queue = makeQueue(['WRK-1'])
    const codex = await startAgent('codex', queue)
    const command = `script -qec ${quote(`${SUDO} ${called(queue, 'claim 1')}`)} /dev/null`
    expect((await codex.run(command)).code).toBe(0)
    expect(anchorOf(queue, 'WRK-1')).toBe(codex.pid)
  })
})

describe.skipIf(!HAS_SSH)('ssh to this machine', () => {
  test('with -t and a command is no session without an id, and a message says so', async () => {
    const queue = makeQueue(['WRK-1'])
    const { words } = await sshServer()
    const ssh = (command: string) =>
      finished(
        start(words[0]!, ['-tt', ...words.slice(1), command], {
          cwd: queue.home,
          env: cleanEnv(queue.home),
        }),
      )
    expect((await ssh('tty')).stdout).toMatch(/^\/dev\/pts\//)
    for (const command of ['claim 1', 'claim 1; true']) {
      const { stdout } = await ssh(called(queue, command))
      expect([command, stdout]).toEqual([command, expect.stringContaining('No session')])
    }
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.exists('session-state.yaml')).toBe(false)
    // With an id it is a session that its heartbeat keeps alive, and nobody takes it for dead.
    expect((await ssh(called(queue, 'claim 1 --session nightly'))).code).toBe(0)
    const refused = await queue.run('claim 1 --json')
    expect([refused.code, refused.json.holder.liveness]).toEqual([4, 'unknown'])
  })

  test('with a shell is a session as long as the shell runs', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const { words } = await sshServer()
    const child = start(words[0]!, ['-tt', ...words.slice(1)], {
      cwd: queue.home,
      env: cleanEnv(queue.home),
    })
    const log = `${queue.home}/log`
    child.stdin!.write(
      `${called(queue, 'claim 1')} >${log} 2>&1; ${called(queue, 'claim 2')} >>${log} 2>&1\n`,
    )
    child.stdin!.write(`echo $$ >${queue.home}/shell\n`)
    const shell = Number(
      await until('both have claimed', () => queue.exists('../shell') && queue.read('../shell').trim()),
    )
    expect([anchorOf(queue, 'WRK-1'), queue.lock('WRK-2').by]).toEqual([shell, queue.lock('WRK-1').by])
    expect((await queue.run('claim 1')).code).toBe(4)
    child.stdin!.write('exit\n')
    await finished(child)
    expect((await queue.run('claim 1 --json')).json).toMatchObject({ kind: 'takenOver' })
  })
})
