/**
 * The runs that are at work, one small file each in `.wrk/runs`. A run's file is written under its item's guard
 * before the claim is published, so whoever holds the guard next sees every run that may be at work; it is removed
 * when the lock changes hands or is given up. Machine-local, and not synced: after a crash of the machine every
 * process is gone anyway.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { Run } from '../../core/runs/run.ts'
import type { Disk } from '../files/disk.ts'
import { readMarker, writeMarker } from '../files/marker.ts'

export interface RunFile {
  path: string
  key: string
  run: Run
}

const folderOf = (stateDir: string) => join(stateDir, 'runs')

/** Where a run's file is. */
export function runFile(stateDir: string, key: ItemKey, id: string): string {
  return join(folderOf(stateDir), `${key}~${id}`)
}

/** The runs of one item, or of all. What cannot be read was cut short before its claim was published. */
export function readRuns(disk: Disk, stateDir: string, key?: ItemKey): RunFile[] {
  const folder = folderOf(stateDir)
  return unless(MISSING, [], () => disk.readdirSync(folder))
    .sort()
    .filter(name => key === undefined || name.startsWith(`${key}~`))
    .flatMap(name => {
      const path = join(folder, name)
      const run = readMarker<Run>(disk, path)
      return run ? [{ path, key: name.slice(0, name.indexOf('~')), run }] : []
    })
}

/** Writes a run's file; gives its path. To be called under the item's guard. */
export function writeRun(disk: Disk, stateDir: string, key: ItemKey, run: Run): string {
  const path = runFile(stateDir, key, run.id)
  disk.mkdirSync(folderOf(stateDir), { recursive: true })
  writeMarker(disk, path, run, 'w')
  return path
}
