/** What the caller holds, by the records: for commands that are given no item. */
import { WrkError } from '../../core/errors.ts'
import { noSession } from '../../core/sessions/identity.ts'
import { readRecord } from '../../store/claims/record-file.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { claimsOf } from './lost-claims.ts'

/**
 * The one item that the caller holds.
 * @param verb the command that wants it, for the next step
 * @returns its id
 * @throws WrkError NO_SESSION; USAGE when the caller holds none, or several
 */
export async function heldItem(context: Context, verb: string): Promise<string> {
  const { identity, caller } = await resolveCaller(context)
  if (!identity) throw noSession()
  const held = caller ? heldBy(context, caller) : []
  const [id, ...others] = held
  if (id !== undefined && others.length === 0) return id
  if (id === undefined)
    throw new WrkError('USAGE', 'missing item: you hold none', {
      hint: `Name one: wrk ${verb} WRK-157. Claim one: wrk next --claim`,
    })
  throw new WrkError('USAGE', `missing item: you hold ${held.length}`, {
    hint: `Name them: wrk ${verb} ${held.slice(0, MOST_NAMED).join(' ')}${held.length > MOST_NAMED ? ' …' : ''}`,
  })
}

/** @throws WrkError NO_SESSION where a claim would fail for want of a session */
export async function requireSession(context: Context): Promise<void> {
  const { identity } = await resolveCaller(context)
  if (!identity) throw noSession()
}

const MOST_NAMED = 5

function heldBy(context: Context, { session, holder }: { session: string; holder: string }): string[] {
  const { host, stateDir } = context.store
  return claimsOf(context, session).flatMap(({ key }) => {
    const { reading } = readRecord(host.disk, stateDir, key)
    const isHeld =
      reading.kind === 'record' && reading.record.state === 'held' && reading.record.holder === holder
    return isHeld ? [reading.record.id] : []
  })
}
