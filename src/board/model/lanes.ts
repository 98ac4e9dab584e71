/** Who held what, when: a lane for each session, from the events of the log and from what is held now. Pure. */
import type { BoardEvent, BoardItem } from '../protocol.ts'

interface Bar {
  item: string
  from: number
  to: number
  /** It is held still. */
  open: boolean
  /** How it ended. */
  end: string
  /** In a lane bars that overlap are below each other. */
  row: number
}

interface Mark {
  time: number
  kind: 'takeover' | 'refusal' | 'forced'
  item: string
  text: string
}

export interface Lane {
  session: string
  bars: Bar[]
  marks: Mark[]
  rows: number
}

const TAKES = ['granted', 'renewed', 'takenOver', 'started']
const ENDS = ['released', 'archived', 'blocked', 'unblocked', 'finished', 'cancelled', 'reopened']

/**
 * @param from the first instant that is shown, in ms
 * @param now the last
 * @returns the sessions that did something in between, the busiest lately first
 */
export function lanesOf(
  events: readonly BoardEvent[],
  items: Iterable<BoardItem>,
  from: number,
  now: number,
): Lane[] {
  const lanes = new Map<string, Lane>()
  const lane = (session: string): Lane => {
    const known = lanes.get(session)
    if (known) return known
    const made: Lane = { session, bars: [], marks: [], rows: 1 }
    lanes.set(session, made)
    return made
  }
  const holds = new Map<string, { session: string; from: number }>()
  const close = (item: string, to: number, end: string, open = false) => {
    const held = holds.get(item)
    if (!held) return
    holds.delete(item)
    if (to >= from && held.from <= now)
      lane(held.session).bars.push({ item, from: held.from, to: Math.min(to, now), open, end, row: 0 })
  }
  const present = new Map([...items].flatMap(item => (item.holder ? [[item.id, item] as const] : [])))
  for (const event of events) {
    const { item, session, type } = event
    const time = Date.parse(event.time)
    if (item === null) continue
    if (TAKES.includes(type) && session !== null) {
      const held = holds.get(item)
      if (held?.session !== session) {
        close(item, time, 'taken over')
        holds.set(item, { session, from: time })
      }
    } else if (ENDS.includes(type)) close(item, time, type)
    const mark = markOf(event)
    if (mark && session !== null && time >= from && time <= now) lane(session).marks.push(mark)
  }
  // The log does not go back to the start and has no edits made outside wrk: the items show what is held now.
  for (const [id, { holder }] of present) {
    const since = Date.parse(holder!.locked_at ?? '')
    const held = holds.get(id)
    if (held && held.session !== holder!.session_id)
      close(id, Number.isNaN(since) ? now : since, 'taken over')
    if (!holds.has(id))
      holds.set(id, { session: holder!.session_id, from: Number.isNaN(since) ? now : since })
  }
  for (const id of [...holds.keys()]) close(id, now, present.has(id) ? 'held' : 'ended', present.has(id))
  for (const one of lanes.values()) stack(one)
  const last = ({ bars, marks }: Lane) =>
    Math.max(0, ...bars.map(({ to, open }) => (open ? now : to)), ...marks.map(({ time }) => time))
  return [...lanes.values()].sort(
    (a, b) => last(b) - last(a) || b.bars.length - a.bars.length || (a.session < b.session ? -1 : 1),
  )
}

function markOf({ type, time, item, previous_holder, reason, forced }: BoardEvent): Mark | null {
  const at = { time: Date.parse(time), item: item ?? '' }
  const why = reason ? `: ${reason}` : ''
  if (forced) return { ...at, kind: 'forced', text: `forced${why}` }
  if (type === 'refused') return { ...at, kind: 'refusal', text: `refused${why}` }
  if (type === 'takenOver' || (type === 'started' && previous_holder))
    return { ...at, kind: 'takeover', text: `taken over from ${previous_holder ?? 'unknown'}${why}` }
  return null
}

function stack(lane: Lane): void {
  const ends: number[] = []
  lane.bars.sort((a, b) => a.from - b.from)
  for (const bar of lane.bars) {
    const free = ends.findIndex(end => end <= bar.from)
    bar.row = free < 0 ? ends.length : free
    ends[bar.row] = bar.to
  }
  lane.rows = Math.max(1, ends.length)
}
