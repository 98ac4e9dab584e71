/** Refusals: who holds the item, or who took it over, and what to do. Never the command that would break a living holder's lock. */

import { printable } from '../../core/text.ts'
import type { RefusedClaim } from '../../operations/claims/claim.ts'
import { describeLoss, type Superseded } from '../../operations/claims/lost-claims.ts'
import type { Refused } from '../../operations/claims/permission.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'
import { describeHolder, takeover } from './describe.ts'

/** A claim that another won. */
export function refusedClaim({ item, holder, session, former, warnings }: RefusedClaim, now: Date): Outcome {
  const own = holder.session_id === session.id || holder.session_id.startsWith(`${session.id}/`)
  const message = own
    ? `${item.id} is held by your own session (${printable(holder.session_id, 128)}): ${printable(holder.reason)}`
    : `${item.id} is ${describeHolder(holder, now)}`
  const hint = own
    ? 'Wait until the work there has ended, or take another: wrk next --claim'
    : former
      ? `It worked in your process. If it was you, before /clear: wrk session end ${printable(former, 128)}`
      : `Take another: wrk next --claim. Wait for it: wrk claim ${item.id} --wait`
  return {
    exitCode: EXIT.held,
    json: { ok: false, error: { code: 'LOCKED', message, hint }, item, holder, session },
    refusal: { message, hint },
    warnings,
  }
}

/** A change to an item that the caller may not make. */
export function refusedChange({ item, why, warnings }: Refused, now: Date): Outcome {
  const holder = why.kind === 'held' ? why.holder : null
  const { superseded } = why
  const message = superseded
    ? describeLoss(superseded)
    : `${item.id} is ${holder ? describeHolder(holder, now) : 'held by another session'}`
  const next = (holder && takeover(item, holder, now)) ?? `Who that is: wrk show ${item.id}`
  const hint = superseded ? STOP : `Only its holder can change it. ${next}`
  return {
    exitCode: EXIT.held,
    json: { ok: false, error: { code: 'LOCKED', message, hint }, item, holder, superseded },
    refusal: { message, hint },
    warnings,
  }
}

/** A claim that was lost while a command ran under it. */
export function lostClaim(superseded: Superseded, stopped: boolean): { message: string; hint: string } {
  const what = stopped ? '; the command was stopped' : ''
  return { message: `${describeLoss(superseded)}${what}`, hint: STOP }
}

const STOP = 'Stop working on it, and do not commit changes to it.'
