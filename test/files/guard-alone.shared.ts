/** A guard in this process alone, with a host of the test’s making. */
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { shortHash } from '../../src/core/hash.ts'
import type { ProcessLook } from '../../src/core/sessions/liveness.ts'
import { realDisk } from '../../src/store/files/disk.ts'
import type { GuardHost } from '../../src/store/files/guard.ts'
import { makeFolders } from '../../src/store/state-folders.ts'
import { ago } from '../support/clock.ts'
import { tempFolder } from '../support/processes.ts'

export const KEY = 'wrk-1'

const BOOT = '9f3c1a2b-1111-2222-3333-444444444444'

export const PLACE = { host: 'devbox', boot: BOOT, pidns: '4026531836', machine: 'm1' }

export const MARK = shortHash('devbox m1')

export const SELF = { pid: 4242, started: '814 239:77', place: PLACE }

export const RUNNING: ProcessLook = { kind: 'running', started: '814 239:77' }

/** A host that wastes no time on waiting, and does not wait for ever. */
export function hostOf(more: Partial<GuardHost> = {}): GuardHost {
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

export function failure(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'test' })
}

/** A state folder with its parts, and the names in them. */
export function stateFolder() {
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
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-02-16T19:30:05Z') })
  onTestFinished(() => void vi.useRealTimers())
}
