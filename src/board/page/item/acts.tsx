/** What can be done with an item, and the dialogs that ask what an act needs to know. */
import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Act, ActVerb, BoardItem } from '../../protocol.ts'
import type { App } from '../app-state.ts'
import { shownOf } from './drop.ts'

type ItemVerb = Exclude<ActVerb, 'new'>

export interface Choice {
  verb: ItemVerb
  label: string
  key: string
  /** Takes it from a session that is, or may be, alive: only with a reason. */
  force?: true
  /** Asks for a reason, which may be left out. */
  asks?: true
}

/** What may be done with an item as it is, the likeliest first. */
export function choicesFor({ column, closed, holder, problem }: BoardItem, me: string): Choice[] {
  if (problem) return []
  if (closed) return [{ verb: 'reopen', label: 'Reopen', key: 'o', asks: true }]
  const mine = holder?.session_id === me
  const isFree = !holder || holder.liveness === 'dead' || holder.liveness === 'stale'
  if (!mine && !isFree)
    return [
      { verb: 'release', label: 'Release by force…', key: 'r', force: true },
      { verb: 'claim', label: 'Claim by force…', key: 'c', force: true },
    ]
  const choices: Choice[] = []
  if (column === 'blocked') choices.push({ verb: 'unblock', label: 'Unblock', key: 'u' })
  else if (column !== 'working' || !mine) choices.push({ verb: 'start', label: 'Start', key: 's' })
  if (mine) choices.push({ verb: 'release', label: 'Release', key: 'r' })
  else choices.push({ verb: 'claim', label: holder ? 'Take over' : 'Claim', key: 'c' })
  choices.push({ verb: 'done', label: 'Done', key: 'd' })
  if (column !== 'blocked') choices.push({ verb: 'block', label: 'Block…', key: 'b', asks: true })
  choices.push({ verb: 'priority', label: 'Priority…', key: 'p' })
  return choices
}

export type Asking =
  | { kind: 'choose'; item: BoardItem }
  | { kind: 'reason'; item: BoardItem; choice: Choice }
  | { kind: 'priority'; item: BoardItem }
  | { kind: 'new' }

/** Does what was chosen, or first asks what it needs to know. */
export function perform(app: App, item: BoardItem, choice: Choice, ask: (asking: Asking) => void): void {
  if (choice.force || choice.asks) ask({ kind: 'reason', item, choice })
  else if (choice.verb === 'priority') ask({ kind: 'priority', item })
  else void app.act({ verb: choice.verb, id: item.id, shown: shownOf(item) }, item)
}

export function ActButtons({ app, item }: { app: App; item: BoardItem }): JSX.Element {
  const choices = choicesFor(item, app.model.queue.session_id)
  const isPending = app.pending.has(item.place)
  return (
    <fieldset class="acts" disabled={isPending}>
      <legend class="sr">Acts</legend>
      {choices.slice(0, 3).map((choice, i) => (
        <button
          key={choice.label}
          type="button"
          class={i === 0 && !choice.force ? 'primary' : ''}
          onClick={() => app.perform(item, choice)}
        >
          {choice.label}
        </button>
      ))}
      {choices.length > 3 && (
        <button type="button" onClick={() => app.chooseAct(item)}>
          More…
        </button>
      )}
    </fieldset>
  )
}

/** The dialog for what is asked; the browser keeps the focus in it, and Escape closes it. */
export function ActDialog(props: {
  app: App
  asking: Asking
  close: () => void
  ask: (asking: Asking) => void
}) {
  const { app, asking, close, ask } = props
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current!.showModal()
  }, [asking])
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={close}>
      {asking.kind === 'choose' && <ChooseAct app={app} item={asking.item} ask={ask} close={close} />}
      {asking.kind === 'reason' && <Reason app={app} {...asking} close={close} />}
      {asking.kind === 'priority' && <ChoosePriority app={app} item={asking.item} close={close} />}
      {asking.kind === 'new' && <NewItem app={app} close={close} />}
    </dialog>
  )
}

function Heading({ item, text }: { item: BoardItem; text: string }): JSX.Element {
  return (
    <>
      <h2 id="dialog-title">
        {text} {item.id}
      </h2>
      <p class="dialog-item">
        <bdi>{item.title}</bdi>
      </p>
    </>
  )
}

