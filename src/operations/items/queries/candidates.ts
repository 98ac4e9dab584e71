/** The items of a queue with what choosing among them needs: details, holders, problems. */

import { NO_DETAILS } from '../../../core/items/details.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import type { Problem } from '../../../core/items/item.ts'
import type { Candidate, Here } from '../../../core/items/next.ts'
import { hostLabel } from '../../../core/sessions/session.ts'
import { readQueue } from '../../../store/items/item-reader.ts'
import { cacheOf } from '../../../store/items/reading-cache.ts'
import { localDay } from '../../../system/clock.ts'
import { here } from '../../../system/processes/process.ts'
import { heldLock, judgeForMany, leftWork, lockState } from '../../claims/holder.ts'
import { type ElsewhereView, type SharedView, viewElsewhere } from '../../claims/remote-claim.ts'
import type { Context } from '../../context.ts'
import { type CallerView, resolveCaller } from '../../sessions/caller.ts'

export interface QueueItem extends Candidate {
  title: string
  path: string
  lockedBy: string | null
  lockedAt: Date | null
  problems: readonly Problem[]
  liveness: 'alive' | 'dead' | 'unknown' | 'stale' | null
}

/**
 * @param depth `choosing` leaves out what only filters need, and all but the id of closed items; it opens only files
 *   that changed since something was last chosen
 * @param onlooker who asks, where that is known already
 * @param among the keys of the items that are asked for; all unless given
 * @param given in a coordinated queue, what is known of other clones; what this one last saw unless given
 * @throws WrkError IO
 */
export async function candidates(
  context: Context,
  depth: 'choosing' | 'details',
  onlooker?: CallerView,
  among?: ReadonlySet<ItemKey>,
  given?: ElsewhereView | null,
): Promise<QueueItem[]> {
  const { store } = context
  const view = given === undefined ? await viewElsewhere(context) : given
  const { registry, caller } = onlooker ?? (await resolveCaller(context))
  const now = context.clock()
  const judge = judgeForMany(store, registry, now)
  const cache = depth === 'choosing' ? cacheOf(store, depth) : undefined
  const found = await readQueue(
    store,
    reading => {
      const { item, place, problems, details = NO_DETAILS } = reading
      const held = heldLock(judge, reading)
      const lock = held?.lock ?? null
      const liveness = held && lockState(judge, held)
      const candidate: QueueItem = {
        key: place.key,
        id: item.id,
        title: item.title,
        path: place.path,
        status: item.status,
        priority: item.priority,
        folder: place.folder,
        closed: item.closed,
        details,
        problem: null,
        // Who asks is alive, whatever the registry says of it.
        heldBy: lock && (lock.by === caller?.holder || isHeld(liveness)) ? lock.by : null,
        lockedBy: lock?.by ?? null,
        lockedAt: lock?.at ?? null,
        problems,
        liveness,
        left: lock && lock.by === caller?.holder ? null : leftWork(judge, reading, held),
        putBack: reading.record?.state === 'done' && !item.closed,
      }
      const elsewhere = view?.items.get(place.key)
      return elsewhere ? { ...candidate, ...takenElsewhere(elsewhere, candidate) } : candidate
    },
    depth,
    cache,
    among,
  )
  // That an id has two files is known only when all have been read.
  for (let i = 0; i < found.length; i++) {
    const { problems } = found[i]!
    if (problems.length > 0) found[i]!.problem = blocking(problems) ?? found[i]!.problem
  }
  return found
}

/** What another clone has is not offered; it has been begun there, so nobody left it here. */
function takenElsewhere(
  { state, session_id, host, liveness }: SharedView,
  { heldBy, left }: QueueItem,
): Partial<QueueItem> {
  const who = `${session_id} on ${host}`
  if (state === 'done') return { problem: `finished by ${who}; pull to see it here` }
  if (state === 'unreadable') return { problem: 'its shared record cannot be read: update wrk here' }
  const isTaken = liveness === 'alive' || liveness === 'unknown'
  return { heldBy: heldBy ?? (isTaken ? who : null), left: isTaken ? null : left }
}

function isHeld(liveness: QueueItem['liveness']): boolean {
  return liveness === 'alive' || liveness === 'unknown'
}

function blocking(problems: readonly Problem[]): string | null {
  const problem = problems.find(({ blocks }) => blocks)
  if (!problem) return null
  return problem.line > 0 ? `line ${problem.line}: ${problem.message}` : problem.message
}

/** The moment and the place that an item is chosen for. WRK_MACHINE names this machine, else its host name does. */
export function placeAndTime({ clock, env }: Context, begun = false): Here {
  const named = env.WRK_MACHINE?.split(',').flatMap(name => name.trim() || [])
  const now = clock()
  return {
    now,
    today: () => localDay(now),
    machines: named?.length ? named : [hostLabel(here().host)],
    begun,
  }
}
