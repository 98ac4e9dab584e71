/** Who holds items that somebody wants to commit something about: the same answer as everywhere (see heldLock). */
import type { HeldLock } from '../../core/claims/claim.ts'
import type { TrueLock } from '../../core/commits/verify.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { belongsTo } from '../../core/sessions/session.ts'
import { readRecord } from '../../store/claims/record-file.ts'
import { readItems } from '../../store/items/item-reader.ts'
import { type ItemReading, inFileOnly, withRecord } from '../../store/items/item-reading.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import type { Context } from '../context.ts'
import type { CallerView } from '../sessions/caller.ts'
import { givesWay, type HolderInfo, heldLock, holderInfo, type ItemJudge, judgeForMany } from './holder.ts'
import { claimsOf, howLost, type Superseded } from './lost-claims.ts'

export interface Truth extends TrueLock {
  /** What the queue's files say; empty when none is left. */
  readings: ItemReading[]
  holder: HolderInfo | null
  /** How the caller lost it. */
  loss: Superseded | null
  /** The file does not show the lock of the session that holds the item. */
  isTampered: boolean
  /** Why it is unknown whether anybody holds it; then `free` is unknown too. Null if it is known. */
  unreadable: string | null
}

export type TruthOf = (key: ItemKey) => Truth

/** Reads the queue's files of some items once, and answers for each. */
export async function readTruths(
  context: Context,
  { registry, caller }: CallerView,
  keys: ReadonlySet<ItemKey>,
): Promise<TruthOf> {
  const { store } = context
  const readings = await readItems(store, placesOf(store.host.disk, store.root, ...keys))
  const judge = judgeForMany(store, registry, context.clock())
  const session = caller?.session ?? null
  const claimed = new Set(session === null ? [] : claimsOf(context, session).map(({ key }) => key))
  return key => {
    const files = readings.filter(({ place }) => place.key === key)
    return truthOf(context, key, files, judge, session, claimed.has(key))
  }
}

/** @param claimed whether the caller's session has claimed the item, and not given it up */
function truthOf(
  context: Context,
  key: ItemKey,
  files: ItemReading[],
  judge: ItemJudge,
  session: string | null,
  claimed: boolean,
): Truth {
  const reading = files.find(({ lock }) => lock) ?? files[0] ?? withoutFile(context, key)
  const held = heldLock(judge, reading)
  const isMine = (by: string) => session !== null && belongsTo(by, session)
  const lost = claimed && !(reading.lock && isMine(reading.lock.by)) && canTell(reading)
  return {
    readings: files,
    lock: held?.lock ?? null,
    ownership: ownershipOf(judge, held, isMine),
    holder: held && holderInfo(judge, held),
    lost,
    loss: lost ? howLost(context, session!, reading.item.id, held?.lock.by ?? null) : null,
    isTampered: held?.takenOut ?? false,
    unreadable: held ? null : whyUnreadable(reading),
  }
}

/** An item with a missing file: only its record counts. */
function withoutFile({ store }: Context, key: ItemKey): ItemReading {
  const reading: ItemReading = {
    place: { key, folder: '', name: `${key}.md`, path: '' },
    item: { id: key, title: '', status: null, priority: null, closed: false },
    ...inFileOnly(null),
    problems: [],
    modified: new Date(0),
  }
  withRecord(reading, readRecord(store.host.disk, store.stateDir, key))
  return reading
}

/** Nothing can be said of an item that has neither a record nor a file that can be read. */
function canTell({ record, problems }: ItemReading): boolean {
  return record !== null || !problems.some(({ blocks }) => blocks)
}

function ownershipOf(
  judge: ItemJudge,
  held: HeldLock | null,
  isMine: (by: string) => boolean,
): TrueLock['ownership'] {
  if (!held) return 'free'
  if (isMine(held.lock.by)) return 'mine'
  return givesWay(judge, held) ? 'over' : 'other'
}

function whyUnreadable({ place, problems }: ItemReading): string | null {
  const problem = problems.find(({ code, blocks }) => blocks && code !== 'id-mismatch')
  return problem
    ? `${place.path}${problem.line > 0 ? `:${problem.line}:${problem.column}` : ''}: ${problem.message}`
    : null
}
