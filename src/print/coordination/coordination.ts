/** What `wrk coordination` says. */
import { printable } from '../../core/text.ts'
import { humanDuration } from '../../core/time.ts'
import type { CoordinationStatus } from '../../operations/coordination/coordination.ts'
import type { ProbeStep } from '../../operations/coordination/engine/probe-engine.ts'
import { describeElsewhere } from '../claims/describe.ts'

/** One line a step. */
export function describeSteps(steps: readonly ProbeStep[]): string {
  return steps
    .map(
      ({ step, ok, ms, reason }) =>
        `${ok ? 'ok  ' : 'FAIL'} ${step} (${ms} ms)${reason ? `: ${printable(reason, 400)}` : ''}\n`,
    )
    .join('')
}

export function describeCoordination(status: CoordinationStatus, now: Date): string {
  const { engine, remote, queue, reachable, reason, latency_ms, clock_difference_ms, claims, offline } =
    status
  const lines = [
    `${engine} ${printable(remote, 100)}, queue ${printable(queue, 100)}, offline: ${offline}`,
    reachable
      ? `reachable in ${latency_ms} ms; ${claims} ${claims === 1 ? 'claim' : 'claims'} in all clones`
      : `not reachable: ${printable(reason ?? '', 300)}`,
    ...(clock_difference_ms === null ? [] : [`its clock differs from this one by ${clock_difference_ms} ms`]),
    ...status.held.map(
      ({ id, session_id, lease_left_ms }) =>
        `held by this clone: ${printable(id, 60)} (${printable(session_id, 128)}), ${lease_left_ms > 0 ? `${humanDuration(lease_left_ms)} left` : 'expired'}`,
    ),
    ...(status.elsewhere ?? []).map(
      view => `elsewhere: ${printable(view.id, 60)} ${describeElsewhere(view, now)}`,
    ),
    ...ofEach('claimed in this clone only', status.unpublished),
    ...ofEach('released, but not yet sent to the other clones', status.queued),
    ...ofEach('no answer yet; the next command resolves it', status.unsettled),
  ]
  return `${lines.join('\n')}\n`
}

function ofEach(what: string, ids: readonly string[]): string[] {
  return ids.length === 0 ? [] : [`${what}: ${ids.map(id => printable(id, 60)).join(', ')}`]
}
