/** The guard's own parts, in this process alone: names and verdicts, waiting, and what it leaves behind. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Disk, realDisk } from '../../src/store/files/disk.ts'
import { StartOver, withGuard } from '../../src/store/files/guard.ts'
import { failure, hostOf, KEY, MARK, stateFolder, stopClock } from './guard-alone.shared.ts'

const LIVING = `4242.81423977.9f3c1a2b.4026531836.${MARK}.rrrrrrrr0`

/** Runs something as if on another system. */
async function on<T>(platform: NodeJS.Platform, act: () => Promise<T>): Promise<T> {
  const real = Object.getOwnPropertyDescriptor(process, 'platform')!
  Object.defineProperty(process, 'platform', { ...real, value: platform })
  try {
    return await act()
  } finally {
    Object.defineProperty(process, 'platform', real)
  }
}

describe('taking a guard', () => {
  const refusing = (code: string, calls: string[] = []): Disk => ({
    ...realDisk,
    renameSync: () => {
      calls.push('rename')
      throw failure(code)
    },
    rmdirSync: path => {
      calls.push('rmdir')
      realDisk.rmdirSync(path)
    },
  })

  test('moves a draft from tmp to the place of its key', async () => {
    const { stateDir, dir } = stateFolder()
    const moves: string[][] = []
    const disk: Disk = {
      ...realDisk,
      renameSync: (from, to) => {
        moves.push([String(from), String(to)])
        realDisk.renameSync(from, to)
      },
    }
    const name = await withGuard(hostOf({ disk }), stateDir, KEY, guard => guard.name)
    expect(moves).toEqual([[join(stateDir, 'tmp', name), dir]])
  })

  test('from a dead holder needs no second attempt', async () => {
    const { stateDir, occupy, dir } = stateFolder()
    const slot = occupy(LIVING)
    const host = hostOf({ look: () => ({ kind: 'gone' }) })
    expect(await withGuard(host, stateDir, KEY, guard => [guard.dir, existsSync(slot)])).toEqual([dir, false])
  })

  test.each(['ENOTEMPTY', 'EEXIST'])('is waited for, where the system says %s', async code => {
    const { stateDir } = stateFolder()
    const taking = withGuard(hostOf({ disk: refusing(code) }), stateDir, KEY, () => 0)
    await expect(taking).rejects.toMatchObject({ code: 'BUSY' })
  })

  test('is waited for on Windows where that says EPERM, and nowhere else', async () => {
    const take = (platform: NodeJS.Platform, code: string) =>
      on(platform, () => withGuard(hostOf({ disk: refusing(code) }), stateFolder().stateDir, KEY, () => 0))
    await expect(take('win32', 'EPERM')).rejects.toMatchObject({ code: 'BUSY' })
    await expect(take('win32', 'EACCES')).rejects.toThrow('EACCES')
    await expect(take('linux', 'EPERM')).rejects.toThrow('EPERM')
  })

  test('on Windows removes an empty folder in its place first, and only there', async () => {
    const steps = async (platform: NodeJS.Platform, removing?: string) => {
      const { stateDir, dir } = stateFolder()
      mkdirSync(dir)
      const calls: string[] = []
      const disk: Disk = {
        ...realDisk,
        renameSync: (from, to) => {
          calls.push('rename')
          realDisk.renameSync(from, to)
        },
        rmdirSync: path => {
          calls.push('rmdir')
          if (removing && calls.length === 1) throw failure(removing)
          realDisk.rmdirSync(path)
        },
      }
      await on(platform, () => withGuard(hostOf({ disk }), stateDir, KEY, () => 0))
      return calls
    }
    expect(await steps('win32')).toEqual(['rmdir', 'rename', 'rmdir'])
    expect(await steps('linux')).toEqual(['rename', 'rmdir'])
    // It may have gone, or be held, by then: the rename shows.
    for (const code of ['ENOENT', 'ENOTEMPTY', 'EPERM'])
      expect(await steps('win32', code)).toEqual(['rmdir', 'rename', 'rmdir'])
    await expect(steps('win32', 'EIO')).rejects.toThrow('EIO')
  })

  test('fails when the folders of .wrk are gone for good', async () => {
    const { stateDir } = stateFolder()
    const lstatSync = (() => {
      throw failure('ENOENT')
    }) as unknown as Disk['lstatSync']
    const disk = { ...refusing('ENOENT'), lstatSync }
    await expect(withGuard(hostOf({ disk, patienceMs: 60_000 }), stateDir, KEY, () => 0)).rejects.toThrow(
      'ENOENT',
    )
  })
})

