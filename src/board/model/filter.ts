/** Which items a view shows: the filters, and the board's columns. Pure. */
import { type BoardColumn, type BoardItem, COLUMNS } from '../protocol.ts'

export interface Filters {
  text: string
  /** A priority word; '' for all. */
  priority: string
  session: string
  repo: string
}

export const NO_FILTERS: Filters = { text: '', priority: '', session: '', repo: '' }

export function isFiltered({ text, priority, session, repo }: Filters): boolean {
  return text !== '' || priority !== '' || session !== '' || repo !== ''
}

function passes(item: BoardItem, { text, priority, session, repo }: Filters): boolean {
  if (priority !== '' && (item.priority ?? '').toLowerCase() !== priority) return false
  if (session !== '' && !isOf(item.holder?.session_id, session)) return false
  if (repo !== '' && !item.repos?.includes(repo)) return false
  if (text === '') return true
  return haystack(item).includes(text.toLowerCase())
}

/** What text is looked for in, made once for each item: a letter is typed faster than 10,000 texts are put together. */
const haystacks = new WeakMap<BoardItem, string>()

function haystack(item: BoardItem): string {
  const known = haystacks.get(item)
  if (known !== undefined) return known
  const text = `${item.id} ${item.title} ${item.holder?.session_id ?? ''}`.toLowerCase()
  haystacks.set(item, text)
  return text
}

function isOf(holder: string | undefined, session: string): boolean {
  return holder !== undefined && (holder === session || holder.startsWith(`${session}/`))
}

export type Columns = Readonly<Record<BoardColumn, readonly BoardItem[]>>

/** All items in their columns: the most urgent first, then the oldest; what is closed, the newest first. */
export function columnsOf(items: Iterable<BoardItem>): Columns {
  const columns = emptyColumns()
  for (const item of items) columns[item.column].push(item)
  for (const column of COLUMNS) columns[column].sort(isOpen(column) ? byUrgency : byAge)
  return columns
}

/** Those that pass, in the same order. */
export function filtered(columns: Columns, filters: Filters): Columns {
  if (!isFiltered(filters)) return columns
  const found = emptyColumns()
  for (const column of COLUMNS) found[column] = columns[column].filter(item => passes(item, filters))
  return found
}

function emptyColumns(): Record<BoardColumn, BoardItem[]> {
  return { pending: [], working: [], blocked: [], done: [], archive: [] }
}

const isOpen = (column: BoardColumn) => column !== 'done' && column !== 'archive'

function byUrgency(a: BoardItem, b: BoardItem): number {
  return (
    Number(Boolean(b.holder)) - Number(Boolean(a.holder)) ||
    a.rank - b.rank ||
    compare(a.created_at ?? '9', b.created_at ?? '9') ||
    byNumber(a, b)
  )
}

function byAge(a: BoardItem, b: BoardItem): number {
  return compare(monthOf(b), monthOf(a)) || byNumber(b, a)
}

function byNumber(a: BoardItem, b: BoardItem): number {
  return numberOf(a) - numberOf(b) || compare(a.place, b.place)
}

const numberOf = ({ key }: BoardItem) => Number(key.slice(key.lastIndexOf('-') + 1))

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `2026-02` for an item in that month of the archive; '' elsewhere. */
export function monthOf({ place }: Pick<BoardItem, 'place'>): string {
  return /^archive\/(\d{4}-\d{2})\//.exec(place)?.[1] ?? ''
}
