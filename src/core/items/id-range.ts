/**
 * Ranges of ids, as a person types them: `3-7`, `WRK-3-7`. None of them is an id: behind the number of an id no mark
 * and no further number may follow, and a prefix begins with a letter. Pure.
 */
import { WrkError } from '../errors.ts'
import { type ItemKey, isBareNumber, parseId } from './ids.ts'

export interface IdRange {
  /** As it was typed. */
  text: string
  /** `wrk-`, as keys begin. */
  prefix: string
  from: number
  to: number
}

const RANGE = /^(?:(.*[A-Za-z_.])[-#])?([0-9]{1,9})-([0-9]{1,9})$/

/**
 * @param idPrefix what bare numbers are short for
 * @returns null for what is no range
 * @throws WrkError USAGE for one whose prefix is none, or whose end is before its start
 */
export function parseIdRange(text: string, idPrefix: string): IdRange | null {
  const [, prefix, first, last] = RANGE.exec(text) ?? []
  if (first === undefined || last === undefined) return null
  const { key } = parseId(prefix === undefined ? first : `${prefix}-${first}`, idPrefix)
  const [from, to] = [Number(first), Number(last)]
  if (to < from)
    throw new WrkError('USAGE', `the range ${text} ends before it starts`, {
      hint: `Write it as ${text.slice(0, -(first.length + last.length + 1))}${last}-${first}`,
    })
  return { text, prefix: key.slice(0, key.lastIndexOf('-') + 1), from, to }
}

/** Whole numbers only: `WRK-222.1` is an item of its own, named by its id. */
export function isInRange({ prefix, from, to }: IdRange, key: ItemKey): boolean {
  if (!key.startsWith(prefix)) return false
  const number = key.slice(prefix.length)
  return isBareNumber(number) && !number.includes('.') && Number(number) >= from && Number(number) <= to
}
