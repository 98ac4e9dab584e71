/** A transition that an item's status does not allow. */
import type { Verb } from '../../core/items/transition.ts'
import { printable } from '../../core/text.ts'
import type { TransitionResult } from '../../operations/items/transitions/transition.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'

/** @param cannot what was asked of the item: `done`, `set to merged` */
export function refusedTransition(
  cannot: string,
  { item, state, instead, warnings }: Extract<TransitionResult, { kind: 'no' }>,
): Outcome {
  const message = `${item.id} cannot be ${cannot}: it is ${state === 'closed' ? `closed (${printable(item.status ?? 'by its folder', 40)})` : state}`
  const hint = instead ? `First: wrk ${instead} ${item.id}` : `See its fields: wrk show ${item.id}`
  const code = state === 'closed' ? 'CLOSED' : 'INVALID_ITEM'
  return {
    exitCode: EXIT.unworkable,
    json: { ok: false, error: { code, message, hint }, item },
    refusal: { message, hint },
    warnings,
  }
}

export const PARTICIPLES: Record<Verb, string> = {
  start: 'started',
  block: 'blocked',
  unblock: 'unblocked',
  done: 'done',
  cancel: 'cancelled',
  reopen: 'reopened',
}
