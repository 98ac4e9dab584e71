/**
 * Runs a program that may hang: in a process group of its own, all of which ends at a deadline. For programs that
 * ask another machine; its output is kept, its input is empty.
 */
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export interface BoundedOptions {
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  deadlineMs: number
  input?: string | undefined
}

export interface BoundedEnd {
  /** Null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
  timedOut: boolean
  /** Why it could not be started, null when it was. */
  notStarted: string | null
}

/** Ends the group this long after it was asked to. */
const GRACE_MS = 500

/** Runs a program by its arguments, never through a shell, and waits for its end or the deadline. */
export function runBounded(
  program: string,
  args: readonly string[],
  { cwd, env, deadlineMs, input }: BoundedOptions,
): Promise<BoundedEnd> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  return new Promise(settle => {
    let timedOut = false
    let notStarted: string | null = null
    const out: Buffer[] = []
    const err: Buffer[] = []
    const stdin = input === undefined ? 'ignore' : 'pipe'
    const options = { cwd, env: { ...env }, detached: true }
    // Of a list that is made from values, the types do not say that the outputs are pipes.
    const child: ChildProcessByStdio<Writable | null, Readable, Readable> = spawn(program, args, {
      ...options,
      stdio: [stdin, 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'],
    })
    const killing: NodeJS.Timeout[] = []
    const deadline = setTimeout(() => {
      timedOut = true
      signalGroup(child.pid, 'SIGTERM')
      killing.push(
        setTimeout(() => {
          signalGroup(child.pid, 'SIGKILL')
          // A grandchild that left the group may still hold the pipes; its words are not waited for.
          child.stdout.destroy()
          child.stderr.destroy()
        }, GRACE_MS),
      )
    }, deadlineMs)
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    // A program that ends before it has read its input is no error of ours.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
    child.on('error', error => {
      notStarted ??= error.message
    })
    child.on('close', code => {
      clearTimeout(deadline)
      for (const timer of killing) clearTimeout(timer)
      settle({
        code,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
        timedOut,
        notStarted,
      })
    })
  })
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
