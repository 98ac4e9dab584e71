/** Which process a session is anchored to where there is a terminal: one that outlives the call, or none. */
import { spawnSync } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { kindOfShell } from '../../src/system/processes/shells.ts'
import { until } from '../support/clock.ts'
import { cleanEnv, type Env } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

const terminals = describe.skipIf(!haveTerminals())

const haveTmux = spawnSync('tmux', ['-V']).status === 0
if (!haveTmux) console.warn('SKIPPED: tests with tmux, which is not installed')

terminals('a pty that was made for one command', () => {
  test('is not an anchor: without a terminal further up there is no session, and a message says so', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, SHELL: '/bin/sh' })
    const inPty = (command: string) =>
      spawnSync('setsid', ['script', '-qec', command, '/dev/null'], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    for (const command of [
      'wrk claim 1',
      'true && wrk claim 1; true',
      'timeout 60 wrk claim 1',
      'exec wrk claim 1',
    ]) {
      const { stdout } = inPty(`${command} 2>&1`)
      expect([command, stdout]).toEqual([command, expect.stringContaining('No session')])
      expect(queue.lock('WRK-1').by).toBe('')
    }
    expect(queue.exists('session-state.yaml')).toBe(false)
    // With an id it is a session that its heartbeat keeps alive.
    expect(inPty('WRK_SESSION_ID=job wrk claim 1').status).toBe(0)
    expect(queue.session('job').anchor).toBeNull()
  })

  test('belongs to the terminal from which it was made', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const terminal = await openTerminal(queue)
    const inner = await terminal.run(`script -qec 'wrk claim 1 --json' /dev/null`)
    expect(inner.code).toBe(0)
    const { id } = inner.json.session
    expect(queue.session(id).anchor.pid).toBe(terminal.pid)
    expect((await terminal.run('wrk claim 2 --json')).json.session.id).toBe(id)
  })

  test('belongs to the agent that made it, and to no shell of its', async () => {
    const queue = makeQueue(['WRK-1'])
    const codex = await startAgent('codex', queue)
    expect((await codex.run(`script -qec 'wrk claim 1; true' /dev/null`)).code).toBe(0)
    expect(queue.session(queue.lock('WRK-1').by!).anchor.pid).toBe(codex.pid)
  })

  test('in which somebody then works in a shell is an anchor', async () => {
    const queue = makeQueue(['WRK-1'])
    const terminal = await openTerminal(queue)
    const inner = `exec 3>&1; script -qec "sh -c 'bash --norc; true'" /dev/null <<<'exec 2>&1; wrk claim 1; exit'`
    expect((await terminal.run(inner)).code).toBe(0)
    const { anchor } = queue.session(queue.lock('WRK-1').by!)
    expect(anchor.pid).not.toBe(terminal.pid)
  })
})

describe.skipIf(!haveTmux)('in tmux', () => {
  /** A server of its own, whose panes have what is in its environment. */
  const startTmux = (queue: Queue, env: Env) => {
    const all = cleanEnv(queue.home, { WRK_QUEUE: queue.root, SHELL: '/bin/sh', ...env })
    const tmux = (...args: string[]) => {
      const done = spawnSync('tmux', ['-S', `${queue.home}/tmux`, '-f', '/dev/null', ...args], {
        env: all,
        encoding: 'utf8',
      })
      expect([args, done.stderr]).toEqual([args, ''])
      return done.stdout.trim()
    }
    tmux('new-session', '-d', '-s', 'test', 'exec bash --norc')
    onTestFinished(() => void tmux('kill-server'))
    const pane = (id: string) => {
      let count = 0
      return async (command: string) => {
        const name = `${id.replace(/\W/g, '')}-${count++}`
        tmux(
          'send-keys',
          '-t',
          id,
          `${command} >$HOME/${name}.out 2>&1; echo $? >$HOME/${name}.tmp; mv $HOME/${name}.tmp $HOME/${name}.code`,
          'Enter',
        )
        const read = (ending: string) => queue.read(`../${name}.${ending}`)
        await until(`this ends in tmux: ${command}`, () => queue.exists(`../${name}.code`))
        return { code: Number(read('code')), out: read('out') }
      }
    }
    const first = tmux('list-panes', '-t', 'test', '-F', '#{pane_id}')
    return {
      first,
      pane,
      split: () => tmux('split-window', '-d', '-t', 'test', '-P', '-F', '#{pane_id}', 'exec bash --norc'),
      tmux,
    }
  }

  test('two panes are two sessions, although both have inherited an agent’s variable', async () => {
    const queue = makeQueue(['WRK-1'])
    const { first, split, pane } = startTmux(queue, { CLAUDE_CODE_SESSION_ID: 'from-before' })
    const [one, two] = [pane(first), pane(split())]
    expect((await one('wrk claim 1')).code).toBe(0)
    const holder = queue.lock('WRK-1').by!
    expect(holder).toMatch(/^terminal-/)
    const refused = await two('wrk claim 1')
    expect(refused.code).toBe(4)
    expect(refused.out).toContain(holder)
    const { out } = await two('wrk session id --explain')
    expect(out).toContain('CLAUDE_CODE_SESSION_ID is inherited; no claude runs in this terminal')
  })
})

describe('a shell’s command line', () => {
  test.each([
    [['bash'], 'interactive'],
    [['-zsh'], 'interactive'],
    [['/bin/bash', '--norc', '--noprofile', '-i'], 'interactive'],
    [['/bin/bash', '--init-file', '/opt/code/shell.sh'], 'interactive'],
    [['bash', '-o', 'vi'], 'interactive'],
    [['sh', '-c', 'wrk claim 1'], 'command'],
    [['bash', '-lc', 'x'], 'command'],
    [['bash', '-euo', 'pipefail', '-c', 'x'], 'command'],
    [['fish', '--command=x'], 'command'],
    [['pwsh', '-Command', 'x'], 'command'],
    [['bash', './worker.sh', '-c'], 'script'],
    [['bash', '-e', 'worker.sh'], 'script'],
    [['node', 'x.js'], null],
    [['vim', '-c', 'x'], null],
    [[], null],
  ] as [string[], string | null][])('%j is %s', (command, kind) => {
    expect(kindOfShell(command)).toBe(kind)
  })
})
