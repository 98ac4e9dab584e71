/** The fields that wrk uses, and which of them a misspelt one means. Pure. */
import { isNear } from '../suggest.ts'
import { DETAIL_KEYS } from './details.ts'
import { ITEM_KEYS } from './item.ts'

const KNOWN: readonly string[] = [
  ...ITEM_KEYS,
  ...DETAIL_KEYS,
  ...['completed_at', 'blocked_reason', 'cancelled_reason', 'complexity', 'related', 'labels'],
  ...['plan_approved', 'plan_reviewed', 'percent_complete', 'spec_ref', 'commit', 'provider', 'category'],
]

/** Of shorter ones nearly all are near to each other. */
const SHORTEST = 4

/**
 * What a field is that an item does not have: one that wrk knows, one that looks like another (its name), or a new one.
 * @param own the keys that the item has
 */
export function judgeNewField(
  key: string,
  own: readonly string[],
): { kind: 'known' } | { kind: 'near'; meant: string } | { kind: 'new' } {
  if (KNOWN.includes(key)) return { kind: 'known' }
  const like = (other: string) =>
    other.length >= SHORTEST && isNear(plain(other), plain(key)) && !(isNumbered(key) && isNumbered(other))
  const meant = key.length >= SHORTEST ? [...own, ...KNOWN].find(like) : undefined
  return meant === undefined ? { kind: 'new' } : { kind: 'near', meant }
}

/** Of numbered fields (`step_1`, `step_2`) each is another. */
const isNumbered = (key: string) => /\d/.test(key)

/** `Blocked-By` and `blockedBy` are near to `blocked_by`. */
function plain(key: string): string {
  return key.toLowerCase().replace(/[_-]/g, '')
}
