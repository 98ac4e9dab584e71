/** What the tests of watch have in common. */
import { onTestFinished } from 'vitest'
import { ago, HOUR, until } from '../support/clock.ts'
import { heldItem } from '../support/items.ts'
import { killGroup, start } from '../support/processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../support/program.ts'
import type { Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'

export interface Watcher {
  pid: number
  /** What has come so far, whole lines only, as objects. */
  events: Json[]
  stdout: () => string
  stderr: () => string
  /** Waits for an event with these properties. */
  sees: (what: Json) => Promise<Json>
  /** Ends it with a signal. */
  end: (signal?: NodeJS.Signals) => Promise<number | null>
  ended: Promise<number | null>
}

function matches(event: Json, what: Json): boolean {
  return Object.entries(what).every(([key, value]) =>
    typeof value === 'object' && value !== null
      ? event[key] !== null && event[key] !== undefined && matches(event[key], value)
      : event[key] === value,
  )
}

/**
 * Waits until every watcher with --reap has looked at all items once more: of those that can be freed it takes the first,
 * and this one is the last, so nothing else was to be freed when it is.
 */
export async function reapedAll(queue: Queue, ...watchers: readonly Watcher[]): Promise<void> {
  const id = 'WRK-99999'
  queue.write(id, heldItem(id, 'never-seen', ago(9 * HOUR)))
  // A watcher that first sees it when another has freed it reports a new item that nobody holds.
  for (const { events } of watchers)
    await until(`${id} is free`, () => events.some(({ item, holder }) => item?.id === id && holder === null))
}

/** Starts `wrk watch` and, with --json, waits for its snapshot. */
export async function startWatch(
  queue: Queue,
  args = '--json',
  { env = {}, wrap, quiet = false }: { env?: Env; wrap?: string; quiet?: boolean } = {},
): Promise<Watcher> {
  const all = cleanEnv(queue.home, { WRK_QUEUE: queue.root, ...env })
  const line = `exec ${[PROGRAM, ...FIRST].join(' ')} watch ${args}`
  const child = start('/bin/bash', ['-c', wrap ? wrap.replace('WATCH', line) : line], {
    cwd: queue.home,
    env: all,
  })
  child.stdin!.end()
  const events: Json[] = []
  let [stdout, stderr, whole] = ['', '', 0]
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    if (!args.includes('--json')) return
    for (let end = stdout.indexOf('\n', whole); end >= 0; end = stdout.indexOf('\n', whole)) {
      events.push(JSON.parse(stdout.slice(whole, end)))
      whole = end + 1
    }
  })
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<number | null>(settle => child.on('close', settle))
  onTestFinished(() => killGroup(child))
  const watcher: Watcher = {
    pid: child.pid!,
    events,
    stdout: () => stdout,
    stderr: () => stderr,
    sees: async what => {
      try {
        return await until(JSON.stringify(what), () => events.find(event => matches(event, what)))
      } catch (cause) {
        throw new Error(`${cause}\n${events.map(event => JSON.stringify(event)).join('\n')}\n${stderr}`)
      }
    },
    end: signal => {
      child.kill(signal ?? 'SIGINT')
      return ended
    },
    ended,
  }
  if (args.includes('--json') && !quiet) await watcher.sees({ type: 'snapshot' })
  return watcher
}

/** The whole queue as `wrk list` has it, by path. */
export async function listed(queue: Queue): Promise<Map<string, Json>> {
  const { items } = (await queue.run('list --json')).json
  return new Map(
    items.map(({ path, title, status, locked_by, problems }: Json) => [
      path,
      problems.some(({ blocks }: Json) => blocks) ? 'unreadable' : { title, status, locked_by },
    ]),
  )
}