function ChooseAct(props: { app: App; item: BoardItem; ask: (asking: Asking) => void; close: () => void }) {
  const { app, item, ask, close } = props
  const choices = choicesFor(item, app.model.queue.session_id)
  const choose = (choice: Choice) => {
    close()
    perform(app, item, choice, ask)
  }
  return (
    <div
      onKeyDown={event => {
        const choice = choices.find(({ key }) => key === event.key)
        if (choice && !event.ctrlKey && !event.metaKey && !event.altKey) {
          event.preventDefault()
          choose(choice)
        }
      }}
    >
      <Heading item={item} text="Acts for" />
      {choices.length === 0 && <p>Nothing can be done with it until its file is repaired.</p>}
      <ul class="choices">
        {choices.map(choice => (
          <li key={choice.label}>
            <button type="button" onClick={() => choose(choice)}>
              {choice.label} <kbd aria-hidden="true">{choice.key}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <Buttons close={close} />
    </div>
  )
}

function Reason({
  app,
  item,
  choice,
  close,
}: {
  app: App
  item: BoardItem
  choice: Choice
  close: () => void
}) {
  const [reason, setReason] = useState('')
  const { verb, force } = choice
  const label = choice.label.replace('…', '')
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        close()
        const text = reason.trim()
        const act: Act = { verb, id: item.id, shown: shownOf(item) }
        void app.act({ ...act, ...(text !== '' && { reason: text }), ...(force && { force }) }, item)
      }}
    >
      <Heading item={item} text={label} />
      {force && item.holder && (
        <p class="note note-problem">
          {item.holder.session_id} holds it and {item.holder.liveness === 'alive' ? 'is' : 'may be'} alive:{' '}
          {item.holder.reason}. It learns of it at its next wrk call.
        </p>
      )}
      <label class="field">
        {force ? 'Why? This is kept in the event log.' : 'Why? (may be left out)'}
        <input
          value={reason}
          required={Boolean(force)}
          maxLength={300}
          autoFocus
          onInput={event => setReason(event.currentTarget.value)}
        />
      </label>
      <Buttons
        close={close}
        submit={label}
        danger={Boolean(force)}
        disabled={Boolean(force) && reason.trim() === ''}
      />
    </form>
  )
}

function ChoosePriority({ app, item, close }: { app: App; item: BoardItem; close: () => void }) {
  return (
    <div>
      <Heading item={item} text="Priority of" />
      <ul class="choices">
        {app.model.queue.priorities.map(word => (
          <li key={word}>
            <button
              type="button"
              aria-current={item.priority === word}
              onClick={() => {
                close()
                void app.act({ verb: 'priority', id: item.id, shown: shownOf(item), priority: word }, item)
              }}
            >
              {word}
              {item.priority === word && <span class="muted">as it is</span>}
            </button>
          </li>
        ))}
      </ul>
      <Buttons close={close} />
    </div>
  )
}

function NewItem({ app, close }: { app: App; close: () => void }): JSX.Element {
  const [title, setTitle] = useState('')
  const [priority, setPriority] = useState('')
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        close()
        void app.act({ verb: 'new', title: title.trim(), ...(priority !== '' && { priority }) }, null)
      }}
    >
      <h2 id="dialog-title">New item</h2>
      <label class="field">
        Title
        <input
          value={title}
          required
          maxLength={300}
          dir="auto"
          autoFocus
          onInput={event => setTitle(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        Priority
        <select value={priority} onChange={event => setPriority(event.currentTarget.value)}>
          <option value="">as the template says</option>
          {app.model.queue.priorities.map(word => (
            <option key={word}>{word}</option>
          ))}
        </select>
      </label>
      <Buttons close={close} submit="Create" disabled={title.trim() === ''} />
    </form>
  )
}

function Buttons(props: {
  close: () => void
  submit?: string
  danger?: boolean
  disabled?: boolean
}): JSX.Element {
  const { close, submit, danger = false, disabled = false } = props
  return (
    <div class="dialog-buttons">
      <button type="button" onClick={close}>
        Cancel
      </button>
      {submit && (
        <button type="submit" class={danger ? 'danger' : 'primary'} disabled={disabled}>
          {submit}
        </button>
      )}
    </div>
  )
}
