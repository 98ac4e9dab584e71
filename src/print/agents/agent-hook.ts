/** The answers to agents' hooks: one line of JSON, or nothing. What comes from items is made printable. */
import type { Reply } from '../../core/agents/agent-event.ts'
import { printable } from '../../core/text.ts'
import type { HookOutcome } from '../../operations/agents/agent-hook.ts'
import type { HookResult } from '../../operations/agents/hook-result.ts'
import { describeLoss, type Superseded } from '../../operations/claims/lost-claims.ts'
import { describeHolder } from '../claims/describe.ts'

export function hookAnswer({ adapter, event, result }: HookOutcome): string {
  const reply = replyTo(result)
  const answer = event && reply && adapter.answer(event, reply)
  return answer ? `${JSON.stringify(answer)}\n` : ''
}

function replyTo(result: HookResult): Reply | null {
  switch (result.kind) {
    case 'nothing':
      return null
    case 'started':
      return { kind: 'tell', text: describeStart(result) }
    case 'helper':
      return { kind: 'tell', text: describeHelper(result) }
    case 'lost':
      return { kind: 'tell', text: describeLosses(result.lost) }
    case 'held':
      return {
        kind: 'refuse',
        reason: `${result.id} is ${describeHolder(result.holder, result.now)}. This edit was not made. Take another item: wrk next --claim. Wait for this one: wrk claim ${result.id} --wait`,
      }
    case 'hookless':
      return {
        kind: 'refuse',
        reason: `${printable(result.by, 60)} skips wrk's git hooks, which keep items of other sessions out of commits. Commit without it; if a hook refuses, it says what to do.`,
      }
    case 'nameless':
      return {
        kind: 'refuse',
        reason: `A sub-agent claims under a name of its own, so that two of them never hold one item. Run: wrk --agent ${result.helper} ${printable(result.command, 200)}`,
      }
  }
}

function describeStart({ session, queue, items, lost }: HookResult & { kind: 'started' }): string {
  const held = items.map(({ id, title }) => (title ? `${id} (${printable(title, 80)})` : id))
  return [
    `wrk: this session is ${session} in the work queue ${printable(queue, 200)}.`,
    held.length > 0 ? `It holds ${held.join(', ')}.` : 'It holds no items.',
    'Claim an item before you work on it: wrk next --claim, or wrk claim ID. Then wrk start ID. Exit code 4: another session holds it, take another one. When finished: wrk done ID. To give it up: wrk release ID.',
    ...(lost.length > 0 ? [describeLosses(lost)] : []),
  ].join(' ')
}

function describeHelper({ name, isKnownToShell }: HookResult & { kind: 'helper' }): string {
  const how = isKnownToShell
    ? 'wrk knows you by your own name'
    : `Name yourself in each call: wrk --agent ${name} next --claim`
  return `wrk: you are a sub-agent, and another one may work on the same queue. ${how}. Exit code 4: another one holds the item, take another.`
}

function describeLosses(lost: readonly Superseded[]): string {
  return lost
    .map(
      one =>
        `${printable(describeLoss(one))}; stop working on it, do not commit changes to it, then: wrk release ${one.id}`,
    )
    .join(' ')
}
