/**
 * One item on a terminal: fields, what waits for it, its history, and its body drawn. A bundle of its own, so that
 * `wrk show` without a terminal does not load what draws.
 */
import { messageOf } from '../../core/errno.ts'
import type { Context } from '../../operations/context.ts'
import { history, waitingFor } from '../../operations/items/history.ts'
import type { ShownItem } from '../../operations/items/show.ts'
import { showPages } from '../../operations/queue/show-pages.ts'
import { relative } from '../claims/describe.ts'
import { localTimes } from '../local-time.ts'
import { paint, type Screen } from '../terminal.ts'
import { describeBlocker, itemLines, type Row } from './item-text.ts'
import { renderMarkdown } from './markdown.ts'

const LAST_EVENTS = 5

/** @returns the text of all entries, with a final newline */
export async function terminalPage(
  context: Context,
  shown: readonly ShownItem[],
  now: Date,
  terminal: Screen,
): Promise<string> {
  const [first] = shown
  const around = [...(await waiting(context, first!.item.id)), ...happened(context, first!.item.id, now)]
  const pages = shown.map((one, i) => {
    const [heading, ...lines] = itemLines(one, now, i === 0 ? around : [], text =>
      localTimes(text, () => now),
    )
    const body = one.body === null ? '' : renderMarkdown(one.body, terminal)
    const head = [paint(terminal, 'bold', heading!), ...lines].map(line => `${line}\n`).join('')
    return body === '' ? head : `${head}\n${body}`
  })
  return pages.join('\n')
}

/** Shows it in the pager where it is longer than the screen. @returns whether it was shown */
export function pageIfLong(context: Context, text: string, rows: number | undefined): boolean {
  return Boolean(rows) && text.split('\n').length > rows! && showPages(context, text)
}

async function waiting(context: Context, id: string): Promise<Row[]> {
  try {
    return (await waitingFor(context, id)).map(one => ['needed by', describeBlocker(one)])
  } catch (error) {
    return [['needed by', `not known: ${messageOf(error)}`]]
  }
}

function happened(context: Context, id: string, now: Date): Row[] {
  try {
    return history(context, id, LAST_EVENTS).map(({ time, type, session, reason }) => [
      'history',
      `${relative(time, now)}: ${type}${session ? ` by ${session}` : ''}${reason ? ` (${reason})` : ''}`,
    ])
  } catch (error) {
    return [['history', `not known: ${messageOf(error)}`]]
  }
}
