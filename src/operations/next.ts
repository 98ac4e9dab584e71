/** The item to work on now, and on demand its claim: chosen and claimed as one act. */

import { WrkError } from '../core/errors.ts'
import { type Candidate, type Choice, choose, type Ready } from '../core/next.ts'
import { isPending } from '../core/status.ts'
import type { Current } from '../store/item-store.ts'
import { ReadingCache } from '../store/reading-cache.ts'
import { candidates, placeAndTime, type QueueItem } from './candidates.ts'
import { type ClaimedItem, claim } from './claim.ts'
import type { Context } from './context.ts'

export interface NextItem {
  /** Null: nothing is ready. */
  chosen: Ready<QueueItem> | null
  /** Set when the item was claimed as well. */
  claimed: ClaimedItem | null
  choice: Choice<QueueItem>
}

/** @throws WrkError IO */
export async function next(context: Context): Promise<NextItem> {
  const { host, stateDir, settings } = context.store
  const cache = new ReadingCache(host.disk, stateDir, settings.idPrefix)
  const choice = choose(await candidates(context, 'choosing', cache), placeAndTime(context))
  return { chosen: choice.ready[0] ?? null, claimed: null, choice }
}

/**
 * Chooses and claims. What another took meanwhile is passed over, so that nobody is refused while work is left.
 * @throws WrkError NO_SESSION, BUSY, IO
 */
export async function claimNext(context: Context): Promise<NextItem> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const found = await next(context)
    for (const chosen of found.choice.ready) {
      const claimed = await tryClaim(context, chosen.item)
      if (claimed) return { ...found, chosen, claimed }
    }
    // All that was ready was taken meanwhile: look again, since something may have been freed.
    if (found.choice.ready.length === 0) return found
  }
  throw new WrkError('BUSY', 'everything that was ready was taken by others, again and again', {
    hint: 'Try again in a moment.',
  })
}

const MOST_ROUNDS = 50

/** Thrown inside the guard: the item is not what it was when it was chosen. */
class NotReady extends Error {}

async function tryClaim(context: Context, { id }: Candidate): Promise<ClaimedItem | null> {
  try {
    const claimed = await claim(context, id, { check: stillReady })
    // What this session holds already is not what it asked for.
    return claimed.kind === 'held' || claimed.kind === 'renewed' ? null : claimed
  } catch (error) {
    if (error instanceof NotReady) return null
    if (error instanceof WrkError && PASSED_OVER.has(error.code)) return null
    throw error
  }
}

/** Somebody moved, closed or damaged it between the look and the claim. */
const PASSED_OVER: ReadonlySet<string> = new Set(['NOT_FOUND', 'CLOSED', 'AMBIGUOUS', 'INVALID_ITEM'])

function stillReady({ item, place }: Current): void {
  if (!isPending(item.status, place.folder)) throw new NotReady()
}
