/** What a claim makes of an item: decided inside its guard, on the item, its record and the sessions as they are there. */
import { type ClaimDecision, decideClaim, type HeldLock } from '../../core/claims/claim.ts'
import { countedSign, latestSign, nextSign } from '../../core/claims/lock.ts'
import type { Hold } from '../../core/claims/record.ts'
import { WrkError } from '../../core/errors.ts'
import { isArchived } from '../../core/items/status.ts'
import type { EventType, NewEvent } from '../../core/log/event.ts'
import { liveRun } from '../../core/runs/run.ts'
import { isAmong } from '../../core/sessions/anchors.ts'
import { type Registry, sessionOf } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { humanDuration, stamp } from '../../core/time.ts'
import type { Current } from '../../store/items/current-item.ts'
import type { ItemDecision } from '../../store/items/publication-of.ts'
import { recordsCountSince } from '../../store/state-file.ts'
import type { Store } from '../../store/store.ts'
import { here } from '../../system/processes/process.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'
import type { ClaimedItem, OwnClaimOptions, RefusedClaim } from './claim.ts'
import { heldLock, holderInfo, judgeFor } from './holder.ts'
import { summary } from './item-summary.ts'
import type { TakenElsewhere } from './remote-claim.ts'

/** Decides a claim on the item as its guard shows it. @throws WrkError CLOSED */
export function decideOnItem(
  { store, clock }: Context,
  current: Current,
  caller: Caller,
  ttlMs: number,
  options: OwnClaimOptions,
  elsewhere: TakenElsewhere | null,
): ItemDecision<ClaimedItem | RefusedClaim> {
  const now = clock()
  const { item } = current
  const { force, run, check } = options
  const open = !item.closed || (options.done && !isArchived(item.status, current.place.folder))
  if (!open && force === undefined) throw closed(current, run !== undefined)
  check?.(current)
  const judge = judgeFor(store, current.registry, now, ttlMs)
  const held = ownLock(store, current, caller.holder) ?? heldLock(judge, current)
  const request = {
    holder: caller.holder,
    ttlMs,
    takeover: store.settings.takeover,
    force: force ?? null,
    runId: run?.id ?? null,
  }
  const found = decideClaim(held, request, now)
  // Free here, and taken over from a holder that only the engine knew of.
  const decision: ClaimDecision =
    elsewhere && found.kind === 'granted'
      ? { kind: 'takenOver', because: 'ttl', reason: elsewhere.reason }
      : found
  const about = { item: summary(current), session: { id: caller.session, source: caller.identity.source } }
  if (decision.kind === 'held') {
    const former = formerSelf(held!, caller, judge.registry)
    return {
      kind: 'leave',
      result: { kind: 'held', ...about, holder: holderInfo(judge, held!), former, warnings: [] },
    }
  }

  const renewed = decision.kind === 'renewed'
  const mine = current.runs().find(one => one.run.holder === caller.holder)
  // What a run of ours had claimed and left behind is not what the session held by itself.
  const heldBefore = renewed && !mine?.run.owns
  const hold = holdAfter(current, caller, renewed, options, store.settings.ttlMs, now)
  const previous = held?.lock.by ?? elsewhere?.locked_by ?? null
  const reason = { text: force, isNeeded: !open }
  return {
    kind: 'change',
    fields: {},
    hold,
    session: caller.session,
    event: { ...eventOf(hold.at, decision, item.id, caller.holder, previous, reason), tx: '' },
    run: run && { ...run, holder: caller.holder, owns: !heldBefore },
    ends: current.runs().filter(one => one.run.id !== run?.id && !(renewed && one.run.id === held?.liveRun)),
    result: {
      kind: decision.kind,
      ...about,
      heldBefore,
      lock: {
        locked_by: caller.holder,
        locked_at: hold.showsNew ? hold.at : (current.record?.lockedAt ?? hold.at),
        // Others judge this lock by the queue's TTL, whatever age this call took theirs to run out at.
        expires_at: stamp(new Date(now.getTime() + store.settings.ttlMs)),
      },
      from: decision.kind === 'takenOver' && held ? takenFrom(held, decision.reason) : elsewhere,
      warnings: renewed ? [] : grantWarnings(store, current, now),
    },
  }
}

/** The holder's session if it spoke from the caller's own process: what an agent was before /clear, as a rule. */
function formerSelf({ lock }: HeldLock, { session, identity }: Caller, registry: Registry): string | null {
  const holder = sessionOf(lock.by, registry)
  if (!holder || holder.id === session || !identity.anchor) return null
  return isAmong(identity.anchor, holder.anchors) ? holder.id : null
}

