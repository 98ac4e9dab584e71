/**
 * What the end-to-end tests share: queues in fresh temp folders, the built command in a clean environment,
 * processes that are released at the same instant, agents, and real terminals.
 *
 * Everything that is made here is gone when the test file ends: folders are removed, processes killed.
 * The environment of every child is built from scratch, because the machine that runs the tests may itself
 * be an agent. Unless a test is about identity, a call of wrk acts as the session `tester`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, onTestFinished, type TestContext } from 'vitest'
import { parse } from 'yaml'
import { hostLabel } from '../../src/core/sessions/session.ts'
import { agentOfCommand } from '../../src/system/ancestors.ts'
import { commandLine, here, processFacts } from '../../src/system/process.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
/** WRK_TEST_EXE: the standalone executable is tested in place of the command that Node runs; 1, or where it is. */
const EXE = exeToTest(process.env.WRK_TEST_EXE)
function exeToTest(setting: string | undefined): string | null {
  if (!setting) return null
  return resolve(ROOT, setting === '1' ? `dist-exe/wrk-${process.platform}-${process.arch}` : setting)
}
export const STANDALONE = EXE !== null
/** The built command. */
export const WRK = EXE ?? join(ROOT, 'dist', 'wrk.cjs')
/** What starts it: a program, and its first arguments. */
export const PROGRAM = EXE ?? process.execPath
export const FIRST: readonly string[] = EXE ? [] : [WRK]

const folders: string[] = []
const children = new Set<ChildProcess>()

/** Agents and terminals' shells, which are in process groups of their own or have lost their parents. */
const shells = new Set<number>()

