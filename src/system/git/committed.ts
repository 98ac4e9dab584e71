/** Whether a file is what git has committed: asked only of an id that is in two places. */
import { basename, dirname } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { git } from './git.ts'

/** False also outside of repositories, and where git cannot be asked. */
export function isCommittedCopy(path: string): boolean {
  try {
    const args = ['status', '--porcelain', '-z', '--untracked-files=all', '--ignored', '--', basename(path)]
    const { code, stdout } = git(dirname(path), args, { scope: 'folder' })
    return code === 0 && stdout.length === 0
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    return false
  }
}
