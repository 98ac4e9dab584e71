/**
 * When and where `.wrk` was made: `.wrk/state.json`. By it wrk knows that its records do not reach back (a fresh clone,
 * `git clean -fdx`), or are those of another queue (a copied folder).
 *
 * Does not guarantee: to be there. A `.wrk` that is older than this file has none, and its records count.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isFailure, MISSING, unless } from '../core/errno.ts'
import { parseInstant, stamp } from '../core/time.ts'
import type { Disk } from './files/disk.ts'
import { isThere } from './files/look.ts'
import { readMarker, writeMarker } from './files/marker.ts'
import { makeFolders } from './state-folders.ts'

interface State {
  /** The queue's real path. */
  root: string
  made_at: string
  /** `init`: a new queue, which has no earlier claims; `use`: made because it was missing. */
  made_by: 'init' | 'use'
}

const statePath = (stateDir: string): string => join(stateDir, 'state.json')

/**
 * Makes `.wrk` where it is missing and notes that; sets the records of a copied folder aside, which are another
 * queue's. Part of every command that writes; that it cannot write is left to what comes next.
 */
export function ensureState(disk: Disk, stateDir: string, root: string, now: Date): void {
  try {
    const state = readMarker<Partial<State>>(disk, statePath(stateDir))
    if (state?.root === root) return
    if (state) takeOver(disk, stateDir, state, root, now)
    else if (!isThere(disk, join(stateDir, 'tmp'))) {
      // The note first: whoever dies in between leaves no `.wrk` that looks older than this file.
      unless(['EEXIST', 'ENOENT'], undefined, () => disk.mkdirSync(stateDir))
      noteState(disk, stateDir, root, now, 'use')
      makeFolders(disk, stateDir)
    }
  } catch (error) {
    if (!isFailure(error)) throw error
  }
}

export function noteState(disk: Disk, stateDir: string, root: string, now: Date, by: State['made_by']): void {
  const path = statePath(stateDir)
  const state: State = { root, made_at: stamp(now), made_by: by }
  const isMade = unless(['EEXIST'], false, () => {
    writeMarker(disk, path, state, 'wx')
    return true
  })
  // Its writer died before it wrote, or is about to write the same.
  if (!isMade && readMarker(disk, path) === null) writeMarker(disk, path, state, 'w')
}

function takeOver(disk: Disk, stateDir: string, state: Partial<State>, root: string, now: Date): void {
  const origin = typeof state.root === 'string' ? statePath(join(state.root, '.wrk')) : null
  const isCopy = origin !== null && statSync(origin, { throwIfNoEntry: false })?.isFile() === true
  const aside = `copied-${stamp(now).replaceAll(':', '')}`
  if (isCopy)
    for (const part of ['claims', 'held', 'sessions'])
      unless(MISSING, undefined, () =>
        disk.renameSync(join(stateDir, part), join(stateDir, `${part}.${aside}`)),
      )
  disk.unlinkSync(statePath(stateDir))
  // A folder that was only moved keeps its records, and the time since which they count.
  if (isCopy) noteState(disk, stateDir, root, now, 'use')
  else writeMarker(disk, statePath(stateDir), { ...state, root }, 'w')
  makeFolders(disk, stateDir)
}

/** Since when this queue's records count; null when they always did. */
export function recordsCountSince(disk: Disk, stateDir: string): Date | null {
  const state = readMarker<Partial<State>>(disk, statePath(stateDir))
  return state?.made_by === 'use' ? parseInstant(state.made_at ?? '') : null
}
