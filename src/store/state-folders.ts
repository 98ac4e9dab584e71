/** The folders of `.wrk`: made where they are missing, and kept out of git. */
import { join } from 'node:path'
import { codeOf, unless } from '../core/errno.ts'
import type { Disk } from './files/disk.ts'

/**
 * Does something in `.wrk` that needs its folders; makes those that are missing. At the first use of a queue,
 * or when somebody deleted them, several processes may be at it, and any may have stopped half-way.
 */
export function withFolders<T>(disk: Disk, stateDir: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  makeFolders(disk, stateDir)
  return act()
}

export function makeFolders(disk: Disk, stateDir: string): void {
  // First without its parents: of a read-only file system, Node's recursive form says that something is not there.
  unless(['EEXIST', 'ENOENT'], undefined, () => disk.mkdirSync(stateDir))
  for (const part of ['tmp', 'guards', 'outbox', 'claims'])
    disk.mkdirSync(join(stateDir, part), { recursive: true })
  ignoreInGit(disk, stateDir)
}

/** `.wrk` holds machine-local state: its own .gitignore keeps all of it out of git. */
function ignoreInGit(disk: Disk, stateDir: string): void {
  const path = join(stateDir, '.gitignore')
  unless(['EEXIST'], undefined, () => {
    const fd = disk.openSync(path, 'wx', 0o666)
    try {
      disk.writeSync(fd, '*\n')
    } catch (error) {
      disk.unlinkSync(path)
      throw error
    } finally {
      disk.closeSync(fd)
    }
  })
}