describe('waiting', () => {
  test('is jittered and capped, and ends when the guard is free', async () => {
    const { stateDir, occupy } = stateFolder()
    const slot = occupy(LIVING)
    const pauses: number[] = []
    const host = hostOf({
      patienceMs: 60_000,
      sleep: async ms => {
        if (pauses.push(ms) === 60) realDisk.unlinkSync(slot)
        if (pauses.length > 100) throw new Error('waits for ever')
      },
    })
    expect(await withGuard(host, stateDir, KEY, () => 'had it')).toBe('had it')
    expect(pauses).toHaveLength(60)
    for (const [attempt, ms] of pauses.entries()) {
      expect(ms).toBeGreaterThanOrEqual(1)
      expect(ms).toBeLessThanOrEqual(1 + Math.min(128, 2 ** attempt))
    }
    // 52 pauses of up to 129 ms that all were short would be a chance of one in 10^15.
    expect(Math.max(...pauses)).toBeGreaterThan(65)
    expect(new Set(pauses).size).toBeGreaterThan(30)
  })

  test('makes no useless draft while another holds the guard', async () => {
    const { stateDir, occupy } = stateFolder()
    const slot = occupy(LIVING)
    let drafts = 0
    let pauses = 0
    const mkdirSync = ((path: string, options?: object) => {
      drafts++
      return realDisk.mkdirSync(path, options)
    }) as Disk['mkdirSync']
    const sleep = async () => {
      if (++pauses === 20) realDisk.unlinkSync(slot)
      if (pauses > 100) throw new Error('waits for ever')
    }
    await withGuard(
      hostOf({ disk: { ...realDisk, mkdirSync }, patienceMs: 60_000, sleep }),
      stateDir,
      KEY,
      () => 0,
    )
    // The first attempt hopes for the best, and the last one has the guard.
    expect(drafts).toBe(2)
  })

  test('that timed out says who holds the guard and since when, and leaves nothing', async () => {
    const { stateDir, entries, occupy, dir } = stateFolder()
    stopClock()
    occupy(LIVING, 12_000)
    await expect(withGuard(hostOf(), stateDir, KEY, () => 0)).rejects.toMatchObject({
      code: 'BUSY',
      message: 'timed out waiting to write wrk-1: process 4242 has held it for 12s',
      hint: 'Try again in a moment.',
      details: { guard: dir },
    })
    expect(entries('tmp')).toEqual([])
  })

  test('that timed out on a guard that is never the same says so', async () => {
    const { stateDir } = stateFolder()
    const disk = {
      ...realDisk,
      renameSync: () => {
        throw failure('ENOTEMPTY')
      },
    }
    await expect(withGuard(hostOf({ disk }), stateDir, KEY, () => 0)).rejects.toMatchObject({
      code: 'BUSY',
      message: 'timed out waiting to write wrk-1: many processes write it',
    })
  })
})

