/** Clones of one repository whose queue is coordinated, for tests through the built command. */
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { item } from '../items.ts'
import { finished, killGroup, start, tempFolder } from '../processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../program.ts'
import type { Result } from '../result.ts'
import { type Args, words } from '../run.ts'
import { runCommand } from '../served/served-command.ts'
import { bareRepository, git } from './servers.ts'

export const QUEUE = join('.claude', 'work-queue')
/** The queue's name in refs. */
const QUEUE_REF = '%2Eclaude%2Fwork-queue'

export class Clone {
  readonly name: string
  readonly top: string
  readonly home: string

  constructor(name: string, top: string, home: string) {
    this.name = name
    this.top = top
    this.home = home
  }

  /** Runs the built command as this clone's session, called like the clone. */
  wrk(args: Args, { session = this.name, env = {} }: { session?: string; env?: Env } = {}): Promise<Result> {
    const all = cleanEnv(this.home, { WRK_SESSION_ID: session, GIT_CONFIG_NOSYSTEM: '1', ...env })
    return runCommand(words(args), { cwd: this.top, env: all })
  }

  /** Runs git in the clone as this session, as its user would: with the clone's hooks. */
  git(args: Args, { session = this.name }: { session?: string } = {}): Promise<Result> {
    const env = cleanEnv(this.home, { WRK_SESSION_ID: session, GIT_CONFIG_NOSYSTEM: '1' })
    return finished(start('git', words(args), { cwd: this.top, env }))
  }

  /** Changes an item's file, and commits it. */
  async commit(id: string, message: string | readonly string[]): Promise<Result> {
    const path = this.path(`pending/${id}.md`)
    appendFileSync(path, `\nmore of it, by ${this.name}\n`)
    await this.git(['add', path])
    return this.git(['commit', '-m', ...[message].flat()])
  }

  /** Starts a command that goes on until it is stopped. */
  start(args: Args): { lines(): string[]; stop(): Promise<Result>; kill(): Promise<Result> } {
    const env = cleanEnv(this.home, { WRK_SESSION_ID: this.name, GIT_CONFIG_NOSYSTEM: '1' })
    const child = start(PROGRAM, [...FIRST, ...words(args)], { cwd: this.top, env })
    let text = ''
    child.stdout!.on('data', chunk => {
      text += chunk
    })
    const end = finished(child)
    return {
      lines: () => text.split('\n').slice(0, -1),
      stop: () => {
        child.kill('SIGTERM')
        return end
      },
      /** With all that it started. */
      kill: () => {
        killGroup(child)
        return end
      },
    }
  }

  path(name: string): string {
    return join(this.top, QUEUE, name)
  }
}

export class Clones {
  readonly bare: string
  readonly all: readonly Clone[]

  constructor(bare: string, all: readonly Clone[]) {
    this.bare = bare
    this.all = all
  }

  /** The subjects of the commits of a claim, the first one first. */
  history(key: string, kind = 'claims'): string[] {
    const ref = `refs/wrk/${kind}/${QUEUE_REF}/${key}`
    return git(this.bare, 'log', '--reverse', '--format=%s', ref).trim().split('\n')
  }

  /** Does something while nobody can reach the remote. */
  async unreachable<T>(act: () => Promise<T>): Promise<T> {
    renameSync(this.bare, `${this.bare}.away`)
    try {
      return await act()
    } finally {
      renameSync(`${this.bare}.away`, this.bare)
    }
  }
}

/** @param names of the clones, and of their sessions */
export async function makeClones(
  names: readonly string[],
  {
    items = ['WRK-1', 'WRK-2', 'WRK-3'] as readonly string[],
    settings = '',
    url = (bare: string) => bare,
  } = {},
): Promise<Clones> {
  const bare = bareRepository()
  const home = tempFolder()
  const first = join(home, 'seed')
  mkdirSync(first)
  git(first, 'init', '--quiet', '--initial-branch=main', '.')
  for (const folder of ['pending', 'working', 'blocked', 'done', 'archive']) {
    mkdirSync(join(first, QUEUE, folder), { recursive: true })
    writeFileSync(join(first, QUEUE, folder, '.gitkeep'), '')
  }
  writeFileSync(join(first, QUEUE, '.gitignore'), 'session-state.yaml\n.wrk/\n')
  const coordination = `coordination:\n  engine: git\n  remote: origin\n${settings}`
  writeFileSync(join(first, QUEUE, 'wrk.yaml'), coordination)
  for (const id of items) writeFileSync(join(first, QUEUE, 'pending', `${id}.md`), item(id))
  git(first, 'add', '-A')
  git(first, 'commit', '--quiet', '-m', 'the queue')
  git(first, 'push', '--quiet', bare, 'HEAD:refs/heads/main')
  const all = names.map(name => {
    const top = join(home, name)
    git(home, 'clone', '--quiet', bare, name)
    git(top, 'config', 'user.name', name)
    git(top, 'config', 'user.email', `${name}@example.org`)
    git(top, 'config', 'remote.origin.url', url(bare))
    appendFileSync(join(top, '.git', 'info', 'exclude'), '')
    return new Clone(name, top, home)
  })
  return new Clones(bare, all)
}
