/** The live table of `wrk watch`: who holds what, and below it what happened last. Pure: a screen's lines. */
import { printable } from '../../core/text.ts'
import { humanDuration } from '../../core/time.ts'
import type { WatchedItem } from '../../core/watch/watch.ts'
import type { SharedView } from '../../operations/claims/remote-claim.ts'
import type { WatchEvent } from '../../operations/watch/watch.ts'
import { describeElsewhere, styleOfLiveness } from '../claims/describe.ts'
import { type Column, cut, displayWidth, table } from '../table.ts'
import { paint, type Screen, type Style } from '../terminal.ts'
import { sentenceOf } from './changes.ts'

export interface LiveScreen extends Screen {
  height: number
}

interface Row {
  item: WatchedItem
  /** When it last changed, and how: `*` for a change, `-` for an item that is no longer held. */
  marked: { at: number; sign: '*' | '-' } | null
}

/** What somebody could take up now: work that was begun and left, and what is ready besides, each best first. */
export interface Offers {
  left: readonly { id: string; title: string; by: string }[]
  ready: readonly { id: string; title: string }[]
}

/** How long a change stays marked. */
const MARK_MS = 5_000
const MOST_RECENT = 50
const MOST_OFFERED = 6

export class LiveTable {
  readonly #title: string
  readonly #rows = new Map<string, Row>()
  readonly #recent: { time: string; text: string; style: Style | null }[] = []
  readonly #elsewhere = new Map<string, SharedView>()
  #there = true
  #offers: Offers = { left: [], ready: [] }

  /** @param title what is watched */
  constructor(title: string) {
    this.#title = title
  }

  offer(offers: Offers): void {
    this.#offers = offers
  }

  /** @returns whether something is to be seen of it */
  take(event: WatchEvent, now: Date): boolean {
    const sentence = isNews(event) ? sentenceOf(event) : null
    if (sentence) {
      this.#recent.push({ time: event.time, ...sentence })
      if (this.#recent.length > MOST_RECENT) this.#recent.shift()
    }
    if (event.type === 'snapshot') {
      for (const item of event.items) this.#rows.set(item.path, { item, marked: null })
      for (const { id, ...view } of event.elsewhere?.items ?? []) this.#elsewhere.set(id, view)
    } else if (event.type === 'elsewhere') {
      if (event.to?.state === 'held') this.#elsewhere.set(event.id, event.to)
      else this.#elsewhere.delete(event.id)
    } else if (event.type === 'queue') this.#there = event.to === 'there'
    else if ('item' in event) this.#change(event.item, event.type, event.from, now)
    return event.type !== 'session' || sentence !== null
  }

  #change(item: WatchedItem, type: string, from: string | null, now: Date): void {
    // Of what has moved, the old place is not held any more; it is the same row.
    if (type === 'moved' && from !== null) this.#rows.delete(from)
    const known = this.#rows.get(item.path)
    const gone = type === 'removed' || !item.holder
    if (gone && !known) return
    // A lock that is merely renewed is as it was.
    const marked = { at: now.getTime(), sign: gone ? ('-' as const) : ('*' as const) }
    const shown = gone && known ? { ...item, holder: known.item.holder } : item
    this.#rows.set(item.path, { item: shown, marked: type === 'renewed' ? (known?.marked ?? null) : marked })
  }

