import { describeLoss } from '../../operations/claims/lost-claims.ts'
import { type ReleaseResult, release } from '../../operations/claims/release.ts'
import { describeHolder } from '../../print/claims/describe.ts'
import { STOP } from './refusals.ts'
import { HOLDER, ID, ITEM, type Tool, withWarnings } from './tool.ts'

export const releaseTool: Tool = {
  name: 'release',
  title: 'Release an item',
  description: 'Give up an item that you hold, as it is.',
  input: ID,
  required: ['id'],
  output: { ...ITEM, ...HOLDER, released: { type: 'boolean' } },
  changes: true,
  isIdempotent: true,
  async act(context, { id }) {
    const result = await release(context, id!)
    const { released, reason, item, holder, superseded, warnings } = result
    return {
      ok: released || reason === 'not-locked',
      message: messageOf(result, context.clock()),
      ...(superseded ? { next: STOP } : {}),
      item,
      holder,
      released,
      ...withWarnings(warnings),
    }
  },
}

function messageOf({ released, reason, item, holder, superseded }: ReleaseResult, now: Date): string {
  if (released) return `Released ${item.id}.`
  if (superseded) return describeLoss(superseded)
  if (reason === 'not-locked') return `Nobody holds ${item.id}.`
  if (reason === 'other-run') return `${item.id} was claimed by a run of this session and stays held.`
  return `${item.id} is ${holder ? describeHolder(holder, now) : 'held by another session'}.`
}
