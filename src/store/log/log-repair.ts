/** The end of the event log, as a crash may leave it: the last line torn, or the last events published only. */
import { join } from 'node:path'
import { codeOf } from '../../core/errno.ts'
import type { Disk } from '../files/disk.ts'
import { type GuardHost, withGuard } from '../files/guard.ts'
import { lookAt } from '../files/look.ts'
import { catchUp, eventLines, openLog, writeAt } from './event-log.ts'
import { endOf, LOG, OLDER_LOG, readTail, TAIL } from './read-log.ts'

export interface LogState {
  path: string
  /**
   * `behind`: the last events are published, but not yet, or only in part, in the log; as it is while somebody appends.
   * `torn`: bytes at the end that no append would write. `unusable`: it is no plain file, or may not be read.
   */
  state: 'whole' | 'behind' | 'torn' | 'unusable'
  /** When the last events were published. */
  modified: Date
}

/** Reads only. */
export function logState(disk: Disk, stateDir: string): LogState {
  const path = join(stateDir, LOG)
  try {
    const end = endOf(disk, path)
    const tail = readTail(disk, stateDir)
    const modified = lookAt(disk, join(stateDir, TAIL))?.mtime ?? new Date(0)
    const seq = (end?.last ?? endOf(disk, join(stateDir, OLDER_LOG))?.last)?.seq ?? 0
    const missing = Buffer.from(eventLines(tail.filter(event => event.seq > seq)))
    const fragment = end?.fragment ?? Buffer.alloc(0)
    const isOurs = missing.subarray(0, fragment.length).equals(fragment)
    return { path, modified, state: !isOurs ? 'torn' : missing.length > 0 ? 'behind' : 'whole' }
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return { path, modified: new Date(0), state: 'unusable' }
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
