/** The item to work on now, and on demand its claim: chosen and claimed as one act. */

import { WrkError } from '../../../core/errors.ts'
import { readDetails } from '../../../core/items/details.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { type Choice, choose, type Ready } from '../../../core/items/next.ts'
import type { Current } from '../../../store/items/current-item.ts'
import { type ClaimedItem, claim } from '../../claims/claim.ts'
import { type ElsewhereView, viewElsewhere } from '../../claims/remote-claim.ts'
import type { Context } from '../../context.ts'
import { resolveCaller } from '../../sessions/caller.ts'
import { candidates, placeAndTime, type QueueItem } from './candidates.ts'

export interface NextItem {
  /** Null: nothing is ready. */
  chosen: Ready<QueueItem> | null
  /** Set when the item was claimed as well. */
  claimed: ClaimedItem | null
  choice: Choice<QueueItem>
  /** What the caller holds already. */
  holding: QueueItem[]
}

export interface NextOptions {
  /** Offer also what is begun and held by nobody, although nothing says that anybody left it. */
  begun?: boolean
  /** Which of the ready ones are wanted; all unless given. */
  fits?: ((item: QueueItem) => boolean) | undefined
}

/** @throws WrkError IO */
export async function next(
  context: Context,
  { begun, fits }: NextOptions = {},
  elsewhere?: ElsewhereView | null,
): Promise<NextItem> {
  const view = await resolveCaller(context)
  const items = await candidates(context, 'choosing', view, undefined, elsewhere)
  const chosen = choose(items, placeAndTime(context, begun))
  const choice = fits ? { ...chosen, ready: chosen.ready.filter(({ item }) => fits(item)) } : chosen
  const holder = view.caller?.holder
  const holding = items.filter(
    ({ lockedBy, closed }) => holder !== undefined && lockedBy === holder && !closed,
  )
  return { chosen: choice.ready[0] ?? null, claimed: null, choice, holding }
}

/**
 * Chooses and claims. What another took meanwhile is passed over, so that nobody is refused while work is left; each
 * item is looked at again under its guard. What it waits for is as it was when the queue was looked through.
 * @throws WrkError NO_SESSION, BUSY, IO
 */
export async function claimNext(context: Context, options: NextOptions = {}): Promise<NextItem> {
  const unfit = new Map<ItemKey, string>()
  // What was last seen of other clones serves to choose by; that nothing is left, only the engine knows.
  let elsewhere = await viewElsewhere(context)
  let isAsked = elsewhere === null
  const lost = new Set<ItemKey>()
  rounds: for (let round = 0; round < MOST_ROUNDS; round++) {
    const { choice, holding } = await next(context, options, elsewhere)
    const { ready } = choice
    for (const [i, chosen] of ready.entries()) {
      if (unfit.has(chosen.item.key)) continue
      if (lost.has(chosen.item.key)) continue
      const claimed = await tryClaim(context, chosen.item, choice)
      if (claimed?.kind === 'unfit') unfit.set(chosen.item.key, claimed.why)
      else if (claimed) {
        claimed.warnings.push(...[...unfit.values()].map(why => `skipped: ${why}`))
        return { chosen, claimed, choice: { ...choice, ready: ready.slice(i) }, holding }
      } else if (elsewhere) {
        // Losing it brought news of other clones: choose again by them, rather than lose one after another.
        lost.add(chosen.item.key)
        elsewhere = await viewElsewhere(context)
        continue rounds
      }
    }
    if (!isAsked) {
      isAsked = true
      elsewhere = await viewNow(context, elsewhere)
      lost.clear()
      continue
    }
    // All that was ready was taken meanwhile: look again, since something may have been freed.
    if (ready.every(({ item }) => unfit.has(item.key) || lost.has(item.key)))
      return { chosen: null, claimed: null, choice: withoutUnfit(choice, unfit), holding }
  }
  throw new WrkError('BUSY', 'other sessions took every ready item first, several times in a row', {
    hint: 'Try again in a moment.',
  })
}

const MOST_ROUNDS = 50

/** What the engine says now; what was last seen, where it cannot be reached. */
async function viewNow(context: Context, seen: ElsewhereView | null): Promise<ElsewhereView | null> {
  try {
    return await viewElsewhere(context, true)
  } catch (error) {
    if (error instanceof WrkError && error.code === 'UNREACHABLE') return seen
    throw error
  }
}

/** Thrown inside the guard: the item is not what it was when it was chosen. */
class NotReady extends Error {}

/** An item that looked well and yet cannot be written to; who gets another is warned of it. */
interface Unfit {
  kind: 'unfit'
  why: string
}

/** Null: another has taken it, or it is not ready any more. */
async function tryClaim(
  context: Context,
  item: QueueItem,
  choice: Choice<QueueItem>,
): Promise<ClaimedItem | Unfit | null> {
  const check = (current: Current) => {
    if ((current.lock?.by ?? null) !== item.lockedBy) throw new NotReady()
    const { status } = current.item
    const details = readDetails(current.fields, context.store.settings.idPrefix)
    const now = { ...item, status, folder: current.place.folder, details }
    if (choice.reasons(now).length > 0) throw new NotReady()
  }
  try {
    const claimed = await claim(context, item.id, { check })
    // What this session holds already is not what it asked for.
    return claimed.kind === 'held' || claimed.kind === 'renewed' ? null : claimed
  } catch (error) {
    if (error instanceof NotReady) return null
    if (!(error instanceof WrkError)) throw error
    // Of an item that is another user's, only its owner can change that.
    const isForeign = error.code === 'IO' && error.details.path === item.path
    if (error.code === 'INVALID_ITEM' || isForeign) return { kind: 'unfit', why: error.message }
    if (MEANWHILE.has(error.code)) return null
    throw error
  }
}

/** Somebody moved or closed it between the look and the claim. */
const MEANWHILE: ReadonlySet<string> = new Set(['NOT_FOUND', 'CLOSED', 'AMBIGUOUS'])

function withoutUnfit(choice: Choice<QueueItem>, unfit: ReadonlyMap<ItemKey, string>): Choice<QueueItem> {
  return {
    ...choice,
    ready: [],
    waiting: [...choice.ready.map(({ item }) => item), ...choice.waiting],
    reasons: item => {
      const why = unfit.get(item.key)
      return why === undefined ? choice.reasons(item) : [why, ...choice.reasons(item)]
    },
  }
}