/** How the caller holds an item from now on. */
export function holdAfter(
  current: Current,
  { holder }: Caller,
  renewed: boolean,
  { run, runId }: Pick<OwnClaimOptions, 'run' | 'runId'>,
  ttlMs: number,
  now: Date,
): Extract<Hold, { kind: 'take' }> {
  return {
    kind: 'take',
    holder,
    // A renewal that names no run leaves the one that is at work its name.
    run: run?.id ?? runId ?? (renewed ? (current.record?.run ?? null) : null),
    at: stamp(now),
    showsNew: !renewed || !isShownLately(current, holder, ttlMs, now),
    sign: signOfClaim(current, renewed, now),
  }
}

/** The heartbeat that a claim writes. @param renewed whether the caller held the item before */
function signOfClaim({ lock, renewedAt, recordModified }: Current, renewed: boolean, now: Date): string {
  if (!renewed || !lock) return stamp(now)
  const signs = [lock.at, renewedAt].map(sign => countedSign(sign, recordModified, now))
  return stamp(nextSign(latestSign(signs), now))
}

function takenFrom({ lock }: HeldLock, reason: string): ClaimedItem['from'] {
  return { locked_by: lock.by, locked_at: lock.at && stamp(lock.at), reason }
}

/**
 * Whether a renewal leaves the file alone: it names the caller since less than half the TTL, or something took the
 * lock out of it since then. That may be a tool that hides changes while hooks run, and would trip over new lines.
 */
function isShownLately(
  { inFile, record, takenOut, isUnshown, foreign, modified }: Current,
  holder: string,
  ttlMs: number,
  now: Date,
): boolean {
  if (isUnshown) return false
  if (record?.state === 'held' && record.holder === holder && takenOut && !foreign)
    return now.getTime() - modified.getTime() < ttlMs / 2
  const shownAt = record?.state === 'held' && inFile?.by === holder ? inFile.at : null
  if (shownAt === null) return false
  const age = now.getTime() - shownAt.getTime()
  // One that is ahead of the clock is of no use to those who read the file alone.
  return age < ttlMs / 2 && age >= 0
}

/** Warnings about an item that was closed before, or that has no record of earlier claims. */
function grantWarnings(store: Store, { item, record }: Current, now: Date): string[] {
  if (record?.state === 'done' && !item.closed)
    return [
      `${item.id} was ${printable(record.left?.why ?? 'done', 40)} at ${record.left?.at ?? '?'}; git or an editor put an older version of the file back`,
    ]
  // With coordination, the engine knows of what was claimed before.
  if (record || store.settings.isCoordinated) return []
  const since = recordsCountSince(store.host.disk, store.stateDir)
  const age = since && now.getTime() - since.getTime()
  return age !== null && age < store.settings.ttlMs
    ? [`the folder .wrk is only ${humanDuration(age)} old: earlier claims are unknown here`]
    : []
}

/** The caller's own lock; its holder is alive, so no session is looked up. Null when another holds the item. */
function ownLock({ host }: Store, current: Current, holder: string): HeldLock | null {
  const { lock } = current
  if (lock?.by !== holder) return null
  const runs = current.runs().map(({ run }) => run)
  const run = liveRun(holder, runs, { here: here(), look: host.look })
  const reason = run
    ? `run ${run.id} of this session (process ${run.process.pid}) is at work on it`
    : 'your own session'
  return {
    lock,
    liveness: { verdict: 'alive', reason },
    heartbeat: null,
    fileModified: current.modified,
    liveRun: run?.id ?? null,
  }
}

/** @param force the reason that was given with --force, if any; without it a closed item is not claimed at all */
function eventOf(
  time: string,
  decision: Exclude<ClaimDecision, { kind: 'held' }>,
  item: string,
  session: string,
  previous: string | null,
  force: { text: string | undefined; isNeeded: boolean },
): NewEvent {
  const event = { time, type: decision.kind satisfies EventType, item, session }
  const forced = force.text === undefined ? null : printable(`forced: ${force.text}`)
  if (decision.kind !== 'takenOver')
    return { ...event, previous_holder: null, reason: forced, forced: forced !== null }
  const reason = printable(decision.reason)
  const byForce = decision.because === 'forced'
  return {
    ...event,
    previous_holder: previous,
    reason: force.isNeeded && !byForce ? `${reason}; ${forced}` : reason,
    forced: byForce || force.isNeeded,
  }
}

/** @param forRun a run's claim, which nothing can force */
function closed({ item, place }: Current, forRun: boolean): WrkError {
  const how = item.status ? `its status is ${printable(item.status, 40)}` : `it is in ${place.folder}/`
  const asItIs = forRun ? '' : `. Claim it closed: wrk claim ${item.id} --force --reason TEXT`
  return new WrkError('CLOSED', `${item.id} is closed: ${how}`, {
    hint: `Reopen it: wrk reopen ${item.id}${asItIs}`,
    details: { item: summary({ item, place }) },
  })
}
