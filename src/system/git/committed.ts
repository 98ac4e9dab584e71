/** What git has committed already. Asked in rare cases only. */
import { basename, dirname } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { git } from './git.ts'
import { gitIn, type Repository } from './repository.ts'

/** Whether a file is as it is committed: asked of an id that is in two places. False also outside of repositories, and where git cannot be asked. */
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

/** Whether a file's object is in the history of HEAD at a path. Where git cannot tell, it may be. */
export function isInHistory(repository: Repository, blob: string, path: string): boolean {
  const args = ['log', '-1', '--format=%H', `--find-object=${blob}`, 'HEAD', '--', `:(top,literal)${path}`]
  const found = gitIn(repository, args)
  return found.code !== 0 || found.stdout.length > 0
}
