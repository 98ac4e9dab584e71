/** Every held or orphaned item with the evidence: what needs a look first. Never filtered, never paged away. */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { sessionOfHolder } from '../../model/board-model.ts'
import { type Concern, type NowItem, nowItems } from '../../model/now.ts'
import type { BoardItem } from '../../protocol.ts'
import { hashOf } from '../address.ts'
import type { App } from '../app-state.ts'
import { Empty, Liveness, Priority, Session, Title } from '../parts/parts.tsx'
import { Rows } from '../parts/rows.tsx'
import { ago, clock, short, shortDuration } from '../parts/words.ts'

const HEADINGS: Record<Concern, string> = {
  dead: 'Held by dead sessions',
  orphaned: 'Orphaned: begun, and nobody is on it',
  stale: 'Stale: silent for too long',
  unknown: 'May be alive',
  alive: 'At work',
}

type Row = { kind: 'head'; concern: Concern; count: number } | { kind: 'item'; now: NowItem }

const HEAD_HEIGHT = 40
const ITEM_HEIGHT = 118
const ORPHAN_HEIGHT = 94
const CHAIN_HEIGHT = 42

const heightOf = (row: Row) =>
  row.kind === 'head'
    ? HEAD_HEIGHT
    : (row.now.item.holder ? ITEM_HEIGHT : ORPHAN_HEIGHT) + (row.now.takeover ? CHAIN_HEIGHT : 0)
const keyOf = (row: Row) => (row.kind === 'head' ? `head ${row.concern}` : `now ${row.now.item.place}`)

export function NowView({ app }: { app: App }): JSX.Element {
  return (
    <div class="now-view">
      <h1 class="sr">Now</h1>
      <NowList app={app} />
    </div>
  )
}

export function NowList({ app, title = false }: { app: App; title?: boolean }): JSX.Element {
  const { model } = app
  const all = useMemo(() => nowItems(model), [model.version])
  const rows = useMemo(() => withHeads(all), [all])
  const needing = all.filter(({ concern }) => concern !== 'alive' && concern !== 'unknown').length
  return (
    <>
      {title && (
        <h2 class="now-title">
          Now <span class="count">{all.length}</span>
          {needing > 0 && (
            <span class="chip chip-problem">
              {needing} {needing === 1 ? 'needs' : 'need'} a look
            </span>
          )}
        </h2>
      )}
      {all.length === 0 ? (
        <Empty title="Nobody holds anything">
          Claim one in a terminal: <code>wrk next --claim</code>
        </Empty>
      ) : (
        <Rows
          class="now-rows"
          rows={rows}
          label="Held and orphaned items"
          heightOf={heightOf}
          keyOf={keyOf}
          render={row =>
            row.kind === 'head' ? (
              <h2 class="now-head">
                {HEADINGS[row.concern]} <span class="count">{row.count}</span>
              </h2>
            ) : (
              <NowCard app={app} now={row.now} />
            )
          }
        />
      )}
    </>
  )
}

function withHeads(all: readonly NowItem[]): Row[] {
  const rows: Row[] = []
  for (const [i, now] of all.entries()) {
    if (now.concern !== all[i - 1]?.concern) {
      const count = all.filter(({ concern }) => concern === now.concern).length
      rows.push({ kind: 'head', concern: now.concern, count })
    }
    rows.push({ kind: 'item', now })
  }
  return rows
}

function NowCard({ app, now: { item, concern, takeover } }: { app: App; now: NowItem }): JSX.Element {
  const { holder } = item
  const session = holder && sessionOfHolder(app.model, holder.session_id)
  const left = holder ? Date.parse(holder.expires_at) - app.now : 0
  const ttl = app.model.queue.ttl_seconds * 1000
  const isElsewhere = holder?.host && holder.host !== app.model.queue.host
  return (
    <article class={`now-card now-${concern}`}>
      <div class="now-line">
        <Priority item={item} />
        <span class="id">{item.id}</span>
        <span class="now-status">{item.status ?? item.column}</span>
        <span class="now-left">
          {holder && concern !== 'dead' && (left > 0 ? `${shortDuration(left)} left` : 'time is up')}
        </span>
        <Liveness concern={concern} />
      </div>
      <a
        class="card-link"
        href={hashOf({ ...app.place, item: item.id })}
        aria-label={`${item.id} ${item.title}`}
      >
        <Title item={item} />
      </a>
      {holder && (
        <div class="now-line now-who">
          <Session model={app.model} id={holder.session_id} longest={30} />
          <span class="since">
            since {clock(holder.locked_at, app.now)}, {ago(holder.locked_at, app.now)}
          </span>
        </div>
      )}
      <div class="now-line evidence">
        <span class="evidence-text">
          {isElsewhere && `on ${holder?.host}: `}
          {holder ? holder.reason : leftText(item, app.now)}
        </span>
        {session?.heartbeat_at && (
          <span class="heartbeat">last sign {ago(session.heartbeat_at, app.now)}</span>
        )}
      </div>
      {takeover && (
        <div class="chain">
          <span>
            taken over {ago(takeover.time, app.now)} from <Session model={app.model} id={takeover.from} />
          </span>
          <span class="chain-why">
            {takeover.why}; it{' '}
            {takeover.loser === 'knows'
              ? 'knows'
              : takeover.loser === 'gone'
                ? 'is gone'
                : 'does not know yet'}
          </span>
        </div>
      )}
      {holder && concern !== 'dead' && (
        <div class="ttl" aria-hidden="true">
          <span style={{ width: `${Math.max(0, Math.min(100, (100 * left) / ttl))}%` }} />
        </div>
      )}
    </article>
  )
}

function leftText({ orphaned }: BoardItem, now: number): string {
  if (!orphaned) return ''
  const when = orphaned.at === null ? '' : ` ${ago(orphaned.at, now)}`
  return `left by ${short(orphaned.by, 24)}${when}${orphaned.why ? `: ${orphaned.why}` : ''}`
}
