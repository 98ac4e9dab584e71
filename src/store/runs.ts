/**
 * The runs that are at work, one small file each in `.wrk/runs`. A run's file is written under its item's guard
 * before the claim is published, so whoever holds the guard next sees every run that may be at work; it is removed
 * when the lock changes hands or is given up. Machine-local, and not synced: after a crash of the machine every
 * process is gone anyway.
 */
import { join } from 'node:path'
import type { ItemKey } from '../core/ids.ts'
import type { Run } from '../core/run.ts'
import type { Disk } from './disk.ts'
import { MISSING, unless } from './errno.ts'
import { readPlainFile } from './guarded-file.ts'
import { writeAll } from './write.ts'

export interface RunFile {
  path: string
  key: string
  run: Run
}

/** The runs of one item, or of all. What cannot be read was cut short before its claim was published. */
export function readRuns(disk: Disk, stateDir: string, key?: ItemKey): RunFile[] {
  const folder = join(stateDir, 'runs')
  return unless(MISSING, [], () => disk.readdirSync(folder))
    .sort()
    .filter(name => key === undefined || name.startsWith(`${key}~`))
    .flatMap(name => {
      const path = join(folder, name)
      const run = readRun(disk, path)
      return run ? [{ path, key: name.slice(0, name.indexOf('~')), run }] : []
    })
}

export function readRun(disk: Disk, path: string): Run | null {
  const file = unless(MISSING, null, () => readPlainFile(disk, path))
  try {
    return file && (JSON.parse(file.bytes.toString('utf8')) as Run)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** Writes a run's file; gives its path. To be called under the item's guard. */
export function writeRun(disk: Disk, stateDir: string, key: ItemKey, run: Run): string {
  const folder = join(stateDir, 'runs')
  const path = join(folder, `${key}~${run.id}`)
  disk.mkdirSync(folder, { recursive: true })
  const fd = disk.openSync(path, 'w', 0o600)
  try {
    writeAll(disk, fd, Buffer.from(JSON.stringify(run)), path)
  } catch (error) {
    disk.unlinkSync(path)
    throw error
  } finally {
    disk.closeSync(fd)
  }
  return path
}

/** Removes a run's file: it has ended, or lost its item. */
export function removeRun(disk: Disk, path: string): void {
  unless(MISSING, undefined, () => disk.unlinkSync(path))
}
