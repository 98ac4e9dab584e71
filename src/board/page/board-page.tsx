/** The whole page: where to go, the view, the item that is open, what is asked, what happened. */
import type { JSX } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { nowItems } from '../model/now.ts'
import type { Act, ActAnswer, BoardItem } from '../protocol.ts'
import { hashOf, type PageAddress, readPlace, VIEWS, type ViewName } from './address.ts'
import type { App } from './app-state.ts'
import { ask, type ConnectionState, type Update } from './connection/connection.ts'
import { exported } from './connection/exported.ts'
import { Help } from './help.tsx'
import { ActDialog, type Asking, perform } from './item/acts.tsx'
import { ItemPanel } from './item/item-panel.tsx'
import { useKeys } from './keys.ts'
import { full } from './parts/words.ts'
import { chooseTheme, currentTheme, type Theme } from './theme.ts'
import { BoardView } from './views/board-view.tsx'
import { GraphView } from './views/graph-view.tsx'
import { NowView } from './views/now-view.tsx'
import { NumbersView } from './views/numbers-view.tsx'
import { StateView } from './views/state-view.tsx'
import { TimeView } from './views/time-view.tsx'

const NAMES: Record<ViewName, string> = {
  board: 'Board',
  now: 'Now',
  graph: 'Graph',
  time: 'Time',
  numbers: 'Numbers',
  state: 'State',
}

const ICONS: Record<ViewName, string> = {
  board: 'M2.5 3h3v10h-3zM6.7 3h3v7h-3zM10.9 3h3v9h-3z',
  now: 'M8 2v3M8 11v3M2 8h3M11 8h3M8 6.2a1.8 1.8 0 1 0 .01 0',
  graph:
    'M4 4a1.6 1.6 0 1 0 .01 0M12 4a1.6 1.6 0 1 0 .01 0M8 11a1.6 1.6 0 1 0 .01 0M4.6 6.8L7.2 11M11.4 6.8L8.8 11',
  time: 'M2 4h7M5 8h8M3 12h6',
  numbers: 'M3 13V8M8 13V3M13 13V6',
  state: 'M8 2.5a5.5 5.5 0 1 0 .01 0M8 7v4M8 4.8v.4',
}

const CONNECTION_WORDS: Record<ConnectionState, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'No answer, trying again…',
  denied: 'Not let in',
  ended: 'The board has ended',
}

interface Notice {
  id: number
  ok: boolean
  text: string
}

let notices = 0

