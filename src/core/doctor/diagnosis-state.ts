/**
 * What was left behind in `.wrk`: by processes that died, never by those that may be at work. Their death is proven,
 * or what they left has lain there far longer than any of them takes. Pure.
 */

import type { ItemKey } from '../items/ids.ts'
import { type Facts, type Finding, type Fix, type ItemFacts, LEFT_OVER_MS, newFinding } from './finding.ts'

/** A draft whose owner cannot be judged from here is somebody's for a day. */
const OLD_DRAFT_MS = 24 * 3_600_000

export function diagnoseState(facts: Facts): Finding[] {
  return [
    ...facts.state.unwritable.map(unwritable),
    // The guards first: everything else is done under them.
    ...facts.state.guards.flatMap(deadGuard),
    ...facts.state.drafts.flatMap(draft),
    ...log(facts.state.log),
    ...facts.state.moves.flatMap(move => cutShort(move, facts)),
    ...facts.state.intents.flatMap(intent => unlogged(intent, facts)),
    ...facts.state.runs.flatMap(run => deadRun(run, facts)),
    ...facts.state.kept.map(path => ({
      ...newFinding(
        'kept-bytes',
        'warning',
        'somebody wrote this into an item in the instant in which wrk replaced it',
        'Take from it what is missing in the item, then remove it.',
      ),
      path,
    })),
  ]
}

function unwritable({ path, reason }: Facts['state']['unwritable'][number]): Finding {
  const message = `this user may not write to it (${reason}), so nothing that needs it can be done`
  return { ...newFinding('not-writable', 'error', message, 'Give it to who works here: chown, chmod.'), path }
}

/** The one sound file of an id: what can be changed. */
function soundItem(key: ItemKey, { items }: Facts): ItemFacts | null | 'gone' {
  const copies = items.filter(item => item.key === key)
  const [item] = copies
  if (!item) return 'gone'
  return copies.length === 1 && !item.problems.some(({ blocks }) => blocks) ? item : null
}

const MEND_FIRST = 'Mend the item first; then: wrk doctor --fix'

function cutShort({ key, path, move, ageMs }: Facts['state']['moves'][number], facts: Facts): Finding[] {
  if (ageMs < LEFT_OVER_MS) return []
  const item = soundItem(key, facts)
  const complete = (does: string): Fix => ({ kind: 'completeMove', key, does })
  if (item === null)
    return [
      { ...newFinding('cut-short-move', 'warning', `a move of ${key} was cut short`, MEND_FIRST), path },
    ]
  if (item === 'gone' || !move || item.status !== move.status || item.folder === move.folder) {
    const message = `the note of a move of ${key} that there is no longer to make`
    return [{ ...newFinding('left-over', 'warning', message, DOCTOR), path, fix: complete('remove it') }]
  }
  const message = `a crash kept it from being moved to ${move.folder}/, where its status ${move.status} belongs`
  const finding = newFinding('cut-short-move', 'warning', message, DOCTOR)
  return [{ ...finding, item: item.id, path: item.path, fix: complete(`move it to ${move.folder}/`) }]
}

const DOCTOR = 'wrk doctor --fix'

function unlogged({ key, path, dead, ageMs }: Facts['state']['intents'][number], facts: Facts): Finding[] {
  if (!dead && ageMs < LEFT_OVER_MS) return []
  const does = 'complete the event log, or forget what did not happen'
  if (key === null) {
    const fix: Fix = { kind: 'complete-event', key, does }
    const message = 'a session may have started or ended without its event'
    return [{ ...newFinding('unlogged-change', 'warning', message, DOCTOR), path, fix }]
  }
  const item = soundItem(key, facts)
  const message = `a change of ${key} may have been made without its event`
  if (item === 'gone') {
    const advice = 'The item is gone, so nobody can tell: look at the file, then remove it.'
    return [{ ...newFinding('unlogged-change', 'note', message, advice), path }]
  }
  const finding = newFinding('unlogged-change', 'warning', message, item ? DOCTOR : MEND_FIRST)
  return [{ ...finding, item: item?.id ?? null, path, fix: item && { kind: 'complete-event', key, does } }]
}

/** A dead run whose lock is still there is told by that lock, and released with it. */
function deadRun({ key, path, run, dead, ageMs }: Facts['state']['runs'][number], facts: Facts): Finding[] {
  if (run ? !dead : ageMs < LEFT_OVER_MS) return []
  const holds = facts.items.some(item => item.key === key && run?.owns && item.held?.lock.by === run.holder)
  if (holds) return []
  const message = run
    ? `the note of the run ${run.id} on ${key}, whose process has ended`
    : `the note of a run on ${key} that never began`
  const fix: Fix = { kind: 'remove-run', key, path, does: 'remove it' }
  return [{ ...newFinding('left-over', 'warning', message, DOCTOR), path, fix }]
}

function deadGuard({ key, path, dead, isEmpty, ageMs }: Facts['state']['guards'][number]): Finding[] {
  if (!dead && ageMs < LEFT_OVER_MS) return []
  const message = isEmpty
    ? `the empty guard of ${key}`
    : `the guard of ${key}, whose owner ${dead ? 'is dead' : 'has had it for far longer than a write takes'}`
  const fix: Fix = { kind: 'remove-guard', key, does: 'remove it' }
  return [{ ...newFinding('left-over', 'warning', message, DOCTOR), path, fix }]
}

function draft({ path, dead, ageMs }: Facts['state']['drafts'][number]): Finding[] {
  if (dead) {
    const fix: Fix = { kind: 'remove-drafts', does: 'remove it' }
    return [{ ...newFinding('left-over', 'warning', 'what a dead process had begun', DOCTOR), path, fix }]
  }
  if (ageMs < OLD_DRAFT_MS) return []
  const message = 'what somebody began more than a day ago, on another machine or in another container'
  return [{ ...newFinding('left-over', 'note', message, 'When nobody is at work there, remove it.'), path }]
}

function log({ path, state, ageMs }: Facts['state']['log']): Finding[] {
  if (state === 'whole' || (state === 'behind' && ageMs < LEFT_OVER_MS)) return []
  if (state === 'unusable') {
    const message = 'the event log cannot be read, so nothing can be added to it'
    const advice = 'It has to be a plain file that wrk may read and write: move it away, or permit that.'
    return [{ ...newFinding('torn-log', 'error', message, advice), path }]
  }
  const [message, does] =
    state === 'torn'
      ? ['the last line of the event log is torn', 'end that line']
      : ['a crash kept the last events from the log', 'add them']
  return [{ ...newFinding('torn-log', 'warning', message, DOCTOR), path, fix: { kind: 'repair-log', does } }]
}
