/**
 * Child processes and temp folders. Everything that is made here is gone when the test file ends: processes are killed,
 * then folders removed.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { until } from './clock.ts'
import type { Env } from './program.ts'
import { type Result, resultOf } from './result.ts'

const folders: string[] = []
const children = new Set<ChildProcess>()

/** Agents and terminals' shells, which are in process groups of their own or have lost their parents. */
export const shells = new Set<number>()

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

/** Starts a process that is killed with its group, at the latest, when the test file ends. */
export function start(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: Env; argv0?: string; stdio?: StdioOptions },
): ChildProcess {
  const child = spawn(program, args, { stdio: 'pipe', ...options, detached: true })
  children.add(child)
  // A child that ends before it has read all of its input is not an error of the test.
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

/** Kills a process, or a group by its negative number; one that is gone already is not an error. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until a process is gone, or is only a zombie that another process has not collected yet. */
export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => {
    const facts = processFacts(pid)
    return !facts || (['Z', 'X'].includes(facts.state) && facts.ppid !== process.pid)
  })
}
