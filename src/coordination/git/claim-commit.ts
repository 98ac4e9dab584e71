/** A record as a commit: an empty tree, a subject for people, the record as JSON; child of the one it replaces. */
import {
  holderOf,
  parseSharedRecord,
  type SharedReading,
  type SharedRecord,
  sharedRecordText,
} from '../../core/coordination/record.ts'
import { parseInstant } from '../../core/time.ts'
import { emptyTree, type GitObject, makeCommit, type ObjectFormat } from './objects.ts'

/**
 * @param parent the commit that it replaces; null for the first
 * @param before what that commit says; undefined for the first
 */
export function claimCommit(
  format: ObjectFormat,
  record: SharedRecord,
  parent: string | null,
  before: SharedReading | undefined,
  who: string,
): GitObject {
  return makeCommit(format, {
    tree: emptyTree(format).id,
    parents: parent === null ? [] : [parent],
    who,
    at: parseInstant(record.renewed_at)!,
    message: `${subjectOf(record, before)}\n\n${sharedRecordText(record)}\n`,
  })
}

/** Reads a record from a commit's message. */
export function recordInMessage(message: string): SharedReading {
  const start = message.indexOf('\n\n')
  if (start < 0) return { kind: 'unreadable', why: 'the commit holds no record' }
  return parseSharedRecord(message.slice(start + 2).trim())
}

function subjectOf(record: SharedRecord, before: SharedReading | undefined): string {
  const { id, state } = record
  const verb = state === 'held' ? (isRenewal(record, before) ? 'Renew' : 'Claim') : VERBS[state]
  return `${verb} ${id} (${holderOf(record)})`.replace(/[\x00-\x1f\x7f]/g, '?')
}

/** Every new holder gets a new epoch; times prove nothing, since a claim may be renewed within its own second. */
function isRenewal({ epoch }: SharedRecord, before: SharedReading | undefined): boolean {
  return before?.kind === 'record' && before.record.state === 'held' && before.record.epoch === epoch
}

const VERBS = { released: 'Release', done: 'Finish' } as const
