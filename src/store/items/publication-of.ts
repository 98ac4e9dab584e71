/** From a decision to what is published: the item's record after the change, and its file. */
import { join } from 'node:path'
import { type Hold, type ItemRecord, nextRecord, withShown, withSnapshot } from '../../core/claims/record.ts'
import type { ItemId } from '../../core/items/ids.ts'
import type { Run } from '../../core/runs/run.ts'
import { stamp } from '../../core/time.ts'
import { type FieldValue, spliceChecked } from '../../markdown/edit/splice.ts'
import type { FullReader } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import type { PendingEvent } from '../log/event-log.ts'
import { NeedsFullReader } from '../readers.ts'
import type { RunFile } from '../runs/runs.ts'
import type { Store } from '../store.ts'
import { type Current, type ItemText, invalid } from './current-item.ts'
import { markOf } from './file-mark.ts'
import type { ItemReading } from './item-reading.ts'
import type { OpenItem } from './open-item.ts'
import type { Move } from './places/moves.ts'
import type { ItemPublication } from './publish-item.ts'

/** What is to become of an item. */
export type ItemDecision<T> =
  | {
      kind: 'change'
      /** Lock lines are not among them: they follow from the record. */
      fields: Record<string, FieldValue>
      /** The file with other changes made, on which the fields are set; made from `Current.file`. */
      text?: ItemText | undefined
      /** How it changes who holds the item; left out: it does not. */
      hold?: Hold | undefined
      /** The session that takes a claim, or releases its own. */
      session?: string | undefined
      event: PendingEvent
      result: T
      /** A run that begins with this change. */
      run?: Run | undefined
      /** Runs that end with it. */
      ends?: readonly RunFile[]
      /** Where the item is to be moved afterwards; see moveItem. */
      move?: Move | undefined
    }
  | { kind: 'leave'; result: T }

const KEEP: Hold = { kind: 'keep' }

/** What is to be published: the record after the change, and the file where anything in it changes. */
export function publicationOf<T>(
  store: Store,
  id: ItemId,
  file: OpenItem,
  current: Current,
  { fields, text, hold = KEEP, session, move }: Extract<ItemDecision<T>, { kind: 'change' }>,
  full: FullReader | undefined,
): Omit<ItemPublication, 'record' | 'event'> {
  const { place, record, inFile, item } = current
  let next = nextRecord(item.id, record, hold)
  const taken = hold.kind === 'take'
  const needsItem = text !== undefined || Object.keys(fields).length > 0
  // A renewal leaves alone a file that shows the lock, or once did: a stash that is popped would trip over it.
  const isRenewal = taken && !hold.showsNew && !needsItem
  // A lock that another program wrote, where no record says otherwise, holds the item: it stays, and is no history.
  const isForeign = hold.kind === 'keep' && current.lock !== null && record?.state !== 'held'
  const all = { ...fields, ...(isRenewal || isForeign ? {} : lockLines(next, inFile)) }
  const claim = taken && session !== undefined ? claimOf(id, next, session) : {}
  const given = hold.kind === 'give' && session !== undefined ? { gives: session } : {}
  const order = taken ? 'record-first' : 'item-first'
  const shared = { key: id.key, order, needsItem, ...claim, ...given } as const
  if (Object.keys(all).length === 0 && !text) return { ...shared, next, item: null }

  const { bytes: base, frontmatter } = text ?? current.file
  const spliced = spliceChecked(base, frontmatter, all, full)
  if (spliced.kind === 'needsFull') throw new NeedsFullReader()
  if (spliced.kind === 'error') throw invalid(current, spliced.error)
  const { map } = spliced.after
  const written = Object.keys(all).map(key => [key, scalarText(findPair(map, key)?.value) ?? null])
  const folder = move?.folder ?? place.folder
  if (inFile && !isForeign) next = withShown(next, inFile)
  next = withSnapshot(
    next,
    folder === '' ? place.name : `${folder}/${place.name}`,
    Object.fromEntries(written),
  )
  const conflicts = join(store.stateDir, 'conflicts')
  if (taken) next = { ...next, madeOn: markOf(file) }
  const { bytes } = spliced
  return { ...shared, next, item: { bytes, from: file, path: file.path, durable: true, conflicts } }
}

function claimOf(
  { key }: ItemId,
  { id, run, claimedAt }: ItemRecord,
  session: string,
): Pick<ItemPublication, 'takes'> {
  return { takes: { session, claim: { key, id, claimedAt: claimedAt!, runId: run } } }
}

/** The lock lines that show the record, where the file's are others. */
function lockLines(
  { state, holder, lockedAt }: ItemRecord,
  inFile: ItemReading['inFile'],
): Record<string, FieldValue> {
  if (state !== 'held') return inFile ? { locked_by: '', locked_at: '' } : {}
  const isShown = inFile?.by === holder && inFile.at !== null && stamp(inFile.at) === lockedAt
  return isShown ? {} : { locked_by: holder, locked_at: lockedAt! }
}
