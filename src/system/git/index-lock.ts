/**
 * git's own lock of an index, `index.lock`: while it is there, no `git add` and no `git commit -a` changes the index.
 *
 * Guarantees: the index is replaced as a whole or stays as it was. Does not guarantee that the lock goes away when the
 * process is killed; git says then how to remove it, as for its own.
 */
import { closeSync, copyFileSync, openSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../core/errno.ts'
import { sleep } from '../clock.ts'
import type { Repository } from './repository.ts'

export interface IndexLock {
  /** Makes a copy of the index, has it changed, and puts it in the index's place; the lock is gone then. */
  replace: (copy: string, change: (copy: Repository) => void) => void
  release: () => void
}

/** Between looks at a lock that another has. */
const LOOK_MS = 20

/** Waits for the lock. @returns null when another has it for longer @throws system errors */
export async function takeIndexLock(repository: Repository, patienceMs: number): Promise<IndexLock | null> {
  const index = join(repository.gitDir, 'index')
  const lock = `${index}.lock`
  for (const end = Date.now() + patienceMs; ; await sleep(LOOK_MS)) {
    try {
      closeSync(openSync(lock, 'wx', 0o666))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      if (Date.now() < end) continue
      return null
    }
    let isHeld = true
    return {
      replace: (copy, change) => {
        copyIndex(index, copy)
        change({ ...repository, index: copy })
        copyFileSync(copy, lock)
        renameSync(lock, index)
        isHeld = false
      },
      release: () => {
        // Afterwards a file of that name is another's.
        if (isHeld) rmSync(lock, { force: true })
        isHeld = false
      },
    }
  }
}

function copyIndex(index: string, copy: string): void {
  const stat = statSync(index, { throwIfNoEntry: false })
  if (!stat) return
  copyFileSync(index, copy)
  // git trusts what it knows of files that are older than the index. The copy is no younger than what it was made of.
  const before = Math.floor(stat.mtimeMs / 1000) - 1
  utimesSync(copy, before, before)
}
