/** Answers to what could not be done since another holds the item. They are no errors: nobody is to try by force. */
import type { RefusedClaim } from '../../operations/claims/claim.ts'
import type { Refused } from '../../operations/claims/permission.ts'
import type { TransitionResult } from '../../operations/items/transitions/transition.ts'
import { refusedChange, refusedClaim } from '../../print/claims/refusal.ts'
import { refusedTransition } from '../../print/items/transitions.ts'
import { type Answer, withWarnings } from './tool.ts'

const TAKE_ANOTHER = 'Take another: next with claim.'
export const STOP = 'Stop working on it, and do not commit changes to it.'

/** A claim that another won. */
export function claimRefused(result: RefusedClaim, now: Date): Answer {
  const { item, holder, warnings } = result
  const message = refusedClaim(result, now).refusal!.message
  return { ok: false, message, next: TAKE_ANOTHER, item, holder, lock: null, ...withWarnings(warnings) }
}

/** A change of an item that another holds, or that was taken from the caller. */
export function changeRefused(refused: Refused, now: Date): Answer {
  const { item, why, warnings } = refused
  const message = refusedChange(refused, now).refusal!.message
  const holder = why.kind === 'held' ? why.holder : null
  const next = why.superseded ? STOP : `Only its holder can change it. ${TAKE_ANOTHER}`
  return { ok: false, message, next, item, holder, ...withWarnings(warnings) }
}

/** A change that the item's status does not allow. @param cannot what was asked of it: `done` */
export function notFromHere(cannot: string, result: Extract<TransitionResult, { kind: 'no' }>): Answer {
  const { item, state, instead, warnings } = result
  const message = refusedTransition(cannot, result).refusal!.message
  const next = instead ? `First: transition with verb ${instead}.` : 'See its fields: show.'
  const code = state === 'closed' ? 'CLOSED' : 'INVALID_ITEM'
  return { ok: false, code, message, next, item, ...withWarnings(warnings) }
}
