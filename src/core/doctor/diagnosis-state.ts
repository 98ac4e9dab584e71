/**
 * What was left behind in `.wrk`: by processes that died, never by those that may be at work. Their death is proven,
 * or what they left has lain there far longer than any of them takes. Pure.
 */

import type { ItemKey } from '../items/ids.ts'
import { type Facts, type Finding, type Fix, type ItemFacts, LEFT_OVER_MS, newFinding } from './finding.ts'

/** A draft of an owner that cannot be judged from here is kept for a day. */
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
        'another program wrote this version of an item at the same moment as wrk',
        'Copy what is missing into the item, then remove this file.',
      ),
      path,
    })),
  ]
}

function unwritable({ path, reason }: Facts['state']['unwritable'][number]): Finding {
  const message = `this user may not write to it (${reason}), so commands that need it fail`
  return {
    ...newFinding('not-writable', 'error', message, 'Give this user the right to write: chown, chmod'),
    path,
  }
}

/** The one sound file of an id: what can be changed. */
function soundItem(key: ItemKey, { items }: Facts): ItemFacts | null | 'gone' {
  const copies = items.filter(item => item.key === key)
  const [item] = copies
  if (!item) return 'gone'
  return copies.length === 1 && !item.problems.some(({ blocks }) => blocks) ? item : null
}

const MEND_FIRST = 'Repair the item first, then: wrk doctor --fix'

function cutShort({ key, path, move, ageMs }: Facts['state']['moves'][number], facts: Facts): Finding[] {
  if (ageMs < LEFT_OVER_MS) return []
  const item = soundItem(key, facts)
  const complete = (does: string): Fix => ({ kind: 'completeMove', key, does })
  if (item === null)
    return [
      { ...newFinding('cut-short-move', 'warning', `a move of ${key} was interrupted`, MEND_FIRST), path },
    ]
  if (item === 'gone' || !move || item.status !== move.status || item.folder === move.folder) {
    const message = `a left-over note of a move of ${key}`
    return [{ ...newFinding('left-over', 'warning', message, DOCTOR), path, fix: complete('remove it') }]
  }
  const message = `a crash kept it from being moved to ${move.folder}/, where its status ${move.status} belongs`
  const finding = newFinding('cut-short-move', 'warning', message, DOCTOR)
  return [{ ...finding, item: item.id, path: item.path, fix: complete(`move it to ${move.folder}/`) }]
}

const DOCTOR = 'wrk doctor --fix'

function unlogged({ key, path, dead, ageMs }: Facts['state']['intents'][number], facts: Facts): Finding[] {
  if (!dead && ageMs < LEFT_OVER_MS) return []
  const does = 'complete the event log'
  if (key === null) {
    const fix: Fix = { kind: 'complete-event', key, does }
    const message = 'a session may have started or ended without its event'
    return [{ ...newFinding('unlogged-change', 'warning', message, DOCTOR), path, fix }]
  }
  const item = soundItem(key, facts)
  const message = `a change of ${key} may have been made without its event`
  if (item === 'gone') {
    const advice = 'The item is gone, so wrk cannot decide: look at the file, then remove it.'
    return [{ ...newFinding('unlogged-change', 'note', message, advice), path }]
  }
  const finding = newFinding('unlogged-change', 'warning', message, item ? DOCTOR : MEND_FIRST)
  return [{ ...finding, item: item?.id ?? null, path, fix: item && { kind: 'complete-event', key, does } }]
}

/** A dead run that still has its lock is reported with that lock and released with it. */
function deadRun({ key, path, run, dead, ageMs }: Facts['state']['runs'][number], facts: Facts): Finding[] {
  if (run ? !dead : ageMs < LEFT_OVER_MS) return []
  const holds = facts.items.some(item => item.key === key && run?.owns && item.held?.lock.by === run.holder)
  if (holds) return []
  const message = run
    ? `a left-over note of the run ${run.id} on ${key}; its process has ended`
    : `a left-over note of a run on ${key} that never started`
  const fix: Fix = { kind: 'remove-run', key, path, does: 'remove it' }
  return [{ ...newFinding('left-over', 'warning', message, DOCTOR), path, fix }]
}

function deadGuard({ key, path, dead, isEmpty, ageMs }: Facts['state']['guards'][number]): Finding[] {
  if (!dead && ageMs < LEFT_OVER_MS) return []
  const message = isEmpty
    ? `the empty guard of ${key}`
    : `a left-over guard of ${key}: its owner ${dead ? 'is dead' : 'has kept it far longer than a write takes'}`
  const fix: Fix = { kind: 'remove-guard', key, does: 'remove it' }
  return [{ ...newFinding('left-over', 'warning', message, DOCTOR), path, fix }]
}

function draft({ path, dead, ageMs }: Facts['state']['drafts'][number]): Finding[] {
  if (dead) {
    const fix: Fix = { kind: 'remove-drafts', does: 'remove it' }
    return [{ ...newFinding('left-over', 'warning', 'a draft of a dead process', DOCTOR), path, fix }]
  }
  if (ageMs < OLD_DRAFT_MS) return []
  const message = 'a draft more than a day old, from another machine or container'
  return [{ ...newFinding('left-over', 'note', message, 'Remove it if nobody is at work there.'), path }]
}

function log({ path, state, ageMs }: Facts['state']['log']): Finding[] {
  if (state === 'whole' || (state === 'behind' && ageMs < LEFT_OVER_MS)) return []
  if (state === 'unusable') {
    const message = 'the event log cannot be read, so events cannot be added'
    const advice = 'It must be a regular file that wrk may read and write: move it away, or change its mode.'
    return [{ ...newFinding('torn-log', 'error', message, advice), path }]
  }
  const [message, does] =
    state === 'torn'
      ? ['the last line of the event log is incomplete', 'end that line']
      : ['the last events are missing from the log after a crash', 'add them']
  return [{ ...newFinding('torn-log', 'warning', message, DOCTOR), path, fix: { kind: 'repair-log', does } }]
}
