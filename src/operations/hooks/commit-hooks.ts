/** Whether wrk's git hooks protect a repository; asked by other hooks, so no more than a look. */
import { closeSync, openSync, readSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { git } from '../../system/git/git.ts'

/** The second line of a hook that wrk installs. */
const MARK = /^# wrk hook\b/m

/** Whether wrk's git hooks protect the repository of a folder. */
export function hooksInstalled(folder: string): boolean {
  const { code, stdout } = git(folder, ['rev-parse', '--git-path', 'hooks'], { scope: 'caller' })
  if (code !== 0) return false
  const hooks = resolve(folder, stdout.toString('utf8').trimEnd())
  return ['pre-commit', 'commit-msg'].some(name => MARK.test(headOf(join(hooks, name))))
}

function headOf(path: string): string {
  return unless([...MISSING, 'EACCES', 'EISDIR'], '', () => {
    const fd = openSync(path, 'r')
    try {
      const head = Buffer.alloc(512)
      return head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0))
    } finally {
      closeSync(fd)
    }
  })
}
