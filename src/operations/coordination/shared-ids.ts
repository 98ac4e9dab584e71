/**
 * New ids, each given out once among all clones: the first to write a record of it has the number. The record is a
 * tombstone, so the item is free for whoever claims it.
 */
import { RECORD_VERSION } from '../../core/coordination/record.ts'
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { stamp } from '../../core/time.ts'
import type { Context } from '../context.ts'
import type { GivenId } from '../items/allocate-id.ts'
import { claimantOf, newNonce } from './engine/claimant.ts'
import { claimKey, type Shared, sharedOf } from './engine/open-shared.ts'
import { writeRecord } from './engine/take-claim.ts'

/** Others may give out ids at the same moment; after each try, all that they gave are known. */
const TRIES = 20

/**
 * @param give the next id that is free as far as this clone knows, past those that others are known to have given
 * @throws WrkError UNREACHABLE: no id was given; BUSY
 */
export async function giveIdForAll(
  context: Context,
  give: (taken: readonly string[]) => Promise<GivenId>,
): Promise<GivenId> {
  const shared = await sharedOf(context)
  const known = await shared.engine.listLastSeen?.()
  let taken = known?.entries.map(({ key }) => `${key.name}.md`) ?? []
  for (let tries = 0; tries < TRIES; tries++) {
    const given = await give(taken)
    try {
      if (await reserve(shared, given.id)) return given
      taken = (await shared.engine.list()).map(({ key }) => `${key.name}.md`)
    } catch (error) {
      if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
      if (shared.settings.offline !== 'local') throw noId(error)
      const warning = `${given.id} may be given in another clone too: ${error.message}`
      return { ...given, warnings: [...given.warnings, warning] }
    }
  }
  throw new WrkError('BUSY', 'other clones used the same new ids several times in a row', {
    hint: 'Try again.',
  })
}

async function reserve(shared: Shared, id: string): Promise<boolean> {
  const { key } = parseId(id, shared.context.store.settings.idPrefix)
  const at = stamp(shared.context.clock())
  const claimant = claimantOf(shared, { session: 'wrk-new', agent: null, anchors: [] }, id, {
    nonce: newNonce(shared),
  })
  const record = {
    v: RECORD_VERSION,
    state: 'released' as const,
    epoch: 1,
    claimed_at: at,
    renewed_at: at,
    ...claimant,
  }
  const swap = await writeRecord(shared, claimKey(key), null, record)
  shared.notes.intents.remove(claimKey(key), record.nonce)
  return swap.kind === 'applied'
}

function noId(error: WrkError): WrkError {
  return new WrkError('UNREACHABLE', `no new id: ${error.message}`, {
    hint: 'Another clone could use the same id. Try again when the engine can be reached.',
    details: error.details,
    cause: error,
  })
}
