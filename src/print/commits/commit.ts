/** What `wrk commit` has committed, and what it left out, for people and as JSON. */
import { printable } from '../../core/text.ts'
import type { CommitResult } from '../../operations/commits/commit.ts'

/** More lines than this say no more. */
const MOST_LINES = 8

export function commitJson({ commit, branch, message, items, left, warnings }: CommitResult) {
  return {
    commit,
    branch: branch.replace(/^refs\/heads\//, ''),
    message,
    items: items.map(({ id, how, from, to, hasMore }) => {
      return { id, how, from: from?.path ?? null, to: to?.path ?? null, has_more: hasMore }
    }),
    left_out: left,
    warnings,
  }
}

/** @param isDry nothing was committed, it only would be */
export function commitLines({ commit, branch, message, items, left }: CommitResult, isDry: boolean): string {
  const others = leftLines(left)
  if (items.length === 0) return `Nothing to commit.\n${others}`
  const on = printable(branch.replace(/^refs\/heads\//, ''), 100)
  const subject = printable(message?.split('\n')[0] ?? '', 200)
  const done = isDry
    ? `Would commit ${count(items.length)} on ${on}: ${subject}\n`
    : `Committed ${count(items.length)} on ${on}: ${commit!.slice(0, 8)} ${subject}\n`
  const partly = items.filter(({ how, hasMore }) => how === 'fields' && hasMore)
  const rest =
    partly.length === 0
      ? ''
      : `Of ${partly.map(({ id }) => printable(id, 60)).join(', ')} only what wrk wrote: the rest is its holder's.\n`
  return `${done}${rest}${others}`
}

function leftLines(left: CommitResult['left']): string {
  const lines = left.map(
    ({ message, fix }) => `Left out: ${printable(message, 300)}${fix ? `. ${fix}` : ''}\n`,
  )
  if (lines.length <= MOST_LINES) return lines.join('')
  return `${lines.slice(0, MOST_LINES).join('')}Left out: ${lines.length - MOST_LINES} more (--json names them)\n`
}

function count(items: number): string {
  return items === 1 ? '1 item' : `${items} items`
}
