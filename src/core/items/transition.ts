/**
 * How an item may go from one status to another, in one table. What is closed stays closed unless it is reopened;
 * words that people invent may go anywhere that `pending` may.
 */
import type { Lock } from '../claims/lock.ts'
import { fitsFolder, folderOf, isArchived, isCancelled, isClosed, isPending, statusWord } from './status.ts'

export type Verb = 'start' | 'block' | 'unblock' | 'done' | 'cancel' | 'reopen'

type State = 'pending' | 'working' | 'blocked' | 'closed'

export interface Transition {
  from: readonly State[]
  /** The status that it leads to. */
  to: 'pending' | 'working' | 'blocked' | 'done' | 'cancelled'
  folder: 'pending' | 'working' | 'blocked' | 'done'
  /** Whether the caller holds the item afterwards; otherwise it is free. */
  holds: boolean
}

export const TRANSITIONS: Readonly<Record<Verb, Transition>> = {
  start: { from: ['pending', 'working'], to: 'working', folder: 'working', holds: true },
  block: { from: ['pending', 'working', 'blocked'], to: 'blocked', folder: 'blocked', holds: false },
  unblock: { from: ['blocked', 'pending'], to: 'pending', folder: 'pending', holds: false },
  done: { from: ['pending', 'working', 'blocked', 'closed'], to: 'done', folder: 'done', holds: false },
  cancel: { from: ['pending', 'working', 'blocked'], to: 'cancelled', folder: 'done', holds: false },
  reopen: { from: ['closed'], to: 'pending', folder: 'pending', holds: false },
}

export type TransitionDecision =
  | { kind: 'change'; to: Transition['to'] }
  /** It is closed already, whatever its word for that, but its lock was left: that goes. */
  | { kind: 'free' }
  /** Its status is that already; perhaps only its folder is another. */
  | { kind: 'already' }
  | { kind: 'no'; state: State; instead: Verb | null }

/** What a verb does to an item of this status, lying in this folder. */
export function decideTransition(
  verb: Verb,
  item: { status: string | null; folder: string; lock: Lock | null },
): TransitionDecision {
  const { from, to, holds } = TRANSITIONS[verb]
  const word = item.status === null ? null : statusWord(item.status)
  const state = stateOf(item.status, item.folder)
  const isAsAsked = verb === 'done' || (verb === 'cancel' && word !== null && isCancelled(word))
  if (isAsAsked && state === 'closed') return { kind: item.lock ? 'free' : 'already' }
  // A pending item may well be held; to unblock or reopen it again takes it from nobody.
  if (word === to && !holds && (!item.lock || to === 'pending')) return { kind: 'already' }
  if (!from.includes(state)) return { kind: 'no', state, instead: insteadOf(verb, state) }
  return { kind: 'change', to }
}

/** What comes with a status that is set by its word. */
export type StatusEffect =
  /** What this verb does, with that word in place of the verb's own. */
  | { kind: 'verb'; verb: Verb; folder: string }
  /** No verb leads there: the word, and the folder that it belongs in; null: where it is now. */
  | { kind: 'word'; folder: string | null }
  /** It is for `wrk archive`, which knows the month. */
  | { kind: 'archive' }

/** @param item as it is now */
export function effectOfStatus(word: string, item: { status: string | null; folder: string }): StatusEffect {
  const home = folderOf(word)
  if (home === null || (item.status !== null && statusWord(word) === statusWord(item.status)))
    return { kind: 'word', folder: null }
  const folder = item.folder !== '' && fitsFolder(word, item.folder) ? item.folder : home
  if (isArchived(word, '') && !item.folder.startsWith('archive')) return { kind: 'archive' }
  const state = stateOf(item.status, item.folder)
  if (isClosed(word, ''))
    return state === 'closed'
      ? { kind: 'word', folder }
      : { kind: 'verb', verb: isCancelled(statusWord(word)) ? 'cancel' : 'done', folder }
  if (home !== 'pending') return { kind: 'verb', verb: home === 'blocked' ? 'block' : 'start', folder }
  // What is put back among the pending ones may well be held; to give it up is another step.
  if (state === 'closed') return { kind: 'verb', verb: 'reopen', folder }
  return state === 'blocked' && isPending(word, '')
    ? { kind: 'verb', verb: 'unblock', folder }
    : { kind: 'word', folder }
}

function stateOf(status: string | null, folder: string): State {
  if (isClosed(status ?? undefined, folder)) return 'closed'
  const word = status === null ? folder.split('/', 1)[0]! : statusWord(status)
  if (word === 'blocked') return 'blocked'
  return word === 'working' || word === 'in-progress' || word === 'coordinating' ? 'working' : 'pending'
}

function insteadOf(verb: Verb, state: State): Verb | null {
  if (state === 'closed') return 'reopen'
  return verb === 'start' && state === 'blocked' ? 'unblock' : null
}
