/**
 * Which item to work on now. Pure: what the queue holds and who lives come in as facts.
 *
 * Ready is what is pending or was begun and left, free, not waiting for another item, not put off, and may be done on
 * this machine. Of these what was left comes first, then the one of the highest priority, then the one that most others wait for, then the oldest.
 */

import { parseInstant } from '../time.ts'
import type { Details } from './details.ts'
import { compareNumbers, type ItemKey } from './ids.ts'
import { type PriorityRank, priorityRank } from './priority.ts'
import { isBegun, isPending, statusWord } from './status.ts'

export interface Candidate {
  key: ItemKey
  id: string
  status: string | null
  priority: string | null
  folder: string
  closed: boolean
  details: Details
  /** Why nothing may be written to the file; null when it is well. */
  problem: string | null
  /** Who holds it and is not dead or stale; null when it can be claimed. */
  heldBy: string | null
  /** Begun by a session that left it: a crash, a release, the end of the session. */
  left: LeftWork | null
  /** Done, and open again only because git or an editor put an older version of the file back. */
  putBack: boolean
}

/** Work that was begun and left (contract, section 5: orphaned). */
export interface LeftWork {
  by: string
  /** When it was given up; null where its holder died. */
  at: string | null
  why: string | null
}

export interface Ready<T extends Candidate = Candidate> {
  item: T
  rank: PriorityRank
  /** How many open items wait for it. */
  unblocks: number
  /** When it was made, in ms; the largest number when nothing says. */
  age: number
}

export interface Choice<T extends Candidate = Candidate> {
  /** Best first. */
  ready: Ready<T>[]
  /** Open items that are not ready, in the queue's order. */
  waiting: T[]
  /** Why an item is not ready, for people; none when it is. */
  reasons: (item: T) => string[]
  /** What an item waits for and that is not closed. */
  blockers: (item: T) => Blocker[]
}

/** An item that another waits for, as it is written there. */
interface Blocker {
  text: string
  /** False: the queue has no such item, so it is not known to be done. */
  known: boolean
}

/** What is known of the moment and the place. */
export interface Here {
  now: Date
  /** The day that it is here: `2026-02-16`. */
  today: () => string
  /** The names that this machine goes by. */
  machines: readonly string[]
  /** Whether to offer what is begun and held by nobody, although nothing says that anybody left it. */
  begun?: boolean
}

export function choose<T extends Candidate>(items: readonly T[], here: Here): Choice<T> {
  const dependents = countDependents(items)
  const states = statesOf(items, dependents)
  const ready: Ready<T>[] = []
  const waiting: T[] = []
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    if (item.closed) continue
    if (!isReady(item, states, here)) waiting.push(item)
    else
      ready.push({
        item,
        rank: priorityRank(item.priority),
        unblocks: dependents.get(item.key) ?? 0,
        age: age(item),
      })
  }
  return {
    ready: ready.sort(byUrgency),
    waiting,
    reasons: item => reasonsToWait(item, states, here),
    blockers: item => openBlockers(item, states),
  }
}

