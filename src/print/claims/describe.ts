/** Sentences that several commands share. Text from files is made printable here. */
import { isClosed } from '../../core/items/status.ts'
import { printable } from '../../core/text.ts'
import { humanDuration } from '../../core/time.ts'
import type { HolderInfo } from '../../operations/claims/holder.ts'
import type { ItemSummary } from '../../operations/claims/item-summary.ts'
import type { ElsewhereView, SharedView } from '../../operations/claims/remote-claim.ts'
import type { Style } from '../terminal.ts'

const LIVENESS_STYLES: Record<string, Style> = {
  alive: 'green',
  dead: 'red',
  stale: 'yellow',
  unknown: 'yellow',
}

export function styleOfLiveness(liveness: string | null): Style | null {
  return liveness === null ? null : (LIVENESS_STYLES[liveness] ?? null)
}

/** `3h 5m ago`, `just now`, `in 2h`. */
export function relative(instant: string | null, now: Date): string {
  if (instant === null) return 'unknown'
  const ms = now.getTime() - Date.parse(instant)
  if (Number.isNaN(ms)) return 'unknown'
  if (Math.abs(ms) < 1000) return 'just now'
  return ms > 0 ? `${humanDuration(ms)} ago` : `in ${humanDuration(-ms)}`
}

/**
 * `held by ann (alive), claimed 1h ago`: who holds it, whether they live and since when. All that a refusal has room
 * for; the evidence is in `evidenceOf`, which `wrk show` prints.
 */
export function describeHolder(holder: HolderInfo, now: Date): string {
  const claimed = `, claimed ${relative(holder.locked_at, now)}`
  const free = holder.liveness === 'unknown' ? freeWhen(holder, now) : ''
  return `held by ${printable(holder.session_id, 128)} (${LIVES[holder.liveness]})${claimed}${free}${changedInFile(holder)}`
}

const LIVES: Record<HolderInfo['liveness'], string> = {
  alive: 'alive',
  dead: 'dead',
  unknown: 'may be alive',
}

/** Why the holder counts as alive or not, where it runs, what it works on, and when the item would be free. */
export function evidenceOf(holder: HolderInfo, now: Date): { holder: string; since: string } {
  const host = holder.host ? ` on ${printable(holder.host, 60)}` : ''
  const where = holder.pid ? ` (process ${holder.pid}${host})` : ''
  const work = holder.active_wrk ? `, works on ${printable(holder.active_wrk, 60)}` : ''
  return {
    holder: `held by ${printable(holder.session_id, 128)}${where}; ${LIVES[holder.liveness]}: ${printable(holder.reason)}${work}${changedInFile(holder)}`,
    since: `${holder.locked_at ?? 'unknown'} (${relative(holder.locked_at, now)})${holder.liveness === 'dead' ? '' : freeWhen(holder, now)}`,
  }
}

/** When another session may take it over although its holder may live. */
function freeWhen(holder: HolderInfo, now: Date): string {
  return ranOut(holder, now)
    ? `; expired ${relative(holder.expires_at, now)}`
    : `; free ${relative(holder.expires_at, now)} if silent`
}

/** What git, an editor or an older tool did to the lock lines of the file. */
function changedInFile({ taken_out, named_in_file }: HolderInfo): string {
  if (named_in_file !== null)
    return `; the file names ${printable(named_in_file, 128)}, which wrk did not write`
  return taken_out ? '; git or an editor removed the lock from the file' : ''
}

function ranOut({ expires_at }: HolderInfo, now: Date): boolean {
  return Date.parse(expires_at) <= now.getTime()
}

/** The command that gets an item from a holder that is dead or was silent for too long; null while it may be alive. */
export function takeover(
  { id, status }: Pick<ItemSummary, 'id' | 'status'>,
  holder: HolderInfo,
  now: Date,
): string | null {
  const { liveness } = holder
  const givesWay = liveness === 'dead' || (liveness === 'unknown' && ranOut(holder, now))
  if (!givesWay) return null
  // What is closed is not claimed.
  return isClosed(status ?? undefined, '') ? `Free it: wrk done ${id}` : `Take it over: wrk claim ${id}`
}

/**
 * `held by ann on devbox (branch fix), claimed 3m ago, as of 1m ago`: what another clone has.
 * @param short as a cell of a table: `ann on devbox (fix), 3m`
 */
export function describeElsewhere(view: SharedView, now: Date, short = false): string {
  if (view.state === 'unreadable')
    return short ? 'not readable' : 'its shared record cannot be read: update wrk here'
  const { state, session_id, host, branch, claimed_at, as_of } = view
  const where = `${printable(session_id ?? '', 128)} on ${printable(host ?? '', 60)}`
  const on = branch ? ` (branch ${printable(branch, 80)})` : ''
  if (short) {
    const age = claimed_at === null ? '' : `, ${humanDuration(now.getTime() - Date.parse(claimed_at))}`
    return state === 'done'
      ? `finished by ${where}`
      : `${where}${branch ? ` (${printable(branch, 60)})` : ''}${age}`
  }
  const since = state === 'held' ? `, claimed ${relative(claimed_at, now)}` : ''
  return `${state === 'held' ? 'held' : 'finished'} by ${where}${on}${since}, as of ${relative(as_of, now)}`
}

/** How old what is shown of other clones is; nothing when it is a matter of seconds, or nothing is coordinated. */
export function asLastSeen(view: ElsewhereView | null, command: string): string {
  if (!view || (view.age_s !== null && view.age_s < SECONDS_OLD)) return ''
  return view.age_s === null
    ? `Claims of other clones: not asked yet. Ask: ${command}\n`
    : `Claims of other clones: as of ${humanDuration(view.age_s * 1000)} ago. Ask again: ${command}\n`
}
const SECONDS_OLD = 5
