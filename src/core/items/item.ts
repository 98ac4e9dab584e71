/** A work item as its file has it, and what is wrong with the file. */
import { type Frontmatter, placeInFile } from '../../markdown/frontmatter.ts'
import type { YamlPair } from '../../markdown/node.ts'
import { scalarText } from '../../markdown/scalar.ts'
import type { Split } from '../../markdown/split.ts'
import { type Lock, readLock } from '../claims/lock.ts'
import { printable } from '../text.ts'
import { displayOfFileName, type ItemKey, isBareNumber, isIdOf } from './ids.ts'
import { fitsFolder, isClosed } from './status.ts'

export interface Item {
  id: string
  title: string
  status: string | null
  priority: string | null
  closed: boolean
}

/** What is wrong with a file. `blocks`: nothing may be written until it is corrected. */
export interface Problem {
  code:
    | 'no-frontmatter'
    | 'unreadable'
    | 'merge-conflict'
    | 'duplicate-key'
    | 'id-mismatch'
    | 'unreadable-lock'
    | 'unreadable-record'
    | 'put-back-copy'
    | 'half-lock'
    | 'status-folder'
    | 'ambiguous'
    | 'not-a-file'
    | 'no-permission'
  message: string
  /** Counts from 1 in the file; 0 where no place can be named. */
  line: number
  column: number
  blocks: boolean
  /** Of a record that cannot be read: a newer wrk wrote it. */
  isNewer?: boolean
}

/** Whether the content is unknown: there is no such file, or this process may not read it. */
export function hidesAll({ code }: Pick<Problem, 'code'>): boolean {
  return code === 'not-a-file' || code === 'no-permission'
}

/** Where an item is, as far as it says what the item must be. */
export interface ItemFile {
  key: ItemKey
  folder: string
  name: string
}

/** The keys that interpretItem looks at. */
export const ITEM_KEYS: ReadonlySet<string> = new Set([
  'id',
  'title',
  'status',
  'priority',
  'locked_by',
  'locked_at',
])

/** The keys that wrk writes or finds items by: these must be unique. */
const UNIQUE_KEYS = new Set(['id', 'locked_by', 'locked_at'])

/** What an item's fields say, its lock, and the problems of the file. Pure. */
export function interpretItem(
  file: ItemFile,
  { map, split, duplicates }: Frontmatter,
  idPrefix: string,
): { item: Item; lock: Lock | null; problems: Problem[] } {
  // In one go, without a closure or an iterator, for this is done for thousands of items at a time.
  let id: YamlPair | undefined
  let title: YamlPair | undefined
  let status: YamlPair | undefined
  let priority: YamlPair | undefined
  let by: YamlPair | undefined
  let at: YamlPair | undefined
  const { pairs } = map
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i]!
    if (pair.key === 'id') id ??= pair
    else if (pair.key === 'title') title ??= pair
    else if (pair.key === 'status') status ??= pair
    else if (pair.key === 'priority') priority ??= pair
    else if (pair.key === 'locked_by') by ??= pair
    else if (pair.key === 'locked_at') at ??= pair
  }

  const problems: Problem[] = []
  for (const { key, line, column } of duplicates) {
    const message = `duplicate key "${printable(key, 60)}"`
    problems.push({ code: 'duplicate-key', message, line, column, blocks: UNIQUE_KEYS.has(key) })
  }

  const idText = scalarText(id?.value)
  const agrees = idText !== undefined && isIdOf(file.key, idText, idPrefix)
  if (id && !agrees) {
    const { kind } = id.value
    if (idText !== undefined) {
      const message = `the id ${printable(idText, 60)} and the file name ${file.name} differ`
      problems.push(problemAt(split, id, 'id-mismatch', message, true))
    } else if (kind !== 'scalar')
      problems.push(problemAt(split, id, 'id-mismatch', `the id must be a string, not a ${kind}`, true))
  }

  const reading = readLock(by, at)
  if (reading.kind === 'unreadable') {
    const message = `the lock cannot be read: ${reading.pair.key} must be a single value`
    problems.push(problemAt(split, reading.pair, 'unreadable-lock', message, true))
  }
  if (reading.kind === 'free' && at && scalarText(at.value) !== undefined)
    problems.push(problemAt(split, at, 'half-lock', 'locked_at is set without locked_by', false))
  if (reading.kind === 'held' && !reading.lock.at) {
    const message = 'locked_by is set without a readable locked_at'
    problems.push(problemAt(split, (at ?? by)!, 'half-lock', message, false))
  }

  const statusText = scalarText(status?.value)
  if (statusText !== undefined && !fitsFolder(statusText, file.folder)) {
    const message = `the status ${printable(statusText, 40)} does not belong in ${file.folder}/`
    problems.push(problemAt(split, status!, 'status-folder', message, false))
  }

  return {
    item: {
      id: agrees && !isBareNumber(idText) ? idText : displayOfFileName(file.name),
      title: scalarText(title?.value) ?? '',
      status: statusText ?? null,
      priority: scalarText(priority?.value) ?? null,
      closed: isClosed(statusText, file.folder),
    },
    lock: reading.kind === 'held' ? reading.lock : null,
    problems,
  }
}

function problemAt(
  split: Split,
  { keyStart }: YamlPair,
  code: Problem['code'],
  message: string,
  blocks: boolean,
): Problem {
  return { code, message, ...placeInFile(split, keyStart), blocks }
}
