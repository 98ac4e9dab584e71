/** What the tests of upheaval have in common. */
import { spawnSync } from 'node:child_process'
import { finished, start } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import type { Queue } from '../support/queue.ts'

// --- another pid namespace ---------------------------------------------------------------------------------

export const namespaces = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], {
  encoding: 'utf8',
})

export const inside = (queue: Queue, script: string) =>
  finished(
    start('unshare', ['--pid', '--fork', '--mount-proc', '/bin/bash', '-c', script], {
      cwd: queue.home,
      env: cleanEnv(queue.home, { WRK_QUEUE: queue.root }),
    }),
  )
