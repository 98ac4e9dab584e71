/** What the log adds up to: plots, and the table behind each. */
import type { ComponentChildren, JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { agentOf } from '../../model/board-model.ts'
import { boardNumbers, median } from '../../model/numbers.ts'
import type { App } from '../app-state.ts'
import { day, full, shortDuration } from '../parts/words.ts'

const HOUR = 3_600_000
const BUCKETS = [
  ['under 10 min', HOUR / 6],
  ['to 30 min', HOUR / 2],
  ['to 1 h', HOUR],
  ['to 2 h', 2 * HOUR],
  ['to 4 h', 4 * HOUR],
  ['to 8 h', 8 * HOUR],
  ['to 1 day', 24 * HOUR],
  ['longer', Number.POSITIVE_INFINITY],
] as const

export function NumbersView({ app }: { app: App }): JSX.Element {
  const { model } = app
  const today = model.as_of.slice(0, 13)
  const numbers = useMemo(
    () => boardNumbers(model.events, holder => agentOf(model, holder), Date.parse(model.as_of)),
    [model.events, model.sessions, today],
  )
  const sum = (name: 'done' | 'claims' | 'refused' | 'takenOver') =>
    numbers.days.reduce((all, count) => all + count[name], 0)
  const middle = median(numbers.durations)
  let below = 0
  const buckets = BUCKETS.map(([name, most]) => {
    const upTo = numbers.durations.filter(ms => ms < most).length
    const value = upTo - below
    below = upTo
    return { name, value }
  })
  return (
    <div class="page numbers-page">
      <div class="page-head">
        <h1>Numbers</h1>
        <span class="muted">
          the last 30 days{numbers.since && `; the log goes back to ${full(numbers.since)}`}
        </span>
      </div>
      <dl class="tiles">
        {(
          [
            ['Done', sum('done').toLocaleString('en')],
            ['Claims', sum('claims').toLocaleString('en')],
            ['Claim to done, median', middle === null ? '–' : shortDuration(middle)],
            ['Refused', sum('refused').toLocaleString('en')],
            ['Taken over', sum('takenOver').toLocaleString('en')],
          ] as const
        ).map(([name, value]) => (
          <div key={name} class="tile">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Plot
        title="Done a day"
        bars={numbers.days.map(count => ({ name: count.day, label: day(count.day), value: count.done }))}
        head={['Day', 'Done', 'Claims', 'Refused', 'Taken over']}
        rows={numbers.days.map(({ day: name, done, claims, refused, takenOver }) => [
          name,
          done,
          claims,
          refused,
          takenOver,
        ])}
      />
      <Plot
        title="Time from claim to done"
        bars={buckets.map(({ name, value }) => ({ name, label: name, value }))}
        head={['Time', 'Items']}
        rows={buckets.map(({ name, value }) => [name, value])}
      />
      <section class="plot">
        <h2>By agent</h2>
        {numbers.agents.length === 0 ? (
          <p class="muted">The log has no claims yet.</p>
        ) : (
          <Table
            label="By agent"
            head={['Agent', 'Claims', 'Done', 'Claim to done, median', 'Refused', 'Lost by takeover']}
            rows={numbers.agents.map(({ agent, claims, done, medianMs, refused, lost }) => [
              agent,
              claims,
              done,
              medianMs === null ? '–' : shortDuration(medianMs),
              refused,
              lost,
            ])}
          />
        )}
      </section>
    </div>
  )
}

interface PlotProps {
  title: string
  bars: { name: string; label: string; value: number }[]
  head: string[]
  rows: (string | number)[][]
}

const WIDTH = 720
const HEIGHT = 150
const BASE = 20

function Plot({ title, bars, head, rows }: PlotProps): JSX.Element {
  const most = Math.max(1, ...bars.map(({ value }) => value))
  const step = WIDTH / bars.length
  const every = Math.ceil(bars.length / 10)
  const total = bars.reduce((sum, { value }) => sum + value, 0)
  return (
    <section class="plot">
      <h2>{title}</h2>
      {total === 0 ? (
        <p class="muted">Nothing yet.</p>
      ) : (
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT + BASE}`}
          role="img"
          aria-label={`${title}: ${total} in all, at most ${most}`}
        >
          <line class="plot-line" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
          <text class="plot-text" x="0" y="11">
            {most}
          </text>
          {bars.map(({ name, label, value }, i) => {
            const height = (value / most) * (HEIGHT - 22)
            return (
              <g key={name}>
                <title>
                  {name}: {value}
                </title>
                <rect
                  class="plot-bar"
                  x={i * step + step * 0.14}
                  y={HEIGHT - height}
                  width={step * 0.72}
                  height={height}
                  rx={Math.min(3, height / 2)}
                />
                {i % every === 0 && (
                  <text class="plot-text" x={(i + 0.5) * step} y={HEIGHT + 15} text-anchor="middle">
                    {label}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      )}
      <details>
        <summary>As a table</summary>
        <Table label={title} head={head} rows={rows} />
      </details>
    </section>
  )
}

function Table({
  label,
  head,
  rows,
}: {
  label: string
  head: string[]
  rows: ComponentChildren[][]
}): JSX.Element {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={`${label}, as a table`}>
      <table>
        <thead>
          <tr>
            {head.map((name, i) => (
              <th key={name} scope="col" class={i === 0 ? '' : 'number'}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...others]) => (
            <tr key={String(first)}>
              <th scope="row">{first}</th>
              {others.map((value, i) => (
                <td key={head[i + 1]} class="number">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