afterAll(async () => {
  for (const child of children) killGroup(child)
  for (const pid of shells) killProcess(pid)
  for (const pid of shells) await gone(pid)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** A fresh folder by its real path, removed when the test file ends. */
export function tempFolder(): string {
  const folder = realpathSync.native(mkdtempSync(join(tmpdir(), 'wrk-test-')))
  folders.push(folder)
  return folder
}

export type Env = Record<string, string>

/** An environment without any trace of who runs the tests. `wrk` is in its PATH. */
export function cleanEnv(home: string, more: Env = {}): Env {
  const bin = join(home, 'bin')
  if (!existsSync(bin)) {
    mkdirSync(bin, { recursive: true })
    // A compiled program is taken for this one by shell scripts only where it is called wrk-cli.
    for (const name of ['wrk', 'wrk-cli']) symlinkSync(WRK, join(bin, name))
  }
  const path = [bin, dirname(process.execPath), process.env.PATH ?? '/usr/bin:/bin'].join(delimiter)
  return { PATH: path, HOME: home, LANG: 'C.UTF-8', TERM: 'xterm', ...more }
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of every command's JSON; the tests check it by use.
export type Json = any

export interface Result {
  code: number | null
  stdout: string
  stderr: string
  /** stdout as JSON; throws when it is not exactly one JSON value. */
  readonly json: Json
}

export function resultOf(code: number | null, stdout: string, stderr: string): Result {
  return {
    code,
    stdout,
    stderr,
    get json() {
      try {
        return JSON.parse(stdout)
      } catch (cause) {
        throw new Error(`no JSON (exit ${code})\nstdout: ${stdout}\nstderr: ${stderr}`, { cause })
      }
    },
  }
}

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

/** The environment in which the built command loads a CommonJS module before itself. */
export const required = (path: string): Env =>
  STANDALONE ? { BUN_OPTIONS: `--preload ${path}` } : requiredByNode(path)
const requiredByNode = (path: string): Env => ({ NODE_OPTIONS: `--require ${path}` })

/** The same for a module by its text, which is put beside the queue. */
export function loading(queue: Queue, module: string): Env {
  const path = join(queue.home, `loaded-${commands++}.cjs`)
  writeFileSync(path, module)
  return required(path)
}

/** A command line: words, or one string that is split at blanks. */
export type Args = string | readonly string[]

export const words = (args: Args): readonly string[] => (typeof args === 'string' ? args.split(' ') : args)

function envOf({ queue, session = 'tester', env = {} }: RunOptions, home: string): Env {
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

/** Starts a process that is killed with its group, at the latest, when the test file ends. */
export function start(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: Env; argv0?: string },
): ChildProcess {
  const child = spawn(program, args, { ...options, stdio: 'pipe', detached: true })
  children.add(child)
  // A child that ends before it has read all of its input is no error of the test.
  child.stdin?.on('error', () => undefined)
  return child
}

/** Waits for a process's end and gives what it wrote. */
export function finished(child: ChildProcess, input?: string | Buffer): Promise<Result> {
  return new Promise((settle, fail) => {
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout!.on('data', chunk => out.push(chunk))
    child.stderr!.on('data', chunk => err.push(chunk))
    child.on('error', fail)
    child.on('close', code => {
      children.delete(child)
      settle(resultOf(code, Buffer.concat(out).toString('utf8'), Buffer.concat(err).toString('utf8')))
    })
    child.stdin!.end(input)
  })
}

export function killGroup(child: ChildProcess): void {
  children.delete(child)
  if (child.pid) killProcess(-child.pid)
}

/** Kills a process, or a group by its negative number; one that is gone already is no error. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until a condition holds; fails, saying for what it waited, after `timeoutMs`. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await pause(5)
  }
}

// --- queues ---------------------------------------------------------------------------------------------

/** The text of an item as people write it. `null` leaves a field out. */
export function item(id: string, fields: Record<string, string | null> = {}): string {
  const all: Record<string, string | null> = {
    id,
    title: `What ${id} is about`,
    status: 'pending',
    priority: 'medium',
    related: '[]',
    locked_by: '""',
    locked_at: '""',
    ...fields,
  }
  const lines = Object.entries(all).flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}`]))
  return `---\n${lines.join('\n')}\n---\n\n# ${id}\n\nText that nobody but its author changes.\n`
}

/** An item that somebody holds. */
export function heldItem(
  id: string,
  by: string,
  at: Date | string,
  fields: Record<string, string | null> = {},
): string {
  const lockedAt = typeof at === 'string' ? at : stampOf(at)
  return item(id, { locked_by: `"${by}"`, locked_at: `"${lockedAt}"`, ...fields })
}

/** `2026-02-16T19:30:05Z` */
export function stampOf(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

/** An instant so far from now: `ago(3 * HOUR)`. */
export const ago = (ms: number): Date => new Date(Date.now() - ms)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export interface LoggedEvent {
  seq: number
  tx: string
  time: string
  type: string
  item: string | null
  session: string | null
  previous_holder: string | null
  reason: string | null
  forced: boolean
}

/** What stays in `.wrk`, and the folders that are empty when nobody is at work. */
const KEPT = ['.gitignore', 'events.jsonl', 'events.1.jsonl', 'events.tail', 'ids.json', 'cache', 'ops']
const PASSED_THROUGH = ['tmp', 'guards', 'outbox', 'conflicts', 'runs', 'moves']

export class Queue {
  /** Removed at the end; HOME of the commands that run on this queue. */
  readonly home: string
  /** The queue's folder. */
  readonly root: string

  constructor(home: string) {
    this.home = home
    this.root = join(home, 'queue')
  }

  /** Runs the built command on this queue. */
  run(args: Args, options: RunOptions = {}): Promise<Result> {
    return run(args, { queue: this, ...options })
  }

  /** Starts the built command on this queue, to be watched and signalled while it runs. */
  start(args: Args, options: RunOptions = {}): Running {
    const env = envOf({ queue: this, ...options }, this.home)
    const child = start(PROGRAM, [...FIRST, ...words(args)], { cwd: options.cwd ?? this.home, env })
    return { pid: child.pid!, end: finished(child, options.input) }
  }

  /** A path in the queue; of an item by its id alone. */
  path(name: string): string {
    return join(this.root, /^[\w.-]+-\d+$/.test(name) ? `pending/${name}.md` : name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  write(name: string, content: string | Buffer): void {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }

  exists(name: string): boolean {
    return existsSync(this.path(name))
  }

  /** The lock as the file holds it, read without wrk. */
  lock(name: string): { by: string | undefined; at: string | undefined } {
    const value = (key: string) => new RegExp(`^${key}: "?([^"\\n]*)"?$`, 'm').exec(this.read(name))?.[1]
    return { by: value('locked_by'), at: value('locked_at') }
  }

  /** session-state.yaml as data, read without wrk. */
  state(): Json {
    return parse(this.read('session-state.yaml'))
  }

  /** One session of session-state.yaml, read without wrk; undefined when it is not listed. */
  session(id: string): Json {
    return this.state().sessions.find((session: Json) => session.session_id === id)
  }

  /** The event log, older part first; throws when a line is not whole. */
  events(): LoggedEvent[] {
    return ['.wrk/events.1.jsonl', '.wrk/events.jsonl'].flatMap(name =>
      this.exists(name)
        ? this.read(name)
            .split('\n')
            .filter(line => line !== '')
            .map(line => JSON.parse(line) as LoggedEvent)
        : [],
    )
  }

  /** What lies in `.wrk` and does not belong there when nobody is at work. */
  leftovers(): string[] {
    const stateDir = join(this.root, '.wrk')
    if (!existsSync(stateDir)) return []
    return readdirSync(stateDir).flatMap(name => {
      if (KEPT.includes(name)) return []
      if (!PASSED_THROUGH.includes(name)) return name
      return readdirSync(join(stateDir, name)).map(entry => `${name}/${entry}`)
    })
  }
}

/**
 * A queue in a fresh temp folder.
 * @param items an id, or a path in the queue such as `done/WRK-1.md` or `wrk.yaml`, and its content;
 *   or ids alone, for free items
 */
export function makeQueue(items: Record<string, string | Buffer> | readonly string[] = []): Queue {
  const queue = new Queue(tempFolder())
  for (const folder of ['pending', 'working', 'blocked', 'done', 'archive'])
    mkdirSync(join(queue.root, folder), { recursive: true })
  const entries = Array.isArray(items) ? items.map(id => [id, item(id)] as const) : Object.entries(items)
  for (const [name, content] of entries) queue.write(name, content)
  return queue
}

// --- commands that wrk runs ------------------------------------------------------------------------------

/** For scripts of bash: `say NAME [TEXT]` leaves a note beside the queue, whole or not at all; `await NAME` waits for one. */
export const NOTES = `say() { printf '%s' "\${2:-.}" >"$HOME/$1.tmp" && mv "$HOME/$1.tmp" "$HOME/$1"; }
await() { until [ -e "$HOME/$1" ]; do sleep 0.02; done; }
`

/** A command for wrk to run: a script of bash that can leave notes. */
export const bash = (script: string): string[] => ['bash', '-c', NOTES + script]

export const noteOf = (queue: Queue, name: string): string => join(queue.home, name)

export function note(queue: Queue, name: string): void {
  writeFileSync(noteOf(queue, name), '.')
}

/** Waits for a note; gives its text. */
export function heard(queue: Queue, name: string): Promise<string> {
  return until(`a note: ${name}`, () =>
    existsSync(noteOf(queue, name)) ? readFileSync(noteOf(queue, name), 'utf8') : null,
  )
}

/** Starts the built command; it is killed with all that it started when the test ends. */
export function startWatched(queue: Queue, args: Args, options: RunOptions = {}): Running {
  const running = queue.start(args, options)
  onTestFinished(() => killProcess(-running.pid))
  return running
}

// --- sessions and processes -----------------------------------------------------------------------------

export interface AnchorData {
  pid: number
  started: string
  boot: string
  pidns: string
  host: string
}

export const HOST = hostLabel(hostname())

/** The anchor of a running process; this one's by default, which is alive as long as the test runs. */
export function anchorOf(pid = process.pid): AnchorData {
  return { pid, started: processFacts(pid)!.started, ...here() }
}

/** The anchor of a process that has just ended. */
export function deadAnchor(): AnchorData {
  const { pid } = spawnSync('true')
  return { pid, started: '1', ...here() }
}

export interface SessionData {
  id: string
  anchor?: AnchorData | null
  agent?: string
  started_at?: Date
  heartbeat_at?: Date | null
  active_wrk?: string
  claims?: { id: string; claimed_at: string; run_id?: string }[]
  ended_at?: Date | null
}

/** session-state.yaml with a registry, in the form of the contract. `top` goes before the list. */
export function registry(sessions: readonly SessionData[], top = ''): string {
  const at = (date: Date | null | undefined) => (date ? `"${stampOf(date)}"` : 'null')
  const entries = sessions.map(
    ({
      id,
      anchor = null,
      agent,
      started_at,
      heartbeat_at = started_at,
      active_wrk,
      claims = [],
      ended_at,
    }) =>
      `  - session_id: "${id}"
    orchestrator_agent: ${agent ? `"${agent}"` : 'null'}
    host: ${anchor ? `"${anchor.host}"` : 'null'}
    anchor: ${anchor ? `{ pid: ${anchor.pid}, started: "${anchor.started}", boot: "${anchor.boot}", pidns: "${anchor.pidns}" }` : 'null'}
    started_at: ${at(started_at)}
    heartbeat_at: ${at(heartbeat_at)}
    active_wrk: ${active_wrk ? `"${active_wrk}"` : 'null'}
    last_stage: null
    claims: [${claims.map(claim => `{ id: ${claim.id}, claimed_at: "${claim.claimed_at}", run_id: ${claim.run_id ?? 'null'} }`).join(', ')}]
    ended_at: ${at(ended_at)}
`,
  )
  const list = sessions.length === 0 ? 'sessions: []\n' : `sessions:\n${entries.join('')}`
  return `${top === '' ? 'session_id: ""\n' : top}${list}`
}

/**
 * Runs many calls of the built command (or of a script for Node), released at the same instant: every process starts, says that it
 * is ready and blocks; when all are ready, one open of a pipe lets all of them go on.
 */
export async function together(
  calls: readonly { args: Args; session?: string | null; env?: Env }[],
  { queue, script }: { queue: Queue; script?: string },
): Promise<Result[]> {
  const folder = tempFolder()
  const gate = join(folder, 'gate')
  const made = spawnSync('mkfifo', [gate])
  if (made.status !== 0) throw new Error(`mkfifo: ${made.error?.message ?? made.stderr}`)
  mkdirSync(join(folder, 'ready'))
  const wait = join(folder, 'wait.cjs')
  writeFileSync(
    wait,
    `const fs = require('node:fs')
fs.writeFileSync(${JSON.stringify(`${join(folder, 'ready')}/`)} + process.pid, '')
fs.closeSync(fs.openSync(${JSON.stringify(gate)}, 'r'))
`,
  )
  const running = calls.map(({ args, session, env = {} }) => {
    const options: RunOptions = {
      queue,
      env: { ...env, ...(script ? requiredByNode(wait) : required(wait)) },
    }
    if (session !== undefined) options.session = session
    return finished(
      start(script ? process.execPath : PROGRAM, [...(script ? [script] : FIRST), ...words(args)], {
        cwd: queue.home,
        env: envOf(options, queue.home),
      }),
    )
  })
  await until('all processes are ready', () => readdirSync(join(folder, 'ready')).length === calls.length)
  // Opened for both, so that it neither blocks nor closes before the last of them has come through.
  const fd = openSync(gate, 'r+')
  try {
    return await Promise.all(running)
  } finally {
    closeSync(fd)
  }
}

/** A long-lived process that runs shell commands one after another: an agent, or what is like one. */
export interface Shell {
  /** Its pid: what a session is anchored to. */
  pid: number
  /** Runs a command in a fresh shell below the process. */
  run(command: string): Promise<Result>
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>
}

export interface Agent extends Shell {
  /** Runs a command as a child of its own, beside the others. */
  stay(command: string): void
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

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

/** The agents above a process, nearest first, as pid and program. */
function agentsAbove(pid: number): string[] {
  const found: string[] = []
  for (let facts = processFacts(pid); facts; facts = processFacts(facts.ppid)) {
    const command = commandLine(facts.pid)
    if (agentOfCommand(command)) found.push(`${facts.pid} ${command[0]}`)
  }
  return found
}

/** Waits until a process is gone, or is only a zombie that nobody has collected yet. */
export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => {
    const facts = processFacts(pid)
    return !facts || facts.state === 'Z' || facts.state === 'X'
  })
}

/**
 * Runs the command below no agent and without a terminal: in a new session, its parents gone. Skips the test
 * aloud where the process that adopts orphans is itself an agent.
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
  if (above.length > 0) {
    console.warn(`SKIPPED: orphans are adopted by an agent on this machine: ${above.join(', ')}`)
    context.skip()
  }
  return resultOf(Number(read('code')), read('out'), read('err'))
}

// --- terminals ------------------------------------------------------------------------------------------

const scriptVersion = spawnSync('script', ['--version'], { encoding: 'utf8' })

/** Whether real pseudo-terminals can be had (util-linux `script`); says so aloud when not. */
export function haveTerminals(): boolean {
  const have = scriptVersion.status === 0 && scriptVersion.stdout.includes('util-linux')
  if (!have)
    console.warn('SKIPPED: tests with real terminals need `script` of util-linux, which is not installed')
  return have
}

export interface Terminal extends Shell {
  /** Runs a command in the terminal's own shell with stdout on the terminal; stderr is kept apart. */
  run(command: string): Promise<Result>
  /** Runs a command with stdout and stderr on the terminal, and gives all that appeared there. */
  screen(command: string): Promise<string>
  /** Types keys, such as `\x03` for Ctrl-C, while a command runs. */
  press(keys: string): void
}

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
  // Its parent goes away first, as a terminal window's does, so that nothing above it tells of who runs the tests.
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
