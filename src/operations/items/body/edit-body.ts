/** Changes of an item's text below its frontmatter: a note, criteria that are met. Every other byte stays. */
import { WrkError } from '../../../core/errors.ts'
import { stamp } from '../../../core/time.ts'
import { appendEntry, type Criterion, checkCriteria, readCriteria } from '../../../markdown/edit/body-edit.ts'
import type { Frontmatter } from '../../../markdown/frontmatter.ts'
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
  return editBody<Noted>(context, idText, (bytes, { split }, item, { holder }, at) => {
    const entry = `${stamp(at)} (${holder}) ${words}`
    const made = appendEntry(bytes, bodyStart(bytes, split), 'Notes', entry, split.eol)
    return { bytes: made, reason: 'note', result: { kind: 'noted', item, entry, warnings: [] } }
  })
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
  return editBody<Checked>(context, idText, (bytes, { split }, item) => {
    const from = bodyStart(bytes, split)
    const criteria = readCriteria(bytes, from)
    const beyond = numbers.find(number => !criteria.some(one => one.number === number))
    if (beyond !== undefined) throw noCriterion(item.id, beyond, criteria.length)
    const made = checkCriteria(bytes, from, numbers, checked)
    const result: Checked = {
      kind: 'checked',
      item,
      warnings: [],
      changed: made !== null,
      criteria: made ? readCriteria(made, from) : criteria,
    }
    return { bytes: made, reason: `${checked ? 'checked' : 'unchecked'} ${numbers.join(', ')}`, result }
  })
}

/** What an edit makes of a body: the file's new bytes, null when nothing changes; and the reason for the log. */
interface Edited<T> {
  bytes: Buffer | null
  reason: string
  result: T
}

/** Changes an item's body as the caller, who needs the item to be free or its own. */
async function editBody<T extends { warnings: string[] }>(
  context: Context,
  idText: string,
  edit: (bytes: Buffer, frontmatter: Frontmatter, item: ItemSummary, caller: Caller, at: Date) => Edited<T>,
): Promise<T | Refused> {
  const { result } = await changeAsCaller<T | Refused>(
    context,
    idText,
    (current, caller) => {
      const at = context.clock()
      const refused = refusal(context, current, caller, at)
      if (refused) return refused
      const { frontmatter } = current.file
      const item = summary(current)
      const { bytes, reason, result } = edit(current.file.bytes, frontmatter, item, caller, at)
      if (!bytes) return { kind: 'leave', result }
      const event = changed(context, at, item.id, caller, reason)
      return { kind: 'change', fields: {}, text: { bytes, frontmatter }, event, result }
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
