/**
 * What crashes leave in `.wrk`: guards, drafts, runs, intents, notes of moves. Listed as it is; whether somebody may
 * be at work on it is for the caller to judge.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../core/errno.ts'
import { type ItemKey, keyOfFileName } from '../core/items/ids.ts'
import type { Run } from '../core/runs/run.ts'
import { isDraftLeft } from './drafts.ts'
import type { Disk } from './files/disk.ts'
import { type GuardHost, revokeDead } from './files/guard.ts'
import { isOwnerDead } from './files/guard-owner.ts'
import { lookAt } from './files/look.ts'
import { readMarker } from './files/marker.ts'
import { type Move, readMove } from './items/places/moves.ts'

interface Trace {
  path: string
  modified: Date
}

interface KeyTrace extends Trace {
  key: ItemKey
}

/** The entries of a folder of `.wrk` that are there; none where the folder is missing, or a link. */
function entriesOf(disk: Disk, stateDir: string, folder: string): (Trace & { name: string })[] {
  const dir = join(stateDir, folder)
  if (!lookAt(disk, dir)?.isDirectory()) return []
  const names = unless(MISSING, [], () => disk.readdirSync(dir)).sort()
  return names.flatMap(name => {
    const path = join(dir, name)
    const stat = lookAt(disk, path)
    return stat ? [{ name, path, modified: stat.mtime }] : []
  })
}

const keyOf = (name: string) => name.slice(0, Math.max(0, name.indexOf('~'))) as ItemKey

/** Guards as they are: the name in each says who holds it, that file's time since when. */
export function guardsIn(
  host: GuardHost,
  stateDir: string,
): (Trace & { key: string; isEmpty: boolean; dead: boolean })[] {
  const { disk } = host
  return entriesOf(disk, stateDir, 'guards').map(({ name: key, path, modified }) => {
    const [slot] = unless(MISSING, [], () => disk.readdirSync(path))
    if (slot === undefined) return { key, path, modified, isEmpty: true, dead: false }
    const since = lookAt(disk, join(path, slot))?.mtime
    return { key, path, modified: since ?? modified, isEmpty: false, dead: isOwnerDead(host, slot) }
  })
}

/** Removes a guard by the rule by which any other caller would revoke it. @returns whether it is gone */
export function removeGuard(host: GuardHost, stateDir: string, key: string): boolean {
  const dir = join(stateDir, 'guards', key)
  if (!revokeDead(host, dir)) return false
  // An empty one hinders nobody; whoever puts a new one in its place keeps it.
  return unless(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'], false, () => {
    host.disk.rmdirSync(dir)
    return true
  })
}

export function draftsIn(host: GuardHost, stateDir: string): (Trace & { dead: boolean })[] {
  const drafts = entriesOf(host.disk, stateDir, 'tmp')
  return drafts.map(({ name: _name, ...trace }) => ({ ...trace, dead: isDraftLeft(host, trace.path) }))
}

export function runsIn(disk: Disk, stateDir: string): (KeyTrace & { run: Run | null })[] {
  return entriesOf(disk, stateDir, 'runs').map(({ name, ...trace }) => {
    return { ...trace, key: keyOf(name), run: readMarker<Run>(disk, trace.path) }
  })
}

/**
 * Intents of items and of sessions (`key` is null then): each bears the key and the name of the guard under which it
 * was written.
 */
export function intentsIn(
  host: GuardHost,
  stateDir: string,
): (Trace & { key: ItemKey | null; dead: boolean })[] {
  return entriesOf(host.disk, stateDir, 'outbox').flatMap(({ name, ...trace }) => {
    const key = keyOf(name)
    const isOfSession = key.startsWith('session-')
    if (!isOfSession && keyOfFileName(`${key}.md`) !== key) return []
    const dead = isOwnerDead(host, name.slice(key.length + 1))
    return [{ ...trace, key: isOfSession ? null : key, dead }]
  })
}

export function movesIn(disk: Disk, stateDir: string): (KeyTrace & { move: Move | null })[] {
  return entriesOf(disk, stateDir, 'moves').map(({ name, ...trace }) => {
    const key = name as ItemKey
    return { ...trace, key, move: readMove(disk, stateDir, key) }
  })
}

export function keptIn(disk: Disk, stateDir: string): string[] {
  return entriesOf(disk, stateDir, 'conflicts').map(({ path }) => path)
}
