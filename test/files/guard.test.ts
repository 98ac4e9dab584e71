/** The guard under crashes, wrong verdicts and programs that do not know it; and the event log that hangs on it. */
import * as fs from 'node:fs'
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { ItemId } from '../../src/core/items/ids.ts'
import { openContext } from '../../src/operations/context.ts'
import { sweepDrafts } from '../../src/store/drafts.ts'
import { type Disk, realDisk } from '../../src/store/files/disk.ts'
import { type GuardHost, type HeldGuard, withGuard } from '../../src/store/files/guard.ts'
import { publish, readOpen } from '../../src/store/files/guarded-file.ts'
import { moveItem } from '../../src/store/items/places/item-move.ts'
import { sleep } from '../../src/system/clock.ts'
import { here, lookAtProcess } from '../../src/system/processes/process.ts'
import { randomLetters } from '../../src/system/random.ts'
import { ago } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import { loading } from '../support/run.ts'
import { anchorOf, deadAnchor } from '../support/sessions.ts'
import { expectClaimSurvivesKills } from './guard.shared.ts'

const KEY = 'wrk-1'

function hostOf(more: Partial<GuardHost> = {}): GuardHost {
  const { pid, started } = anchorOf()
  const self = { pid, started, place: here() }
  return { disk: realDisk, self, look: lookAtProcess, randomLetters, sleep, patienceMs: 20_000, ...more }
}

/** A folder with a file and the state folder of its guard. */
function place(content = 'first\n') {
  const folder = tempFolder()
  const path = join(folder, 'file')
  writeFileSync(path, content)
  return { path, stateDir: join(folder, '.wrk'), conflicts: join(folder, '.wrk', 'conflicts') }
}

type At = ReturnType<typeof place>

/** Reads the file, has `change` decide on its text, and publishes what comes back; null leaves it. */
function rewrite(
  { path, conflicts }: At,
  guard: HeldGuard,
  change: (text: string) => string | null,
  disk: Disk = realDisk,
) {
  const from = readOpen(disk, path)
  try {
    const text = change(from.bytes.toString('utf8'))
    if (text === null) return { conflict: null, published: false }
    const bytes = Buffer.from(text)
    return {
      conflict: publish(disk, guard, { bytes, from, path, durable: true, conflicts }).conflict,
      published: true,
    }
  } finally {
    closeSync(from.fd)
  }
}

/** Leaves a guard (or draft) behind as the process of this anchor would, had it been killed while it held it. */
async function leaveBehind(
  stateDir: string,
  where: 'guards' | 'tmp',
  anchor: { pid: number; started: string },
  host = here(),
) {
  let name = ''
  const self = { pid: anchor.pid, started: anchor.started, place: host }
  await withGuard(hostOf({ self }), stateDir, 'for-the-name', guard => {
    name = guard.name
  })
  const folder = join(stateDir, where, where === 'guards' ? KEY : name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), 'half of what was to be wri')
  return join(folder, name)
}

const emptyFolders = (stateDir: string) =>
  ['tmp', 'guards'].flatMap(name => readdirSync(join(stateDir, name)).map(entry => `${name}/${entry}`))

const ELSEWHERE = { ...here(), host: 'otherbox', boot: '00000000-1111-2222-3333-444444444444' }

