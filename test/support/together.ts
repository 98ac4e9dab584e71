/** Processes that are released at the same instant. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './clock.ts'
import { finished, start, tempFolder } from './processes.ts'
import { type Env, FIRST, PROGRAM, required, requiredByNode } from './program.ts'
import type { Queue } from './queue.ts'
import type { Result } from './result.ts'
import { type Args, envOf, type RunOptions, words } from './run.ts'

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
