/** Queues in fresh temp folders, and what is in them, read without wrk. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { item } from './items.ts'
import { finished, start, tempFolder } from './processes.ts'
import { FIRST, PROGRAM } from './program.ts'
import type { Json, Result } from './result.ts'
import { type Args, envOf, type Running, type RunOptions, run, words } from './run.ts'

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
const KEPT = [
  ...[
    '.gitignore',
    'events.jsonl',
    'events.1.jsonl',
    'events.tail',
    'ids.json',
    'cache',
    'ops',
    'state.json',
  ],
  ...['claims', 'held', 'sessions', 'anchors', 'session-state.json', 'hooks', 'agent-hook.sh', 'names'],
]
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

  /** The record of an item as data, read without wrk; null when it has none. */
  record(id: string): Json | null {
    const name = `.wrk/claims/${id.toLowerCase()}`
    return this.exists(name) ? (JSON.parse(this.read(name)) as Json) : null
  }

  /** session-state.yaml as data, read without wrk. */
  state(): Json {
    return parse(this.read('session-state.yaml'))
  }

  /**
   * One session, read without wrk: as session-state.yaml lists it, with what its own file and its claims say now;
   * undefined when it is not listed.
   */
  session(id: string): Json {
    const listed = this.state().sessions.find((session: Json) => session.session_id === id)
    const own = this.filesOf('sessions').find(({ session_id }) => session_id === id)
    if (!listed || !own) return listed
    const claims = this.filesOf('held')
      .filter(({ session }) => session === id)
      .map(({ id, claimed_at, run_id }) => ({ id, claimed_at, run_id }))
      .sort((a, b) => (a.claimed_at < b.claimed_at ? -1 : a.claimed_at > b.claimed_at ? 1 : 0))
    const { heartbeat_at, ended_at, listed: before } = own
    const now = before && claims.length === 0 ? {} : { claims, active_wrk: claims.at(-1)?.id ?? null }
    return { ...listed, heartbeat_at, ended_at, ...now }
  }

  /** What wrk has written into `.wrk`, but for the note that `wrk init` leaves there. */
  stateFiles(): string[] {
    return readdirSync(join(this.root, '.wrk')).filter(name => name !== 'state.json')
  }

  /** What the files in `.wrk/FOLDER`, or one folder deeper, hold. */
  private filesOf(folder: string): Json[] {
    const path = join(this.root, '.wrk', folder)
    if (!existsSync(path)) return []
    const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    return files.map(entry => JSON.parse(readFileSync(join(entry.parentPath, entry.name), 'utf8')) as Json)
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

  /** What is in `.wrk` and does not belong there when nobody is at work. */
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

/** Leaves `.wrk` as `wrk init` does in a new queue: there are no earlier claims that a grant would have to warn of. */
export function markAsNew(root: string): void {
  mkdirSync(join(root, '.wrk'), { recursive: true })
  const state = { root: realpathSync(root), made_at: '2026-01-01T00:00:00Z', made_by: 'init' }
  writeFileSync(join(root, '.wrk', 'state.json'), JSON.stringify(state))
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
  const hasState = !Array.isArray(items) && '.wrk' in items
  if (!hasState) markAsNew(queue.root)
  const entries = Array.isArray(items) ? items.map(id => [id, item(id)] as const) : Object.entries(items)
  for (const [name, content] of entries) queue.write(name, content)
  return queue
}
