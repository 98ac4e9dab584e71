/** What this clone last saw of the queue's claims, read from the cache repository. */
import { type EntryKey, encodeName, keyOfRef, REFS, refOf } from '../../core/coordination/ref-name.ts'
import { WrkError } from '../../core/errors.ts'
import type { SharedEntry } from '../engine.ts'
import { type ArchiveText, readArchive, recordIn } from './archive.ts'
import { looseMessage, readRef } from './cache-repository.ts'
import { recordInMessage } from './claim-commit.ts'
import { archiveOf, type GitRemote, runGit } from './git-remote.ts'

/** The revision of a record that is kept in the archive: that of the archive itself. */
const ARCHIVED = 'archived:'

export function archiveTip(remote: GitRemote): string | null {
  return readRef(remote.gitDir, archiveOf(remote))
}

/** The commit of a revision; the next one names it as its parent. */
export function commitOf({ revision }: SharedEntry): string {
  return revision.startsWith(ARCHIVED) ? revision.slice(ARCHIVED.length) : revision
}

/** The ref's own value that a change starts from; null when there must be no such ref. */
export function refValueOf(entry: SharedEntry | null): string | null {
  return entry && !entry.revision.startsWith(ARCHIVED) ? entry.revision : null
}

/** One entry as last seen: its own ref, else what the archive says of it. */
export async function viewedEntry(remote: GitRemote, key: EntryKey): Promise<SharedEntry | null> {
  const revision = readRef(remote.gitDir, refOf(remote.queue, key))
  if (revision !== null) {
    const message = looseMessage(remote.gitDir, revision) ?? (await askedMessage(remote, revision))
    return { key, revision, reading: recordInMessage(message) }
  }
  const tip = archiveTip(remote)
  if (tip === null) return null
  const reading = recordIn(await archiveText(remote, tip), key)
  return reading && { key, revision: `${ARCHIVED}${tip}`, reading }
}

/** All entries with refs of their own, as last seen. */
export async function viewedEntries(remote: GitRemote): Promise<SharedEntry[]> {
  const queue = encodeName(remote.queue)
  const end = await runGit(remote, [
    'for-each-ref',
    '--format=%(refname)%00%(objectname)%00%(contents)%00',
    `${REFS}claims/${queue}/`,
    `${REFS}locks/${queue}/`,
  ])
  if (end.code !== 0) throw new WrkError('FAILED', `the view of claims cannot be read: ${end.stderr.trim()}`)
  const fields = end.stdout.split('\0')
  const entries: SharedEntry[] = []
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const key = keyOfRef(remote.queue, fields[i]!.replace(/^\n/, ''))
    if (key) entries.push({ key, revision: fields[i + 1]!, reading: recordInMessage(fields[i + 2]!) })
  }
  return entries
}

async function askedMessage(remote: GitRemote, id: string): Promise<string> {
  const { stdout, code, stderr } = await runGit(remote, ['cat-file', 'commit', id])
  if (code !== 0) throw new WrkError('FAILED', `a claim's commit cannot be read: ${stderr.trim()}`)
  return stdout.slice(stdout.indexOf('\n\n') + 2)
}

let lastArchive: { tip: string; text: ArchiveText } | null = null

/** Kept for the process: several entries are looked up in one. */
export async function archiveText(remote: GitRemote, tip: string): Promise<ArchiveText> {
  if (lastArchive?.tip !== tip) lastArchive = { tip, text: await readArchive(remote, tip) }
  return lastArchive.text
}
