/**
 * Events of changes that are about to be published. Before an item, a lock or the list of sessions is changed, the event
 * is put into `outbox/`; the next to hold that file's guard sees which of those changes happened and logs them first.
 *
 * Guarantees: if a process died before its change was logged, the next one logs it, once.
 */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { MISSING, messageOf, unless } from '../../core/errno.ts'
import type { Disk } from '../files/disk.ts'
import { type GuardHost, type HeldGuard, StartOver } from '../files/guard.ts'
import type { OpenFile } from '../files/guarded-file.ts'
import { isThere, lookAt } from '../files/look.ts'
import { readMarker, removeMarker, writeMarker } from '../files/marker.ts'
import { withFolders } from '../state-folders.ts'
import { appendEvents, type PendingEvent } from './event-log.ts'

/** A change that has happened and may not be logged yet; as appendEvents takes them. */
export interface Unlogged {
  events: readonly PendingEvent[]
  path?: string
  left?: number
}

/**
 * Logs changes that have happened. What cannot be logged now is left to the next command.
 * @returns a warning that says so
 */
export async function logChanges(
  host: GuardHost,
  stateDir: string,
  changes: readonly Unlogged[],
): Promise<string[]> {
  for (const { path, events, left } of changes)
    try {
      await appendEvents(host, stateDir, events, path, left)
    } catch (error) {
      const later = path ? '; the next command will complete it' : ''
      return [`the event log could not be written yet: ${messageOf(error)}${later}`]
    }
  return []
}

/**
 * Publishes a change that must not be missing from the log, whatever happens afterwards: it is noted before.
 * @param unlogged as `unloggedChanges` gave them: once this change is published, nobody can see any more that they
 *   happened, so they are noted with it
 * @param event null for a change that is no news
 * @param act publishes it
 * @returns what `act` returned, and what is to be logged now
 * @throws StartOver when the guard was taken away; what `act` throws: nothing was published then
 */
export function publishLogged<T>(
  disk: Disk,
  stateDir: string,
  key: string,
  guard: HeldGuard,
  unlogged: readonly Unlogged[],
  event: PendingEvent | null,
  act: () => T,
): { published: T; toLog: readonly Unlogged[] } {
  const old = unlogged.flatMap(({ events }) => events)
  const events = event ? [...old, event] : old
  if (events.length === 0) return { published: act(), toLog: unlogged }
  const intent = writeIntent(disk, stateDir, key, events, guard)
  try {
    const published = act()
    return { published, toLog: [...unlogged, { path: intent.path, events, left: old.length }] }
  } catch (error) {
    removeMarker(disk, intent.path)
    throw error
  } finally {
    disk.closeSync(intent.slot)
  }
}

/** A change that is about to be published: its events, and how to tell whether it happened. */
interface Intent {
  /** Events of earlier changes that nobody has logged yet, then its own. */
  events: PendingEvent[]
  /** The inode that is to be renamed into the file's place. */
  inode: number
}

/**
 * Puts the events of a change into the outbox before it is published. The file is named after the guard's holder,
 * so that others can see whether it may still publish.
 * @returns the file, for `removeMarker`, and the open slot, to be closed after that: while it is open, its inode
 *   number is given to no other file, not even when the slot has been revoked
 */
export function writeIntent(
  disk: Disk,
  stateDir: string,
  key: string,
  events: readonly PendingEvent[],
  { slot, name }: Pick<HeldGuard, 'slot' | 'name'>,
): { path: string; slot: number } {
  const open = unless(MISSING, null, () => disk.openSync(slot, constants.O_RDONLY))
  if (open === null) throw new StartOver()
  try {
    const inode = disk.fstatSync(open).ino
    const intent: Intent = { events: [...events], inode }
    return { path: writeIntentFile(disk, stateDir, key, intent, { name }), slot: open }
  } catch (error) {
    disk.closeSync(open)
    throw error
  }
}

/** Puts what is about to be published into the outbox. @returns its path, for removeMarker */
export function writeIntentFile(
  disk: Disk,
  stateDir: string,
  key: string,
  intent: object,
  { name }: Pick<HeldGuard, 'name'>,
): string {
  const path = join(stateDir, 'outbox', `${key}~${name}`)
  withFolders(disk, stateDir, () => writeMarker(disk, path, intent, 'wx'))
  return path
}

/** The intents of one file, and the slots by which their writers may still publish. */
export function intentsOf(disk: Disk, stateDir: string, key: string): { path: string; slots: string[] }[] {
  const outbox = join(stateDir, 'outbox')
  const prefix = `${key}~`
  return unless(MISSING, [], () => disk.readdirSync(outbox))
    .filter(name => name.startsWith(prefix))
    .sort()
    .map(file => {
      const name = file.slice(prefix.length)
      return { path: join(outbox, file), slots: [name, `${name}.a`, `${name}.b`] }
    })
}

/**
 * The changes of one file that were published and may not be logged; to be called under its guard.
 * Intents of changes that did not happen are removed: their writers cannot publish any more. Every holder of the
 * guard does this before it changes anything, so an inode number cannot have been given to another file meanwhile.
 *
 * A caller that was revoked without knowing it comes here too, while another holds the guard. It must not remove
 * that one's intent, or its event would be lost: a slot that is still there distinguishes them, since in a guard
 * that is held there is no slot but the holder's own. Once it is gone, what can happen has happened.
 * @param file the guarded file as it was read inside the guard; `stat` is null when there was none
 * @throws StartOver when another holds the guard
 */
export function unloggedChanges(
  disk: Disk,
  stateDir: string,
  key: string,
  guard: Pick<HeldGuard, 'dir'>,
  file: Replaced,
): Unlogged[] {
  return intentsOf(disk, stateDir, key).flatMap(({ path, slots }) => {
    if (slots.some(slot => isThere(disk, join(guard.dir, slot)))) throw new StartOver()
    const intent = readMarker<Intent>(disk, path)
    if (intent && isPublished(disk, file, intent.inode))
      return [{ path, events: intent.events, left: intent.events.length }]
    removeMarker(disk, path)
    return []
  })
}

/** The file that a change replaces. */
interface Replaced {
  path: string
  stat: Pick<OpenFile['stat'], 'ino'> | null
}

/** As it was read, or as it is now: a caller that was revoked has read what may have been replaced since. */
function isPublished(disk: Disk, { path, stat }: Replaced, inode: number): boolean {
  return (stat !== null && Number(stat.ino) === inode) || lookAt(disk, path)?.ino === inode
}
