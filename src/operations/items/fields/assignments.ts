/** `KEY=VALUE` as it is typed behind `wrk set` and `wrk session set`. */
import { WrkError } from '../../../core/errors.ts'
import { ITEM_KEYS } from '../../../core/items/item.ts'
import { printable } from '../../../core/text.ts'
import type { ListChanges } from './change-lists.ts'

const KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
const LONGEST_VALUE = 10_000

/**
 * Reads what is behind `wrk set`: `KEY=VALUE`, and `KEY+=WORD` and `KEY-=WORD` for lists.
 * @throws WrkError USAGE
 */
export function parseChanges(texts: readonly string[]): { fields: Map<string, string>; lists: ListChanges } {
  const lists = new Map<string, { add: string[]; remove: string[] }>()
  const single: string[] = []
  for (const text of texts) {
    const [, key, sign, value] = /^([A-Za-z_][A-Za-z0-9_-]{0,63})([+-])=(.*)$/s.exec(text) ?? []
    if (key === undefined) {
      single.push(text)
      continue
    }
    const word = value!.trim()
    checkField(key)
    if (ITEM_KEYS.has(key))
      throw new WrkError('USAGE', `${key} is a single value, not a list`, { hint: `wrk set ID ${key}=…` })
    if (word === '' || word.length > LONGEST_WORD || /[\x00-\x1f\x7f,]/.test(word))
      throw new WrkError(
        'USAGE',
        `a word of a list has 1 to ${LONGEST_WORD} characters, and no comma: ${key}${sign}=`,
      )
    const list = lists.get(key) ?? { add: [], remove: [] }
    lists.set(key, list)
    ;(sign === '+' ? list.add : list.remove).push(word)
  }
  const fields = parseAssignments(single)
  for (const key of lists.keys()) if (fields.has(key)) throw new WrkError('USAGE', `duplicate field ${key}`)
  return { fields, lists }
}

const LONGEST_WORD = 200

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
    if (fields.has(key)) throw new WrkError('USAGE', `duplicate field ${key}`)
    const value = text.slice(at + 1)
    if (value.length > LONGEST_VALUE)
      throw new WrkError('USAGE', `the value of ${key} is longer than ${LONGEST_VALUE} characters`)
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw new WrkError('USAGE', `the value of ${key} must be a single line of text`)
    fields.set(key, value)
  }
  return fields
}

function checkField(key: string): void {
  if (key === 'locked_by' || key === 'locked_at')
    throw new WrkError('USAGE', `${key} is set by wrk only`, {
      hint: 'Claim or release the item: wrk claim, wrk release',
    })
  if (key === 'id') throw new WrkError('USAGE', 'the id is the file’s name and cannot be set')
}
