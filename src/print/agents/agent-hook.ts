/** The answers to Claude Code's hooks: one line of JSON, or nothing. What comes from items is made printable. */
import { addedContext, denial } from '../../core/agents/claude-hook.ts'
import { printable } from '../../core/text.ts'
import type { HookResult } from '../../operations/agents/agent-hook.ts'
import { describeLoss, type Superseded } from '../../operations/claims/lost-claims.ts'
import { describeHolder } from '../claims/describe.ts'

export function hookAnswer(result: HookResult): string {
  const answer = answerTo(result)
  return answer === null ? '' : `${JSON.stringify(answer)}\n`
}

function answerTo(result: HookResult): object | null {
  switch (result.kind) {
    case 'nothing':
      return null
    case 'started':
      return addedContext('SessionStart', describeStart(result))
    case 'lost':
      return addedContext(result.event, describeLosses(result.lost))
    case 'held':
      return denial(
        `${result.id} is ${describeHolder(result.holder, result.now)}. This edit was not made. Take another item: wrk next --claim. Wait for this one: wrk claim ${result.id} --wait`,
      )
    case 'hookless':
      return denial(
        `${printable(result.by, 60)} skips wrk's git hooks, which keep items of other sessions out of commits. Commit without it; if a hook refuses, it says what to do.`,
      )
  }
}

function describeStart({ session, queue, items, lost }: HookResult & { kind: 'started' }): string {
  const held = items.map(({ id, title }) => (title ? `${id} (${printable(title, 80)})` : id))
  return [
    `wrk: this session is ${session} in the work queue ${printable(queue, 200)}.`,
    held.length > 0 ? `It holds ${held.join(', ')}.` : 'It holds no items.',
    'Claim an item before you work on it: wrk next --claim, or wrk claim ID. Exit code 4: another session holds it, take another one. When finished: wrk done ID. To give it up: wrk release ID.',
    ...(lost.length > 0 ? [describeLosses(lost)] : []),
  ].join(' ')
}

function describeLosses(lost: readonly Superseded[]): string {
  return lost
    .map(
      one =>
        `${printable(describeLoss(one))}; stop working on it, do not commit changes to it, then: wrk release ${one.id}`,
    )
    .join(' ')
}