/** How many open items wait for each item. */
function countDependents(items: readonly Pick<Candidate, 'closed' | 'details'>[]): Map<ItemKey, number> {
  const counts = new Map<ItemKey, number>()
  for (let i = 0; i < items.length; i++) {
    const { closed, details } = items[i]!
    if (!closed && details.blockedBy.length > 0)
      for (const { key } of details.blockedBy) if (key) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Whether those that open items wait for are closed: an id with several files, when all of them are. */
function statesOf(
  items: readonly Pick<Candidate, 'key' | 'closed'>[],
  dependents: ReadonlyMap<ItemKey, number>,
): Map<ItemKey, boolean> {
  const states = new Map<ItemKey, boolean>()
  for (let i = 0; i < items.length; i++) {
    const { key, closed } = items[i]!
    if (dependents.has(key)) states.set(key, closed && (states.get(key) ?? true))
  }
  return states
}

function openBlockers({ details }: Candidate, closed: ReadonlyMap<ItemKey, boolean>): Blocker[] {
  return details.blockedBy
    .filter(({ key }) => !(key && closed.get(key)))
    .map(({ text, key }) => ({ text, known: key !== null && closed.has(key) }))
}

/** The same question as reasonsToWait, without the sentences: it is asked of thousands of items. */
function isReady(item: Candidate, closed: ReadonlyMap<ItemKey, boolean>, here: Here): boolean {
  const { blockedBy, machines, notBefore } = item.details
  return (
    !item.problem &&
    !item.heldBy &&
    !item.putBack &&
    isOffered(item, here) &&
    blockedBy.every(({ key }) => key && closed.get(key)) &&
    (machines.length === 0 || machines.some(name => isHere(name, here.machines))) &&
    !isPutOff(notBefore, here)
  )
}

/** By its status: what waits to be begun, what was left, and what is begun where that is asked for. */
function isOffered({ status, folder, left }: Candidate, { begun }: Here): boolean {
  return isPending(status, folder) || left !== null || (begun === true && isBegun(status, folder))
}

function reasonsToWait(item: Candidate, closed: ReadonlyMap<ItemKey, boolean>, here: Here): string[] {
  const reasons: string[] = []
  if (item.problem) reasons.push(item.problem)
  if (item.putBack) reasons.push('was already done; git or an editor restored an older version of the file')
  if (!isOffered(item, here))
    reasons.push(item.status ? `its status is ${statusWord(item.status)}` : `it is in ${item.folder}/`)
  if (item.heldBy) reasons.push(`held by ${item.heldBy}`)
  for (const { text, known } of openBlockers(item, closed))
    reasons.push(known ? `waits for ${text}` : `waits for ${text}, which is not in the queue`)
  const { machines, notBefore } = item.details
  if (machines.length > 0 && !machines.some(name => isHere(name, here.machines)))
    reasons.push(`is for ${machines.join(' or ')}, not for this machine (${here.machines.join(', ')})`)
  if (isPutOff(notBefore, here)) reasons.push(`not before ${notBefore}`)
  return reasons
}

/** Until an instant, or until the midnight in which a day begins here. */
function isPutOff(notBefore: string | null, { now, today }: Here): boolean {
  if (notBefore === null) return false
  const instant = parseInstant(notBefore)
  if (instant !== null && DAY.test(notBefore)) return notBefore > today()
  return instant !== null && instant > now
}

const DAY = /^\d{4}-\d{2}-\d{2}$/

function isHere(name: string, machines: readonly string[]): boolean {
  const lower = name.toLowerCase()
  return lower === 'any' || machines.some(machine => machine.toLowerCase() === lower)
}

function byUrgency(a: Ready, b: Ready): number {
  return (
    Number(b.item.left !== null) - Number(a.item.left !== null) ||
    a.rank - b.rank ||
    b.unblocks - a.unblocks ||
    a.age - b.age ||
    compareNumbers(a.item.key, b.item.key) ||
    (a.item.key < b.item.key ? -1 : 1)
  )
}

/** What decided between the best and one behind it, for people. */
export function whyBehind(best: Ready, other: Ready): string {
  if (best.item.left && !other.item.left) return 'not begun yet'
  if (other.rank !== best.rank) return `lower priority: ${other.item.priority ?? 'not set'}`
  if (other.unblocks !== best.unblocks) return `blocks fewer items: ${other.unblocks}`
  if (other.age !== best.age) {
    const { createdAt } = other.item.details
    return parseInstant(createdAt ?? '') ? `newer: created ${createdAt!.slice(0, 10)}` : 'no creation date'
  }
  return 'equal, with a higher id'
}

function age({ details }: Candidate): number {
  return parseInstant(details.createdAt ?? '')?.getTime() ?? Number.MAX_SAFE_INTEGER
}