describe('a guard that was left behind', () => {
  test('by a process that is gone is revoked, also when the host has a new name since', async () => {
    const at = place()
    await leaveBehind(at.stateDir, 'guards', deadAnchor(), { ...here(), host: 'name-of-yesterday' })
    await withGuard(hostOf({ patienceMs: 0 }), at.stateDir, KEY, guard =>
      rewrite(at, guard, () => 'second\n'),
    )
    expect(readFileSync(at.path, 'utf8')).toBe('second\n')
  })

  test('by a process that is gone is revoked', async () => {
    const at = place()
    await leaveBehind(at.stateDir, 'guards', deadAnchor())
    await withGuard(hostOf({ patienceMs: 0 }), at.stateDir, KEY, guard =>
      rewrite(at, guard, () => 'second\n'),
    )
    expect(readFileSync(at.path, 'utf8')).toBe('second\n')
    expect(emptyFolders(at.stateDir)).toEqual([])
  })

  test('by an earlier process of the same pid is revoked', async () => {
    const at = place()
    await leaveBehind(at.stateDir, 'guards', { pid: process.pid, started: '17' })
    await withGuard(hostOf({ patienceMs: 0 }), at.stateDir, KEY, guard =>
      rewrite(at, guard, () => 'second\n'),
    )
    expect(readFileSync(at.path, 'utf8')).toBe('second\n')
  })

  test('by an earlier boot of this machine is revoked', async () => {
    const at = place()
    const now = { ...here(), machine: 'm1' }
    const then = { ...now, boot: '00000000-1111-2222-3333-444444444444' }
    await leaveBehind(at.stateDir, 'guards', anchorOf(), then)
    const self = { ...hostOf().self, place: now }
    await withGuard(hostOf({ patienceMs: 0, self }), at.stateDir, KEY, guard =>
      rewrite(at, guard, () => 'second\n'),
    )
    expect(readFileSync(at.path, 'utf8')).toBe('second\n')
  })

  test.each([
    ['by a living process', () => anchorOf(), here()],
    ['on another host, where no pid can be judged', deadAnchor, ELSEWHERE],
    ['in another pid namespace, where no pid can be judged', deadAnchor, { ...here(), pidns: '17' }],
  ])('%s is waited for, then BUSY names it; only its age frees it', async (_, anchor, where) => {
    const at = place()
    const { pid, started } = anchor()
    const slot = await leaveBehind(at.stateDir, 'guards', { pid, started }, where)
    const waiting = withGuard(hostOf({ patienceMs: 60 }), at.stateDir, KEY, () => 'had it')
    await expect(waiting).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining(`process ${pid} `),
    })
    expect(existsSync(slot)).toBe(true)
    expect(readFileSync(at.path, 'utf8')).toBe('first\n')

    utimesSync(slot, ago(31_000), ago(31_000))
    expect(await withGuard(hostOf({ patienceMs: 0 }), at.stateDir, KEY, () => 'had it')).toBe('had it')
    expect(emptyFolders(at.stateDir)).toEqual([])
  })

  test('by one and the same holder is waited for ten seconds, whatever patience there is; by others in turn, longer', async () => {
    const at = place()
    await leaveBehind(at.stateDir, 'guards', anchorOf())
    let waited = 0
    const uptime = vi.spyOn(process, 'uptime').mockImplementation(() => waited)
    // A pause is a second of this clock.
    const second = async () => {
      waited++
    }
    const patient = { patienceMs: 30_000, sleep: second }
    await expect(withGuard(hostOf(patient), at.stateDir, KEY, () => 'had it')).rejects.toMatchObject({
      code: 'BUSY',
    })
    expect(waited).toBe(10)

    waited = 0
    const dir = join(at.stateDir, 'guards', KEY)
    const inTurn = async () => {
      await second()
      const [name] = readdirSync(dir)
      renameSync(join(dir, name!), join(dir, `${name}x`))
    }
    await expect(
      withGuard(hostOf({ ...patient, sleep: inTurn }), at.stateDir, KEY, () => 'had it'),
    ).rejects.toMatchObject({ code: 'BUSY' })
    expect(waited).toBe(30)
    uptime.mockRestore()
  })

  test('empty, as a crash after the rename leaves it, is nobody’s', async () => {
    const at = place()
    mkdirSync(join(at.stateDir, 'guards', KEY), { recursive: true })
    mkdirSync(join(at.stateDir, 'tmp'))
    expect(await withGuard(hostOf({ patienceMs: 0 }), at.stateDir, KEY, () => 'had it')).toBe('had it')
  })

  test('is given back by its holder in time for one who waits', async () => {
    const at = place()
    const slot = await leaveBehind(at.stateDir, 'guards', anchorOf())
    let waited = 0
    const host = hostOf({
      sleep: ms => {
        if (++waited === 3) unlinkSync(slot)
        return sleep(ms)
      },
    })
    expect(await withGuard(host, at.stateDir, KEY, () => 'had it')).toBe('had it')
    expect(waited).toBe(3)
  })
})

