/** Runs the built command to its end. Unless a test is about identity, a call acts as the session `tester`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempFolder } from './processes.ts'
import { cleanEnv, type Env, required } from './program.ts'
import type { Queue } from './queue.ts'
import type { Result } from './result.ts'
import { runCommand } from './served/served-command.ts'

/** A command line: words, or one string that is split at blanks. */
export type Args = string | readonly string[]

export const words = (args: Args): readonly string[] => (typeof args === 'string' ? args.split(' ') : args)

export interface RunOptions {
  queue?: Queue | undefined
  /** WRK_SESSION_ID; `tester` unless given, null for none. */
  session?: string | null
  env?: Env
  cwd?: string
  input?: string | Buffer
}

/** A command that runs: its process, and what it ends with. */
export interface Running {
  pid: number
  end: Promise<Result>
}

/** The environment of a call: clean, with its queue and session. */
export function envOf({ queue, session = 'tester', env = {} }: RunOptions, home: string): Env {
  const own: Env = {}
  if (queue) own.WRK_QUEUE = queue.root
  if (session !== null) own.WRK_SESSION_ID = session
  return cleanEnv(home, { ...own, ...env })
}

/** Runs the built command to its end, in a process of its own where that matters (served-command.ts). */
export function run(args: Args, options: RunOptions = {}): Promise<Result> {
  const home = options.queue?.home ?? tempFolder()
  const cwd = options.cwd ?? home
  return runCommand(words(args), { cwd, env: envOf(options, home), input: options.input })
}

let modules = 0

/** The environment in which the built command loads a module, given by its text, before itself. */
export function loading(queue: Queue, module: string): Env {
  const path = join(queue.home, `loaded-${modules++}.cjs`)
  writeFileSync(path, module)
  return required(path)
}

const looksFile = (queue: Queue) => join(queue.home, 'looks')

/**
 * Notes each time that a command opens a file, so that a test can wait until it has looked at it again.
 * @param word which command: one of its arguments; what it runs itself is not counted
 * @param end how the file's path ends
 */
export function countingLooks(queue: Queue, word: string, end: string): Env {
  writeFileSync(looksFile(queue), '')
  return loading(
    queue,
    `const fs = require('node:fs')
const { openSync } = fs
if (process.argv.slice(1, 4).includes(${JSON.stringify(word)}))
  fs.openSync = (path, ...how) => {
    if (String(path).endsWith(${JSON.stringify(end)})) fs.appendFileSync(${JSON.stringify(looksFile(queue))}, '.')
    return openSync(path, ...how)
  }
`,
  )
}

export const looksOf = (queue: Queue): number => readFileSync(looksFile(queue), 'utf8').length

/** Lets a script wait until it has been looked at the file four times more. */
export const LOOKED_AGAIN =
  'n=$(wc -c <"$HOME/looks"); until [ "$(wc -c <"$HOME/looks")" -ge $((n + 4)) ]; do sleep 0.05; done'
