/**
 * Which items a session claimed, one small file each in `.wrk/held/SESSION`, so that a claim shares no file with those of
 * other sessions, nor with those of its own session on other items. Only hints: the items' records decide. By them a
 * session learns what it lost.
 *
 * Guarantees: whoever holds an item has its entry, since it is written before the record is published.
 * Does not guarantee: that an entry means a claim. Its writer may have died before it published. Nor, since removing one
 * is not fenced, the entry of a claim that was tried again after its holder had been taken for dead by mistake.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { longHash } from '../../core/hash.ts'
import { type ItemKey, keyOfFileName } from '../../core/items/ids.ts'
import type { ClaimRecord } from '../../core/sessions/session.ts'
import type { Disk } from '../files/disk.ts'
import { readMarker, removeMarker, writeMarker } from '../files/marker.ts'

/** A claim as its session remembers it. */
export interface SessionClaim extends ClaimRecord {
  key: ItemKey
}

interface Entry {
  session: string
  id: string
  claimed_at: string
  run_id: string | null
}

const LONGEST_NAME = 120

/**
 * A session's id as a file name: letters that are not small, and marks, are written by their code, so that two ids
 * never meet on a file system that ignores case.
 */
export function fileNameOfSession(id: string): string {
  const name = id.replace(/[^a-z0-9_-]/g, mark => `%${mark.codePointAt(0)!.toString(16).padStart(2, '0')}`)
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 17)}~${longHash(id)}`
}

function folderOf(stateDir: string, session: string): string {
  return join(stateDir, 'held', fileNameOfSession(session))
}

/** What a session has claimed and not given up, in the order in which it claimed. */
export function sessionClaims(disk: Disk, stateDir: string, session: string): SessionClaim[] {
  const folder = folderOf(stateDir, session)
  const found = unless(MISSING, [], () => disk.readdirSync(folder)).flatMap(name => {
    const key = keyOfFileName(`${name}.md`)
    const entry = key === name ? readMarker<Entry>(disk, join(folder, name)) : null
    if (!entry || entry.session !== session) return []
    return [{ key: key!, id: entry.id, claimedAt: entry.claimed_at, runId: entry.run_id }]
  })
  return found.sort((a, b) => (a.claimedAt < b.claimedAt ? -1 : a.claimedAt > b.claimedAt ? 1 : 0))
}

/** Writes the entry of a claim; to be called under the item's guard, before the record is published. */
export function writeSessionClaim(
  disk: Disk,
  stateDir: string,
  session: string,
  { key, id, claimedAt, runId }: SessionClaim,
): void {
  const folder = folderOf(stateDir, session)
  const entry: Entry = { session, id, claimed_at: claimedAt, run_id: runId }
  const write = () => {
    writeMarker(disk, join(folder, key), entry, 'w')
    return true
  }
  if (unless(MISSING, false, write)) return
  disk.mkdirSync(folder, { recursive: true })
  write()
}

/** Removes the entry of a claim that was given up, or that its session knows to be lost. */
export function removeSessionClaim(disk: Disk, stateDir: string, session: string, key: ItemKey): void {
  removeMarker(disk, join(folderOf(stateDir, session), key))
}