describe('a holder that is revoked by mistake', () => {
  test.each([
    ['before it writes', (guard: HeldGuard) => unlinkSync(guard.slot)],
    ['together with its folder', (guard: HeldGuard) => fs.rmSync(guard.dir, { recursive: true })],
  ])('%s starts over', async (_, revoke) => {
    const at = place()
    let rounds = 0
    await withGuard(hostOf(), at.stateDir, KEY, guard =>
      rewrite(at, guard, text => {
        if (++rounds === 1) revoke(guard)
        return `${text}second\n`
      }),
    )
    expect([rounds, readFileSync(at.path, 'utf8')]).toEqual([2, 'first\nsecond\n'])
    expect(emptyFolders(at.stateDir)).toEqual([])
  })

  test('between writing and publishing starts over', async () => {
    const at = place()
    let renames = 0
    const disk: Disk = {
      ...realDisk,
      renameSync: (from, to) => {
        if (to === at.path && ++renames === 1) unlinkSync(from)
        renameSync(from, to)
      },
    }
    await withGuard(hostOf(), at.stateDir, KEY, guard => rewrite(at, guard, text => `${text}second\n`, disk))
    expect([renames, readFileSync(at.path, 'utf8')]).toEqual([2, 'first\nsecond\n'])
  })

  test('while another takes the guard and publishes decides again on what that one wrote: one winner', async () => {
    const at = place('free')
    const claim = (name: string, meanwhile: (guard: HeldGuard) => void) =>
      withGuard(hostOf(), at.stateDir, KEY, guard =>
        rewrite(at, guard, text => {
          if (text !== 'free') return null
          meanwhile(guard)
          return name
        }),
      )
    let second: ReturnType<typeof claim> | undefined
    const first = await claim('one', guard => {
      unlinkSync(guard.slot)
      second = claim('two', () => undefined)
    })
    expect([first.published, (await second)?.published]).toEqual([false, true])
    expect(readFileSync(at.path, 'utf8')).toBe('two')
    expect(emptyFolders(at.stateDir)).toEqual([])
  })

  test.each([
    ['its file', (draft: string, name: string) => unlinkSync(join(draft, name))],
    ['all of it', (draft: string) => fs.rmSync(draft, { recursive: true })],
  ])('before it had the guard, and after its draft was swept, %s, tries again', async (_, sweep) => {
    const at = place()
    let renames = 0
    const disk: Disk = {
      ...realDisk,
      renameSync: (from, to) => {
        if (++renames === 1) sweep(String(from), String(from).split('/').at(-1)!)
        renameSync(from, to)
      },
    }
    await withGuard(hostOf({ disk }), at.stateDir, KEY, guard =>
      rewrite(at, guard, text => `${text}second\n`),
    )
    expect(renames).toBeGreaterThan(1)
    expect(readFileSync(at.path, 'utf8')).toBe('first\nsecond\n')
    expect(emptyFolders(at.stateDir)).toEqual([])
  })

  test('while it moves an item, which another then moves, finds it moved', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { status: 'working' }) })
    const { store } = await openContext({ queue: queue.root, env: {} })
    let renames = 0
    const disk: Disk = {
      ...realDisk,
      renameSync: (from, to) => {
        if (from === queue.path('WRK-1') && ++renames === 1) renameSync(from, to)
        renameSync(from, to)
      },
    }
    const id = { key: 'wrk-1', display: 'WRK-1' } as ItemId
    expect(await moveItem({ ...store, host: hostOf({ disk }) }, id, () => 'working')).toBeNull()
    expect([renames, queue.exists('working/WRK-1.md')]).toEqual([1, true])
  })

  test('does not take away the guard of the one that came after it', async () => {
    const at = place()
    let nextSlot = ''
    const first = withGuard(hostOf(), at.stateDir, KEY, guard => {
      if (nextSlot !== '') return
      unlinkSync(guard.slot)
      const next = join(guard.dir, guard.name.replace(/[^.]+$/, 'next'))
      writeFileSync(next, '')
      nextSlot = next
    })
    await first
    expect(existsSync(nextSlot)).toBe(true)
  })
})

describe('a program that does not know the guard and changes the file between reading and publishing', () => {
  const edit = (path: string, text: string, keepTime: boolean) => {
    const { atime, mtime } = statSync(path)
    writeFileSync(path, text)
    if (keepTime) utimesSync(path, atime, mtime)
  }
  test.each([
    ['in place', (path: string) => edit(path, 'edited\n', false)],
    ['in place to the same length', (path: string) => edit(path, 'FIRST\n', false)],
    ['in place to the same length and time', (path: string) => edit(path, 'FIRST\n', true)],
    [
      'by putting another file in its place',
      (path: string) => {
        writeFileSync(`${path}.new`, 'first\n')
        renameSync(`${path}.new`, path)
      },
    ],
    ['its mode', (path: string) => fs.chmodSync(path, 0o600)],
  ])('%s makes the decision be made again', async (_, change) => {
    const at = place()
    let rounds = 0
    let after = ''
    await withGuard(hostOf(), at.stateDir, KEY, guard =>
      rewrite(at, guard, text => {
        if (++rounds === 1) {
          change(at.path)
          after = readFileSync(at.path, 'utf8')
        }
        return `${text}second\n`
      }),
    )
    expect([rounds, readFileSync(at.path, 'utf8')]).toEqual([2, `${after}second\n`])
    expect(existsSync(at.conflicts)).toBe(false)
  })

  test('in the last instant loses nothing: what it wrote is kept', async () => {
    const at = place()
    const disk: Disk = {
      ...realDisk,
      renameSync: (from, to) => {
        if (to === at.path) writeFileSync(at.path, 'last words, longer than before\n')
        renameSync(from, to)
      },
      // A disk may take only a part of the bytes at once.
      writeSync: ((fd: number, data: Buffer, offset: number, length: number, position: number) =>
        fs.writeSync(fd, data, offset, Math.min(7, length), position)) as Disk['writeSync'],
    }
    const { conflict } = await withGuard(hostOf(), at.stateDir, KEY, guard =>
      rewrite(at, guard, () => 'second\n', disk),
    )
    expect(readFileSync(at.path, 'utf8')).toBe('second\n')
    expect(readFileSync(conflict!, 'utf8')).toBe('last words, longer than before\n')
  })

  test('by making a file where there was none makes the decision be made again', async () => {
    const at = place()
    unlinkSync(at.path)
    let rounds = 0
    const bytes = Buffer.from('mine\n')
    await withGuard(hostOf(), at.stateDir, KEY, guard => {
      if (++rounds === 1) {
        writeFileSync(at.path, 'theirs\n')
        publish(realDisk, guard, {
          bytes,
          from: 'absent',
          path: at.path,
          durable: false,
          conflicts: at.conflicts,
        })
      }
    })
    expect([rounds, readFileSync(at.path, 'utf8')]).toEqual([2, 'theirs\n'])
  })
})

