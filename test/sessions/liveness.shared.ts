import { ago, MINUTE } from '../support/clock.ts'
import { heldItem } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { anchorOf, registry } from '../support/sessions.ts'

/** A queue with WRK-157, held by `holder` since ten minutes ago, and with this session-state.yaml. */
export function queueWith(
  state: string | null,
  { holder = 'holder', since = ago(10 * MINUTE), settings = '' } = {},
) {
  return makeQueue({
    'WRK-157': heldItem('WRK-157', holder, since),
    ...(state === null ? {} : { 'session-state.yaml': state }),
    ...(settings === '' ? {} : { 'wrk.yaml': settings }),
  })
}

export const listed = (anchor: ReturnType<typeof anchorOf> | null, more = {}) =>
  registry([{ id: 'holder', anchor, heartbeat_at: ago(10 * MINUTE), ...more }])

export const mine = anchorOf()
