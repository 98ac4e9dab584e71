/** Runs the built command to its end. Unless a test is about identity, a call acts as the session `tester`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished, start, tempFolder } from './processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM, required } from './program.ts'
import type { Queue } from './queue.ts'
import type { Result } from './result.ts'

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

/** Runs the built command to its end. */
export function run(args: Args, options: RunOptions = {}): Promise<Result> {
  const home = options.queue?.home ?? tempFolder()
  const cwd = options.cwd ?? home
  return finished(
    start(PROGRAM, [...FIRST, ...words(args)], { cwd, env: envOf(options, home) }),
    options.input,
  )
}

let modules = 0

/** The environment in which the built command loads a module, given by its text, before itself. */
export function loading(queue: Queue, module: string): Env {
  const path = join(queue.home, `loaded-${modules++}.cjs`)
  writeFileSync(path, module)
  return required(path)
}
