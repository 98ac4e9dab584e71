/** The columns by status, and who works on what now beside them where there is room. */
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { columnsOf, filtered, isFiltered, monthOf, NO_FILTERS } from '../../model/filter.ts'
import { type BoardColumn, type BoardItem, COLUMNS } from '../../protocol.ts'
import type { App } from '../app-state.ts'
import { dropOn } from '../item/drop.ts'
import { CARD_HEIGHT, Card } from '../parts/card.tsx'
import { Rows } from '../parts/rows.tsx'
import { FilterBar } from './filter-bar.tsx'
import { NowList } from './now-view.tsx'

const HEADINGS: Record<BoardColumn, string> = {
  pending: 'Pending',
  working: 'Working',
  blocked: 'Blocked',
  done: 'Done',
  archive: 'Archive',
}
const MONTH_HEIGHT = 44

type Row = { kind: 'item'; item: BoardItem } | { kind: 'month'; month: string; count: number; open: boolean }

export function BoardView({ app }: { app: App }): JSX.Element {
  const { model, place } = app
  const all = useMemo(() => columnsOf(model.items.values()), [model.items])
  const { text, priority, session, repo } = place.filters
  const columns = useMemo(() => filtered(all, place.filters), [all, text, priority, session, repo])
  return (
    <div class="board-view">
      <h1 class="sr">Board of {model.queue.name}</h1>
      <section class="now-rail" aria-label="Now">
        <NowList app={app} title />
      </section>
      <div class="board-main">
        <FilterBar app={app} shown={COLUMNS.reduce((sum, column) => sum + columns[column].length, 0)} />
        <div class="columns" tabIndex={0} role="region" aria-label="Columns by status">
          {COLUMNS.map(column => (
            <ColumnView key={column} app={app} column={column} items={columns[column]} />
          ))}
        </div>
      </div>
    </div>
  )
}

function ColumnView({
  app,
  column,
  items,
}: {
  app: App
  column: BoardColumn
  items: readonly BoardItem[]
}): JSX.Element {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const [isOver, setOver] = useState(false)
  const isNarrowed = isFiltered(app.place.filters)
  const rows = useMemo(
    () =>
      column === 'archive' ? withMonths(items, open) : items.map(item => ({ kind: 'item', item }) as Row),
    [items, open, column],
  )
  const toggle = (month: string) => {
    const next = new Set(open)
    if (!next.delete(month)) next.add(month)
    setOpen(next)
  }
  return (
    <section
      class={`column column-${column}${isOver ? ' column-over' : ''}`}
      aria-label={`${HEADINGS[column]}, ${items.length}`}
      data-column={column}
      onDragOver={event => {
        if (!event.dataTransfer!.types.includes('application/x-wrk-place')) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        dropOn(app, event.dataTransfer!.getData('application/x-wrk-place'), column)
      }}
    >
      <h2 class="column-head">
        <span class={`status-dot status-${column}`} aria-hidden="true" />
        {HEADINGS[column]}
        <span class="count">{items.length.toLocaleString('en')}</span>
      </h2>
      {items.length === 0 ? (
        <p class="column-empty">
          {isNarrowed ? 'Nothing matches' : EMPTY[column]}
          {isNarrowed && (
            <button type="button" class="link" onClick={() => app.filter(NO_FILTERS)}>
              Clear filters
            </button>
          )}
        </p>
      ) : (
        <Rows
          rows={rows}
          label={`${HEADINGS[column]} items`}
          reveal={app.cursor}
          heightOf={heightOf}
          keyOf={keyOf}
          render={row =>
            row.kind === 'item' ? (
              <Card app={app} item={row.item} />
            ) : (
              <button type="button" class="month" aria-expanded={row.open} onClick={() => toggle(row.month)}>
                <svg viewBox="0 0 10 10" aria-hidden="true">
                  <path
                    d={row.open ? 'M1.5 3.5L5 7l3.5-3.5' : 'M3.5 1.5L7 5 3.5 8.5'}
                    fill="none"
                    stroke-width="1.6"
                  />
                </svg>
                {row.month === '' ? 'No month' : row.month}
                <span class="count">{row.count}</span>
              </button>
            )
          }
        />
      )}
    </section>
  )
}

const EMPTY: Record<BoardColumn, string> = {
  pending: 'Nothing waits',
  working: 'Nobody works',
  blocked: 'Nothing is blocked',
  done: 'Nothing is done yet',
  archive: 'The archive is empty',
}

const heightOf = (row: Row) => (row.kind === 'item' ? CARD_HEIGHT : MONTH_HEIGHT)
const keyOf = (row: Row) => (row.kind === 'item' ? row.item.place : `month ${row.month}`)

/** Archived items by month, newest first; a month's items only where it is open. */
function withMonths(items: readonly BoardItem[], open: ReadonlySet<string>): Row[] {
  const months = new Map<string, BoardItem[]>()
  for (const item of items) {
    const month = monthOf(item)
    const others = months.get(month)
    if (others) others.push(item)
    else months.set(month, [item])
  }
  return [...months].flatMap(([month, within]) => {
    const isOpen = open.has(month)
    const head: Row = { kind: 'month', month, count: within.length, open: isOpen }
    return isOpen ? [head, ...within.map(item => ({ kind: 'item', item }) as const)] : [head]
  })
}
