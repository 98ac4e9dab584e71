/** Every commit that changed some files, wherever they were: by patterns of their paths, not by following renames. */
import { WrkError } from '../../core/errors.ts'
import type { CommitChange } from './commit-range.ts'
import { gitIn, type Repository } from './repository.ts'

export interface HistoryCommit {
  commit: string
  /** When it was committed, in milliseconds. */
  time: number
  author: string
  subject: string
  changes: CommitChange[]
}

const FORMAT = '--format=%x01%H%x02%ct%x02%an%x02%s'

/**
 * The commits of the present branch, newest first.
 * @param patterns paths from the top, with `*` for anything but `/`
 * @throws WrkError IO
 */
export function fileHistory(repository: Repository, patterns: readonly string[]): HistoryCommit[] {
  // Of a merge only what differs from all that it merged: what it only brought in, a commit of its own has done.
  const how = ['--full-history', '--raw', '-z', '--no-renames', '--no-abbrev', '--diff-merges=combined']
  const within = patterns.map(pattern => `:(top,glob,icase)${pattern}`)
  const { code, stdout, stderr } = gitIn(repository, ['log', FORMAT, ...how, '--', ...within])
  if (code !== 0 && /does not have any commits/.test(stderr)) return []
  if (code !== 0) throw new WrkError('IO', `git log failed: ${stderr.trim().replace(/^fatal: /, '')}`)
  return stdout.toString('utf8').split('\x01').slice(1).map(readCommit)
}

function readCommit(text: string): HistoryCommit {
  const [header = '', ...parts] = text.split('\0')
  const [commit, time, author, subject] = header.split('\x02')
  const changes: CommitChange[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!.trimStart()
    const colons = /^:+/.exec(part)?.[0].length ?? 0
    if (colons === 0) continue
    const fields = part.slice(colons).split(' ')
    const blobs = fields.slice(colons + 1, 2 * colons + 2)
    const files = blobs.map((blob, n) => (fields[n]!.startsWith('100') ? blob : null))
    changes.push({ path: parts[++i]!, before: files.slice(0, -1), after: files.at(-1)! })
  }
  return { commit: commit!, time: Number(time) * 1000, author: author!, subject: subject ?? '', changes }
}
