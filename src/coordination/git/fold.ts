/**
 * Puts closed records into the archive by compare-and-swap, and then deletes their refs, each under a lease. A crash in
 * between leaves a record in both places: its own ref counts, and the next fold deletes it.
 */
import type { SharedRecord } from '../../core/coordination/record.ts'
import { type EntryKey, refOf } from '../../core/coordination/ref-name.ts'
import { WrkError } from '../../core/errors.ts'
import { type SharedEntry, unreachable } from '../engine.ts'
import { ARCHIVE_FILE, type ArchiveText, withRecords } from './archive.ts'
import { forgetRef, noteRef } from './cache-repository.ts'
import { archiveOf, fetchClaims, type GitRemote, pushRefs, type RefChange } from './git-remote.ts'
import { archiveText, archiveTip, refValueOf } from './git-view.ts'
import { makeCommit, makeObject, makeTreeOf, type ObjectFormat, writeObject } from './objects.ts'

const TRIES = 4
const REFS_AT_ONCE = 200

/** Makes the archive of a queue that has none; one that another makes at the same moment will do. */
export async function pushFirstArchive(remote: GitRemote, format: ObjectFormat, who: string): Promise<void> {
  const change = archiveChange(remote, format, who, null, '')
  const [answer] = await pushRefs(remote, [change], false)
  if (answer!.kind === 'applied') return noteRef(remote.gitDir, change.ref, change.to!)
  await fetchClaims(remote)
  if (archiveTip(remote) !== null) return
  if (answer!.kind === 'unknown') throw unreachable(remote.where, answer!.reason)
  throw new WrkError('FAILED', `${remote.where} does not take refs of claims: ${answer!.reason}`, {
    hint: 'Allow pushes to refs/wrk/ on the server: docs/machines.md',
  })
}

/** @param entries records that are closed for good @returns how many refs are gone */
export async function foldEntries(
  remote: GitRemote,
  format: ObjectFormat,
  who: string,
  entries: readonly SharedEntry[],
): Promise<number> {
  const closed = entries.flatMap(({ key, revision, reading }) =>
    reading.kind === 'record' && reading.record.state === 'done'
      ? [{ key, revision, record: reading.record }]
      : [],
  )
  if (closed.length === 0 || !(await archive(remote, format, who, closed))) return 0
  let gone = 0
  for (let i = 0; i < closed.length; i += REFS_AT_ONCE) {
    const changes = closed.slice(i, i + REFS_AT_ONCE).map(({ key, revision }) => ({
      ref: refOf(remote.queue, key),
      from: refValueOf({ key, revision, reading: { kind: 'unreadable', why: '' } }),
      to: null,
    }))
    const answers = await pushRefs(remote, changes, false)
    for (const [at, answer] of answers.entries())
      if (answer.kind === 'applied') {
        forgetRef(remote.gitDir, changes[at]!.ref)
        gone++
      }
  }
  return gone
}

/** @returns false when others were quicker each time: then the next fold does it */
async function archive(
  remote: GitRemote,
  format: ObjectFormat,
  who: string,
  closed: readonly { key: EntryKey; record: SharedRecord }[],
): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const tip = archiveTip(remote)
    const old = tip === null ? '' : await archiveText(remote, tip)
    const text = withRecords(old, closed)
    if (text === old) return true
    const change = archiveChange(remote, format, who, tip, text)
    const [answer] = await pushRefs(remote, [change], false)
    if (answer!.kind === 'applied') {
      noteRef(remote.gitDir, change.ref, change.to!)
      return true
    }
    await fetchClaims(remote)
    // Applied after all, though the answer was lost.
    if (archiveTip(remote) === change.to) return true
  }
  return false
}

function archiveChange(
  remote: GitRemote,
  format: ObjectFormat,
  who: string,
  tip: string | null,
  text: ArchiveText,
): RefChange {
  const blob = makeObject(format, 'blob', Buffer.from(text))
  const tree = makeTreeOf(format, ARCHIVE_FILE, blob.id)
  const commit = makeCommit(format, {
    tree: tree.id,
    parents: tip === null ? [] : [tip],
    who,
    at: new Date(),
    message: 'Archive of finished claims\n',
  })
  for (const object of [blob, tree, commit]) writeObject(remote.gitDir, object)
  return { ref: archiveOf(remote), from: tip, to: commit.id }
}