export function BoardPage({ update }: { update: Update }): JSX.Element {
  const { model, connection } = update
  const [place, setPlace] = useState(readPlace)
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set())
  const [cursor, setCursor] = useState<string | null>(null)
  const [asking, setAsking] = useState<Asking | null>(null)
  const [notice, setNotice] = useState<Notice | null>(null)
  const [help, setHelp] = useState(false)
  const opener = useRef<Element | null>(null)

  useEffect(() => {
    const read = () => setPlace(readPlace())
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  useEffect(() => {
    document.title = model ? `${NAMES[place.view]} · ${model.queue.name}` : 'wrk board'
  }, [place.view, model?.queue.name])

  const go = useCallback((change: Partial<PageAddress>) => {
    const next = { ...readPlace(), ...change }
    const hash = hashOf(next)
    if (hash === location.hash) return
    // A letter typed into a filter is no page to go back to.
    if (change.filters) history.replaceState(null, '', hash)
    else history.pushState(null, '', hash)
    setPlace(next)
  }, [])

  const act = useCallback(async (wanted: Act, item: BoardItem | null) => {
    const change = (edit: (all: Set<string>) => void) =>
      setPending(known => {
        const all = new Set(known)
        edit(all)
        return all
      })
    if (item) change(all => all.add(item.place))
    const answer = await ask('/api/act', wanted)
    if (item) change(all => all.delete(item.place))
    const said = answer?.json as ActAnswer | undefined
    const text = said
      ? [said.message, said.hint, ...(said.warnings ?? [])].filter(Boolean).join(' ')
      : 'The board did not answer; nothing is known to have happened.'
    setNotice({ id: ++notices, ok: said?.ok ?? false, text })
  }, [])

  const app = useMemo<App | null>(
    () =>
      model && {
        model,
        connection,
        place,
        now: Date.parse(model.as_of),
        pending,
        cursor,
        canAct: model.queue.acts && exported === null && connection === 'live' && model.there,
        go,
        filter: change => go({ filters: { ...readPlace().filters, ...change } }),
        openItem: item => {
          if (item !== null && readPlace().item === null) opener.current = document.activeElement
          go({ item })
        },
        setCursor,
        chooseAct: item => setAsking({ kind: 'choose', item }),
        perform: (item, choice) => perform(app!, item, choice, setAsking),
        act,
      },
    [model, connection, place, pending, cursor, go, act],
  )
  useKeys(app, { ask: setAsking, help: () => setHelp(true), isAsking: asking !== null || help })
  useEffect(() => {
    // Back where one was before the item was opened.
    if (place.item !== null) return
    if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus()
    opener.current = null
  }, [place.item])

  const needing = useMemo(
    () =>
      model
        ? nowItems(model).filter(({ concern }) => concern !== 'alive' && concern !== 'unknown').length
        : 0,
    [model?.version],
  )
  if (!app) return <Waiting connection={connection} />
  return (
    <div class={`app view-${place.view}${place.item === null ? '' : ' with-panel'}`}>
      <a
        class="skip"
        href="#main"
        onClick={event => {
          event.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        To the content
      </a>
      <header class="side">
        <div class="brand">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" class="brand-ground" />
            <path d="M8 8h4v16H8zM14 8h4v10h-4zM20 8h4v13h-4z" class="brand-bars" />
          </svg>
          <span class="queue-name" title={app.model.queue.path}>
            {app.model.queue.name}
          </span>
        </div>
        <nav aria-label="Views">
          <ul>
            {VIEWS.map((view, i) => (
              <li key={view}>
                <a
                  href={hashOf({ ...place, view, item: null })}
                  aria-current={place.view === view ? 'page' : undefined}
                >
                  <svg viewBox="0 0 16 16" aria-hidden="true">
                    <path d={ICONS[view]} fill="none" stroke-width="1.4" stroke-linecap="round" />
                  </svg>
                  {NAMES[view]}
                  {view === 'now' && needing > 0 && (
                    <span class="badge" title={`${needing} to look at`}>
                      {needing}
                    </span>
                  )}
                  <kbd aria-hidden="true">{i + 1}</kbd>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-foot">
          {app.canAct && (
            <button type="button" class="primary new-button" onClick={() => setAsking({ kind: 'new' })}>
              New item
            </button>
          )}
          <ThemeChoice />
          {exported ? (
            <span class="connection">As of {full(app.model.as_of)}</span>
          ) : (
            <span class={`connection connection-${connection}`} role="status">
              <span class="connection-dot" aria-hidden="true" />
              {CONNECTION_WORDS[connection]}
            </span>
          )}
          {!exported && (
            <button type="button" class="link" onClick={() => setHelp(true)}>
              Keys <kbd aria-hidden="true">?</kbd>
            </button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {connection !== 'live' && <Trouble connection={connection} asOf={app.model.as_of} />}
        {place.view === 'board' && <BoardView app={app} />}
        {place.view === 'now' && <NowView app={app} />}
        {place.view === 'graph' && <GraphView app={app} />}
        {place.view === 'time' && <TimeView app={app} />}
        {place.view === 'numbers' && <NumbersView app={app} />}
        {place.view === 'state' && <StateView app={app} />}
      </main>
      {place.item !== null && <ItemPanel app={app} id={place.item} />}
      {asking && (
        <ActDialog
          key={JSON.stringify(asking)}
          app={app}
          asking={asking}
          ask={setAsking}
          close={() => setAsking(known => (known === asking ? null : known))}
        />
      )}
      {help && <Help close={() => setHelp(false)} />}
      <div class="notices" role="status" aria-live="polite">
        {notice && (
          <div key={notice.id} class={`notice${notice.ok ? '' : ' notice-problem'}`}>
            <span>{notice.text}</span>
            <button type="button" class="link" onClick={() => setNotice(null)}>
              Close
            </button>
          </div>
        )}
      </div>
    </div>
  )
}

function ThemeChoice(): JSX.Element {
  const [theme, setTheme] = useState(currentTheme)
  return (
    <label class="select theme">
      <span class="sr">Theme</span>
      <select
        value={theme}
        onChange={event => {
          const chosen = event.currentTarget.value as Theme
          chooseTheme(chosen)
          setTheme(chosen)
        }}
      >
        <option value="system">System theme</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  )
}

function Trouble({ connection, asOf }: { connection: ConnectionState; asOf: string }): JSX.Element {
  return (
    <p class="trouble" role="alert">
      {CONNECTION_WORDS[connection]}. This is how it was at {full(asOf)}.
      {(connection === 'ended' || connection === 'denied') && (
        <>
          {' '}
          Start it again: <code>wrk board</code>
        </>
      )}
    </p>
  )
}

function Waiting({ connection }: { connection: ConnectionState }): JSX.Element {
  const isDenied = connection === 'denied' || connection === 'ended'
  return (
    <main class="waiting" id="main">
      <h1>wrk board</h1>
      {isDenied ? (
        <p>
          This page needs the key of the board that is running. Open it with <code>wrk board</code> in a
          terminal of this queue: it gives the key to this tab too.
        </p>
      ) : (
        <p role="status">{CONNECTION_WORDS[connection]}</p>
      )}
    </main>
  )
}
