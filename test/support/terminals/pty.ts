/** Real terminals: pseudo-terminals with an interactive shell. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../clock.ts'
import { gone, killProcess, shells, start } from '../processes.ts'
import { cleanEnv, type Env } from '../program.ts'
import type { Queue } from '../queue.ts'
import { type Result, resultOf } from '../result.ts'
import { agentsAbove, quote, type Shell } from './shells.ts'

const scriptVersion = spawnSync('script', ['--version'], { encoding: 'utf8' })

/** Whether real pseudo-terminals can be had (util-linux `script`); tests that need them are skipped where not. */
export function haveTerminals(): boolean {
  return scriptVersion.status === 0 && scriptVersion.stdout.includes('util-linux')
}

export interface Terminal extends Shell {
  /** Runs a command in the terminal's own shell with stdout on the terminal; stderr is kept apart. */
  run(command: string): Promise<Result>
  /** Runs a command with stdout and stderr on the terminal, and gives all that appeared there. */
  screen(command: string): Promise<string>
  /** Types keys, such as `\x03` for Ctrl-C, while a command runs. */
  press(keys: string): void
}

let commands = 0

/** Opens a pseudo-terminal with an interactive shell, as a terminal window does. `wrk` is in its PATH. */
export async function openTerminal(
  queue: Queue,
  { columns = 80, env = {} }: { columns?: number; env?: Env } = {},
): Promise<Terminal> {
  const folder = join(queue.home, `terminal-${commands++}`)
  mkdirSync(folder)
  const pidFile = join(folder, 'pid')
  const [input, output] = [join(folder, 'input'), join(folder, 'output')]
  spawnSync('mkfifo', [input])
  writeFileSync(output, '')
  // Its parent goes away first, as a terminal window's does, so that nothing above it shows who runs the tests.
  const shell = `until [ "$(cut -d' ' -f4 /proc/$$/stat)" != $FORMER ]; do sleep 0.01; done
exec script -qfc 'exec /bin/bash --norc --noprofile -i' /dev/null <>${quote(input)} >${quote(output)} 2>&1`
  const child = start('/bin/bash', ['-c', 'FORMER=$$ /bin/bash -c "$1" & :', '-', shell], {
    cwd: queue.home,
    env: cleanEnv(queue.home, {
      WRK_QUEUE: queue.root,
      SHELL: '/bin/bash',
      PS1: '',
      HISTFILE: '/dev/null',
      ...env,
    }),
  })
  child.stdin!.end()
  const type = (line: string) => writeFileSync(input, `${line}\n`)
  const seen = () => readFileSync(output, 'utf8')
  type(
    `stty -echo cols ${columns} rows 40; bind 'set enable-bracketed-paste off'; PS1= PS2=; echo $$ >${quote(`${pidFile}.tmp`)}; mv ${quote(`${pidFile}.tmp`)} ${quote(pidFile)}`,
  )
  const pid = Number(
    await until('the terminal is up', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8')),
  )
  shells.add(pid)
  const agents = agentsAbove(pid)
  if (agents.length > 0) throw new Error(`orphans are adopted by an agent here: ${agents.join(', ')}`)

  /** Control characters set off what a command writes from everything else on the screen. */
  const marked = async (command: string): Promise<{ text: string; code: number }> => {
    const from = seen().length
    type(`printf '\\036'; ${command}; printf '\\037%s\\036' "$?"`)
    const match = await until(`this ends in the terminal: ${command}`, () =>
      /\x1e([^\x1e\x1f]*)\x1f(\d+)\x1e/.exec(seen().slice(from)),
    )
    return { text: match[1]!.replaceAll('\r\n', '\n'), code: Number(match[2]) }
  }
  return {
    pid,
    run: async command => {
      const errors = join(folder, `stderr-${commands++}`)
      const { text, code } = await marked(`{ ${command} ; } 2>${quote(errors)}`)
      return resultOf(code, text, readFileSync(errors, 'utf8'))
    },
    screen: async command => (await marked(command)).text,
    press: keys => writeFileSync(input, keys),
    kill: async () => {
      shells.delete(pid)
      killProcess(pid)
      await gone(pid)
    },
  }
}
