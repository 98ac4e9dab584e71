/** Files that are being made in `.wrk/tmp`, and what dead processes left of them. */
import { basename, join } from 'node:path'
import { MISSING, unless } from '../core/errno.ts'
import type { GuardHost } from './files/guard.ts'
import { isOwnerDead, ownName } from './files/guard-owner.ts'
import { ageMs, isFolderAt } from './files/look.ts'

/** A path in `.wrk/tmp` for a file that is being made; swept once this process is gone. */
export function draftPath(host: Pick<GuardHost, 'self' | 'randomLetters'>, stateDir: string): string {
  return join(stateDir, 'tmp', ownName(host))
}

/** Drafts live for milliseconds. So old a one goes even if its process cannot be judged: it ran in a sandbox, or elsewhere. */
const OLDEST_DRAFT_MS = 3_600_000

/** Whether a draft in `.wrk/tmp` was left: its process is dead, or nobody can tell and it is far too old. */
export function isDraftLeft(host: GuardHost, path: string): boolean {
  return isOwnerDead(host, basename(path)) || ageMs(host.disk, path) > OLDEST_DRAFT_MS
}

/** Removes what dead processes left in `.wrk/tmp`: guards that nobody took, and files that were not put in place. */
export function sweepDrafts(host: GuardHost, stateDir: string): void {
  const { disk } = host
  const tmp = join(stateDir, 'tmp')
  for (const name of unless(MISSING, [], () => disk.readdirSync(tmp))) {
    const path = join(tmp, name)
    if (!isDraftLeft(host, path)) continue
    if (!isFolderAt(disk, path)) {
      unless(MISSING, undefined, () => disk.unlinkSync(path))
      continue
    }
    for (const file of [name, `${name}.a`, `${name}.b`])
      unless([...MISSING, 'EISDIR'], undefined, () => disk.unlinkSync(join(path, file)))
    unless([...MISSING, 'ENOTEMPTY', 'EEXIST'], undefined, () => disk.rmdirSync(path))
  }
}
