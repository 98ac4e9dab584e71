/** One item in full: fields, text, what it waits for and what waits for it, history, commands to copy. */
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { agentOf } from '../../model/board-model.ts'
import { concernOf } from '../../model/now.ts'
import type { BoardEvent, BoardItem, ItemPage } from '../../protocol.ts'
import { hashOf } from '../address.ts'
import type { App } from '../app-state.ts'
import { loadItem } from '../connection/item-source.ts'
import { Liveness, Priority, Session } from '../parts/parts.tsx'
import { eventText } from '../parts/sentences.ts'
import { ago, clock, full, shortDuration } from '../parts/words.ts'
import { ActButtons } from './acts.tsx'
import { criteriaIn, rendered } from './markdown.ts'

export function ItemPanel({ app, id }: { app: App; id: string }): JSX.Element {
  const items = useMemo(
    () => [...app.model.items.values()].filter(item => item.id === id),
    [app.model.items, id],
  )
  const item = items[0]
  const found = useItemPage(id, item)
  const page = found === 'failed' ? null : found
  const panel = useRef<HTMLElement>(null)
  useEffect(() => {
    panel.current?.focus()
  }, [id])
  return (
    <aside ref={panel} class="panel" aria-label={`Item ${id}`} tabIndex={-1}>
      <div class="panel-head">
        <span class="id">{id}</span>
        {item && <Copy text={id} label="Copy the id" />}
        <a
          class="icon-button"
          href={hashOf({ ...app.place, item: null })}
          aria-label="Close the item (Escape)"
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4 4l8 8M12 4l-8 8" fill="none" stroke-width="1.6" />
          </svg>
        </a>
      </div>
      {item ? (
        <Details app={app} item={item} others={items.slice(1)} page={page} failed={found === 'failed'} />
      ) : (
        <p class="panel-text">There is no item {id} in this queue now.</p>
      )}
    </aside>
  )
}

/** Fetched again whenever the item changes; what is shown stays until then. */
function useItemPage(id: string, item: BoardItem | undefined): ItemPage | 'failed' | null {
  const [page, setPage] = useState<ItemPage | 'failed' | null>(null)
  const present = JSON.stringify(item)
  useEffect(() => {
    let isCurrent = true
    if (item)
      void loadItem(id).then(found => {
        if (isCurrent) setPage(found ?? 'failed')
      })
    return () => {
      isCurrent = false
    }
  }, [id, present])
  return page === 'failed' || page?.id === id ? page : null
}

