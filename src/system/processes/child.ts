/**
 * Runs a command of the user's: it has the terminal and every signal, and can be stopped with all that it
 * started. The child stays in this process group, so that the terminal's own signals reach it directly.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { sleep } from '../clock.ts'
import { lookAtProcess, processFacts } from './process.ts'

export interface ChildOptions {
  /** Without it this process's own, which may have been removed. */
  cwd?: string | undefined
  env: Readonly<Record<string, string | undefined>>
  /** Where the child's stdout goes: `stderr` keeps ours for one JSON object. */
  stdout: 'inherit' | 'stderr'
  /** Stops it, with all that it started. */
  signal?: AbortSignal | undefined
}

export type ChildEnd =
  | { kind: 'exited'; code: number; stopped: boolean }
  | { kind: 'killed'; signal: NodeJS.Signals; stopped: boolean }
  /** It could not be started; the message says why, for people, and the code is a shell's for that. */
  | { kind: 'notStarted'; message: string; code: 126 | 127 }

/** Asked to end, a child has this long before it is killed. */
const GRACE_MS = 5_000
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
const FORWARDED: readonly NodeJS.Signals[] = [...ENDING, 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH']
/** What a terminal sends to the whole process group by itself; forwarding it would make it arrive twice. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH']

/**
 * Starts a command and waits for its end.
 * @param argv program and arguments; no shell
 * @returns how it ended; `stopped` when `signal` asked for it
 */
export function runChild(argv: readonly string[], options: ChildOptions): Promise<ChildEnd> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const [program = '', ...args] = argv
  return new Promise(settle => {
    let stopped = false
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['inherit', options.stdout === 'stderr' ? 2 : 'inherit', 'inherit'],
    })
    const forward = (signal: NodeJS.Signals): void => {
      if (!(FROM_TERMINAL.includes(signal) && isReachedByTerminal(child.pid))) child.kill(signal)
    }
    for (const signal of FORWARDED) process.on(signal, forward)
    let killing: NodeJS.Timeout | undefined
    let family: number[] = []
    const stop = (): void => {
      stopped = true
      family = withDescendants(child.pid)
      signalAll(family, 'SIGTERM')
      killing = setTimeout(() => {
        signalAll([...family, ...withDescendants(child.pid)], 'SIGKILL')
        killing = undefined
      }, GRACE_MS)
    }
    options.signal?.addEventListener('abort', stop, { once: true })
    const end = async (how: ChildEnd): Promise<void> => {
      options.signal?.removeEventListener('abort', stop)
      // What it had started was asked to end too, and has the same time for it.
      while (stopped && killing && family.some(isThere)) await sleep(20)
      clearTimeout(killing)
      for (const signal of FORWARDED) process.off(signal, forward)
      settle(how)
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      // One that runs and may not be signalled (sudo) is an error too, and no end.
      if (child.pid === undefined)
        end({ kind: 'notStarted', message: whyNotStarted(error), code: error.code === 'ENOENT' ? 127 : 126 })
    })
    child.on('exit', (code, signal) =>
      end(
        signal === null ? { kind: 'exited', code: code ?? 0, stopped } : { kind: 'killed', signal, stopped },
      ),
    )
  })
}

function whyNotStarted({ syscall, code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such program'
  if (code === 'EACCES') return 'permission denied'
  // As Node says it: `spawn NAME E2BIG`.
  return syscall && code ? `${syscall} ${code}` : message
}

/** Notes signals in place of dying of them, so that what was taken can be given back. */
export interface Signals {
  /** The first that asks to end; null when there was none. */
  received: () => NodeJS.Signals | null
  /** Signals end this process again. */
  stop: () => void
}

export function catchSignals(): Signals {
  let first: NodeJS.Signals | null = null
  const note = (signal: NodeJS.Signals): void => {
    first ??= signal
  }
  for (const signal of ENDING) process.on(signal, note)
  return {
    received: () => first,
    stop: () => {
      for (const signal of ENDING) process.off(signal, note)
    },
  }
}

/** The code that a shell gives for how a command ended. */
export function exitCodeOf(end: ChildEnd): number {
  return end.kind === 'killed' ? codeOfSignal(end.signal) : end.code
}

export function codeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (process.getBuiltinModule('node:os').constants.signals[signal] ?? 0)
}

/**
 * Whether the terminal's signals reach a child by themselves: we are in the foreground, and it has stayed in our
 * process group. Looking at `process.stdin` would show less, and make a pipe that the child reads non-blocking.
 */
function isReachedByTerminal(child: number | undefined): boolean {
  if (process.platform !== 'linux') return process.getBuiltinModule('node:tty').isatty(0)
  const own = groupsOf('self')
  return own !== null && own.group === own.foreground && groupsOf(child ?? 0)?.group === own.group
}

/** A process's group and the foreground group of its terminal, -1 without one. */
function groupsOf(pid: number | 'self'): { group: number; foreground: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Field numbers of proc(5) less 3: pgrp 5, tpgid 8.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { group: Number(fields[2]), foreground: Number(fields[5]) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
    return null
  }
}

/** A process that has ended but was not waited for is not there any more. */
function isThere(pid: number): boolean {
  const { kind } = lookAtProcess(pid)
  return kind === 'running' || kind === 'unknown'
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ESRCH' && code !== 'EPERM') throw error
    }
}

/** A process and all that descend from it, as far as the system shows; itself alone elsewhere than on Linux. */
function withDescendants(root: number | undefined): number[] {
  if (root === undefined) return []
  if (process.platform !== 'linux') return [root]
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const facts = /^\d+$/.test(name) ? processFacts(Number(name)) : null
    if (facts) parents.set(facts.pid, facts.ppid)
  }
  const family = [root]
  for (const member of family)
    for (const [pid, ppid] of parents) if (ppid === member && !family.includes(pid)) family.push(pid)
  return family
}
