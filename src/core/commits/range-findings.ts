/**
 * What is wrong with one item at the end of a range of commits: its form, its folder, its lock. Nobody's session is
 * known here, so of a lock only what no claim could have made is wrong. Pure.
 */
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { type ItemFile, interpretItem } from '../items/item.ts'
import { parseInstant } from '../time.ts'
import { missingFields } from './form.ts'

export interface RangeFinding {
  code: string
  severity: 'error' | 'warning'
  /** From the repository's top. */
  path: string
  /** Counts from 1; 1 where no place can be named. */
  line: number
  column: number
  message: string
  item: string
  /** The commit that did it, where one is known. */
  commit: string | null
}

export type FormProblem = Pick<RangeFinding, 'code' | 'line' | 'column' | 'message'>

/** A lock as it is written, `''` for none. */
type LockPair = string

/** What an item's bytes say. */
export interface RangeItem {
  problems: FormProblem[]
  closed: boolean
  lock: LockPair
  lockedAt: Date | null
  /** The line of `locked_by`. */
  lockLine: number
}

const MARKER = /^<{7,}(?: .*)?\r?$/m

/** @returns null when the full reader is needed */
export function readRangeItem(
  bytes: Buffer,
  file: ItemFile,
  idPrefix: string,
  full?: FullReader,
): RangeItem | null {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') return null
  const text = bytes.toString('utf8')
  const marker = MARKER.exec(text)
  const isConflict = marker !== null && /^={7,}\r?$/m.test(text) && /^>{7,}/m.test(text)
  const conflict: FormProblem[] = isConflict
    ? [
        {
          code: 'conflict-markers',
          line: text.slice(0, marker.index).split('\n').length,
          column: 1,
          message: 'unresolved merge conflict',
        },
      ]
    : []
  const nothing = { closed: false, lock: '', lockedAt: null, lockLine: 1 }
  if (found.kind === 'error') {
    const { message, line, column } = found.error
    return { ...nothing, problems: isConflict ? conflict : [{ code: 'unreadable', message, line, column }] }
  }
  const { item, problems } = interpretItem(file, found, idPrefix)
  const by = findPair(found.map, 'locked_by')
  const at = scalarText(findPair(found.map, 'locked_at')?.value) ?? ''
  const holder = scalarText(by?.value) ?? ''
  return {
    problems: [
      ...conflict,
      ...problems,
      ...missingFields(found).map(one => ({ ...one, code: 'missing-field' })),
    ],
    closed: item.closed,
    lock: holder === '' ? '' : `${holder} ${at}`,
    lockedAt: parseInstant(at),
    lockLine: by ? found.split.yaml.slice(0, by.keyStart).split('\n').length + found.split.firstLine - 1 : 1,
  }
}

/** How far clocks may differ. */
const SKEW_MS = 5 * 60_000

/** A version of the item in the range, in order; `base` is the one before it. */
export interface LockHistory {
  base: LockPair
  versions: readonly { lock: LockPair; commit: string; time: number; parents: readonly LockPair[] }[]
}

/** What is wrong with the lock that the item has at the end; null when nothing is. */
export function lockProblem(
  { lock, lockedAt, closed }: RangeItem,
  { base, versions }: LockHistory,
): { message: string; commit: string | null } | null {
  if (lock === '') return null
  const holder = lock.slice(0, lock.lastIndexOf(' '))
  const made = versions.findLast(({ lock: now, parents }) => now === lock && !parents.includes(lock))
  if (closed) return { message: `it is closed, and still locked by ${holder}`, commit: made?.commit ?? null }
  if (!made) return null
  const { commit, time, parents } = made
  if (lockedAt && lockedAt.getTime() > time + SKEW_MS)
    return { message: `its lock by ${holder} is newer than its commit`, commit }
  if (parents.length > 1)
    return { message: `this merge has a lock by ${holder} that neither side has`, commit }
  const earlier = versions.slice(0, versions.indexOf(made))
  if (base === lock || earlier.some(version => version.lock === lock))
    return { message: `a released lock by ${holder} came back`, commit }
  return null
}