test('a disk that takes only a part of the bytes is noticed before anything is published', async () => {
  const at = place()
  const writeSync = ((fd: number, data: Buffer, offset: number, length: number, position: number) =>
    offset > 0 ? 0 : fs.writeSync(fd, data, offset, Math.min(3, length), position)) as Disk['writeSync']
  const writing = withGuard(hostOf(), at.stateDir, KEY, guard =>
    rewrite(at, guard, () => 'second\n', { ...realDisk, writeSync }),
  )
  await expect(writing).rejects.toMatchObject({ code: 'IO' })
  expect(readFileSync(at.path, 'utf8')).toBe('first\n')
  expect(emptyFolders(at.stateDir)).toEqual([])
})

test('many async callers of one process that each add a line lose none', async () => {
  const at = place('')
  const count = 40
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      withGuard(hostOf(), at.stateDir, KEY, guard => rewrite(at, guard, text => `${text}${i}\n`)),
    ),
  )
  const lines = readFileSync(at.path, 'utf8').trim().split('\n').map(Number)
  expect(lines.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
})

describe('what dead processes left in .wrk/tmp', () => {
  test('is removed; drafts of living and unknown processes stay', async () => {
    const { stateDir } = place()
    const dead = await leaveBehind(stateDir, 'tmp', deadAnchor())
    const living = await leaveBehind(stateDir, 'tmp', anchorOf())
    const elsewhere = await leaveBehind(stateDir, 'tmp', deadAnchor(), ELSEWHERE)
    mkdirSync(join(stateDir, 'tmp', 'whatever'))
    sweepDrafts(hostOf(), stateDir)
    expect([dead, living, elsewhere].map(path => existsSync(path))).toEqual([false, true, true])
    expect(readdirSync(join(stateDir, 'tmp'))).toHaveLength(3)
  })

  test('is removed by the next claim, whether its session was seen within the minute or not', async () => {
    const queue = makeQueue(['WRK-1'])
    for (const _ of ['new', 'seen']) {
      await leaveBehind(join(queue.root, '.wrk'), 'tmp', deadAnchor())
      expect(queue.leftovers()).toHaveLength(1)
      await queue.run('claim WRK-1')
      expect(queue.leftovers()).toEqual([])
    }
  })
})

test('a claim that is killed leaves the old or the new file, and the next claim works', () =>
  expectClaimSurvivesKills(12))

test('an edit in the very instant of a claim is kept, and the claim says where', async () => {
  const queue = makeQueue(['WRK-1'])
  const env = loading(
    queue,
    `const fs = require('node:fs')
const real = fs.renameSync
fs.renameSync = (from, to) => {
  if (to === ${JSON.stringify(queue.path('WRK-1'))}) fs.appendFileSync(to, 'A last line.\\n')
  return real(from, to)
}
`,
  )
  const edited = `${queue.read('WRK-1')}A last line.\n`
  const claim = await queue.run('claim WRK-1', { env })
  expect(claim.code).toBe(0)
  const [kept] = queue.leftovers()
  expect(kept).toMatch(/^conflicts\/WRK-1\.md/)
  expect(claim.stderr).toContain(join(queue.root, '.wrk', kept!))
  expect(queue.read(`.wrk/${kept}`)).toBe(edited)
})
