/**
 * A client that is killed with SIGKILL in the middle of a claim: at each system call by which it changes something, and
 * around its push. Whatever is left, the next command settles it, and there is one holder.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { violations } from '../support/coordination/checker.ts'
import { type Clone, type Clones, makeClones } from '../support/coordination/clones.ts'
import { git } from '../support/coordination/servers.ts'
import { haveStrace } from '../support/faults/system-calls.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'

const IDS = Array.from({ length: 60 }, (_, i) => `WRK-${i + 1}`)
/** What changes something here, or makes it last. */
const CALLS = ['rename', 'mkdir', 'unlink', 'rmdir', 'fsync', 'utimensat', 'ftruncate'] as const

async function meeting() {
  const clones = await makeClones(['ann', 'bob'], { items: IDS })
  const [ann, bob] = clones.all as [Clone, Clone]
  expect((await ann.wrk('coordination probe')).code).toBe(0)
  expect((await ann.wrk(`claim ${IDS[0]}`)).code).toBe(0)
  return { clones, ann, bob }
}

/** The claim of the one that was killed can be made again, holds for all, and is given back. */
async function isSettled({ bare }: Clones, ann: Clone, bob: Clone, id: string): Promise<void> {
  expect(await ann.wrk(`claim ${id}`), id).toMatchObject({ code: 0 })
  expect(await bob.wrk(`claim ${id}`), id).toMatchObject({ code: 4 })
  expect(await ann.wrk(`release ${id}`), id).toMatchObject({ code: 0 })
  expect(await bob.wrk(`claim ${id}`), id).toMatchObject({ code: 0 })
  expect(violations(bare, [])).toEqual([])
}

describe.skipIf(!haveStrace())('a client that is killed', () => {
  test('at each system call that changes something leaves nothing that the next command does not settle', async () => {
    const { clones, ann, bob } = await meeting()
    const trace = join(ann.home, 'trace')
    // Only the client itself is traced: git goes on by itself, as it would.
    const traced = (id: string, ...more: string[]) =>
      spawnSync('strace', ['-qq', '-o', trace, ...more, PROGRAM, ...FIRST, 'claim', id], {
        cwd: ann.top,
        env: cleanEnv(ann.home, { WRK_SESSION_ID: 'ann', GIT_CONFIG_NOSYSTEM: '1' }),
      })
    traced(IDS[1]!, '-e', `trace=${CALLS.map(name => `?${name}`).join()}`)
    const made = readFileSync(trace, 'utf8').split('\n')
    const points = CALLS.flatMap(name =>
      made.filter(line => line.startsWith(`${name}(`)).map((_, i) => ({ name, nth: i + 1 })),
    )
    expect(points.length).toBeGreaterThan(15)
    let killed = 0
    for (const [i, { name, nth }] of points.slice(0, IDS.length - 2).entries()) {
      const id = IDS[i + 2]!
      const end = traced(id, '-e', `trace=${name}`, '-e', `inject=${name}:signal=KILL:when=${nth}`)
      if (end.signal === 'SIGKILL' || end.status === 137) killed++
      await isSettled(clones, ann, bob, id)
    }
    expect(killed).toBeGreaterThan(15)
  }, 1_200_000)

  test.each([
    ['before git pushes, which then pushes all the same', 'kill -9 $PPID; exec "$real" "$@"'],
    ['with git, before anything is pushed', 'kill -9 $PPID; exit 1'],
    ['after git has pushed, before it hears of it', '"$real" "$@"; kill -9 $PPID'],
  ])('%s', async (_, act) => {
    const { clones, ann, bob } = await meeting()
    const real = `${git(ann.home, '--exec-path').trim()}/git`
    const wrapper = join(ann.home, 'bin', 'git')
    const once = join(ann.home, 'once')
    const script = `#!/bin/sh\nreal='${real}'\ncase " $* " in\n*" push "*) if [ ! -e '${once}' ]; then : >'${once}'; ${act}; exit; fi ;;\nesac\nexec "$real" "$@"\n`
    writeFileSync(wrapper, script, { mode: 0o755 })
    expect((await ann.wrk(`claim ${IDS[2]}`)).code).not.toBe(0)
    await isSettled(clones, ann, bob, IDS[2]!)
  })
  test('whose push arrives while the next command takes its place: the item is free, not kept by nobody', async () => {
    const { clones, ann, bob } = await meeting()
    const real = `${git(ann.home, '--exec-path').trim()}/git`
    const [late, twice] = ['late', 'twice'].map(name => join(ann.home, name))
    // The first push comes through just before the second one, which is the tombstone in its place.
    const script = `#!/bin/sh
case " $* " in
*" push "*)
  if [ ! -e '${late}' ]; then printf '%s\\n' "$@" >'${late}'; kill -9 $PPID; exit 1; fi
  if [ ! -e '${twice}' ]; then : >'${twice}'; xargs -d '\\n' '${real}' <'${late}'; fi ;;
esac
exec '${real}' "$@"
`
    writeFileSync(join(ann.home, 'bin', 'git'), script, { mode: 0o755 })
    expect((await ann.wrk(`claim ${IDS[3]}`)).code).not.toBe(0)
    expect(await ann.wrk('heartbeat')).toMatchObject({ code: 0 })
    expect(clones.history('wrk-4')).toEqual(['Claim WRK-4 (ann)', 'Release WRK-4 (ann)'])
    expect(await bob.wrk(`claim ${IDS[3]}`)).toMatchObject({ code: 0 })
    expect(violations(clones.bare, [])).toEqual([])
  })
})
