/**
 * What this clone notes of its dealings with the coordination engine, for whoever comes next: small files in
 * `.wrk/coordination`. They decide nothing; the engine does. A torn or lost one costs a question to the engine.
 */
import { join } from 'node:path'
import type { Tick } from '../../core/coordination/lease.ts'
import { readSharedRecord, type SharedReading, type SharedRecord } from '../../core/coordination/record.ts'
import { decodeName, type EntryKey, encodeName } from '../../core/coordination/ref-name.ts'
import { MISSING, unless } from '../../core/errno.ts'
import type { Anchor } from '../../core/sessions/session.ts'
import type { Disk } from '../files/disk.ts'
import { readMarker, removeMarker, writeMarker } from '../files/marker.ts'

/** A claim of this clone that the engine has confirmed. */
export interface HeldNote {
  key: EntryKey
  revision: string
  record: SharedRecord
  /** When the last successful renewal was about to be sent. */
  sent: Tick
  sentAt: string
}

/** A change that is about to be sent, or that got no answer. */
export interface IntentNote {
  key: EntryKey
  /** What it starts from; null: from no entry. */
  from: string | null
  /** What it leads to: by it the change is known again. */
  revision: string
  record: SharedRecord
  at: string
  /** Who sends it: while that process runs, nobody else settles it. */
  by: Anchor
}

/** What is sent to the engine as soon as it can be reached. */
export interface QueuedNote {
  key: EntryKey
  state: 'released' | 'done'
  record: SharedRecord
  at: string
}

/** A claim in this clone alone, which the engine knows nothing of. */
interface LocalNote {
  key: EntryKey
  id: string
  session: string
  holder: string
  at: string
  reason: string
}

interface NoteKinds {
  held: HeldNote
  intents: IntentNote
  queued: QueuedNote
  local: LocalNote
}

/** Notes of one kind: by entry, or of several that may be under way at once by a further name. */
interface Notes<N> {
  read(key: EntryKey): N | null
  list(): N[]
  write(key: EntryKey, note: N, more?: string): void
  remove(key: EntryKey, more?: string): void
}

export interface SharedNotes {
  held: Notes<HeldNote>
  intents: Notes<IntentNote>
  queued: Notes<QueuedNote>
  local: Notes<LocalNote>
  /** For how long this host has seen which object: by `KIND/NAME`. */
  seen: { read(): Record<string, Seen>; write(seen: Record<string, Seen>): void }
  /** All entries as they were when an engine that keeps none here was last asked. */
  view: { read(): NotedView | null; write(view: NotedView): void }
}

interface NotedView {
  at: string
  entries: readonly { key: EntryKey; revision: string; reading: SharedReading }[]
}

interface Seen {
  revision: string
  since: Tick
}

/**
 * @param folder `.wrk/coordination`
 * @param draftPath a path of its own for a file that is being made
 */
export function sharedNotes(disk: Disk, folder: string, draftPath: () => string): SharedNotes {
  const put = (path: string, note: unknown): void => {
    const draft = draftPath()
    for (const one of [path, draft]) disk.mkdirSync(join(one, '..'), { recursive: true })
    writeMarker(disk, draft, note, 'wx')
    disk.renameSync(draft, path)
  }
  const notes = <K extends keyof NoteKinds>(kind: K): Notes<NoteKinds[K]> => {
    const fileOf = ({ kind: of, name }: EntryKey, more?: string) =>
      join(folder, kind, `${of}~${encodeName(name)}${more === undefined ? '' : `~${encodeName(more)}`}.json`)
    return {
      read: key => sound(readMarker<NoteKinds[K]>(disk, fileOf(key))),
      list: () =>
        unless(MISSING, [], () => disk.readdirSync(join(folder, kind)))
          .filter(
            name => /^[a-z]+~[^~]+(~[^~]+)?\.json$/.test(name) && decodeName(name.split(/[~.]/)[1]!) !== null,
          )
          .sort()
          .flatMap(name => sound(readMarker<NoteKinds[K]>(disk, join(folder, kind, name))) ?? []),
      write: (key, note, more) => put(fileOf(key, more), note),
      remove: (key, more) => removeMarker(disk, fileOf(key, more)),
    }
  }
  const viewFile = join(folder, 'view.json')
  const seenFile = join(folder, 'seen.json')
  return {
    held: notes('held'),
    intents: notes('intents'),
    queued: notes('queued'),
    local: notes('local'),
    seen: {
      read: () => readMarker<Record<string, Seen>>(disk, seenFile) ?? {},
      write: seen => put(seenFile, seen),
    },
    view: {
      read: () => soundView(readMarker<NotedView>(disk, viewFile)),
      write: view => put(viewFile, view),
    },
  }
}

/** A note with an unreadable record counts for nothing: the engine is asked. */
function sound<N extends object>(note: N | null): N | null {
  if (note === null || !('key' in note)) return null
  return 'record' in note && readSharedRecord(note.record).kind !== 'record' ? null : note
}

function soundView(view: NotedView | null): NotedView | null {
  const isSound = Array.isArray(view?.entries) && !Number.isNaN(Date.parse(view.at))
  return isSound ? view : null
}
