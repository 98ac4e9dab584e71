/** Which number a new item gets. Pure: all numbers that were ever seen come in as facts. */
import { WrkError } from '../errors.ts'

export interface Range {
  first: number
  last: number
}

/** Numbers have at most nine digits. */
const LARGEST = 999_999_999

/**
 * The number after the highest that is taken: within this machine's range where it has one, else outside of all
 * ranges. A number that was ever taken is not given again.
 * @param taken every number seen: in the folders, in git's history, given out before
 * @param ranges by machine
 * @throws WrkError USAGE when the range is used up
 */
export function nextNumber(
  taken: Iterable<number>,
  ranges: ReadonlyMap<string, Range>,
  machines: readonly string[],
): number {
  const names = machines.map(name => name.toLowerCase())
  const mine = [...ranges].find(([name]) => names.includes(name.toLowerCase()))?.[1]
  const others = [...ranges.values()]
  let highest = mine ? mine.first - 1 : 0
  for (const number of taken) {
    const counts = mine
      ? number >= mine.first && number <= mine.last
      : !others.some(({ first, last }) => number >= first && number <= last)
    if (counts && number > highest) highest = number
  }
  let next = highest + 1
  // Without a range of its own, a machine steps over those of others.
  for (let moved = !mine; moved; ) {
    const inside = others.find(({ first, last }) => next >= first && next <= last)
    moved = inside !== undefined
    if (inside) next = inside.last + 1
  }
  if (next <= (mine?.last ?? LARGEST)) return next
  throw new WrkError('USAGE', `all ids from ${mine?.first ?? 1} to ${mine?.last ?? LARGEST} are used up`, {
    hint: 'Give this machine another range: id_ranges in wrk.yaml.',
  })
}
