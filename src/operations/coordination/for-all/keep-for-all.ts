/** Keeps a session's claims alive for all clones, and writes down here what was lost meanwhile. */
import { holderOf } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { newEvent } from '../../../core/log/event.ts'
import { listedSession } from '../../../core/sessions/session.ts'
import { printable } from '../../../core/text.ts'
import { humanDuration, stamp } from '../../../core/time.ts'
import type { HeldNote } from '../../../store/coordination/shared-notes.ts'
import { monotonicMs } from '../../../store/files/guard.ts'
import { changeRecord } from '../../../store/items/change-record.ts'
import { type Context, currentRegistry } from '../../context.ts'
import { type Shared, sharedOf } from '../engine/open-shared.ts'
import { isDue, type LostClaim, renewClaims } from '../engine/renew-claims.ts'
import { settleNotes } from '../engine/settle-notes.ts'
import { takeClaim } from '../engine/take-claim.ts'
import { helperOf, isHeldHere, localHolder } from '../shared-caller.ts'

/**
 * Renews a session's claims, and writes down what was lost meanwhile. Nobody keeps another session's claims alive: it
 * may be dead.
 * @param all also those that are not due yet
 * @returns warnings
 */
export async function keepForAll(context: Context, session: string, all = false): Promise<string[]> {
  const shared = await sharedOf(context)
  // A claim comes by here twice: when its session registers, and before it asks for the item.
  if (!all && monotonicMs() - (lastKept.get(shared) ?? -JUST_NOW_MS) < JUST_NOW_MS) return []
  lastKept.set(shared, monotonicMs())
  try {
    await settleNotes(shared, record => isHeldHere(context, record))
    await publishLocal(shared)
    const which = (note: HeldNote) => note.record.session === session && (all || isDue(shared, note))
    const { lost, failed } = await renewClaims(shared, which)
    for (const one of lost) await writeLoss(context, one)
    if (!failed) return []
    const left =
      failed.leftMs > 0 ? `they expire in ${humanDuration(failed.leftMs)}` : 'they have expired: stop working'
    return [`claims could not be renewed (${printable(failed.why, 200)}); ${left}`]
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    return [`claims could not be renewed: ${error.message}`]
  }
}

const JUST_NOW_MS = 1000
const lastKept = new WeakMap<Shared, number>()

/** Claims that were made while the engine could not be reached are made known; one that another won meanwhile is lost. */
async function publishLocal(shared: Shared): Promise<void> {
  const { context, notes } = shared
  for (const { key, id, session, holder, reason } of notes.local.list()) {
    if (reason === '--local' || localHolder(context.store, key.name as ItemKey) !== holder) continue
    const anchors = listedSession(await currentRegistry(context), session)?.anchors ?? []
    const caller = { session, agent: helperOf(holder, session), anchors }
    const taking = await takeClaim(shared, { key, id, caller, run: null, force: null, deadHolder: null })
    notes.local.remove(key)
    if (taking.kind === 'taken') taking.complete()
    else await writeLoss(context, { id, key, by: taking.by })
  }
}

/** The session learns of it at its next call, as of a takeover in this clone. */
export async function writeLoss(context: Context, { id, key, by }: LostClaim): Promise<void> {
  const { store, clock } = context
  const now = stamp(clock())
  const who = by ? `${holderOf(by)} on ${by.host}` : 'nobody'
  const why = printable(by ? `taken over by ${who}` : 'released in another clone')
  await changeRecord(store, { key: key.name as ItemKey, display: id }, record => {
    if (record?.state !== 'held') return { kind: 'leave', result: null }
    return {
      kind: 'change',
      hold: { kind: 'give', state: by?.state === 'done' ? 'done' : 'released', at: now, why },
      event: {
        ...newEvent(now, 'takenOver'),
        item: id,
        session: by ? holderOf(by) : null,
        previous_holder: record.holder,
        reason: why,
        tx: store.host.randomLetters(12),
      },
      result: null,
    }
  })
}
