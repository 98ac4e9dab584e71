/** One item's life as one line of time: what the event log has of it, and what git has committed, wherever it was. */
import { changesBetween, type FieldChange } from '../../core/commits/item-changes.ts'
import { WrkError } from '../../core/errors.ts'
import { displayOfFileName, type ItemId, keyOfFileName, parseId } from '../../core/items/ids.ts'
import type { LogEvent } from '../../core/log/event.ts'
import { stamp } from '../../core/time.ts'
import { type FullReader, loadFullReader } from '../../markdown/frontmatter.ts'
import { readItem } from '../../store/items/item-reader.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { fileHistory, type HistoryCommit } from '../../system/git/file-history.ts'
import { readAsCheckedOut } from '../../system/git/staged.ts'
import type { Context } from '../context.ts'
import { log } from '../queue/log.ts'
import { type QueueInRepository, queueInRepository } from './commit-queue.ts'

export type HistoryEntry =
  | ({ source: 'log' } & Omit<LogEvent, 'seq' | 'tx'>)
  | {
      source: 'git'
      time: string
      commit: string
      author: string
      subject: string
      what: 'added' | 'moved' | 'changed' | 'removed'
      /** From the queue; null before it was added, and after it was removed. */
      from: string | null
      to: string | null
      fields: FieldChange[]
      body: boolean
    }

export interface ItemHistory {
  id: string
  entries: HistoryEntry[]
  warnings: string[]
}

/** Oldest first. @throws WrkError USAGE, NOT_FOUND, IO */
export async function itemHistory(context: Context, text: string, cwd: string): Promise<ItemHistory> {
  const { store } = context
  const id = parseId(text, store.settings.idPrefix)
  const found = queueInRepository(context, cwd)
  const commits = found ? await commitEntries(found, id) : []
  const events = await eventsOf(context, id, commits.length > 0)
  const warnings = found
    ? []
    : [`the queue ${store.root} is not in a git repository; this is from the event log only`]
  const entries: HistoryEntry[] = [
    ...events.map(({ seq: _, tx: __, ...event }) => ({ source: 'log' as const, ...event })),
    ...commits,
  ]
  // What happened is committed afterwards.
  const order = (one: HistoryEntry) => `${one.time} ${one.source === 'log' ? 0 : 1}`
  entries.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0))
  return { id: await spelledId(context, id, entries), entries, warnings }
}

/** As the item's file has it; of one that is gone, as its last file or event has it. */
async function spelledId({ store }: Context, id: ItemId, entries: readonly HistoryEntry[]): Promise<string> {
  const [reading] = placesOf(store.host.disk, store.root, id.key).length > 0 ? await readItem(store, id) : []
  if (reading) return reading.item.id
  const names = entries.map(entry => {
    if (entry.source === 'log') return entry.item
    const path = entry.to ?? entry.from
    return path && displayOfFileName(path.slice(path.lastIndexOf('/') + 1))
  })
  return names.findLast(name => name) ?? id.display
}

/** An item that is in no folder any more may still be in git. */
async function eventsOf(context: Context, { display }: ItemId, isKnown: boolean): Promise<LogEvent[]> {
  try {
    return await log(context, { id: display })
  } catch (error) {
    if (isKnown && error instanceof WrkError && error.code === 'NOT_FOUND') return []
    throw error
  }
}

type GitEntry = Extract<HistoryEntry, { source: 'git' }>

async function commitEntries(
  { repository, folder }: QueueInRepository,
  { key }: ItemId,
): Promise<GitEntry[]> {
  const number = key.slice(key.lastIndexOf('-') + 1)
  const below = folder === '' ? '' : `${escaped(folder)}/`
  const commits = fileHistory(repository, [`${below}**/*${number}*.md`])
    .map(commit => ({ ...commit, changes: commit.changes.filter(({ path }) => keyOfPath(path) === key) }))
    .filter(({ changes }) => changes.length > 0)
    .reverse()
  const files = commits.flatMap(({ changes }) =>
    changes.flatMap(({ path, before, after }) =>
      [...before, after].flatMap(id => (id === null ? [] : [[id, path] as const])),
    ),
  )
  const wanted = [...new Map(files)].map(([id, path]) => ({ id, path }))
  const { objects: bytes } = readAsCheckedOut(repository, wanted)
  let full: FullReader | undefined
  const entries: GitEntry[] = []
  for (const commit of commits) {
    let entry = entryOf(commit, folder, bytes)
    if (!entry) {
      full ??= await loadFullReader()
      entry = entryOf(commit, folder, bytes, full)!
    }
    entries.push(entry)
  }
  return entries
}

/** Null when the full reader is needed. */
function entryOf(
  { commit, time, author, subject, changes }: HistoryCommit,
  folder: string,
  bytes: ReadonlyMap<string, Buffer | null>,
  full?: FullReader,
): GitEntry | null {
  const gone = changes.find(({ after }) => after === null)
  const come = changes.find(({ after }) => after !== null)
  const blobBefore = [...(come?.before ?? []), ...(gone?.before ?? [])].find(blob => blob !== null) ?? null
  const read = (blob: string | null | undefined) => (blob ? (bytes.get(blob) ?? null) : null)
  const changed = changesBetween(read(blobBefore), read(come?.after), full)
  if (!changed) return null
  const within = (path: string | undefined) => path?.slice(folder === '' ? 0 : folder.length + 1) ?? null
  const wasThere = come?.before.some(blob => blob !== null)
  const from = within(gone?.path ?? (wasThere ? come?.path : undefined))
  const to = within(come?.path)
  const what = from === null ? 'added' : to === null ? 'removed' : from === to ? 'changed' : 'moved'
  return { source: 'git', time: stamp(new Date(time)), commit, author, subject, what, from, to, ...changed }
}

function keyOfPath(path: string): string | null {
  return keyOfFileName(path.slice(path.lastIndexOf('/') + 1))
}

/** For a pattern of git's. */
function escaped(folder: string): string {
  return folder.replace(/[*?[\]\\]/g, '\\$&')
}
