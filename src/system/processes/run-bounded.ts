/**
 * Runs a program that may hang: in a process group of its own, all of which ends at a deadline. For programs that
 * ask another machine; its output is kept, its input is empty. Nobody is waited for who inherited the output.
 */
import type { ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, readSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { randomLetters } from '../random.ts'

export interface BoundedOptions {
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  deadlineMs: number
  input?: string | undefined
  /** A folder for files that the output goes to, and that are gone at once: Node makes a pipe in 10 times their time. */
  drafts?: string | undefined
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
  { cwd, env, deadlineMs, input, drafts }: BoundedOptions,
): Promise<BoundedEnd> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const files = drafts === undefined ? null : { stdout: draftIn(drafts), stderr: draftIn(drafts) }
  return new Promise(settle => {
    let timedOut = false
    let notStarted: string | null = null
    const stdin = input === undefined ? 'ignore' : 'pipe'
    const child: ChildProcess = spawn(program, args, {
      cwd,
      env: { ...env },
      stdio: [stdin, files?.stdout ?? 'pipe', files?.stderr ?? 'pipe'],
      detached: true,
    })
    const [out, err] = [collect(child.stdout), collect(child.stderr)]
    const killing: NodeJS.Timeout[] = []
    const deadline = setTimeout(() => {
      timedOut = true
      signalGroup(child.pid, 'SIGTERM')
      killing.push(
        setTimeout(() => {
          signalGroup(child.pid, 'SIGKILL')
          // A grandchild that left the group may still hold the pipes; its words are not waited for.
          child.stdout?.destroy()
          child.stderr?.destroy()
        }, GRACE_MS),
      )
    }, deadlineMs)
    // A program that ends before it has read its input is no error of ours.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
    child.on('error', error => {
      notStarted ??= error.message
    })
    child.on('close', code => {
      clearTimeout(deadline)
      for (const timer of killing) clearTimeout(timer)
      const stdout = files ? textOf(files.stdout) : out()
      const stderr = files ? textOf(files.stderr) : err()
      settle({ code, stdout, stderr, timedOut, notStarted })
    })
  })
}

/** A file that has no name any more: it goes with the last process that has it open. */
function draftIn(folder: string): number {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, randomLetters(12))
  const fd = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return fd
}

/** Reads a draft from its start, and closes it. */
function textOf(fd: number): string {
  try {
    const bytes = Buffer.allocUnsafe(fstatSync(fd).size)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, length)
    return bytes.toString('utf8', 0, length)
  } finally {
    closeSync(fd)
  }
}

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
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
