/**
 * Calls of the built command of which the process is not what is tested: one process answers them (command-server.cjs),
 * so that a test of what a command does need not wait for Node to start a dozen times.
 *
 * In each test file the first call of each command starts a process, as a user does. So do calls that a process makes
 * different (input, a terminal's session, modules loaded before, time zones), those at the same time as another, and
 * the commands that start other programs or stay. WRK_TEST_PROCESSES=all: every call, as in `npm run test:all`.
 */
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { dirname, join } from 'node:path'
import { bundleFor, commandWord, plainWords } from '../../../src/words.ts'
import { finished, start, tempFolder } from '../processes.ts'
import { type Env, FIRST, PROGRAM, ROOT, STANDALONE } from '../program.ts'
import { type Result, resultOf } from '../result.ts'

/** Commands (`lock run` too) that run other programs with this process's pipes, or stay until they are stopped. */
const OWN_PROCESS = ['execute', 'review', 'run', 'board', 'watch', 'agents', 'merge-driver', 'coordination']
/** What makes another process of it. */
const OWN_ENVIRONMENT = ['NODE_OPTIONS', 'BUN_OPTIONS', 'NODE_DISABLE_COMPILE_CACHE', 'TZ', 'SHELL', 'PAGER']

interface Call {
  cwd: string
  env: Env
  input?: string | Buffer | undefined
}

/** Commands that have started as a process in this test file. */
const started = new Set<string>()
let server: ChildProcess | undefined
/** How many calls it has to answer. */
let waiting = 0
let last: Promise<unknown> = Promise.resolve()

/** Runs the built command to its end. */
export function runCommand(words: readonly string[], call: Call): Promise<Result> {
  if (mayBeServed(words, call)) return serveCommand(words, call)
  const { input, ...options } = call
  return finished(start(PROGRAM, [...FIRST, ...words], options), input)
}

function mayBeServed(words: readonly string[], { env, input }: Call): boolean {
  const command = commandWord(words)
  if (command === undefined || STANDALONE || process.env.WRK_TEST_PROCESSES === 'all') return false
  const isFirst = !started.has(command)
  started.add(command)
  if (
    isFirst ||
    waiting > 0 ||
    input !== undefined ||
    plainWords(words).some(word => OWN_PROCESS.includes(word))
  )
    return false
  return env.WRK_SESSION_ID !== undefined && !OWN_ENVIRONMENT.some(name => name in env)
}

/** Has one process answer the call, after those that it has been given before. */
export async function serveCommand(words: readonly string[], call: Call): Promise<Result> {
  waiting++
  const answer = last.then(() => askServer(words, call))
  last = answer.catch(() => undefined)
  try {
    return await answer
  } finally {
    waiting--
  }
}

function askServer(words: readonly string[], { cwd, env }: Call): Promise<Result> {
  const child = server ?? startServer()
  server = child
  return new Promise<Result>((settle, fail) => {
    const ended = () => fail(new Error(`the process that answers commands ended at: wrk ${words.join(' ')}`))
    child.once('exit', ended)
    child.once('message', ({ code, stdout, stderr }: Result) => {
      child.off('exit', ended)
      settle(resultOf(code, stdout, stderr))
    })
    child.send({ words, bundle: bundleFor(words), cwd, env }, error => error && fail(error))
  })
}

function startServer(): ChildProcess {
  const script = join(ROOT, 'test/support/served/command-server.cjs')
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc']
  const child = start(process.execPath, [script, dirname(FIRST[0]!)], { cwd: tempFolder(), env: {}, stdio })
  // It ends with the test file, which need not wait for it.
  child.unref()
  child.channel?.unref()
  return child
}