  /** @returns at most as many lines as the screen has, none wider than it, without line ends */
  draw(screen: LiveScreen, now: Date): string[] {
    for (const [path, { marked }] of this.#rows)
      if (marked && now.getTime() - marked.at >= MARK_MS)
        if (marked.sign === '-') this.#rows.delete(path)
        else this.#rows.get(path)!.marked = null
    const rows = [...this.#rows.values()].sort(byAge)
    const room = Math.max(3, screen.height - 2)
    const recentRoom = Math.min(this.#recent.length, Math.max(3, Math.floor(room / 3)), room - 2)
    const fitting = room - (recentRoom > 0 ? recentRoom + 1 : 0) - 1
    const isFreed = (row: Row) => row.marked?.sign === '-'
    const shown =
      rows.length <= fitting
        ? rows
        : [...rows.filter(row => !isFreed(row)), ...rows.filter(isFreed)].slice(0, Math.max(1, fitting - 1))
    const lines = [this.#head(rows, screen), '']
    if (rows.length === 0) lines.push(paint(screen, 'dim', 'No item is held.'))
    else lines.push(...table(screen, columnsOf(shown, now)).trimEnd().split('\n'))
    if (shown.length < rows.length)
      lines.push(paint(screen, 'dim', `… and ${rows.length - shown.length} more (wrk list --locked)`))
    lines.push(...this.#linesOfOffers(screen, screen.height - lines.length - recentRoom - 2))
    lines.push(...this.#linesElsewhere(screen, now, screen.height - lines.length - recentRoom - 2))
    const space = screen.height - lines.length - 1
    const recent = this.#recent.slice(-Math.max(0, Math.min(space, this.#recent.length)))
    if (recent.length > 0)
      lines.push(
        '',
        ...recent.map(line => oneLine(screen, line.style, `${line.time.slice(11, 19)}  ${line.text}`)),
      )
    return lines.slice(0, screen.height)
  }

  /** What was left comes whole; of what is ready as much as there is room for. */
  #linesOfOffers(screen: LiveScreen, room: number): string[] {
    const { left, ready } = this.#offers
    const orphaned = left.map(
      ({ id, title, by }) =>
        `  ${printable(id, 60)}  ${printable(title, 100)} (left by ${printable(by, 128)})`,
    )
    const free = ready.map(({ id, title }) => `  ${printable(id, 60)}  ${printable(title, 100)}`)
    const lines: string[] = []
    const add = (heading: string, texts: readonly string[], style: Style | null): void => {
      const most = Math.min(MOST_OFFERED, room - lines.length - 2)
      if (texts.length === 0 || most < 1) return
      const rest = texts.length > most ? [`  … and ${texts.length - most + 1} more`] : []
      const shown = [...texts.slice(0, rest.length > 0 ? most - 1 : most), ...rest]
      lines.push(paint(screen, 'bold', heading), ...shown.map(text => oneLine(screen, style, text)))
    }
    add(`Begun and left: ${left.length}`, orphaned, 'yellow')
    add(`Ready: ${ready.length}`, free, null)
    return lines
  }

  /** What other clones hold, as far as there is room for it. */
  #linesElsewhere(screen: LiveScreen, now: Date, room: number): string[] {
    if (this.#elsewhere.size === 0 || room < 2) return []
    const all = [...this.#elsewhere].map(
      ([id, view]) => `  ${printable(id, 60)}  ${describeElsewhere(view, now, true)}`,
    )
    const shown =
      all.length < room ? all : [...all.slice(0, room - 2), `  … and ${all.length - room + 2} more`]
    return [paint(screen, 'bold', 'In other clones'), ...shown.map(text => oneLine(screen, null, text))]
  }

  #head(rows: readonly Row[], screen: LiveScreen): string {
    const held = rows.filter(({ marked }) => marked?.sign !== '-')
    const counts = (['alive', 'unknown', 'stale', 'dead'] as const).flatMap(word => {
      const count = held.filter(({ item }) => item.holder?.liveness === word).length
      return count > 0 ? [`${count} ${word}`] : []
    })
    const summary = this.#there
      ? `${held.length} held${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`
      : 'the queue is gone'
    return oneLine(screen, 'bold', `${summary}  ${this.#title}`)
  }
}

/** The table shows that a lock is renewed, and claims name their sessions. */
function isNews({ type, ...event }: WatchEvent): boolean {
  return type !== 'renewed' && !(type === 'session' && 'to' in event && event.to !== 'dead')
}

function columnsOf(rows: readonly Row[], now: Date): Column[] {
  const fresh = ({ marked }: Row): Style | null => (marked ? (marked.sign === '-' ? 'dim' : 'bold') : null)
  const isFreed = ({ marked }: Row) => marked?.sign === '-'
  const liveness = (row: Row) => (isFreed(row) ? 'free' : (row.item.holder?.liveness ?? 'free'))
  const column = (
    title: string,
    longest: number,
    text: (row: Row) => string,
    style: (row: Row) => Style | null = fresh,
  ): Column => ({ title, longest, cells: rows.map(text), styles: rows.map(style) })
  return [
    column('', 1, ({ marked }) => marked?.sign ?? ' '),
    { ...column('ID', 60, ({ item }) => item.id), isKey: true },
    column('STATUS', 20, ({ item }) => item.status ?? '-'),
    column('HELD BY', 128, ({ item }) => item.holder?.session_id ?? '-'),
    column('AGE', 20, ({ item }) => {
      const since = item.holder?.locked_at
      return since ? humanDuration(now.getTime() - Date.parse(since)) : '?'
    }),
    column('HOLDER', 20, liveness, row => (isFreed(row) ? 'dim' : styleOfLiveness(liveness(row)))),
    column(
      'TITLE',
      200,
      ({ item }) => item.problem ?? item.title,
      row => (row.item.problem === null ? fresh(row) : 'red'),
    ),
  ]
}

/** The youngest first: what has just been claimed is at the top. */
function byAge({ item: one }: Row, { item: other }: Row): number {
  const [a, b] = [one.holder?.locked_at ?? '', other.holder?.locked_at ?? '']
  return a < b ? 1 : a > b ? -1 : one.path < other.path ? -1 : 1
}

function oneLine(screen: Screen, style: Style | null, text: string): string {
  return paint(screen, style, displayWidth(text) > screen.width ? cut(text, screen.width).trimEnd() : text)
}
