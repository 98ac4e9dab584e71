/** Claims of several hosts: namespaces of this machine with host names and boot ids of their own stand in for them. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Clone, makeClones } from '../support/coordination/clones.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import type { Result } from '../support/result.ts'

const NAMESPACES = ['--uts', '--mount', '--pid', '--fork', '--mount-proc']
const canUnshare = spawnSync('unshare', [...NAMESPACES, 'true']).status === 0

/** A command on a host of that name and boot. */
function on(host: string, boot: string, clone: Clone, words: string, session = clone.name): Promise<Result> {
  const file = join(clone.home, `boot-${boot}`)
  writeFileSync(file, `${boot.repeat(8).slice(0, 8)}-0000-4000-8000-000000000000\n`)
  const script = 'hostname "$1" && mount --bind "$2" /proc/sys/kernel/random/boot_id && shift 2 && exec "$@"'
  const command = [PROGRAM, ...FIRST, ...words.split(' ')]
  const args = [...NAMESPACES, 'sh', '-c', script, 'sh', host, file, ...command]
  const env = cleanEnv(clone.home, { WRK_SESSION_ID: session, GIT_CONFIG_NOSYSTEM: '1' })
  return finished(start('unshare', args, { cwd: clone.top, env }))
}

describe.skipIf(!canUnshare)('two hosts', () => {
  test('tell each other by name who has an item, and neither takes a process of the other for gone', async () => {
    const { all } = await makeClones(['ann', 'bob'])
    const [ann, bob] = all as [Clone, Clone]
    expect(await on('alpha', 'a', ann, 'session start --provider claude')).toMatchObject({ code: 0 })
    expect(await on('alpha', 'a', ann, 'claim WRK-1')).toMatchObject({ code: 0 })
    const refused = await on('beta', 'b', bob, 'claim WRK-1 --json')
    expect(refused).toMatchObject({
      code: 4,
      json: { holder: { session_id: 'ann', host: 'alpha', liveness: 'unknown' } },
    })
    expect((await on('beta', 'b', bob, 'list --locked --json')).json.items).toMatchObject([
      { id: 'WRK-1', elsewhere: { session_id: 'ann', host: 'alpha' } },
    ])
    expect(await on('alpha', 'a', ann, 'release WRK-1')).toMatchObject({ code: 0 })
    expect(await on('beta', 'b', bob, 'claim WRK-1')).toMatchObject({ code: 0 })
  })

  test('of one name, with one session id in both, are two holders all the same', async () => {
    const { all } = await makeClones(['ann', 'bob'])
    const [ann, bob] = all as [Clone, Clone]
    expect(await on('runner', 'a', ann, 'claim WRK-1', 'nightly')).toMatchObject({ code: 0 })
    expect(await on('runner', 'b', bob, 'claim WRK-1', 'nightly')).toMatchObject({ code: 4 })
    expect(await on('runner', 'b', bob, 'release WRK-1 --json', 'nightly')).toMatchObject({
      json: { released: false },
    })
    expect(await on('runner', 'b', bob, 'lock claim n --remote --run-id 7', 'nightly')).toMatchObject({
      code: 0,
    })
    expect(await on('runner', 'a', ann, 'lock claim n --remote --run-id 7', 'nightly')).toMatchObject({
      code: 4,
    })
    // Two clones on one start of one machine that use one session are one holder.
    expect(await on('runner', 'a', bob, 'claim WRK-1', 'nightly')).toMatchObject({ code: 0 })
  })
})