function Details(props: {
  app: App
  item: BoardItem
  others: BoardItem[]
  page: ItemPage | null
  failed: boolean
}): JSX.Element {
  const { app, item, others, page, failed } = props
  const place = page?.places.find(one => one.place === item.place)
  const concern = concernOf(item)
  const criteria = place ? criteriaIn(place.body) : { met: 0, all: 0 }
  return (
    <div class="panel-body">
      <h2 class="panel-title">
        <bdi>{item.title || item.id}</bdi>
      </h2>
      {item.problem && <p class="note note-problem">{item.problem}</p>}
      {item.put_back && (
        <p class="note note-problem">
          It was done; git or an editor put an older version of its file back. Close it again: wrk done{' '}
          {item.id}
        </p>
      )}
      {others.length > 0 && (
        <p class="note note-problem">
          Also in {others.map(one => one.place).join(', ')}: writes are refused.
        </p>
      )}
      {app.canAct && <ActButtons app={app} item={item} />}
      <dl class="facts">
        <Fact name="Status">
          <span class={`status-dot status-${item.column}`} aria-hidden="true" /> {item.status ?? item.column}
        </Fact>
        <Fact name="Priority">
          <Priority item={item} /> {item.priority ?? 'not set'}
        </Fact>
        {item.holder ? (
          <Fact name="Held by">
            <Session model={app.model} id={item.holder.session_id} longest={48} />
            <div class="fact-more">
              <Liveness concern={item.holder.liveness} /> {item.holder.reason}
            </div>
            <div class="fact-more">
              since {clock(item.holder.locked_at, app.now)} ({ago(item.holder.locked_at, app.now)}); expires{' '}
              {clock(item.holder.expires_at, app.now)}
              {Date.parse(item.holder.expires_at) > app.now &&
                `, in ${shortDuration(Date.parse(item.holder.expires_at) - app.now)}`}
            </div>
          </Fact>
        ) : (
          concern && (
            <Fact name="Held by">
              <Liveness concern={concern} /> begun, and left by {item.orphaned?.by}
              {item.orphaned?.why && `: ${item.orphaned.why}`}
            </Fact>
          )
        )}
        {page?.elsewhere && (
          <Fact name="Other clones">
            {page.elsewhere.state} by {page.elsewhere.session_id ?? 'an unknown session'}
            {page.elsewhere.host && ` on ${page.elsewhere.host}`}
            <div class="fact-more">as last seen {ago(page.elsewhere.as_of, app.now)}</div>
          </Fact>
        )}
        {item.created_at && <Fact name="Created">{full(item.created_at)}</Fact>}
        {item.not_before && <Fact name="Not before">{full(item.not_before)}</Fact>}
        {item.repos && <Fact name="Repositories">{item.repos.join(', ')}</Fact>}
        {criteria.all > 0 && (
          <Fact name="Criteria">
            {criteria.met} of {criteria.all} met
          </Fact>
        )}
        {item.parent && <Links app={app} name="Part of" keys={[item.parent]} />}
        {item.blocked_by && <Links app={app} name="Waits for" keys={item.blocked_by} />}
        <WaitedForBy app={app} item={item} />
        <Fact name="File">
          <code class="path">{item.place}</code>
        </Fact>
      </dl>
      <h3>Text</h3>
      {place ? (
        <Text body={place.body} omitted={place.omitted} />
      ) : (
        <p class="muted">{failed ? 'The board cannot read it now.' : 'Loading…'}</p>
      )}
      <h3>Commands</h3>
      <ul class="commands">
        {commandsFor(app, item).map(command => (
          <li key={command}>
            <code>{command}</code>
            <Copy text={command} label={`Copy: ${command}`} />
          </li>
        ))}
      </ul>
      <h3>History</h3>
      {page && <History app={app} events={page.events} />}
    </div>
  )
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Links({ app, name, keys }: { app: App; name: string; keys: readonly string[] }): JSX.Element {
  return (
    <Fact name={name}>
      <ul class="links">
        {keys.map(key => {
          const other = app.model.byKey.get(key)
          return (
            <li key={key}>
              {other ? (
                <a href={hashOf({ ...app.place, item: other.id })}>
                  <span class={`status-dot status-${other.column}`} aria-hidden="true" />
                  <span class="id">{other.id}</span> <bdi>{other.title}</bdi>
                  <span class="sr">, {other.status ?? other.column}</span>
                </a>
              ) : (
                <span class="muted">{key}, which is not in the queue</span>
              )}
            </li>
          )
        })}
      </ul>
    </Fact>
  )
}

function WaitedForBy({ app, item }: { app: App; item: BoardItem }): JSX.Element | null {
  const keys = useMemo(
    () =>
      [...app.model.byKey.values()].flatMap(other =>
        !other.closed && other.blocked_by?.includes(item.key) ? other.key : [],
      ),
    [app.model.byKey, item.key],
  )
  return keys.length > 0 ? <Links app={app} name="Waited for by" keys={keys} /> : null
}

function Text({ body, omitted }: { body: string; omitted: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    box.current!.replaceChildren(rendered(body))
  }, [body])
  return (
    <>
      <div ref={box} class="text" dir="auto" />
      {body.trim() === '' && <p class="muted">No text.</p>}
      {omitted > 0 && <p class="muted">{omitted.toLocaleString('en')} bytes more are in the file.</p>}
    </>
  )
}

function History({ app, events }: { app: App; events: readonly BoardEvent[] }): JSX.Element {
  if (events.length === 0) return <p class="muted">The event log has nothing of it.</p>
  return (
    <ol class="history">
      {[...events].reverse().map(event => (
        <li key={event.seq} class={`event event-${event.type}`}>
          <time dateTime={event.time} title={full(event.time)}>
            {clock(event.time, app.now)}
          </time>
          <span>{eventText(event)}</span>
        </li>
      ))}
    </ol>
  )
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const RESUME: Record<string, string> = {
  claude: 'claude --resume',
  codex: 'codex resume',
  gemini: 'gemini --resume',
}

/** What works as typed in a terminal. */
function commandsFor(app: App, item: BoardItem): string[] {
  const { holder } = item
  const commands = [`wrk show ${item.id}`]
  if (item.closed) return [...commands, `wrk reopen ${item.id}`]
  commands.push(holder ? `wrk claim ${item.id} --wait` : `wrk claim ${item.id}`)
  if (!holder) commands.push(`wrk start ${item.id}`)
  const agent = holder && agentOf(app.model, holder.session_id)
  // Only an id that the agent itself gave can be resumed.
  if (holder && agent && RESUME[agent] && UUID.test(holder.session_id))
    commands.push(`${RESUME[agent]} ${holder.session_id}`)
  return commands
}

function Copy({ text, label }: { text: string; label: string }): JSX.Element {
  const [copied, setCopied] = useState(false)
  return (
    <button
      type="button"
      class="copy"
      aria-label={label}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true)
          setTimeout(() => setCopied(false), 1500)
        })
      }}
    >
      {copied ? 'Copied' : 'Copy'}
    </button>
  )
}
