/** An item on the board. Of one height, whatever its title. */
import type { JSX } from 'preact'
import { concernOf } from '../../model/now.ts'
import type { BoardItem } from '../../protocol.ts'
import { hashOf } from '../address.ts'
import type { App } from '../app-state.ts'
import { Liveness, Priority, Session, Title } from './parts.tsx'
import { shortDuration } from './words.ts'

export const CARD_HEIGHT = 112

export function Card({ app, item }: { app: App; item: BoardItem }): JSX.Element {
  const concern = concernOf(item)
  const isPending = app.pending.has(item.place)
  const waits = openBlockers(app, item)
  const label = `${item.id} ${item.title}`
  return (
    <div
      class={`card${concern ? ` card-${concern}` : ''}${isPending ? ' card-pending' : ''}`}
      draggable={app.canAct && !isPending}
      data-place={item.place}
      onDragStart={event => {
        event.dataTransfer!.setData('text/plain', item.id)
        event.dataTransfer!.setData('application/x-wrk-place', item.place)
        event.dataTransfer!.effectAllowed = 'move'
        document.body.dataset.dragging = item.column
      }}
      onDragEnd={() => {
        delete document.body.dataset.dragging
      }}
    >
      <div class="card-top">
        <Priority item={item} />
        <span class="id">{item.id}</span>
        <span class="card-age">{ageOf(item, app.now)}</span>
        {app.canAct && (
          <button
            type="button"
            class="card-menu"
            tabIndex={-1}
            aria-label={`Acts for ${item.id}`}
            onClick={() => app.chooseAct(item)}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <circle cx="3" cy="8" r="1.4" />
              <circle cx="8" cy="8" r="1.4" />
              <circle cx="13" cy="8" r="1.4" />
            </svg>
          </button>
        )}
      </div>
      <a
        class="card-link"
        href={hashOf({ ...app.place, item: item.id })}
        tabIndex={app.cursor === item.place ? 0 : -1}
        draggable={false}
        aria-label={label}
        onFocus={() => app.setCursor(item.place)}
      >
        <Title item={item} />
      </a>
      <div class="card-foot">
        {item.holder ? (
          <>
            <Liveness
              concern={item.holder.liveness}
              plain={item.holder.liveness === 'alive' || item.holder.liveness === 'unknown'}
            />
            <Session model={app.model} id={item.holder.session_id} longest={20} />
          </>
        ) : (
          item.orphaned && <Liveness concern="orphaned" />
        )}
        {item.put_back && (
          <span
            class="chip chip-problem"
            title="It was done; git or an editor put an older version of its file back"
          >
            put back
          </span>
        )}
        {item.problem && (
          <span class="chip chip-problem" title={item.problem}>
            problem
          </span>
        )}
        {!item.closed && waits > 0 && (
          <span class="chip" title={`Waits for ${waits} open item${waits === 1 ? '' : 's'}`}>
            <svg class="chip-icon" viewBox="0 0 12 12" aria-hidden="true">
              <path
                d="M3 1.5h6M3 10.5h6M4 1.5v2.2L8 8.3v2.2M8 1.5v2.2L4 8.3v2.2"
                fill="none"
                stroke-width="1.2"
              />
            </svg>
            <span class="sr">waits for </span>
            {waits}
          </span>
        )}
        {item.repos && !item.holder && <span class="chip chip-repo">{item.repos[0]}</span>}
      </div>
    </div>
  )
}

function openBlockers({ model }: App, item: BoardItem): number {
  let open = 0
  for (const key of item.blocked_by ?? []) if (!model.byKey.get(key)?.closed) open++
  return open
}

/** How long it is held, else how old it is. */
function ageOf({ holder, created_at: created, closed }: BoardItem, now: number): string {
  if (closed) return ''
  const since = Date.parse(holder?.locked_at ?? created ?? '')
  return Number.isNaN(since) ? '' : shortDuration(now - since)
}
