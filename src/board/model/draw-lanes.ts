/** The time lanes as a drawing. */
import { type Draw, fitting } from './draw.ts'
import type { Lane } from './lanes.ts'

const ROW = 22
const GAP = 12
const TOP = 30
const LABEL = 190

export function drawLanes<N>(
  draw: Draw<N>,
  lanes: readonly Lane[],
  {
    from,
    now,
    width,
    hrefOf,
  }: { from: number; now: number; width: number; hrefOf: (id: string) => string | undefined },
): N {
  const label = width < 560 ? 108 : LABEL
  const at = (time: number) => label + ((Math.max(from, time) - from) / (now - from)) * (width - label - 12)
  const tops: number[] = []
  let height = TOP
  for (const { rows } of lanes) {
    tops.push(height)
    height += rows * ROW + GAP
  }
  const grid = ticks(from, now, width - label).map(({ time, text }) => {
    const x = at(time)
    return draw(
      'g',
      { class: 'tick' },
      draw('line', { x1: x, x2: x, y1: TOP - 6, y2: height }),
      draw('text', { x, y: TOP - 12, 'text-anchor': 'middle' }, text),
    )
  })
  const grounds = lanes.map(({ rows }, i) =>
    draw('rect', {
      class: i % 2 ? 'lane-ground lane-even' : 'lane-ground',
      x: 0,
      y: tops[i]! - GAP / 2,
      width,
      height: rows * ROW + GAP,
    }),
  )
  const rows = lanes.map(({ session, bars, marks }, i) => {
    const top = tops[i]!
    return draw(
      'g',
      { class: 'lane' },
      draw('text', { class: 'lane-name', x: 8, y: top + 15 }, cutInMiddle(session, label < 150 ? 14 : 25)),
      draw('title', {}, session),
      ...bars.map(bar => {
        const [x, end] = [at(bar.from), at(bar.to)]
        const room = Math.max(3, end - x)
        // A part of an id would be another's.
        const fits = fitting(bar.item, room - 8) === bar.item
        const about = `${bar.item}, ${minutes(bar.to - bar.from)}, ${bar.end}`
        const href = hrefOf(bar.item)
        return draw(
          href === undefined ? 'g' : 'a',
          { class: `bar bar-${bar.open ? 'open' : bar.end.replace(' ', '-')}`, href, 'aria-label': about },
          draw('title', {}, about),
          draw('rect', { x, y: top + bar.row * ROW, width: room, height: ROW - 4, rx: 4 }),
          fits ? draw('text', { x: x + 6, y: top + bar.row * ROW + 13 }, bar.item) : null,
        )
      }),
      ...marks.map(mark => {
        const x = at(mark.time)
        return draw(
          'g',
          { class: `mark mark-${mark.kind}` },
          draw('title', {}, `${mark.item} ${mark.text}`),
          draw('path', { d: SHAPES[mark.kind](x, top + 9) }),
        )
      }),
    )
  })
  return draw(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'lanes',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'group',
      'aria-label': 'Who held what, when',
    },
    ...grounds,
    ...grid,
    ...rows,
  )
}

const SHAPES = {
  takeover: (x: number, y: number) => `M${x} ${y - 7}l7 7l-7 7l-7 -7z`,
  refusal: (x: number, y: number) => `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`,
  forced: (x: number, y: number) => `M${x} ${y - 7}l7 13h-14z`,
} as const

function minutes(ms: number): string {
  const all = Math.max(1, Math.round(ms / 60_000))
  return all < 120
    ? `${all} min`
    : all < 2880
      ? `${Math.round(all / 60)} h`
      : `${Math.round(all / 1440)} days`
}

function cutInMiddle(text: string, longest: number): string {
  if (text.length <= longest) return text
  const end = Math.floor(longest / 2)
  return `${text.slice(0, longest - end - 1)}…${text.slice(-end)}`
}

const MINUTE = 60_000
const STEPS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080].map(step => step * MINUTE)

/** Round instants of the local clock, far enough apart to be read. */
function ticks(from: number, now: number, width: number): { time: number; text: string }[] {
  const most = Math.max(2, Math.floor(width / 96))
  const step = STEPS.find(one => (now - from) / one <= most) ?? STEPS.at(-1)!
  const zone = new Date(now).getTimezoneOffset() * MINUTE
  const first = Math.ceil((from - zone) / step) * step + zone
  const found: { time: number; text: string }[] = []
  for (let time = first; time < now; time += step) {
    const date = new Date(time)
    const two = (n: number) => String(n).padStart(2, '0')
    const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
    found.push({
      time,
      text: step >= 1440 * MINUTE ? day : `${two(date.getHours())}:${two(date.getMinutes())}`,
    })
  }
  return found
}
