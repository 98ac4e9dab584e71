/** The guard's own parts, in this process alone: names and verdicts, waiting, and what it leaves behind. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { shortHash } from '../../src/core/hash.ts'
import type { ProcessLook } from '../../src/core/sessions/liveness.ts'
import { sweepDrafts } from '../../src/store/drafts.ts'
import { type Disk, realDisk } from '../../src/store/files/disk.ts'
import { type GuardHost, revokeDead, StartOver, withGuard } from '../../src/store/files/guard.ts'
import { isOwnerDead } from '../../src/store/files/guard-owner.ts'
import { makeFolders, withFolders } from '../../src/store/state-folders.ts'
import { ago } from '../support/clock.ts'
import { tempFolder } from '../support/processes.ts'

const KEY = 'wrk-1'
const BOOT = '9f3c1a2b-1111-2222-3333-444444444444'
const PLACE = { host: 'devbox', boot: BOOT, pidns: '4026531836', machine: 'm1' }
const MARK = shortHash('devbox m1')
const SELF = { pid: 4242, started: '814 239:77', place: PLACE }
const RUNNING: ProcessLook = { kind: 'running', started: '814 239:77' }

/** A host that wastes no time on waiting, and does not wait for ever. */
function hostOf(more: Partial<GuardHost> = {}): GuardHost {
  let pauses = 0
  return {
    disk: realDisk,
    self: SELF,
    look: () => RUNNING,
    randomLetters: count => 'r'.repeat(count),
    sleep: async () => {
      if (++pauses > 100) throw new Error('waits for ever')
    },
    patienceMs: 0,
    ...more,
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'test' })
}

/** A state folder with its parts, and the names in them. */
function stateFolder() {
  const stateDir = join(tempFolder(), '.wrk')
  makeFolders(realDisk, stateDir)
  const entries = (part: string) => readdirSync(join(stateDir, part)).sort()
  const occupy = (name: string, age = 0) => {
    const dir = join(stateDir, 'guards', KEY)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, name), '')
    utimesSync(join(dir, name), ago(age), ago(age))
    return join(dir, name)
  }
  return { stateDir, entries, occupy, dir: join(stateDir, 'guards', KEY) }
}

