/**
 * A list of which only the rows in sight exist, each of a height that is known beforehand: thousands scroll without
 * measuring, and nothing jumps.
 */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'

export interface RowsProps<T> {
  rows: readonly T[]
  heightOf: (row: T) => number
  keyOf: (row: T) => string
  render: (row: T) => ComponentChildren
  label: string
  /** The row that must be in sight. */
  reveal?: string | null | undefined
  class?: string
}

const OVERSCAN_PX = 400

export function Rows<T>({
  rows,
  heightOf,
  keyOf,
  render,
  label,
  reveal,
  class: name = '',
}: RowsProps<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 900 })
  const tops = useMemo(() => {
    const all = new Float64Array(rows.length + 1)
    for (let i = 0; i < rows.length; i++) all[i + 1] = all[i]! + heightOf(rows[i]!)
    return all
  }, [rows, heightOf])

  useLayoutEffect(() => {
    const element = box.current!
    const look = () => setView(known => nearby(known, element.scrollTop, element.clientHeight))
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])

  useEffect(() => {
    const index = reveal == null ? -1 : rows.findIndex(row => keyOf(row) === reveal)
    if (index < 0) return
    const element = box.current!
    const [top, bottom] = [tops[index]!, tops[index + 1]!]
    if (top < element.scrollTop) element.scrollTop = top - 8
    else if (bottom > element.scrollTop + element.clientHeight)
      element.scrollTop = bottom - element.clientHeight + 8
  }, [reveal])

  const first = indexAt(tops, view.top - OVERSCAN_PX)
  const last = indexAt(tops, view.top + view.height + OVERSCAN_PX)
  return (
    <div ref={box} class={`rows ${name}`} tabIndex={0} role="region" aria-label={label}>
      <ul class="rows-list" style={{ height: `${tops[rows.length]}px` }}>
        {rows.slice(first, last + 1).map((row, i) => (
          <li
            key={keyOf(row)}
            class="row"
            aria-setsize={rows.length}
            aria-posinset={first + i + 1}
            style={{ transform: `translateY(${tops[first + i]}px)`, height: `${heightOf(row)}px` }}
          >
            {render(row)}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** A new view only when it has moved far enough for other rows to be needed. */
function nearby(known: { top: number; height: number }, top: number, height: number) {
  const isNear = Math.abs(known.top - top) < OVERSCAN_PX / 2 && known.height === height
  return isNear ? known : { top, height }
}

function indexAt(tops: Float64Array, y: number): number {
  let [low, high] = [0, Math.max(0, tops.length - 2)]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (tops[middle]! <= y) low = middle
    else high = middle - 1
  }
  return low
}
