/** Sets fields of an item in place: single values only, every other byte stays. */
import { WrkError } from '../../core/errors.ts'
import { knownRank, unknownPriority } from '../../core/items/priority.ts'
import { fitsFolder, folderOf, isArchived, isClosed, unknownStatus } from '../../core/items/status.ts'
import { newEvent } from '../../core/log/event.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import type { Current, ItemDecision } from '../../store/items/item-store.ts'
import { type ItemSummary, summary } from '../claims/claim.ts'
import { permission, type Refused } from '../claims/permission.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'
import { changeAsCaller } from './change-as-caller.ts'

export type SetResult = { kind: 'set'; changed: boolean; item: ItemSummary; warnings: string[] } | Refused

const KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
const LONGEST_VALUE = 10_000
/** These hold text, whatever its words are; in all others `true` and `50` are what they say. */
const TEXTS = new Set(['title', 'blocked_reason'])

/**
 * Reads `KEY=VALUE` as it was typed.
 * @param check throws for a key that is not the caller's to set
 * @throws WrkError USAGE
 */
export function parseAssignments(
  texts: readonly string[],
  check: (key: string) => void = checkField,
): Map<string, string> {
  const fields = new Map<string, string>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const key = text.slice(0, Math.max(at, 0))
    if (!KEY.test(key))
      throw new WrkError('USAGE', `"${printable(text, 60)}" is not KEY=VALUE`, {
        hint: 'Write for example: priority=high "title=A new title"',
      })
    check(key)
    if (fields.has(key)) throw new WrkError('USAGE', `${key} is given twice`)
    const value = text.slice(at + 1)
    if (value.length > LONGEST_VALUE)
      throw new WrkError('USAGE', `the value of ${key} is longer than ${LONGEST_VALUE} characters`)
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw new WrkError('USAGE', `the value of ${key} is no single line of text`)
    fields.set(key, value)
  }
  return fields
}

function checkField(key: string): void {
  if (key === 'locked_by' || key === 'locked_at')
    throw new WrkError('USAGE', `${key} belongs to the lock`, {
      hint: 'wrk claim and wrk release change it.',
    })
  if (key === 'id') throw new WrkError('USAGE', 'the id is the file’s name and stays')
}

/**
 * @param fields values by key, as they are typed; see parseAssignments
 * @throws WrkError USAGE (a field that holds a list or a map), NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function set(
  context: Context,
  idText: string,
  fields: ReadonlyMap<string, string>,
): Promise<SetResult> {
  const { result } = await changeAsCaller(context, idText, (current, caller) =>
    decide(context, current, caller, fields),
  )
  return result
}

function decide(
  context: Context,
  current: Current,
  caller: Caller,
  fields: ReadonlyMap<string, string>,
): ItemDecision<SetResult> {
  const now = context.clock()
  const item = summary(current)
  const allowed = permission(context, current, caller, now, false)
  if (allowed.kind !== 'may')
    return { kind: 'leave', result: { kind: 'refused', item, why: allowed, warnings: [] } }
  for (const key of fields.keys()) {
    const kind = current.kindOf(key)
    if (kind !== null && kind !== 'scalar')
      throw new WrkError('USAGE', `${key} of ${item.id} holds a ${kind}, and wrk sets single values only`, {
        hint: `Edit ${item.path} for that.`,
      })
  }
  const changes = [...fields].filter(([key, value]) => (current.text(key) ?? '') !== value)
  if (changes.length === 0)
    return { kind: 'leave', result: { kind: 'set', changed: false, item, warnings: [] } }
  const shown = {
    ...item,
    title: fields.get('title') ?? item.title,
    status: fields.get('status') ?? item.status,
  }
  const { folder } = current.place
  return {
    kind: 'change',
    fields: Object.fromEntries(
      changes.map(([key, word]) => [key, TEXTS.has(key) ? { text: word } : { word }]),
    ),
    event: {
      ...newEvent(stamp(now), 'changed'),
      item: item.id,
      session: caller.holder,
      reason: changes.map(([key]) => key).join(', '),
      tx: context.store.host.randomLetters(12),
    },
    result: {
      kind: 'set',
      changed: true,
      item: shown,
      warnings: doubtsAbout(new Map(changes), item.id, folder),
    },
  }
}

/** What is written as it was typed, and may yet not be what was meant. */
function doubtsAbout(fields: ReadonlyMap<string, string>, id: string, folder: string): string[] {
  const doubts: string[] = []
  const status = fields.get('status') ?? ''
  if (status !== '' && !folderOf(status)) doubts.push(unknownStatus(status))
  if (status !== '' && !fitsFolder(status, folder))
    doubts.push(
      `${id} lies in ${folder}/, where ${status} does not belong; ${mover(status, folder, id)} moves it`,
    )
  const priority = fields.get('priority') ?? ''
  if (priority !== '' && knownRank(priority) === null) doubts.push(unknownPriority(priority))
  return doubts
}

/** The command that brings an item of this status to its folder. */
function mover(status: string, folder: string, id: string): string {
  if (isArchived(status, '')) return `wrk archive ${id}`
  if (isClosed(status, '')) return `wrk done ${id}`
  if (!isClosed(undefined, folder)) return 'wrk doctor --fix'
  // That leaves it to a person whether an open status or the folder of what is closed is meant.
  const home = folderOf(status)
  return `wrk ${home === 'pending' ? 'reopen' : home === 'working' ? 'start' : 'block'} ${id}`
}
