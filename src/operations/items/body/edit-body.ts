/** Changes of an item's text below its frontmatter: a note, criteria that are met. Every other byte stays. */
import { WrkError } from '../../../core/errors.ts'
import { stamp } from '../../../core/time.ts'
import { appendEntry, type Criterion, checkCriteria, readCriteria } from '../../../markdown/edit/body-edit.ts'
import { bodyStart } from '../../../markdown/split.ts'
import type { Current } from '../../../store/items/current-item.ts'
import type { ItemDecision } from '../../../store/items/publication-of.ts'
import { pendingEvent } from '../../../store/log/pending-event.ts'
import { readStdin } from '../../../system/stdin.ts'
import { type ItemSummary, summary } from '../../claims/item-summary.ts'
import { permission, type Refused } from '../../claims/permission.ts'
import type { Context } from '../../context.ts'
import type { Caller } from '../../sessions/caller.ts'
import { changeAsCaller } from '../change-as-caller.ts'

export interface Noted {
  kind: 'noted'
  item: ItemSummary
  entry: string
  warnings: string[]
}

export interface Checked {
  kind: 'checked'
  changed: boolean
  item: ItemSummary
  criteria: Criterion[]
  warnings: string[]
}

const LONGEST_NOTE = 10_000
const PATIENCE_MS = 600_000

/** What is to be noted: `-` is read from stdin. */
export async function noteText(typed: string): Promise<string> {
  return typed === '-' ? ((await readStdin(8 * LONGEST_NOTE, PATIENCE_MS)) ?? '') : typed
}

/**
 * Adds a dated entry under the heading Notes, which is added if it is missing.
 * @param text one line or several
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function note(context: Context, idText: string, text: string): Promise<Noted | Refused> {
  const words = text.trim().replaceAll('\r\n', '\n')
  if (words === '' || words.length > LONGEST_NOTE || /[\x00-\x08\x0b-\x1f\x7f]/.test(words))
    throw new WrkError('USAGE', `a note must have 1 to ${LONGEST_NOTE} characters`, {
      hint: 'wrk note 157 "What was found"',
    })
  const { result } = await changeAsCaller<Noted | Refused>(
    context,
    idText,
    (current, caller) => {
      const at = context.clock()
      const refused = refusal(context, current, caller, at)
      if (refused) return refused
      const { bytes, frontmatter } = current.file
      const { split } = frontmatter
      const entry = `${stamp(at)} (${caller.holder}) ${words}`
      const made = appendEntry(bytes, bodyStart(bytes, split), 'Notes', entry, split.eol)
      const item = summary(current)
      return {
        kind: 'change',
        fields: {},
        text: { bytes: made, frontmatter },
        event: changed(context, at, item.id, caller, 'note'),
        result: { kind: 'noted', item, entry, warnings: [] },
      }
    },
    refused => refused,
  )
  return result
}

/**
 * Checks criteria by their numbers, or takes the checks away.
 * @throws WrkError USAGE (there is no such number), NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function check(
  context: Context,
  idText: string,
  numbers: readonly number[],
  checked: boolean,
): Promise<Checked | Refused> {
  const { result } = await changeAsCaller<Checked | Refused>(
    context,
    idText,
    (current, caller) => {
      const at = context.clock()
      const refused = refusal(context, current, caller, at)
      if (refused) return refused
      const { bytes, frontmatter } = current.file
      const from = bodyStart(bytes, frontmatter.split)
      const item = summary(current)
      const criteria = readCriteria(bytes, from)
      const beyond = numbers.find(number => !criteria.some(one => one.number === number))
      if (beyond !== undefined) throw noCriterion(item.id, beyond, criteria.length)
      const made = checkCriteria(bytes, from, numbers, checked)
      const answer = (isChanged: boolean, now: Criterion[]): Checked => {
        return { kind: 'checked', item, warnings: [], changed: isChanged, criteria: now }
      }
      if (!made) return { kind: 'leave', result: answer(false, criteria) }
      return {
        kind: 'change',
        fields: {},
        text: { bytes: made, frontmatter },
        event: changed(
          context,
          at,
          item.id,
          caller,
          `${checked ? 'checked' : 'unchecked'} ${numbers.join(', ')}`,
        ),
        result: answer(true, readCriteria(made, from)),
      }
    },
    refused => refused,
  )
  return result
}

function changed({ store }: Context, at: Date, item: string, { holder }: Caller, reason: string) {
  return pendingEvent(store.host, at, 'changed', { item, session: holder, reason })
}

function noCriterion(id: string, number: number, count: number): WrkError {
  if (count === 0)
    return new WrkError('USAGE', `${id} has no criteria`, {
      hint: 'Add boxes to its text: ## Acceptance criteria, then lines with - [ ]',
    })
  const many = count === 1 ? '1 criterion' : `${count} criteria`
  return new WrkError('USAGE', `${id} has ${many}, no number ${number}`, {
    hint: `See them: wrk check ${id}`,
  })
}

function refusal(
  context: Context,
  current: Current,
  caller: Caller,
  now: Date,
): ItemDecision<Refused> | null {
  const why = permission(context, current, caller, now, false)
  if (why.kind === 'may') return null
  return { kind: 'leave', result: { kind: 'refused', item: summary(current), why, warnings: [] } }
}
