/** What the tests of lock-run have in common. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../support/clock.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../support/program.ts'
import type { Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'

export const fileOf = (queue: Queue, name = 'nightly_session') =>
  join(queue.root, `.wrk/ops/locks/${name}.lock`)
export const dataOf = (queue: Queue, name?: string): Json =>
  JSON.parse(readFileSync(fileOf(queue, name), 'utf8'))

/** Starts `wrk lock run … -- sh -c SCRIPT` and waits until its command runs, which then has written `pid`. */
export async function running(
  queue: Queue,
  script: string,
  options: readonly string[] = [],
  before = '',
  env: Env = {},
) {
  const pidFile = join(queue.home, `pid-${options.join('')}`)
  const shell = `${before}echo $$ >${pidFile}.tmp; mv ${pidFile}.tmp ${pidFile}; ${script}`
  const child = start(PROGRAM, [...FIRST, 'lock', 'run', ...options, '--', 'sh', '-c', shell], {
    cwd: queue.home,
    env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester', ...env }),
  })
  const ended = finished(child)
  const pid = Number(
    await until('the command runs', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8')),
  )
  return { wrk: child.pid!, pid, ended }
}

/** A command that stays until `stop` is there. */
export const STAY = 'while ! test -e stop; do sleep 0.05; done'
export const stop = (queue: Queue) => writeFileSync(join(queue.home, 'stop'), '')
