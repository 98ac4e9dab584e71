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
  const wanted = text.toLowerCase()
  return `${item.id} ${item.title} ${item.holder?.session_id ?? ''}`.toLowerCase().includes(wanted)
}

function isOf(holder: string | undefined, session: string): boolean {
  return holder !== undefined && (holder === session || holder.startsWith(`${session}/`))
}

export type Columns = Readonly<Record<BoardColumn, readonly BoardItem[]>>

/** The items that pass, in their columns: the most urgent first, then the oldest; what is closed, the newest first. */
export function columnsOf(items: Iterable<BoardItem>, filters: Filters): Columns {
  const columns = Object.fromEntries(COLUMNS.map(column => [column, [] as BoardItem[]])) as Record<
    BoardColumn,
    BoardItem[]
  >
  for (const item of items) if (passes(item, filters)) columns[item.column].push(item)
  for (const column of COLUMNS) columns[column].sort(isOpen(column) ? byUrgency : byAge)
  return columns
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