describe('work under a guard', () => {
  test('is done again after StartOver, and only then; the guard is given back each time', async () => {
    const { stateDir, entries } = stateFolder()
    let rounds = 0
    const result = await withGuard(hostOf({ patienceMs: 60_000 }), stateDir, KEY, guard => {
      expect(entries('guards')).toEqual([KEY])
      expect(readdirSync(guard.dir)).toEqual([guard.name])
      expect(statSync(guard.slot).mode & 0o777).toBe(0o600)
      expect(guard).toMatchObject({ slot: join(guard.dir, guard.name), published: new Set() })
      if (++rounds < 3) throw new StartOver()
      return rounds
    })
    expect(result).toBe(3)
    expect([entries('guards'), entries('tmp')]).toEqual([[], []])
    const broken = withGuard(hostOf({ patienceMs: 60_000 }), stateDir, KEY, () => {
      rounds++
      throw new Error('broken')
    })
    await expect(broken).rejects.toThrow('broken')
    expect([rounds, entries('guards'), entries('tmp')]).toEqual([4, [], []])
  })

  test('leaves a guard that others have put something into', async () => {
    const { stateDir, dir, entries } = stateFolder()
    await withGuard(hostOf(), stateDir, KEY, () => writeFileSync(join(dir, 'another'), ''))
    expect([entries('guards'), readdirSync(dir)]).toEqual([[KEY], ['another']])
  })

  test('that was published has given its guard back already', async () => {
    const { stateDir } = stateFolder()
    const slot = await withGuard(hostOf(), stateDir, KEY, guard => {
      guard.published.add(guard.slot)
      return guard.slot
    })
    expect(existsSync(slot)).toBe(true)
  })

  test.each(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM'])(
    'leaves the folder of its guard to whoever has it by then: %s',
    async code => {
      const { stateDir } = stateFolder()
      const rmdirSync = () => {
        throw failure(code)
      }
      const host = hostOf({ disk: { ...realDisk, rmdirSync } })
      expect(await withGuard(host, stateDir, KEY, () => 'done')).toBe('done')
    },
  )

  test.each(['unlinkSync', 'rmdirSync'] as const)(
    'fails when the guard cannot be given back: %s',
    async call => {
      const { stateDir } = stateFolder()
      let inside = false
      const disk: Disk = {
        ...realDisk,
        [call]: (path: string) => {
          if (inside) throw failure('EIO')
          realDisk[call](path)
        },
      }
      const working = withGuard(hostOf({ disk }), stateDir, KEY, () => {
        inside = true
      })
      await expect(working).rejects.toThrow('EIO')
    },
  )

  test('is not begun when the guard cannot be made, and nothing is left', async () => {
    for (const [call, part] of [
      ['mkdirSync', 'tmp'],
      ['openSync', 'tmp'],
      ['renameSync', 'tmp'],
    ] as const) {
      const { stateDir, entries } = stateFolder()
      const disk = {
        ...realDisk,
        [call]: (path: string, ...rest: never[]) => {
          if (String(path).includes(`/${part}/`)) throw failure('EACCES')
          return (realDisk[call] as (...args: unknown[]) => unknown)(path, ...rest)
        },
      } as Disk
      const working = withGuard(hostOf({ disk, patienceMs: 60_000 }), stateDir, KEY, () => 'never')
      await expect(working).rejects.toThrow('EACCES')
      expect([entries('tmp'), entries('guards')]).toEqual([[], []])
    }
  })

  test('waits out a sweep that took its draft, but not files in place of folders', async () => {
    const { stateDir } = stateFolder()
    let sweeps = 0
    const swept: Disk = {
      ...realDisk,
      renameSync: (from, to) => {
        // Twice in one attempt, since what is missing is made once before it counts.
        if (++sweeps <= 2) throw failure('ENOENT')
        realDisk.renameSync(from, to)
      },
    }
    expect(await withGuard(hostOf({ disk: swept, patienceMs: 60_000 }), stateDir, KEY, () => 'had it')).toBe(
      'had it',
    )
    for (const part of ['tmp', 'guards']) {
      const lost: Disk = {
        ...realDisk,
        renameSync: () => {
          throw failure('ENOENT')
        },
        lstatSync: ((path: string) =>
          realDisk.lstatSync(path.endsWith(part) ? join(stateDir, '.gitignore') : path)) as Disk['lstatSync'],
      }
      await expect(
        withGuard(hostOf({ disk: lost, patienceMs: 60_000 }), stateDir, KEY, () => 0),
      ).rejects.toThrow('ENOENT')
    }
  })
})
