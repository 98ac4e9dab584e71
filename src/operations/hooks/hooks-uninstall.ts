/** Takes wrk's hooks out of a git repository without a trace; what is not ours stays. */
import { readdirSync, readFileSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { realDisk } from '../../store/files/disk.ts'
import { isThere } from '../../store/files/look.ts'
import { isSameHook, movedAside } from './hook-managers.ts'
import { type HookProgram, isAsWritten, KEPT } from './hook-text.ts'
import { findHooks, type HooksChange, hooksStatus, madeFolder } from './hooks-status.ts'

/** Safe to repeat; what is not ours stays. @throws WrkError NOT_FOUND; system errors */
export function hooksUninstall(cwd: string, program: HookProgram): HooksChange {
  const { folder, hooks } = hooksStatus(cwd, program)
  const made = madeFolder(hooks)
  const changed: string[] = []
  const left: string[] = []
  for (const { name, path, state, kept, via } of hooks) {
    const isWrks = state === 'installed' || state === 'outdated'
    // Moved aside by an install that was killed before it wrote ours.
    const isHalfDone = state === 'none' && kept !== null
    const isOverwritten = state === 'overwritten'
    if (state === 'edited') left.push(name)
    const hadAside = removeMovedAside(path, via)
    const isTaken = isWrks || isHalfDone || isOverwritten
    // What the manager wrote takes the place of its earlier one.
    if (isOverwritten) unlinkSync(kept!)
    else if (isTaken && kept !== null) renameSync(kept, path)
    else if (isTaken) unlinkSync(path)
    if (isTaken || hadAside) changed.push(name)
  }
  if (left.length === 0) unless(MISSING, undefined, () => unlinkSync(findHooks(cwd, 'caller').record))
  if (made !== undefined && left.length === 0) removeEmpty(folder, made)
  return { ...hooksStatus(cwd, program), changed, left }
}

/** Removes hooks of wrk that managers moved aside. The one that pre-commit calls gives way to the hook that it called. */
function removeMovedAside(path: string, via: string | null): boolean {
  const asides = movedAside(path, isAsWritten)
  const kept = `${path}${KEPT}`
  for (const aside of asides) {
    unlinkSync(aside)
    if (aside !== via || !isThere(realDisk, kept)) continue
    if (isSameHook(readFileSync(path, 'utf8'), readFileSync(kept, 'utf8'))) unlinkSync(kept)
    else renameSync(kept, aside)
  }
  return asides.length > 0
}

/** Removes the folder and those above it, up to the one that was made, as far as they are empty. */
function removeEmpty(folder: string, uppermost: string): void {
  for (let dir = folder; !relative(uppermost, dir).startsWith('..'); dir = dirname(dir)) {
    if (basename(dir) === '' || readdirSync(dir).length > 0) return
    rmdirSync(dir)
  }
}
