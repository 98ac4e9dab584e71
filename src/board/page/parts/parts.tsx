/** Small things that several views show. */
import type { ComponentChildren, JSX } from 'preact'
import { agentOf, type Model } from '../../model/board-model.ts'
import type { Concern } from '../../model/now.ts'
import type { BoardItem } from '../../protocol.ts'
import { short } from './words.ts'

const CONCERN_WORDS: Record<Concern, string> = {
  alive: 'alive',
  unknown: 'may be alive',
  stale: 'stale',
  dead: 'dead',
  orphaned: 'orphaned',
}

function concernWord(concern: Concern): string {
  return CONCERN_WORDS[concern]
}

/** Shape and word tell it, colour only underlines it. */
export function Liveness({ concern, plain = false }: { concern: Concern; plain?: boolean }): JSX.Element {
  return (
    <span class={`live live-${concern}`}>
      <svg class="live-dot" viewBox="0 0 10 10" aria-hidden="true">
        {concern === 'alive' && <circle cx="5" cy="5" r="4" />}
        {concern === 'unknown' && <circle cx="5" cy="5" r="3.2" fill="none" stroke-width="1.6" />}
        {concern === 'stale' && <path d="M5 1a4 4 0 1 0 4 4H5z" />}
        {concern === 'dead' && <path d="M2 2l6 6M8 2L2 8" fill="none" stroke-width="2" />}
        {concern === 'orphaned' && <path d="M5 .8L9.4 9H.6z" />}
      </svg>
      <span class={plain ? 'sr' : ''}>{concernWord(concern)}</span>
    </span>
  )
}

const RANK_WORDS = ['critical', 'high', 'medium', 'low', 'lowest'] as const

/** Bars as tall as it is urgent. */
export function Priority({ item }: { item: BoardItem }): JSX.Element {
  const word = item.priority ?? 'no priority'
  const bars = item.priority === undefined ? 0 : Math.max(1, 3 - Math.max(0, item.rank - 1))
  return (
    <span class={`prio prio-${item.rank}`} title={`Priority: ${word}`}>
      <svg viewBox="0 0 14 14" aria-hidden="true">
        {item.rank === 0 ? (
          <>
            <rect x="1" y="1" width="12" height="12" rx="3" />
            <path
              class="prio-mark"
              d="M7 3.6v4M7 10v.4"
              fill="none"
              stroke-width="1.8"
              stroke-linecap="round"
            />
          </>
        ) : (
          [0, 1, 2].map(i => (
            <rect
              key={i}
              class={i < bars ? '' : 'prio-off'}
              x={1.5 + i * 4}
              y={9 - i * 3}
              width="2.8"
              height={4 + i * 3}
              rx="1"
            />
          ))
        )}
      </svg>
      <span class="sr">{RANK_WORDS[item.rank] === word ? `priority ${word}` : `priority: ${word}`}</span>
    </span>
  )
}

/** Who holds something: the agent's initial in a colour of its own, and the session's id. */
export function Session({
  model,
  id,
  longest = 22,
}: {
  model: Model
  id: string
  longest?: number
}): JSX.Element {
  const agent = agentOf(model, id)
  return (
    <span class="session" title={id}>
      <span class={`agent agent-${hue(agent)}`} aria-hidden="true">
        {(agent[0] ?? '?').toUpperCase()}
      </span>
      <span class="session-id">{short(id, longest)}</span>
    </span>
  )
}

function hue(name: string): number {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) % 997
  return sum % 8
}

export function Title({ item }: { item: BoardItem }): JSX.Element {
  // Titles come in any script: each is set in its own direction.
  return <bdi class="title">{item.title === '' ? item.id : item.title}</bdi>
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  )
}
