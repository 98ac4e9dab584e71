import { claim } from '../../operations/claims/claim.ts'
import { claimRefused } from './refusals.ts'
import { HOLDER, ID, ITEM, LOCK, type Tool, withWarnings } from './tool.ts'

/** Clients give up on a call after a minute. */
const LONGEST_WAIT_S = 50

const WAIT_STEP_MS = 500

const VERBS = { granted: 'Claimed', renewed: 'Renewed', takenOver: 'Took over' } as const

export const claimTool: Tool = {
  name: 'claim',
  title: 'Claim an item',
  description: 'Claim an item before you work on it. If another session holds it, take another item.',
  input: {
    ...ID,
    wait: {
      type: 'integer',
      minimum: 0,
      maximum: LONGEST_WAIT_S,
      description: 'Seconds to wait for a held item',
    },
  },
  required: ['id'],
  output: {
    ...ITEM,
    ...LOCK,
    ...HOLDER,
    from: {
      type: ['object', 'null'],
      properties: { locked_by: { type: 'string' }, reason: { type: 'string' } },
    },
  },
  changes: true,
  isIdempotent: true,
  async act(context, { id, wait = 0 }, signal) {
    const { host } = context.store
    const deadline = performance.now() + wait * 1000
    let result = await claim(context, id!)
    while (result.kind === 'held' && performance.now() < deadline && !signal.aborted) {
      await host.sleep(WAIT_STEP_MS)
      if (!signal.aborted) result = await claim(context, id!)
    }
    if (result.kind === 'held') return claimRefused(result, context.clock())
    const { kind, item, lock, from, warnings } = result
    return {
      ok: true,
      message: `${VERBS[kind]} ${item.id}${from ? ` from ${from.locked_by}: ${from.reason}` : ''}.`,
      next: 'Begin: transition with verb start.',
      item,
      lock,
      holder: null,
      from,
      ...withWarnings(warnings),
    }
  },
}
