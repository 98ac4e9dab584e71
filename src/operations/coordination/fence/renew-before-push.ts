/**
 * What has to be so before commits leave this clone: its claims are renewed by compare-and-swap, nothing of it is
 * claimed here only, and no commit is against another's claim.
 */
import type { RangeFinding } from '../../../core/commits/range-findings.ts'
import { holderOf, type SharedRecord } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { humanDuration } from '../../../core/time.ts'
import type { Context } from '../../context.ts'
import { resolveCaller } from '../../sessions/caller.ts'
import { type Shared, sharedOf } from '../engine/open-shared.ts'
import { type LostClaim, type Renewal, renewClaims } from '../engine/renew-claims.ts'
import { settleNotes } from '../engine/settle-notes.ts'
import { writeLoss } from '../for-all/keep-for-all.ts'
import { isHeldHere } from '../shared-caller.ts'
import { coordinatedQueues } from './items-of-commits.ts'
import { isOfThisClone, refuseUnpublished } from './own-claims.ts'
import { findingsOf } from './verify-claims.ts'

/** Commits that are about to leave: all that `tip` has and `without` names are not. */
export interface Leaving {
  tip: string
  without: readonly string[]
}

/** Completes what earlier commands left, so far as the engine can be reached. */
export async function settleBefore(context: Context): Promise<Shared> {
  const shared = await sharedOf(context)
  await settleNotes(shared, record => isHeldHere(context, record))
  return shared
}

/** The caller's session; null without one, which then holds nothing. */
export async function callerSession(context: Context): Promise<string | null> {
  return (await resolveCaller(context)).caller?.session ?? null
}

/**
 * @param isFresh whether what was last seen is as the engine has it
 * @returns findings against the commits, and warnings
 * @throws WrkError LOCKED: something is claimed in this clone only
 */
export async function judgeLeaving(
  shared: Shared,
  cwd: string,
  leaving: readonly Leaving[],
): Promise<{ findings: RangeFinding[]; warnings: string[] }> {
  const queues = leaving.flatMap(({ tip, without }) => coordinatedQueues(cwd, { tip, target: null }, without))
  refuseUnpublished(
    shared,
    queues.flatMap(({ commits }) => commits.flatMap(({ items }) => [...items.keys()])),
  )
  const findings: RangeFinding[] = []
  const warnings: string[] = []
  const isMine = isOfThisClone(shared)
  let isFresh = false
  for (const queue of queues) {
    if (queue.commits.length === 0) continue
    try {
      findings.push(...(await findingsOf(shared, queue, isMine, isFresh)))
    } catch (error) {
      if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
      warnings.push(`${error.message}; the commits were checked against what was last seen`)
      findings.push(...(await findingsOf(shared, queue, isMine, true)))
    }
    isFresh = true
  }
  return { findings, warnings }
}

/**
 * Renews all claims of a session.
 * @returns warnings
 * @throws WrkError LOCKED when one was lost, or its time is over and it could not be renewed
 */
export async function renewOrRefuse(shared: Shared, session: string): Promise<string[]> {
  const { lost, failed } = await renewClaims(
    shared,
    ({ key, record }) => key.kind === 'claims' && record.session === session,
  )
  await refuseLost(shared, lost)
  return failed ? [failureOf(failed)] : []
}

function failureOf({ why, leftMs }: NonNullable<Renewal['failed']>): string {
  const reason = printable(why, 200)
  if (leftMs > 0) return `claims could not be renewed (${reason}); they last ${humanDuration(leftMs)} more`
  throw new WrkError('LOCKED', `not pushed: the time of your claims is over (${reason})`, {
    hint: 'Another clone may have the items by now. Try again when the engine can be reached.',
  })
}

/** @throws WrkError LOCKED when there is one */
export async function refuseLost(shared: Shared, lost: readonly LostClaim[]): Promise<void> {
  for (const one of lost) await writeLoss(shared.context, one)
  const [first] = lost
  if (!first) return
  throw new WrkError('LOCKED', `not pushed: ${printable(first.id, 60)} ${describeLoss(first.by)}`, {
    hint: 'Look at what both have done before you push anything of it.',
    details: { lost: lost.map(({ id, by }) => ({ id, by: by && holderOf(by), host: by?.host ?? null })) },
  })
}

function describeLoss(by: SharedRecord | null): string {
  if (!by) return 'is not held by you any more'
  const who = `${printable(holderOf(by), 128)} on ${printable(by.host, 60)}`
  return by.state === 'done' ? `was finished by ${who}` : `was taken over by ${who}`
}
