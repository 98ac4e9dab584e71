/**
 * Puts wrk's hooks into a git repository.
 *
 * A hook that is there is kept: moved aside as it is, called first by ours, and moved back by uninstall. The second line
 * of ours holds a sum of the rest: a hook that somebody edited since is left alone. That they were installed is written
 * down beside git's own files, so that it is noticed when they are gone.
 */
import { mkdirSync, renameSync, unlinkSync } from 'node:fs'
import { unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { realDisk } from '../../store/files/disk.ts'
import { replaceFile } from '../../store/files/replace-file.ts'
import type { GitScope } from '../../system/git/git.ts'
import { guardHost } from '../context.ts'
import { movedAside } from './hook-managers.ts'
import { HOOKS, type HookProgram, hookNamed, isAsWritten, KEPT, textOf } from './hook-text.ts'
import { findHooks, type HookStatus, type HooksChange, hooksStatus, madeFolder } from './hooks-status.ts'

/** Why an install would refuse, and what a person has to do first; null when it would not. */
export function inTheWay(hooks: readonly HookStatus[]): WrkError | null {
  const edited = hooks.find(({ state }) => state === 'edited')
  if (edited)
    return new WrkError('FAILED', `${edited.path} was edited by hand and is not changed`, {
      hint: `Move the additions to ${edited.path}${KEPT} (executable), remove ${edited.path}, then: wrk hooks install`,
    })
  const two = hooks.find(({ state, kept, via }) => state === 'foreign' && kept !== null && via === null)
  if (two)
    return new WrkError('FAILED', `there are two earlier hooks: ${two.path} and ${two.kept}`, {
      hint: 'Merge them into the first, remove the second, then: wrk hooks install',
    })
  return null
}

/**
 * Safe to repeat. Where git reaches wrk by another way, nothing is put in.
 * @throws WrkError NOT_FOUND, FAILED (an edited hook is in the way); system errors
 */
export function hooksInstall(cwd: string, program: HookProgram, scope: GitScope = 'caller'): HooksChange {
  const { folder, hooks } = hooksStatus(cwd, program, scope)
  const barred = inTheWay(hooks)
  if (barred) throw barred

  const made = mkdirSync(folder, { recursive: true }) ?? madeFolder(hooks)
  const changed: string[] = []
  for (const { name, path, state, via } of hooks) {
    if (state === 'installed' || via !== null) continue
    if (state === 'foreign' || state === 'overwritten') renameSync(path, `${path}${KEPT}`)
    const mode = 0o777 & ~process.umask()
    const bytes = Buffer.from(textOf(hookNamed(name), program, made))
    replaceFile(realDisk, path, bytes, { by: guardHost(), mode })
    // lefthook would not move the new one aside over it, and give up.
    for (const aside of movedAside(path, isAsWritten)) unlinkSync(aside)
    changed.push(name)
  }
  if (hooks.some(({ via }) => via === null)) record(cwd, scope)
  return { ...hooksStatus(cwd, program, scope), changed, left: [] }
}

/** That they are in. Where git's own folder cannot be written to, it is not noticed when they are gone. */
function record(cwd: string, scope: GitScope): void {
  const { record: path } = findHooks(cwd, scope)
  unless(['EACCES', 'EPERM', 'EROFS'], undefined, () =>
    replaceFile(realDisk, path, Buffer.from(`${HOOKS.map(({ name }) => name).join(' ')}\n`), {
      by: guardHost(),
      mode: 0o666 & ~process.umask(),
    }),
  )
}