/** Ages are exact, however busy the machine is. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-02-16T19:30:05Z') })
  onTestFinished(() => void vi.useRealTimers())
}

const nameOf = async (host: GuardHost) => withGuard(host, stateFolder().stateDir, KEY, guard => guard.name)
const LIVING = `4242.81423977.9f3c1a2b.4026531836.${MARK}.rrrrrrrr0`

describe('a guard’s name', () => {
  test('has pid, start time, boot, pid namespace and host, and is never used twice', async () => {
    const [one, two] = [await nameOf(hostOf()), await nameOf(hostOf())]
    const known = `4242.81423977.9f3c1a2b.4026531836.${MARK}.rrrrrrrr`
    expect([one.startsWith(known), two.startsWith(known)]).toEqual([true, true])
    expect(one.split('.')).toHaveLength(6)
    expect(one).not.toBe(two)
  })

  test('has a 0 for what the system does not say', async () => {
    const self = { ...SELF, place: { host: 'devbox', boot: '', pidns: '' } }
    expect(await nameOf(hostOf({ self }))).toContain('4242.81423977.0.0.')
  })

  const RENAMED = LIVING.replace(MARK, shortHash('old-name m1'))
  const OTHER = LIVING.replace(MARK, shortHash('devbox m2'))
  test.each<[what: string, dead: boolean, name: string, look: ProcessLook]>([
    ['there', false, LIVING, RUNNING],
    ['gone', true, LIVING, { kind: 'gone' }],
    ['a zombie', true, LIVING, { kind: 'zombie' }],
    ['another of the same pid', true, LIVING, { kind: 'running', started: '9' }],
    ['hidden', false, LIVING, { kind: 'unknown', why: '' }],
    ['of another boot', true, LIVING.replace('9f3c1a2b', '00000000'), RUNNING],
    ['of another boot, on another machine of that name', false, OTHER.replace('9f3c1a2b', '0a0a'), RUNNING],
    ['of an unknown boot', false, LIVING.replace('9f3c1a2b', '0'), RUNNING],
    ['in another pid namespace', false, LIVING.replace('4026531836', '1'), { kind: 'gone' }],
    ['gone, when the host had another name', true, RENAMED, { kind: 'gone' }],
    ['there, when the host had another name', false, RENAMED, RUNNING],
    ['on another host and boot', false, RENAMED.replace('9f3c1a2b', '0'), RUNNING],
    ['on another host and namespace', false, RENAMED.replace('4026531836', '1'), { kind: 'gone' }],
    ['of no known form', false, 'editor.swp', { kind: 'gone' }],
    ['of too few parts', false, LIVING.slice(0, LIVING.lastIndexOf('.')), { kind: 'gone' }],
    ['without a pid', false, LIVING.replace('4242', ''), { kind: 'gone' }],
    ['of a malformed pid', false, LIVING.replace('4242', 'x42'), { kind: 'gone' }],
    ['of another malformed pid', false, LIVING.replace('4242', '42x'), { kind: 'gone' }],
  ])('of a process that is %s: dead %s', (_, dead, name, look) => {
    expect(isOwnerDead(hostOf({ look: () => look }), name)).toBe(dead)
  })

  test('of another boot is not dead where machines of one name cannot be distinguished', () => {
    const { machine: _, ...place } = PLACE
    const name = LIVING.replace('9f3c1a2b', '0a0a').replace(MARK, shortHash('devbox'))
    expect(isOwnerDead(hostOf({ self: { ...SELF, place } }), name)).toBe(false)
  })

  test('holds host names as FNV-1a has them', () => {
    const known = { '': '811c9dc5', a: 'e40c292c', foobar: 'bf9cf968' }
    for (const text of ['', 'a', 'foobar'] as const) expect(shortHash(text)).toBe(known[text])
    for (let i = 0; i < 5000; i++) expect(shortHash(`host-${i}`)).toMatch(/^[0-9a-f]{8}$/)
  })
})

describe('the holder that is in the way', () => {
  test.each([
    ['living', LIVING, 29_000, false],
    ['living, for too long', LIVING, 30_000, true],
    ['of another boot', LIVING.replace('9f3c1a2b', '0a0a'), 0, true],
    ['no guard’s name', 'editor.swp', 29_000, false],
    ['no guard’s name, for too long', 'editor.swp', 31_000, true],
    ['living, its clock ahead', LIVING, -3_600_000, false],
  ])('is %s', (_, name, age, revoked) => {
    const { occupy, dir } = stateFolder()
    stopClock()
    const slot = occupy(name, age)
    expect(revokeDead(hostOf(), dir)).toBe(revoked)
    expect(existsSync(slot)).toBe(!revoked)
  })

  test('may have gone, or be revoked by another, at any moment', () => {
    const { stateDir, dir, occupy } = stateFolder()
    expect(revokeDead(hostOf(), join(stateDir, 'guards', 'nobody'))).toBe(true)
    mkdirSync(dir)
    expect(revokeDead(hostOf(), dir)).toBe(true)
    occupy(LIVING)
    const lstatSync = (() => {
      throw failure('ENOENT')
    }) as unknown as Disk['lstatSync']
    // Unseen, it has no age; the next attempt finds the guard free.
    expect(revokeDead(hostOf({ disk: { ...realDisk, lstatSync } }), dir)).toBe(false)
    const unlinkSync = () => {
      throw failure('ENOENT')
    }
    const host = hostOf({ disk: { ...realDisk, unlinkSync }, look: () => ({ kind: 'gone' }) })
    expect(revokeDead(host, dir)).toBe(true)
    const forbidden = hostOf({
      look: () => ({ kind: 'gone' }),
      disk: {
        ...realDisk,
        unlinkSync: () => {
          throw failure('EACCES')
        },
      },
    })
    expect(() => revokeDead(forbidden, dir)).toThrow('EACCES')
  })
})

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
    // It may have gone, or be held, by then: the rename tells.
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

describe('the folders of .wrk', () => {
  test('are made at the first use, and ignore themselves in git', async () => {
    const stateDir = join(tempFolder(), 'deep', '.wrk')
    expect(await withGuard(hostOf(), stateDir, KEY, () => 'had it')).toBe('had it')
    expect(readdirSync(stateDir).sort()).toEqual(['.gitignore', 'claims', 'guards', 'outbox', 'tmp'])
    expect(readFileSync(join(stateDir, '.gitignore'), 'utf8')).toBe('*\n')
    expect(statSync(join(stateDir, '.gitignore')).mode & 0o777).toBe(0o666 & ~process.umask())
  })

  test('keep a .gitignore that is there', () => {
    const { stateDir } = stateFolder()
    writeFileSync(join(stateDir, '.gitignore'), 'mine\n')
    makeFolders(realDisk, stateDir)
    expect(readFileSync(join(stateDir, '.gitignore'), 'utf8')).toBe('mine\n')
  })

  test('keep none that could not be written', () => {
    const stateDir = join(tempFolder(), '.wrk')
    const closed: number[] = []
    const disk: Disk = {
      ...realDisk,
      writeSync: () => {
        throw failure('ENOSPC')
      },
      closeSync: fd => {
        closed.push(fd)
        realDisk.closeSync(fd)
      },
    }
    expect(() => makeFolders(disk, stateDir)).toThrow('ENOSPC')
    expect([existsSync(join(stateDir, '.gitignore')), closed.length]).toEqual([false, 1])
  })

  test('are made for what needs them, once, and for nothing that fails otherwise', () => {
    const stateDir = join(tempFolder(), '.wrk')
    let calls = 0
    const act = () => {
      calls++
      return readdirSync(join(stateDir, 'outbox'))
    }
    expect(withFolders(realDisk, stateDir, act)).toEqual([])
    expect(calls).toBe(2)
    const failing = (code: string) => () => {
      calls++
      throw failure(code)
    }
    expect(() => withFolders(realDisk, stateDir, failing('EIO'))).toThrow('EIO')
    expect(calls).toBe(3)
    expect(() => withFolders(realDisk, stateDir, failing('ENOENT'))).toThrow('ENOENT')
    expect(calls).toBe(5)
  })
})

describe('a sweep', () => {
  const DEAD = LIVING.replace('9f3c1a2b', '0a0a')
  const draft = (stateDir: string, name: string, ...files: string[]) => {
    mkdirSync(join(stateDir, 'tmp', name))
    for (const file of files) writeFileSync(join(stateDir, 'tmp', name, file), '')
  }

  test('takes what the dead left, at whatever step they stopped, and nothing else', () => {
    const { stateDir, entries } = stateFolder()
    draft(stateDir, `${DEAD}a`, `${DEAD}a`)
    draft(stateDir, `${DEAD}b`)
    draft(stateDir, `${DEAD}c`, 'not its own')
    draft(stateDir, `${DEAD}d`)
    mkdirSync(join(stateDir, 'tmp', `${DEAD}d`, `${DEAD}d`))
    draft(stateDir, LIVING, LIVING)
    draft(stateDir, 'whatever')
    sweepDrafts(hostOf(), stateDir)
    expect(entries('tmp')).toEqual([`${DEAD}c`, `${DEAD}d`, LIVING, 'whatever'].sort())
    const rmdirSync = () => {
      throw failure('EEXIST')
    }
    expect(() => sweepDrafts(hostOf({ disk: { ...realDisk, rmdirSync } }), stateDir)).not.toThrow()
  })

  test('takes files that were not put in place, and what nobody can judge once it is an hour old', () => {
    const { stateDir, entries } = stateFolder()
    const at = (name: string) => join(stateDir, 'tmp', name)
    const other = LIVING.replace('4026531836', '1')
    for (const name of [DEAD, LIVING, 'session.abc', 'session.new']) writeFileSync(at(name), 'half')
    draft(stateDir, `${other}a`, `${other}a`)
    draft(stateDir, `${other}b`, `${other}b`)
    const old = new Date(Date.now() - 3_700_000)
    for (const name of ['session.abc', `${other}a`]) utimesSync(at(name), old, old)
    sweepDrafts(hostOf(), stateDir)
    expect(entries('tmp')).toEqual([LIVING, 'session.new', `${other}b`].sort())
  })

  test('has nothing to do where there is nothing, and fails where the disk does', () => {
    expect(() => sweepDrafts(hostOf(), join(tempFolder(), '.wrk'))).not.toThrow()
    const { stateDir } = stateFolder()
    draft(stateDir, DEAD, DEAD)
    for (const call of ['readdirSync', 'unlinkSync', 'rmdirSync'] as const) {
      const disk = {
        ...realDisk,
        [call]: () => {
          throw failure('EIO')
        },
      } as unknown as Disk
      expect(() => sweepDrafts(hostOf({ disk }), stateDir)).toThrow('EIO')
    }
  })
})
