/** Git repositories in temp folders with a queue in them, for the tests of verify and hooks. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { item } from './items.ts'
import { finished, start, tempFolder } from './processes.ts'
import { cleanEnv, type Env } from './program.ts'
import { markAsNew } from './queue.ts'
import type { Result } from './result.ts'
import type { Args } from './run.ts'
import { runCommand } from './served/served-command.ts'
import { registry, type SessionData } from './sessions.ts'

export const IN_QUEUE = join('.claude', 'work-queue')

interface CallOptions {
  /** WRK_SESSION_ID; `tester` unless given, null for none. */
  session?: string | null
  env?: Env
  cwd?: string
}

export class Repository {
  /** The top of the working tree. */
  readonly top: string
  /** The queue, relative to the top. */
  readonly queue: string

  constructor(top: string, queue: string) {
    this.top = top
    this.queue = queue
  }

  /** Runs git to its end. */
  tryGit(args: Args, { session = 'tester', env = {}, cwd = this.top }: CallOptions = {}): Promise<Result> {
    const words = typeof args === 'string' ? args.split(' ') : args
    const own: Env = session === null ? {} : { WRK_SESSION_ID: session }
    return finished(start('git', words, { cwd, env: gitEnv({ ...own, ...env }) }))
  }

  /** Runs git and fails when it does. @returns what it printed */
  async git(args: Args, options: CallOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.tryGit(args, options)
    if (code !== 0) throw new Error(`git ${args} ended with ${code}: ${stdout}${stderr}`)
    return stdout
  }

  /** Runs the built command; it finds the queue from where it is called. */
  wrk(args: Args, { session = 'tester', env = {}, cwd = this.top }: CallOptions = {}): Promise<Result> {
    const words = typeof args === 'string' ? args.split(' ') : args
    const own: Env = session === null ? {} : { WRK_SESSION_ID: session }
    return runCommand(words, { cwd, env: gitEnv({ ...own, ...env }) })
  }

  /** A path from the top; of a pending item by its id alone. */
  path(name: string): string {
    return /^[\w.-]+-\d+$/.test(name) ? join(this.queue, 'pending', `${name}.md`) : name
  }

  read(name: string): string {
    return readFileSync(join(this.top, this.path(name)), 'utf8')
  }

  write(name: string, content: string | Buffer): void {
    const path = join(this.top, this.path(name))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }

  append(name: string, text = 'Another line.\n'): void {
    this.write(name, this.read(name) + text)
  }

  /** Makes these sessions the registry of the queue. */
  sessions(...sessions: SessionData[]): void {
    this.write(join(this.queue, 'session-state.yaml'), registry(sessions))
  }

  /** Stages everything and commits it past all hooks. */
  async commitAll(message = 'everything'): Promise<void> {
    await this.git('add -A')
    await this.git(['commit', '-q', '--no-verify', '--allow-empty', '-m', message])
  }

  /** Stages everything and asks what wrk says of it. */
  async verifyAll(session: string | null = 'tester'): Promise<Result> {
    await this.git('add -A')
    return this.wrk('verify --staged --json', { session })
  }
}

let home: string | undefined

/** Nothing of the machine's own settings; time stands still where a commit's id would depend on it. */
export function gitEnv(more: Env): Env {
  home ??= tempFolder()
  return cleanEnv(home, {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 't',
    GIT_AUTHOR_EMAIL: 't@example.org',
    GIT_COMMITTER_NAME: 't',
    GIT_COMMITTER_EMAIL: 't@example.org',
    GIT_EDITOR: 'true',
    GIT_TERMINAL_PROMPT: '0',
    ...more,
  })
}

/**
 * A repository with a queue.
 * @param items ids of free items in `pending/`, which are committed; null: nothing is committed yet
 */
export async function makeRepository(
  items: readonly string[] | null = ['WRK-1', 'WRK-2', 'WRK-3'],
  { folder = tempFolder(), queue = IN_QUEUE } = {},
): Promise<Repository> {
  const repository = new Repository(folder, queue)
  mkdirSync(folder, { recursive: true })
  await repository.git('init -q -b main')
  for (const status of ['pending', 'working', 'blocked', 'done', 'archive'])
    mkdirSync(join(folder, queue, status), { recursive: true })
  markAsNew(join(folder, queue))
  repository.write(join(queue, '.gitignore'), 'session-state.yaml\n.wrk/\n')
  for (const id of items ?? []) repository.write(id, item(id))
  if (items) await repository.commitAll('the queue')
  return repository
}
