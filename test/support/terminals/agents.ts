/** Agents, which run each command in a fresh shell; and orphans, which have nobody above them. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { until } from '../clock.ts'
import { gone, killProcess, shells, start } from '../processes.ts'
import { cleanEnv, type Env } from '../program.ts'
import type { Queue } from '../queue.ts'
import { type Result, resultOf } from '../result.ts'
import { agentsAbove, quote, type Shell } from './shells.ts'

export interface Agent extends Shell {
  /** Runs a command as a child of its own, beside the others. */
  stay(command: string): void
}

let commands = 0

/** Shell text that runs a command, keeps what it writes in files, and the way to wait for them. */
function captured(folder: string, command: string): { line: string; result: () => Promise<Result> } {
  const at = join(folder, `command-${commands++}`)
  return {
    line: `( ${command} ) >${quote(`${at}.out`)} 2>${quote(`${at}.err`)} </dev/null; echo $? >${quote(`${at}.tmp`)}; mv ${quote(`${at}.tmp`)} ${quote(`${at}.code`)}`,
    result: async () => {
      await until(`this ends: ${command}`, () => existsSync(`${at}.code`))
      const read = (ending: string) => readFileSync(`${at}.${ending}`, 'utf8')
      return resultOf(Number(read('code')), read('out'), read('err'))
    },
  }
}

/**
 * Starts a process whose program has this name (below another one, if given), without a terminal, in a session and group of its own; it
 * runs each command in a fresh shell, as agents do. The names of agents make it one: `claude`, `codex`.
 */
export async function startAgent(name: string, queue: Queue, env: Env = {}, under?: Agent): Promise<Agent> {
  const folder = join(queue.home, `agent-${commands++}`)
  mkdirSync(folder)
  const program = join(folder, name)
  symlinkSync('/bin/bash', program)
  const pidFile = join(folder, 'pid')
  const inbox = join(folder, 'inbox')
  spawnSync('mkfifo', [inbox])
  // Read and written by itself, so that the pipe never ends; a killed agent leaves nothing that could block.
  // A line that begins with "&" becomes a child that stays: the agent below an agent.
  const loop = `exec 3<>${quote(inbox)}; echo $$ >${quote(`${pidFile}.tmp`)}; mv ${quote(`${pidFile}.tmp`)} ${quote(pidFile)}
while IFS= read -r line <&3; do case $line in
  "&"*) /bin/bash -c "\${line#&}" 3>&- & ;;
  *) /bin/bash -c "$line" 3>&- ;;
esac; done`
  const allEnv = cleanEnv(queue.home, { WRK_QUEUE: queue.root, ...env })
  if (under) {
    const sets = Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)};`)
    const script = join(folder, 'loop')
    writeFileSync(script, loop)
    under.stay(
      `${sets.join(' ')} exec ${quote(program)} --norc --noprofile -c "$(cat ${quote(script)})" >/dev/null 2>&1 </dev/null`,
    )
  } else {
    const child = start(program, ['--norc', '--noprofile', '-c', loop], { cwd: queue.home, env: allEnv })
    child.stdin!.end()
  }
  const pid = Number(await until(`${name} is up`, () => existsSync(pidFile) && readFileSync(pidFile, 'utf8')))
  shells.add(pid)
  return {
    pid,
    run: command => {
      const { line, result } = captured(folder, command)
      writeFileSync(inbox, `${line}\n`)
      return result()
    },
    stay: command => writeFileSync(inbox, `&${command}\n`),
    kill: async () => {
      shells.delete(pid)
      killProcess(pid)
      await gone(pid)
    },
  }
}

/**
 * Runs the command below no agent and without a terminal: in a new session, its parents gone. Skips the test
 * where the process that adopts orphans is itself an agent.
 */
export async function orphaned(
  context: TestContext,
  queue: Queue,
  command: string,
  env: Env = {},
): Promise<Result> {
  const at = join(queue.home, `orphan-${Math.random().toString(36).slice(2)}`)
  const inner = `until [ "$(cut -d' ' -f4 /proc/$$/stat)" != "$FORMER" ]; do sleep 0.01; done
echo $$ >'${at}.tmp'; mv '${at}.tmp' '${at}.pid'; read -r _ <'${at}.go'
( ${command} ) >'${at}.out' 2>'${at}.err'; echo $? >'${at}.tmp'; mv '${at}.tmp' '${at}.code'`
  const outer = `mkfifo '${at}.go'; FORMER=$$ setsid /bin/bash -c "$INNER" </dev/null >/dev/null 2>&1 &`
  spawn('/bin/bash', ['-c', outer], {
    detached: true,
    stdio: 'ignore',
    env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, INNER: inner, ...env }),
  })
  const read = (ending: string) => readFileSync(`${at}.${ending}`, 'utf8')
  const pid = Number(await until('the orphan is up', () => existsSync(`${at}.pid`) && read('pid')))
  const above = agentsAbove(pid)
  writeFileSync(`${at}.go`, '\n')
  await until(`the orphan has run: ${command}`, () => existsSync(`${at}.code`))
  context.skip(above.length > 0, `orphans are adopted by an agent on this machine: ${above.join(', ')}`)
  return resultOf(Number(read('code')), read('out'), read('err'))
}
