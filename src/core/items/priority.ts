/** The words for how urgent an item is, as real queues write them; smaller is more urgent. */
import { unknownWord } from '../suggest.ts'

export type PriorityRank = 0 | 1 | 2 | 3 | 4

const RANKS: Readonly<Record<string, PriorityRank>> = {
  // As other tools count them: 0 is the most urgent.
  0: 0,
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  critical: 0,
  urgent: 0,
  highest: 0,
  blocker: 0,
  p0: 0,
  high: 1,
  p1: 1,
  medium: 2,
  normal: 2,
  moderate: 2,
  p2: 2,
  low: 3,
  minor: 3,
  p3: 3,
  lowest: 4,
  trivial: 4,
  someday: 4,
  p4: 4,
}

/** The rank of a priority; none and unknown words are in the middle. */
export function priorityRank(word: string | null): PriorityRank {
  return knownRank(word) ?? 2
}

/** The rank of a word; null without a word and for unknown ones. */
export function knownRank(word: string | null): PriorityRank | null {
  const lower = word?.trim().toLowerCase() ?? ''
  return Object.hasOwn(RANKS, lower) ? RANKS[lower]! : null
}

/** The message for an unknown word. */
export function unknownPriority(word: string): string {
  return `${unknownWord('priority', word, Object.keys(RANKS))} It counts as medium.`
}
