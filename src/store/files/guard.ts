/**
 * The guard: mutual exclusion around the rewrite of one file.
 *
 * Guarantees: of all processes that read, decide and publish under one key, the publishing is
 * serialised, whatever crashes and whoever is wrongly taken for dead. A crash at any step leaves the
 * old or the new file, and the next caller goes on.
 * Does not guarantee: anything against programs that do not use the guard (editors, git); for those
 * guarded-file.ts looks again before it publishes. Nor fairness: waiting is by jittered backoff.
 *
 * Use: one guard at a time, never nested, and never across an await: the work inside is synchronous,
 * so that async callers within one process exclude each other by the same means as processes do.
 *
 *   1  mkdir tmp/NAME; create tmp/NAME/NAME                  a private folder
 *   2  rename tmp/NAME -> guards/KEY                         taken; fails over a folder that is not empty
 *   3  read, decide
 *   4  write guards/KEY/NAME, fsync                          opened without O_CREAT
 *   5  rename guards/KEY/NAME -> the file                    publish and release in one step
 *   6  rmdir guards/KEY
 *
 * NAME shows who holds it: pid, start time, boot, pid namespace, host, nonce. A holder that is dead
 * is revoked by unlink(guards/KEY/NAME). Publishing and revoking race for that one directory entry, so
 * one of them wins: a holder revoked by mistake gets ENOENT at 4 or 5 and starts over. A wrong verdict
 * costs a retry, never a second winner.
 *
 * A change of an item publishes two files, its record and the item itself, under one guard: it then holds NAME.a for
 * the record and NAME.b for the item, each rename fenced by its own entry. The guard is free only when both are gone,
 * so no late rename falls on a successor's. A revoker unlinks a, then b, and whoever finds one of its own gone unlinks
 * the other before it goes on: else a revoker that died between its two unlinks would leave the owner waiting for
 * itself.
 *
 * Clock: only the age of a guard, by the file's own modification time against the system clock.
 */
import { join } from 'node:path'
import { codeOf, isFailure, MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ProcessLook } from '../../core/sessions/liveness.ts'
import type { Place } from '../../core/sessions/place.ts'
import { humanDuration } from '../../core/time.ts'
import { withFolders } from '../state-folders.ts'
import type { Disk } from './disk.ts'
import { isOwnerDead, ownName } from './guard-owner.ts'
import { ageMs, isFolderAt } from './look.ts'

export interface GuardHost {
  disk: Disk
  /** Who this process is; part of every guard's name. */
  self: { pid: number; started: string; place: Place }
  look: (pid: number) => ProcessLook
  randomLetters: (count: number) => string
  sleep: (ms: number) => Promise<void>
  /** How long to wait for a busy guard before giving up with BUSY, in ms, while it changes hands. */
  patienceMs: number
}

/** A guard that is held. Its slots are the files to fill and rename into place. */
export interface HeldGuard {
  dir: string
  /** The only slot, or the first of two. */
  slot: string
  /** The second, for an item beside its record; null in a guard of one file. */
  second: string | null
  name: string
  /** The slots that were renamed into place: each leaves the guard by that same step. */
  published: Set<string>
  /** Whether its folder has been given back. */
  isLeft: boolean
}

/** How many files are published under a guard. */
export type Slots = 1 | 2

/** A guard held this long is revoked whoever holds it: it is meant for milliseconds, and revoking is safe. */
const OLDEST_GUARD_MS = 30_000
const LONGEST_PAUSE_MS = 128
/** A guard changes hands within milliseconds: a holder of so long is stopped, or stuck on its disk. */
const LONGEST_FOR_ONE_MS = 10_000

/** Thrown inside a guard when it turns out to have been revoked, or the file to have changed; `withGuard` starts over. */
export class StartOver extends Error {}

/**
 * Runs `work` under the guard of `key`, waiting as long as `patienceMs`, though not longer than ten seconds for one
 * and the same holder; runs it again if the guard was revoked meanwhile. Whatever `work` leaves in the guard is given
 * back.
 * @param stateDir the `.wrk` folder; made when missing. Must lie on the file system of the guarded file.
 * @throws WrkError BUSY when the guard could not be had in time
 */
export async function withGuard<T>(
  host: GuardHost,
  stateDir: string,
  key: string,
  work: (guard: HeldGuard) => T,
  slots: Slots = 1,
): Promise<T> {
  const deadline = monotonicMs() + host.patienceMs
  let holder: { name: string; until: number } | undefined
  let hasBegun = false
  for (let attempt = 0; ; attempt++) {
    const guard = tryGuard(host, stateDir, key, slots, attempt > 0)
    if (typeof guard === 'string') {
      if (guard === '') holder = undefined
      else if (holder?.name !== guard) holder = { name: guard, until: monotonicMs() + LONGEST_FOR_ONE_MS }
    } else {
      holder = undefined
      try {
        return work(guard)
      } catch (error) {
        if (!(error instanceof StartOver)) throw error
        // Nobody else has it: what was begun goes on at once, also for those who do not wait.
        if (!hasBegun) {
          hasBegun = true
          continue
        }
      } finally {
        giveBack(host.disk, guard)
      }
    }
    if (monotonicMs() >= Math.min(deadline, holder?.until ?? deadline)) throw busy(host, stateDir, key)
    // Full jitter: contenders that failed together do not come back together.
    await host.sleep(1 + Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** Math.min(attempt, 7)))
  }
}

