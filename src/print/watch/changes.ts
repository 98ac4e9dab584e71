/** Changes of a watched queue as sentences and as lines of JSON. */
import { printable } from '../../core/text.ts'
import type { WatchedItem } from '../../core/watch/watch.ts'
import { coordinationJson } from '../../operations/claims/remote-claim.ts'
import type { WatchEvent } from '../../operations/watch/watch.ts'
import { describeElsewhere } from '../claims/describe.ts'
import type { Style } from '../terminal.ts'

/** What is worth a line; null for what is not. */
export function sentenceOf(event: WatchEvent): { text: string; style: Style | null } | null {
  const line = (text: string, style: Style | null = null) => ({ text, style })
  const name = (text: string | null) => printable(text ?? '-', 128)
  switch (event.type) {
    case 'snapshot':
    case 'tick':
      return null
    case 'warning':
      return line(`warning: ${printable(event.message, 1000)}`, 'yellow')
    case 'queue':
      return line(`the queue is ${event.to === 'gone' ? 'gone' : 'back'}`, 'yellow')
    case 'elsewhere': {
      const { id, from, to, time } = event
      if (!to)
        return line(`${printable(id, 60)} no longer held by ${name(from?.session_id ?? null)} elsewhere`)
      return line(`${printable(id, 60)} elsewhere: ${describeElsewhere(to, new Date(time))}`)
    }
    case 'session': {
      const { session, from, to } = event
      const became = to === null ? 'is no longer listed' : from === null ? `began, ${to}` : `is ${to}`
      const why = to === null ? '' : `: ${printable(session.reason)}`
      return line(`session ${name(session.session_id)} ${became}${why}`, to === 'dead' ? 'red' : null)
    }
  }
  const { item, from, to } = event
  const id = printable(item.id, 60)
  const title = item.title ? `  ${printable(item.title, 100)}` : ''
  switch (event.type) {
    case 'claimed':
      return line(`${id} claimed by ${name(to)}${title}`, 'green')
    case 'released':
      return line(`${id} released by ${name(from)}`)
    case 'reaped':
      return line(`${id} released for ${name(from)}; ${printable(event.reason ?? '')}`, 'yellow')
    case 'takenOver':
      return line(`${id} taken over by ${name(to)} from ${name(from)}`, 'yellow')
    case 'renewed':
      return line(`${id} renewed by ${name(item.holder?.session_id ?? null)} until ${to}`, 'dim')
    case 'liveness':
      return line(
        `${id} its holder ${name(item.holder?.session_id ?? null)} is ${to}: ${printable(event.reason ?? '')}`,
        to === 'dead' ? 'red' : to === 'stale' ? 'yellow' : null,
      )
    case 'status':
      return line(`${id} status ${printable(from ?? '-', 40)} -> ${printable(to ?? '-', 40)}`)
    case 'title':
      return line(`${id} title: ${printable(to ?? '', 100)}`)
    case 'moved':
      return line(`${id} moved to ${printable(to ?? '', 1000)}`)
    case 'added':
      return line(`${id} added${title}`)
    case 'removed':
      return line(`${id} removed`)
    case 'problem':
      return to === null
        ? line(`${id} can be worked on again`)
        : line(`${id} cannot be worked on: ${printable(to)}`, 'red')
  }
}

const HEAD = { schema_version: 1, ok: true } as const

/** An event as its line of JSON has it; null for what has none. */
export function jsonOf(event: WatchEvent): Record<string, unknown> | null {
  switch (event.type) {
    case 'warning':
      return null
    case 'snapshot': {
      const { type, time, items, sessions, elsewhere } = event
      const shared = elsewhere && { elsewhere: elsewhere.items, ...coordinationJson(elsewhere.view) }
      return { ...HEAD, type, time, items: items.map(flat), sessions, ...shared }
    }
    case 'elsewhere': {
      const { type, time, id, from, to } = event
      const [was, is] = [from, to].map(view => (view?.state === 'held' ? view.session_id : null))
      return { ...HEAD, type, time, item: { id }, from: was, to: is, elsewhere: to }
    }
    case 'session':
    case 'queue':
    case 'tick':
      return { ...HEAD, ...event }
  }
  const { type, time, item, from, to, reason } = event
  const { holder, problem, ...plain } = flat(item)
  return { ...HEAD, type, time, item: plain, from, to, reason, holder, problem }
}

function flat({ id, path, title, status, holder, problem }: WatchedItem) {
  return { id, path, title, status, holder, problem }
}
