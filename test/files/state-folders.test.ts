/** The folders of .wrk, and the drafts in it that dead processes left. */
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
import { describe, expect, test } from 'vitest'
import { sweepDrafts } from '../../src/store/drafts.ts'
import { type Disk, realDisk } from '../../src/store/files/disk.ts'
import { withGuard } from '../../src/store/files/guard.ts'
import { makeFolders, withFolders } from '../../src/store/state-folders.ts'
import { tempFolder } from '../support/processes.ts'
import { failure, hostOf, KEY, MARK, stateFolder } from './guard-alone.shared.ts'

const LIVING = `4242.81423977.9f3c1a2b.4026531836.${MARK}.rrrrrrrr0`

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
