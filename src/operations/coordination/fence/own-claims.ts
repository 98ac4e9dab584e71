/** What this clone knows of its own claims, for commits and pushes; asks nobody. */
import { type ClaimTrailer, trailersIn, trailerText } from '../../../core/commits/claim-findings.ts'
import { holderOf, type SharedRecord } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { printable } from '../../../core/text.ts'
import type { Context } from '../../context.ts'
import { holderHere } from '../engine/claimant.ts'
import { claimKey, type Shared, sharedOf } from '../engine/open-shared.ts'
import { leaseLeftMs } from '../engine/renew-claims.ts'

/** Whether a record is of this clone. */
export function isOfThisClone(shared: Shared): (record: SharedRecord) => boolean {
  const { clone } = holderHere(shared, { session: '', agent: null })
  return record => record.clone === clone
}

/**
 * The lines that say under which claims items are changed: held here, or given up here last.
 * @param message leaves out what it says already
 */
export async function claimTrailers(
  context: Context,
  keys: Iterable<ItemKey>,
  message: string,
): Promise<string[]> {
  const shared = await sharedOf(context)
  const isOurs = isOfThisClone(shared)
  const there = trailersIn(message, context.store.settings.idPrefix)
  const lines: string[] = []
  for (const key of keys) {
    const held = shared.notes.held.read(claimKey(key))?.record
    const record = held ?? (await lastRecord(shared, key))
    if (!record || !isOurs(record)) continue
    const trailer = { id: record.id, epoch: record.epoch, by: holderOf(record) }
    if (!isSaid(there.get(key), trailer)) lines.push(trailerText(trailer))
  }
  return lines
}

async function lastRecord({ engine, notes }: Shared, key: ItemKey): Promise<SharedRecord | null> {
  const entry = engine.lastSeen
    ? await engine.lastSeen(claimKey(key))
    : notes.view.read()?.entries.find(one => one.key.kind === 'claims' && one.key.name === key)
  return entry?.reading.kind === 'record' ? entry.reading.record : null
}

const isSaid = (old: ClaimTrailer | undefined, now: Omit<ClaimTrailer, 'key'>): boolean =>
  old !== undefined && old.epoch === now.epoch && old.by === now.by

/**
 * Looks whether items that are to be committed are held for all clones still, as far as this clone can tell.
 * @returns warnings: claimed in this clone only
 * @throws WrkError LOCKED when the time of a claim is over: others may have the item by now
 */
export async function checkOwnClaims(context: Context, keys: Iterable<ItemKey>): Promise<string[]> {
  const shared = await sharedOf(context)
  const warnings: string[] = []
  for (const key of keys) {
    const local = shared.notes.local.read(claimKey(key))
    if (local) warnings.push(`${local.id} is claimed in this clone only; publish it: wrk claim ${local.id}`)
    const held = shared.notes.held.read(claimKey(key))
    if (held && leaseLeftMs(shared, held) <= 0) throw leaseOver(held.record)
  }
  return warnings
}

function leaseOver({ id }: SharedRecord): WrkError {
  return new WrkError('LOCKED', `the time of the claim on ${printable(id, 60)} is over: it was not renewed`, {
    hint: `Another clone may have it by now. Renew it, or learn who has it: wrk claim ${printable(id, 60)}`,
    details: { item: id },
  })
}

/** Claims in this clone only may not be pushed. @throws WrkError LOCKED */
export function refuseUnpublished(shared: Shared, keys: Iterable<ItemKey>): void {
  for (const key of keys) {
    const local = shared.notes.local.read(claimKey(key))
    if (local)
      throw new WrkError('LOCKED', `not pushed: ${local.id} is claimed in this clone only`, {
        hint: `Publish the claim first: wrk claim ${local.id}`,
        details: { item: local.id },
      })
  }
}
