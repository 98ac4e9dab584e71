/** Files of the cache repository are made in a folder of their own: beside a ref, git would take a draft for a ref. */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unless } from '../../core/errno.ts'
import { randomLetters } from '../../system/random.ts'

export const draftsOf = (gitDir: string): string => join(gitDir, 'drafts')

/** A draft lives for milliseconds. */
const OLDEST_DRAFT_MS = 3_600_000

/** Puts a file in place in one step. @throws system errors: what was there stays then */
export function putInPlace(gitDir: string, path: string, bytes: string | Buffer, mode = 0o666): void {
  const folder = draftsOf(gitDir)
  mkdirSync(folder, { recursive: true })
  const draft = join(folder, randomLetters(12))
  try {
    writeFileSync(draft, bytes, { flag: 'wx', mode })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** Removes what processes left that were killed while they wrote. */
export function sweepOldDrafts(gitDir: string, now = Date.now()): void {
  const folder = draftsOf(gitDir)
  for (const name of unless(['ENOENT'], [], () => readdirSync(folder))) {
    const path = join(folder, name)
    const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now)
    if (age > OLDEST_DRAFT_MS) rmSync(path, { force: true })
  }
}
