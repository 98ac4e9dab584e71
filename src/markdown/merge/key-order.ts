/** The order of an item's keys when both sides have added, removed or moved some. */

/**
 * The keys that stay, in one order: that of the side that moved keys, or ours, and the other side's own behind the keys
 * that they stood behind there. Null when both sides have put the same keys in different orders.
 * @param stays whether a key is in the result
 */
export function mergedOrder(
  base: readonly string[],
  ours: readonly string[],
  theirs: readonly string[],
  stays: (key: string) => boolean,
): string[] | null {
  const first = leadingSide(base, ours, theirs)
  if (first === null) return null
  const second = first === ours ? theirs : ours
  const order = first.filter(stays)
  let at = 0
  for (const key of second.filter(stays)) {
    const known = order.indexOf(key)
    if (known >= 0) at = known + 1
    else {
      // Behind what the first side put here itself, so that its own additions stay together.
      while (at < order.length && !second.includes(order[at]!)) at++
      order.splice(at++, 0, key)
    }
  }
  return order
}

function leadingSide(
  base: readonly string[],
  ours: readonly string[],
  theirs: readonly string[],
): readonly string[] | null {
  const common = (side: readonly string[], other: readonly string[]) =>
    side.filter(key => other.includes(key)).join('\0')
  if (common(ours, theirs) === common(theirs, ours)) return ours
  if (common(ours, base) === common(base, ours)) return theirs
  return common(theirs, base) === common(base, theirs) ? ours : null
}
