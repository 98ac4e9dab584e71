/** Tells all clones that an item was given up or finished, and keeps the engine's live records few. */
import { holderOf } from '../../../core/coordination/record.ts'
import { messageOf } from '../../../core/errno.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemId } from '../../../core/items/ids.ts'
import { printable } from '../../../core/text.ts'
import { parseInstant } from '../../../core/time.ts'
import type { Context } from '../../context.ts'
import { type GivingUp, giveUpClaim } from '../engine/give-up.ts'
import { claimKey, type Shared, sharedOf } from '../engine/open-shared.ts'

export interface SharedRelease {
  /** False while it is still unsent. */
  remotely: boolean
  warnings: string[]
}

interface Ending {
  /** Who held it here. */
  holder: string
  state: 'released' | 'done'
  force?: boolean
  /** Only what this clone knows that it holds: nobody is asked about anything else. */
  onlyKnown?: boolean
}

/**
 * Tells the engine that an item was given up, or finished. Never fails for a released item: what cannot be sent now is
 * queued.
 */
export async function giveUpForAll(
  context: Context,
  id: ItemId,
  { holder, state, force = false, onlyKnown = false }: Ending,
): Promise<SharedRelease> {
  const shared = await sharedOf(context)
  const { held, local } = shared.notes
  const key = claimKey(id.key)
  if (onlyKnown && !held.read(key) && !local.read(key)) return { remotely: true, warnings: [] }
  // As the item writes it, whatever was asked for: WRK-001 for 1.
  const name = held.read(key)?.record.id ?? id.display
  const request = {
    key,
    id: name,
    holder: { session: holder, agent: null },
    state,
    force,
  }
  let end: GivingUp
  try {
    end = await giveUpClaim(shared, request)
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    return { remotely: false, warnings: [`${name}: ${messageOf(error)}`] }
  }
  if (end.kind === 'sent' && state === 'done') await foldClosed(shared)
  const word = state === 'done' ? 'finished' : 'free'
  if (end.kind === 'queued')
    return {
      remotely: false,
      warnings: [`${name} is ${word} here; other clones see it after the next wrk command (${end.why})`],
    }
  if (end.kind === 'heldByOther')
    return {
      remotely: true,
      warnings: [`${name} is held by ${printable(holderOf(end.by), 128)} on ${printable(end.by.host, 60)}`],
    }
  return { remotely: true, warnings: [] }
}

/** So many closed records are put out of the way at once. */
const FOLD_AT = 20
/** A push that was under way when a record was closed has long ended by then. */
const CLOSED_FOR_MS = 10 * 60_000

/** Keeps the engine's live records few: a push over git meets every ref of the remote. */
async function foldClosed({ engine, context }: Shared): Promise<void> {
  if (!engine.fold) return
  const seen = await engine.listLastSeen?.()
  const before = context.clock().getTime() - CLOSED_FOR_MS
  const closed = (seen?.entries ?? []).filter(
    ({ reading }) =>
      reading.kind === 'record' &&
      reading.record.state === 'done' &&
      (parseInstant(reading.record.renewed_at)?.getTime() ?? before) < before,
  )
  if (closed.length < FOLD_AT) return
  try {
    await engine.fold(closed)
  } catch (error) {
    // The next who finishes an item tries again.
    if (!(error instanceof WrkError)) throw error
  }
}
