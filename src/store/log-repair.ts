/** The end of the event log, as a crash may leave it: the last line torn, or the last events published only. */
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { codeOf } from './errno.ts'
import { catchUp, endOf, LOG, OLDER_LOG, openLog, readTail, writeAt } from './event-log.ts'
import { type GuardHost, withGuard } from './guard.ts'

export interface LogState {
  path: string
  /** `unusable`: it is no plain file, or may not be read. */
  state: 'whole' | 'torn' | 'behind' | 'unusable'
}

/** Reads only. Somebody may be appending right now: only what stays so is damage. */
export function logState(disk: Disk, stateDir: string): LogState {
  const path = join(stateDir, LOG)
  try {
    const published = readTail(disk, stateDir).at(-1)?.seq ?? 0
    const end = endOf(disk, path)
    if (end && end.fragment.length > 0) return { path, state: 'torn' }
    const last = end?.last ?? endOf(disk, join(stateDir, OLDER_LOG))?.last
    return { path, state: published > (last?.seq ?? 0) ? 'behind' : 'whole' }
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return { path, state: 'unusable' }
  }
}

/**
 * Does what the next append would do first: completes the last events, and ends a line that is not ours.
 * @returns whether there was anything to do
 * @throws WrkError BUSY; system errors pass
 */
export function repairLog(host: GuardHost, stateDir: string): Promise<boolean> {
  const { disk } = host
  return withGuard(host, stateDir, 'events', () => {
    const { state } = logState(disk, stateDir)
    if (state !== 'torn' && state !== 'behind') return false
    const fd = openLog(disk, stateDir)
    try {
      const { at, lead } = catchUp(disk, stateDir, fd)
      if (lead !== '') writeAt(disk, fd, lead, at)
      return true
    } finally {
      disk.closeSync(fd)
    }
  })
}
