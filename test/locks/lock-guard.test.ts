/** The guard of a session lock: killed holders, wrong verdicts, and programs that do not know it. */
import { mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { grantedLock, lockText, releasedText } from '../../src/core/locks/session-lock.ts'
import { realDisk } from '../../src/store/files/disk.ts'
import type { GuardHost } from '../../src/store/files/guard.ts'
import { changeLock, type LockFileReading } from '../../src/store/locks/lock-file.ts'
import { lockFolder, lockPlace, makeLockFolder } from '../../src/store/locks/lock-folder.ts'
import { lookAtProcess } from '../../src/system/processes/process.ts'
import { randomLetters } from '../../src/system/random.ts'
import { HOUR } from '../support/clock.ts'
import { haveSmallDisks, mountSmall } from '../support/faults/small-disk.ts'
import { tempFolder } from '../support/processes.ts'
import { Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { HOST } from '../support/sessions.ts'

describe('the guard', () => {
  const keeper = { sessionId: null, host: HOST, anchor: null, pidOf: 'session' } as const
  const lockOf = (runId: string) =>
    lockText(grantedLock({ runId, keeper, ttlMs: HOUR, purpose: null }, new Date()))

  function hostWith(disk: Partial<GuardHost['disk']>): GuardHost {
    const place = { host: HOST, boot: '', pidns: '' }
    return {
      disk: { ...realDisk, ...disk },
      self: { pid: process.pid, started: '1', place },
      look: lookAtProcess,
      randomLetters,
      sleep: () => Promise.resolve(),
      patienceMs: 1000,
    }
  }

  /** Gives up run-1's lock, or leaves it if another run has it. */
  const giveUp = (reading: LockFileReading | null) =>
    reading?.kind === 'held' && reading.lock.runId === 'run-1'
      ? ({
          kind: 'write',
          text: releasedText('run-1', 'holder', new Date()),
          event: null,
          result: 'released',
        } as const)
      : ({ kind: 'leave', result: 'not mine' } as const)

  test('keeps a release that was stopped, and revoked meanwhile, from taking the next run’s lock', async () => {
    const state = tempFolder()
    const place = lockPlace(makeLockFolder(realDisk, lockFolder(state)), 'deploy')
    writeFileSync(place.file, lockOf('run-1'))
    let stopped = false
    const host = hostWith({
      renameSync: (from, to) => {
        if (to === place.file && !stopped) {
          stopped = true
          // Another process takes the guard away, takes the lock over and leaves.
          unlinkSync(from)
          writeFileSync(`${place.file}.new`, lockOf('run-2'))
          realDisk.renameSync(`${place.file}.new`, place.file)
        }
        realDisk.renameSync(from, to)
      },
    })
    const { result } = await changeLock(host, place, giveUp)
    expect([stopped, result]).toEqual([true, 'not mine'])
    expect(readFileSync(place.file, 'utf8')).toContain('"run-2"')
  })

  test('looks again at a lock that a program without a guard replaces at the same instant', async () => {
    const state = tempFolder()
    const place = lockPlace(makeLockFolder(realDisk, lockFolder(state)), 'deploy')
    writeFileSync(place.file, lockOf('run-1'))
    let replaced = false
    const host = hostWith({
      fchmodSync: (fd, mode) => {
        if (!replaced) {
          replaced = true
          writeFileSync(`${place.file}.new`, lockOf('run-2'))
          realDisk.renameSync(`${place.file}.new`, place.file)
        }
        realDisk.fchmodSync(fd, mode)
      },
    })
    const { result } = await changeLock(host, place, giveUp)
    expect([replaced, result]).toEqual([true, 'not mine'])
    expect(readFileSync(place.file, 'utf8')).toContain('"run-2"')
  })

  test.each(['file', 'folder'])(
    'keeps a cleanup that was stopped from putting the next run’s lock aside, for a corrupt %s',
    async form => {
      const state = tempFolder()
      const place = lockPlace(makeLockFolder(realDisk, lockFolder(state)), 'deploy')
      if (form === 'file') writeFileSync(place.file, 'torn')
      else mkdirSync(place.file)
      let stopped = false
      const host = hostWith({
        renameSync: (from, to) => {
          if ((to === place.file || from === place.file) && !stopped) {
            stopped = true
            const guards = join(place.stateDir, 'guards', 'lock@deploy')
            for (const name of readdirSync(guards)) unlinkSync(join(guards, name))
            rmSync(place.file, { recursive: true })
            writeFileSync(place.file, lockOf('run-2'))
          }
          realDisk.renameSync(from, to)
        },
      })
      const event = { time: '', type: 'moved', item: 'lock:deploy', tx: 'x' } as Json
      let looks = 0
      const { result, quarantined } = await changeLock<string>(host, place, reading => {
        looks++
        return reading?.kind === 'corrupt'
          ? {
              kind: 'quarantine',
              mark: `m${looks}`,
              text: releasedText(null, 'cleanup', new Date()),
              event,
              result: 'aside',
            }
          : { kind: 'leave', result: 'a lock' }
      })
      expect([stopped, result, quarantined, looks]).toEqual([true, 'a lock', null, 2])
      expect(readFileSync(place.file, 'utf8')).toContain('"run-2"')
      expect(readdirSync(place.path)).toEqual(['deploy.lock'])
    },
  )

  test.skipIf(!haveSmallDisks())('leaves the lock as it is when the disk is full', async () => {
    const disk = tempFolder()
    mountSmall(disk, 128)
    const queue = new Queue(tempFolder())
    const env = { WRK_STATE_DIR: join(disk, 'state') }
    expect(
      (await queue.run('lock claim --run-id first --ttl 60', { queue: undefined, env, cwd: queue.home }))
        .code,
    ).toBe(0)
    const file = join(disk, 'state/ops/locks/nightly_session.lock')
    const before = readFileSync(file, 'utf8')
    writeFileSync(join(disk, 'small'), '')
    expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(1024 * 1024))).toThrow(/ENOSPC/)
    for (const args of ['lock release --run-id first', 'lock claim --run-id second']) {
      const later = { ...env, WRK_NOW: args.includes('second') ? '+1h' : '+0s' }
      const result = await queue.run(`${args} --json`, { queue: undefined, env: later, cwd: queue.home })
      expect([args, result.code, result.json.error_code]).toEqual([args, 74, 'io'])
      expect(result.json.error).toMatch(/full|no more bytes|bytes arrived/)
      expect(readFileSync(file, 'utf8')).toBe(before)
    }
    unlinkSync(join(disk, 'filler'))
    expect(
      (await queue.run('lock release --run-id first', { queue: undefined, env, cwd: queue.home })).code,
    ).toBe(0)
  })
})
