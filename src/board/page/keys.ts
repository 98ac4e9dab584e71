/** The keyboard: everything that the mouse can do. */
import { useEffect, useRef } from 'preact/hooks'
import { columnsOf, filtered } from '../model/filter.ts'
import { type BoardItem, COLUMNS } from '../protocol.ts'
import { VIEWS } from './address.ts'
import type { App } from './app-state.ts'
import { type Asking, choicesFor, perform } from './item/acts.tsx'

interface KeysOptions {
  ask: (asking: Asking) => void
  help: () => void
  /** A dialog is open, which has keys of its own. */
  isAsking: boolean
}

export function useKeys(app: App | null, options: KeysOptions): void {
  const latest = useRef({ app, options })
  latest.current = { app, options }
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { app, options } = latest.current
      if (!app || options.isAsking || event.ctrlKey || event.metaKey || event.altKey) return
      if (handle(event, app, options)) event.preventDefault()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}

const MOVES: Record<string, readonly [columns: number, rows: number]> = {
  ArrowUp: [0, -1],
  k: [0, -1],
  ArrowDown: [0, 1],
  j: [0, 1],
  ArrowLeft: [-1, 0],
  h: [-1, 0],
  ArrowRight: [1, 0],
  l: [1, 0],
}

/** @returns whether the key meant something here */
function handle({ key, target }: KeyboardEvent, app: App, { ask, help }: KeysOptions): boolean {
  const element = target as HTMLElement
  const isTyping = element.matches('input, select, textarea')
  if (key === 'Escape') {
    if (isTyping) element.blur()
    else if (app.place.item !== null) app.openItem(null)
    return true
  }
  if (isTyping) return false
  const view = VIEWS[Number(key) - 1]
  if (view) app.go({ view, item: null })
  else if (key === '/') document.getElementById('find')?.focus()
  else if (key === '?') help()
  else if (key === 'n' && app.canAct) ask({ kind: 'new' })
  else if (MOVES[key]) return app.place.view === 'board' && move(app, element, MOVES[key])
  else return app.canAct && actOn(app, key, ask)
  return true
}

/** The item that keys are about: the one that is open, else the one that the keyboard is on. */
function subject({ model, place, cursor }: App): BoardItem | undefined {
  if (place.item !== null) return [...model.items.values()].find(({ id }) => id === place.item)
  return cursor === null ? undefined : model.items.get(cursor)
}

function actOn(app: App, key: string, ask: (asking: Asking) => void): boolean {
  const item = subject(app)
  if (!item) return false
  if (key === 'm') ask({ kind: 'choose', item })
  else {
    const choice = choicesFor(item, app.model.queue.session_id).find(one => one.key === key)
    if (!choice) return false
    perform(app, item, choice, ask)
  }
  return true
}

function move(app: App, from: HTMLElement, [across, down]: readonly [number, number]): boolean {
  // Within a region that scrolls by itself the arrows scroll it, unless they are on the board.
  if (from.closest('.panel, .now-rail')) return false
  const columns = filtered(columnsOf(app.model.items.values()), app.place.filters)
  const filled = COLUMNS.filter(column => column !== 'archive' && columns[column].length > 0)
  const current = app.cursor === null ? undefined : app.model.items.get(app.cursor)
  const at = current ? filled.indexOf(current.column) : -1
  if (filled.length === 0) return false
  const column = at < 0 ? filled[0]! : filled[Math.max(0, Math.min(filled.length - 1, at + across))]!
  const items = columns[column]
  const row = current ? columns[current.column].indexOf(current) : -1
  const index = current && at >= 0 ? Math.max(0, Math.min(items.length - 1, row + down)) : 0
  const place = items[index]!.place
  app.setCursor(place)
  focusCard(place)
  return true
}

/** Its row may have to come into sight first, which takes a frame or two. */
function focusCard(place: string, tries = 5): void {
  const card = [...document.querySelectorAll<HTMLElement>('[data-place]')].find(
    element => element.dataset.place === place,
  )
  if (card) {
    card.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    card.querySelector<HTMLElement>('.card-link')?.focus({ preventScroll: true })
  } else if (tries > 0) requestAnimationFrame(() => focusCard(place, tries - 1))
}