/**
 * One attempt; a dead holder is revoked on the way.
 * @returns the guard, or the name of the living holder ('' if unknown)
 */
function tryGuard(
  host: GuardHost,
  stateDir: string,
  key: string,
  slots: Slots,
  contended: boolean,
): HeldGuard | string {
  const { disk } = host
  const name = ownName(host)
  const dir = join(stateDir, 'guards', key)
  const draft = join(stateDir, 'tmp', name)
  const files = slotNames(name, slots)
  // While others hold it: cheaper than making a private folder for nothing.
  const living = contended ? livingHolder(host, dir) : null
  if (living !== null) return living
  try {
    makePrivate(disk, stateDir, draft, files)
    withFolders(disk, stateDir, () => moveInto(disk, draft, dir))
  } catch (error) {
    for (const file of files) unless(MISSING, undefined, () => disk.unlinkSync(join(draft, file)))
    unless(MISSING, undefined, () => disk.rmdirSync(draft))
    const code = codeOf(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM')) {
      if (contended) return ''
      return livingHolder(host, dir) ?? tryGuard(host, stateDir, key, slots, true)
    }
    // Another's sweep took it for a dead process's: that verdict was wrong, and costs another attempt.
    if (code === 'ENOENT' && ['tmp', 'guards'].every(part => isFolderAt(disk, join(stateDir, part))))
      return ''
    throw error
  }
  const [slot, second] = files.map(file => join(dir, file))
  return { dir, slot: slot!, second: second ?? null, name, published: new Set(), isLeft: false }
}

function slotNames(name: string, slots: Slots): string[] {
  return slots === 1 ? [name] : [`${name}.a`, `${name}.b`]
}

/** The name of the guard that a slot belongs to. */
function guardOfSlot(slot: string): string {
  return /\.[ab]$/.test(slot) ? slot.slice(0, -2) : slot
}

function makePrivate(disk: Disk, stateDir: string, draft: string, files: readonly string[]): void {
  withFolders(disk, stateDir, () => {
    disk.mkdirSync(draft)
    try {
      for (const file of files) disk.closeSync(disk.openSync(join(draft, file), 'wx', 0o600))
    } catch (error) {
      for (const file of files) unless(MISSING, undefined, () => disk.unlinkSync(join(draft, file)))
      unless(MISSING, undefined, () => disk.rmdirSync(draft))
      throw error
    }
  })
}

function moveInto(disk: Disk, draft: string, dir: string): void {
  // Windows does not rename a folder over another, even an empty one.
  if (process.platform === 'win32')
    unless(['ENOENT', 'ENOTEMPTY', 'EPERM'], undefined, () => disk.rmdirSync(dir))
  disk.renameSync(draft, dir)
}

/** Leaves a guard: removes the slots that were not published, and the folder if it is empty. */
function giveBack(disk: Disk, guard: HeldGuard): void {
  if (guard.isLeft) return
  const { slot, second, published } = guard
  for (const one of [slot, second])
    if (one !== null && !published.has(one)) unless(MISSING, undefined, () => disk.unlinkSync(one))
  try {
    leaveGuard(disk, guard)
  } catch (error) {
    // What was published has happened, and an empty folder is in nobody's way.
    if (published.size === 0 || !isFailure(error)) throw error
  }
}

/** Removes a guard's folder, if no slot is in it. */
export function leaveGuard(disk: Disk, guard: HeldGuard): void {
  guard.isLeft = true
  unless([...MISSING, 'ENOTEMPTY', 'EEXIST', 'EPERM'], undefined, () => disk.rmdirSync(guard.dir))
}

/** The slots in a guard's folder, none when nobody holds it. */
function slotsIn(disk: Disk, dir: string): string[] {
  return unless(MISSING, [], () => disk.readdirSync(dir)).sort()
}

/** Revokes the present holder if it is dead or the guard is far too old. False: a living holder keeps it. */
export function revokeDead(host: GuardHost, dir: string): boolean {
  return livingHolder(host, dir) === null
}

/** The name of a living holder; null without one: a dead one is revoked. */
function livingHolder(host: GuardHost, dir: string): string | null {
  const { disk } = host
  const slots = slotsIn(disk, dir)
  const [first] = slots
  if (first === undefined) return null
  const name = guardOfSlot(first)
  if (!isOwnerDead(host, name) && ageMs(disk, join(dir, first)) < OLDEST_GUARD_MS) return name
  // Only that holder's: by now another may have taken the guard.
  for (const slot of slots)
    if (guardOfSlot(slot) === name) unless(MISSING, undefined, () => disk.unlinkSync(join(dir, slot)))
  return null
}

/** For measuring waits. As good as performance.now(), for which Node would load a module at every start. */
export function monotonicMs(): number {
  return process.uptime() * 1000
}

function busy(host: GuardHost, stateDir: string, key: string): WrkError {
  const dir = join(stateDir, 'guards', key)
  const [slot] = slotsIn(host.disk, dir)
  const holder = slot
    ? `process ${slot.split('.')[0]} has held it for ${humanDuration(ageMs(host.disk, join(dir, slot)))}`
    : 'many processes write it'
  return new WrkError('BUSY', `timed out waiting to write ${key}: ${holder}`, {
    hint: 'Try again in a moment.',
    details: { guard: dir },
  })
}
