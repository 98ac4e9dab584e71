/** A queue without coordination pays nothing for it: no file of it is looked for, and no program is started. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Clone, makeClones } from '../support/coordination/clones.ts'
import { haveStrace } from '../support/faults/system-calls.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'

/** The paths that a command names to the system, and the programs that it starts. */
function touched(clone: Clone, words: string): string[] {
  const trace = join(clone.home, 'trace')
  spawnSync(
    'strace',
    ['-f', '-qq', '-o', trace, '-e', 'trace=%file', PROGRAM, ...FIRST, ...words.split(' ')],
    {
      cwd: clone.top,
      env: cleanEnv(clone.home, { WRK_SESSION_ID: clone.name, GIT_CONFIG_NOSYSTEM: '1' }),
    },
  )
  return [...readFileSync(trace, 'utf8').matchAll(/\b(execve|[a-z0-9]+)\([^"\n]*"([^"]*)"/g)].map(
    ([, call, path]) => (call === 'execve' ? `runs ${path}` : path!),
  )
}

const OF_COORDINATION = /shared-|coordination|\/objects\/|^runs .*\/git$/

test.skipIf(!haveStrace())(
  'no file of coordination is looked for where wrk.yaml does not ask for it',
  async () => {
    const { all } = await makeClones(['ann'])
    const [ann] = all as [Clone]
    // What is looked for is found by this test: with coordination there is something.
    expect(touched(ann, 'claim WRK-1').filter(path => OF_COORDINATION.test(path)).length).toBeGreaterThan(5)
    writeFileSync(ann.path('wrk.yaml'), 'ttl: 2h\n')
    for (const words of ['claim WRK-2', 'heartbeat', 'list', 'show WRK-2', 'status', 'next', 'release WRK-2'])
      expect(
        touched(ann, words).filter(path => OF_COORDINATION.test(path.replace(ann.home, ''))),
        words,
      ).toEqual([])
  },
)
