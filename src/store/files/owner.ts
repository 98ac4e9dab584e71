/** The owner of a file. Replacing one by a rename would change that, and only root may give a file to another user. */
import { accessSync, constants, type Stats } from 'node:fs'
import { join } from 'node:path'
import { codeOf, MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { Disk } from './disk.ts'
import { lookAt } from './look.ts'

type Owner = Pick<Stats, 'uid' | 'gid'>

/** The error for a file that this process cannot replace without changing its owner. */
export function notOurs(path: string, { uid, gid }: Owner, ourUid: number | undefined): WrkError {
  const [message, hint] =
    uid === ourUid
      ? [
          `${path} belongs to a group that you are not in (gid ${gid}); writing it would change its group`,
          'Give it a group of yours: chgrp "$(id -g)" FILE (all of a queue: chgrp -R "$(id -g)" FOLDER)',
        ]
      : [
          `${path} belongs to another user (uid ${uid}); writing it would change its owner`,
          'Run wrk as its owner, or make the file your own.',
        ]
  return new WrkError('IO', message, { hint, details: { path } })
}

/** The same error for a file that nobody tries to replace now; null when it can be replaced, or is not there. */
export function whyNotOurs(disk: Disk, path: string): WrkError | null {
  const uid = process.geteuid?.()
  const stat = uid ? lookAt(disk, path) : null
  // Only Node lists the process's own group among the others.
  const groups = [process.getegid!(), ...process.getgroups!()]
  if (!stat || (stat.uid === uid && groups.includes(stat.gid))) return null
  return notOurs(path, stat, uid)
}

/** Of `.wrk` and its folders, those that this process may not write to, with the system's reason. */
export function unwritableFolders(disk: Disk, stateDir: string): { path: string; reason: string }[] {
  const entries = unless(MISSING, [], () => disk.readdirSync(stateDir, { withFileTypes: true }))
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => join(stateDir, name))
  return [stateDir, ...folders].flatMap(path => {
    try {
      unless(MISSING, undefined, () => accessSync(path, constants.W_OK | constants.X_OK))
      return []
    } catch (error) {
      const reason = codeOf(error)
      if (reason === undefined) throw error
      return [{ path, reason }]
    }
  })
}
