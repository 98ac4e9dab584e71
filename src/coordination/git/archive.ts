/**
 * Closed records of a queue, kept together: one ref, a commit with one file, a line for each record. Their own refs are
 * deleted, so that a push meets as many refs as there are open items; epochs are kept here and never fall.
 */

import {
  parseSharedRecord,
  type SharedReading,
  type SharedRecord,
  sharedRecordText,
} from '../../core/coordination/record.ts'
import { type EntryKey, encodeName } from '../../core/coordination/ref-name.ts'
import { WrkError } from '../../core/errors.ts'
import { keepArchive, readKeptArchive } from './cache-repository.ts'
import { type GitRemote, runGit } from './git-remote.ts'
import { readLooseObject } from './objects.ts'

const FILE = 'closed'

/** Lines of `KIND/NAME TAB RECORD`, sorted. */
export type ArchiveText = string

/** The archive's text as of one of its commits. @throws WrkError FAILED when the cache does not have it */
export async function readArchive(remote: GitRemote, commit: string): Promise<ArchiveText> {
  const kept = readKeptArchive(remote.gitDir, commit)
  if (kept !== null) return kept
  const text = await archiveIn(remote, commit)
  keepArchive(remote.gitDir, commit, text)
  return text
}

async function archiveIn(remote: GitRemote, commit: string): Promise<ArchiveText> {
  const loose = looseArchive(remote.gitDir, commit)
  if (loose !== null) return loose
  const { stdout, code, stderr } = await runGit(remote, ['cat-file', 'blob', `${commit}:${FILE}`])
  if (code === 0) return stdout
  throw new WrkError('FAILED', `the archive of closed claims cannot be read: ${stderr.trim()}`, {
    details: { commit },
  })
}

/** Without a process of git, where none of its objects is packed. */
function looseArchive(gitDir: string, commit: string): ArchiveText | null {
  const tree = /^tree ([0-9a-f]+)/.exec(readLooseObject(gitDir, commit)?.toString('latin1') ?? '')?.[1]
  const entries = tree ? readLooseObject(gitDir, tree) : null
  const head = Buffer.from(`100644 ${FILE}\0`)
  // Its one entry: the mode, the name, and the id in bytes.
  if (!entries?.subarray(0, head.length).equals(head)) return null
  const blob = entries.subarray(head.length).toString('hex')
  return readLooseObject(gitDir, blob)?.toString('utf8') ?? null
}

const lineStart = ({ kind, name }: EntryKey): string => `${kind}/${encodeName(name)}\t`

/** A closed record by its key; null when it is not among them. */
export function recordIn(text: ArchiveText, key: EntryKey): SharedReading | null {
  const start = lineStart(key)
  const at = text.startsWith(start) ? 0 : text.indexOf(`\n${start}`) + 1
  if (at === 0 && !text.startsWith(start)) return null
  const end = text.indexOf('\n', at)
  return parseSharedRecord(text.slice(at + start.length, end < 0 ? undefined : end))
}

/** The text with some records more; of one that is there already, the later epoch counts. */
export function withRecords(
  text: ArchiveText,
  added: readonly { key: EntryKey; record: SharedRecord }[],
): ArchiveText {
  const lines = new Map(
    text
      .split('\n')
      .filter(line => line !== '')
      .map(line => [line.slice(0, line.indexOf('\t') + 1), line]),
  )
  for (const { key, record } of added) {
    const old = recordIn(text, key)
    if (old?.kind === 'record' && old.record.epoch > record.epoch) continue
    // Who holds nothing needs no processes.
    lines.set(lineStart(key), `${lineStart(key)}${sharedRecordText({ ...record, anchors: [] })}`)
  }
  return `${[...lines.values()].sort().join('\n')}\n`
}

export { FILE as ARCHIVE_FILE }
