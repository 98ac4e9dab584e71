/**
 * Commits against the records that all clones share: a commit that changes or names an item which another holds, or
 * that was made under a claim which somebody else has taken over since, may not come in. Pure. It trusts what a commit
 * says of itself: who can push can forge.
 */
import { holderOf, type SharedReading, type SharedRecord } from '../coordination/record.ts'
import { type ItemKey, keyOfField } from '../items/ids.ts'
import { isSessionId } from '../sessions/session.ts'
import type { RangeFinding } from './range-findings.ts'

/** Under which claim a commit was made; the commit-msg hook writes it. */
export interface ClaimTrailer {
  key: ItemKey
  id: string
  epoch: number
  /** The holder; null where the trailer does not say. */
  by: string | null
}

const TRAILER = /^Wrk-Claim: (\S+) epoch=(\d{1,15})(?: by=(\S+))?\s*$/

/** The line that says under which claim of an item a commit is made. */
export function trailerText({ id, epoch, by }: Omit<ClaimTrailer, 'key'>): string {
  return `Wrk-Claim: ${id} epoch=${epoch}${by === null ? '' : ` by=${by}`}`
}

/** Of several for one item, as an amended commit has them, the latest. */
export function trailersIn(message: string, idPrefix: string): Map<ItemKey, ClaimTrailer> {
  const found = new Map<ItemKey, ClaimTrailer>()
  for (const line of message.split('\n')) {
    const [, id, epoch, by] = TRAILER.exec(line) ?? []
    const key = id === undefined ? null : keyOfField(id, idPrefix)
    if (!key || !id || !epoch) continue
    const trailer = { key, id, epoch: Number(epoch), by: by && isSessionId(by) ? by : null }
    const old = found.get(key)
    if (!old || old.epoch <= trailer.epoch) found.set(key, trailer)
  }
  return found
}

export interface CommitAndItems {
  commit: string
  /** The items that it changes, or names in its subject, each with the file it is at. */
  items: ReadonlyMap<ItemKey, string>
  trailers: ReadonlyMap<ItemKey, ClaimTrailer>
}

/**
 * @param recordOf null for an item that nobody ever claimed
 * @param isMine whether a record is the caller's own; in CI nobody's is
 */
export function claimFindings(
  commits: readonly CommitAndItems[],
  recordOf: (key: ItemKey) => SharedReading | null,
  isMine: (record: SharedRecord) => boolean,
): RangeFinding[] {
  const findings: RangeFinding[] = []
  for (const { commit, items, trailers } of commits)
    for (const [key, path] of items) {
      const problem = problemOf(recordOf(key), trailers.get(key) ?? null, isMine)
      if (!problem) continue
      const item = key.toUpperCase()
      findings.push({ severity: 'error', path, line: 1, column: 1, item, commit, ...problem(item) })
    }
  return findings
}

type Problem = (item: string) => Pick<RangeFinding, 'code' | 'message'>

function problemOf(
  reading: SharedReading | null,
  trailer: ClaimTrailer | null,
  isMine: (record: SharedRecord) => boolean,
): Problem | null {
  if (!reading) return null
  if (reading.kind === 'unreadable')
    return item => ({
      code: 'claim-unreadable',
      message: `the shared record of ${item} cannot be read: ${reading.why}`,
    })
  const { record } = reading
  if (isMine(record)) return null
  const { epoch, host, state } = record
  const who = `${holderOf(record)} on ${host}`
  if (!trailer)
    return state !== 'held'
      ? null
      : item => ({
          code: 'claim-held',
          message: `${item} is held by ${who}, and this commit was not made under that claim`,
        })
  if (trailer.epoch === epoch || (trailer.epoch < epoch && trailer.by === holderOf(record))) return null
  return trailer.epoch < epoch
    ? item => ({
        code: 'claim-behind',
        message: `this commit was made under claim ${trailer.epoch} of ${item}; ${who} has claimed it since (${epoch})`,
      })
    : item => ({
        code: 'claim-ahead',
        message: `this commit names claim ${trailer.epoch} of ${item}, but its record is at ${epoch}`,
      })
}
