/** Which queue this is, how fresh what is shown is, which sessions there are, and what is in place around them. */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { BoardSession } from '../../protocol.ts'
import type { App } from '../app-state.ts'
import { Liveness, Session } from '../parts/parts.tsx'
import { ago, clock, plural, seconds, shortDuration } from '../parts/words.ts'

export function StateView({ app }: { app: App }): JSX.Element {
  const { model, connection } = app
  const { queue } = model
  const facts: [name: string, value: JSX.Element | string][] = [
    ['Queue', <code class="path">{queue.path}</code>],
    ['Found by', queue.via],
    ['As of', seconds(model.as_of)],
    ['Connection', connection === 'live' ? 'live' : connection],
    ['Items', model.items.size.toLocaleString('en')],
    ['A claim lives', `${shortDuration(queue.ttl_seconds * 1000)} after its holder was last seen`],
    ['Takeover', queue.takeover === 'dead-only' ? 'from dead sessions only' : 'from dead and stale sessions'],
    [
      'Deaths are noticed',
      `within ${queue.poll_seconds} seconds (30 where hundreds are held); changed files at once`,
    ],
    ['Git hooks', queue.hooks ? 'verify every commit' : 'not installed (wrk hooks install)'],
    ['Other machines', queue.coordination ?? 'not coordinated: claims hold on this machine'],
    ['This board acts as', <code class="path">{queue.session_id}</code>],
    ['wrk', queue.version],
  ]
  return (
    <div class="page">
      <h1>State</h1>
      {!model.there && <p class="note note-problem">The queue’s folder is gone.</p>}
      {model.warnings.map(warning => (
        <p key={warning} class="note note-problem">
          {warning}
        </p>
      ))}
      <dl class="facts facts-wide">
        {facts.map(([name, value]) => (
          <div key={name} class="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <SessionTable app={app} />
    </div>
  )
}

const ORDER = { alive: 0, unknown: 1, dead: 2 } as const

function SessionTable({ app }: { app: App }): JSX.Element {
  const { model } = app
  const held = useMemo(() => {
    const counts = new Map<string, number>()
    for (const { holder } of model.items.values())
      if (holder) counts.set(holder.session_id, (counts.get(holder.session_id) ?? 0) + 1)
    return counts
  }, [model.items])
  const holds = ({ session_id: id }: BoardSession) =>
    [...held].reduce((sum, [by, count]) => (by === id || by.startsWith(`${id}/`) ? sum + count : sum), 0)
  const sessions = [...model.sessions.values()].sort(
    (a, b) =>
      ORDER[a.liveness] - ORDER[b.liveness] || ((a.heartbeat_at ?? '') < (b.heartbeat_at ?? '') ? 1 : -1),
  )
  return (
    <section>
      <h2>
        Sessions <span class="count">{sessions.length}</span>
      </h2>
      {sessions.length === 0 ? (
        <p class="muted">No session is registered.</p>
      ) : (
        <div class="scroll-x" tabIndex={0} role="region" aria-label="Sessions">
          <table class="table">
            <thead>
              <tr>
                {['Session', 'State', 'Evidence', 'Host', 'Holds', 'Started', 'Last sign'].map(head => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sessions.map(session => (
                <tr key={session.session_id}>
                  <th scope="row">
                    <Session model={model} id={session.session_id} longest={36} />
                  </th>
                  <td>
                    <Liveness concern={session.liveness} />
                  </td>
                  <td>{session.reason}</td>
                  <td>{session.host ?? '–'}</td>
                  <td>{plural(holds(session), 'item')}</td>
                  <td>{clock(session.started_at, app.now)}</td>
                  <td>{ago(session.heartbeat_at, app.now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
