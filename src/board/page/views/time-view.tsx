/** Swim lanes: one for each session, bars for claims, marks for takeovers, refusals and forced acts. */
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { drawLanes } from '../../model/draw-lanes.ts'
import { lanesOf } from '../../model/lanes.ts'
import { hashOf } from '../address.ts'
import type { App } from '../app-state.ts'
import { Empty } from '../parts/parts.tsx'
import { clock, plural, shortDuration } from '../parts/words.ts'
import { asNodes } from './graph-view.tsx'

const HOUR = 3_600_000
const RANGES = [
  ['1 h', HOUR],
  ['6 h', 6 * HOUR],
  ['1 day', 24 * HOUR],
  ['1 week', 7 * 24 * HOUR],
  ['1 month', 30 * 24 * HOUR],
] as const
const MOST_LANES = 60

export function TimeView({ app }: { app: App }): JSX.Element {
  const { model } = app
  const [range, setRange] = useState(1)
  const [width, setWidth] = useState(900)
  const box = useRef<HTMLDivElement>(null)
  // To the minute, so that it is not drawn again for every message.
  const now = Math.ceil(app.now / 60_000) * 60_000
  const from = now - RANGES[range]![1]
  const all = useMemo(
    () => lanesOf(model.events, model.items.values(), from, now),
    [model.events, model.items, from, now],
  )
  const lanes = all.slice(0, MOST_LANES)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(320, Math.floor(entry!.contentRect.width))),
    )
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])
  return (
    <div class="page">
      <div class="page-head">
        <h1>Time</h1>
        <fieldset class="segments">
          <legend class="sr">How far back</legend>
          {RANGES.map(([name], i) => (
            <button key={name} type="button" aria-pressed={i === range} onClick={() => setRange(i)}>
              {name}
            </button>
          ))}
        </fieldset>
      </div>
      <ul class="legend" aria-label="Marks">
        <li>
          <span class="swatch swatch-open" /> held now
        </li>
        <li>
          <span class="swatch swatch-finished" /> done
        </li>
        <li>
          <span class="swatch swatch-ended" /> released
        </li>
        <li>
          <span class="swatch swatch-lost" /> taken over
        </li>
        <li>
          <span aria-hidden="true">◆</span> takeover
        </li>
        <li>
          <span aria-hidden="true">✕</span> refusal
        </li>
        <li>
          <span aria-hidden="true">▲</span> forced
        </li>
      </ul>
      <div ref={box} class="lanes-box">
        {lanes.length === 0 ? (
          <Empty title={`Nobody held anything in this time (${RANGES[range]![0]})`} />
        ) : (
          drawLanes(asNodes, lanes, { from, now, width, hrefOf: id => hashOf({ ...app.place, item: id }) })
        )}
      </div>
      {all.length > lanes.length && (
        <p class="muted">{plural(all.length - lanes.length, 'session')} more did less.</p>
      )}
      {lanes.length > 0 && (
        <details>
          <summary>As a table</summary>
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Claims as a table">
            <table>
              <thead>
                <tr>
                  {['Session', 'Item', 'From', 'To', 'Held', 'End'].map(head => (
                    <th key={head} scope="col">
                      {head}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {lanes.flatMap(({ session, bars }) =>
                  bars.map(bar => (
                    <tr key={`${session} ${bar.item} ${bar.from}`}>
                      <th scope="row">{session}</th>
                      <td>{bar.item}</td>
                      <td>{clock(new Date(bar.from).toISOString(), app.now)}</td>
                      <td>{bar.open ? '' : clock(new Date(bar.to).toISOString(), app.now)}</td>
                      <td>{shortDuration(bar.to - bar.from)}</td>
                      <td>{bar.end}</td>
                    </tr>
                  )),
                )}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </div>
  )
}
