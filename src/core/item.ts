/** A work item as its file tells it, and what is wrong with the file. */
import type { YamlMap } from '../markdown/node.ts'
import { findPair, scalarText } from '../markdown/scalar.ts'
import { displayOfFileName, type ItemKey, isIdOf, printable } from './ids.ts'
import { type Lock, readLock } from './lock.ts'
import { fitsFolder, isClosed } from './status.ts'

export interface Item {
  id: string
  title: string
  status: string | null
  priority: string | null
  closed: boolean
}

/** What is wrong with a file. `blocks`: nothing may be written until it is mended. */
export interface Problem {
  code:
    | 'no-frontmatter'
    | 'unreadable'
    | 'duplicate-key'
    | 'id-mismatch'
    | 'unreadable-lock'
    | 'half-lock'
    | 'status-folder'
    | 'ambiguous'
    | 'not-a-file'
  message: string
  /** Counts from 1 in the file; 0 where no place can be named. */
  line: number
  column: number
  blocks: boolean
}

export interface ItemSource {
  key: ItemKey
  folder: string
  name: string
  fields: YamlMap
  duplicates: readonly { key: string; line: number; column: number }[]
  /** Turns an offset in the YAML text into a place in the file. */
  place: (offset: number) => { line: number; column: number }
  idPrefix: string
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

/** The keys that wrk writes or finds items by: these must stand once. */
const UNIQUE_KEYS = new Set(['id', 'locked_by', 'locked_at'])

/** What an item's fields say, its lock, and the problems of the file. Pure. */
export function interpretItem(source: ItemSource): { item: Item; lock: Lock | null; problems: Problem[] } {
  const { fields, folder, name } = source
  const text = (key: string) => scalarText(findPair(fields, key)?.value)
  const status = text('status')
  const problems: Problem[] = []
  for (const { key, line, column } of source.duplicates) {
    const message = `the key "${printable(key, 60)}" stands twice`
    problems.push({ code: 'duplicate-key', message, line, column, blocks: UNIQUE_KEYS.has(key) })
  }
  const problem = (code: Problem['code'], offset: number, message: string, blocks: boolean) =>
    problems.push({ code, message, ...source.place(offset), blocks })

  const id = findPair(fields, 'id')
  const idText = scalarText(id?.value)
  const agrees = idText !== undefined && isIdOf(source.key, idText, source.idPrefix)
  if (id && idText !== undefined && !agrees)
    problem(
      'id-mismatch',
      id.keyStart,
      `the id ${printable(idText, 60)} is not that of the file name ${name}`,
      true,
    )
  else if (id && id.value.kind !== 'scalar')
    problem('id-mismatch', id.keyStart, `the id is a ${id.value.kind}, not a word`, true)

  const reading = readLock(fields)
  if (reading.kind === 'unreadable')
    problem(
      'unreadable-lock',
      reading.offset,
      `the lock cannot be read: ${reading.key} is not a single value`,
      true,
    )
  const at = findPair(fields, 'locked_at')
  if (reading.kind === 'free' && scalarText(at?.value) !== undefined)
    problem('half-lock', at!.keyStart, 'locked_at is set without locked_by', false)
  if (reading.kind === 'held' && !reading.lock.at)
    problem(
      'half-lock',
      (at ?? findPair(fields, 'locked_by'))!.keyStart,
      'locked_by is set without a readable locked_at',
      false,
    )
  if (status !== undefined && !fitsFolder(status, folder))
    problem(
      'status-folder',
      findPair(fields, 'status')!.keyStart,
      `the status ${printable(status, 40)} does not belong in ${folder}/`,
      false,
    )

  return {
    item: {
      id: agrees && /\D/.test(idText) ? idText : displayOfFileName(name),
      title: text('title') ?? '',
      status: status ?? null,
      priority: text('priority') ?? null,
      closed: isClosed(status, folder),
    },
    lock: reading.kind === 'held' ? reading.lock : null,
    problems,
  }
}
