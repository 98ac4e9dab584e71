/** What is said of items that another clone holds or has finished. */
import { freeAt } from '../../../core/coordination/lease.ts'
import { holderOf, type SharedRecord } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { stamp } from '../../../core/time.ts'
import type { HolderInfo } from '../../claims/holder.ts'

export function finishedElsewhere(id: string, by: SharedRecord): WrkError {
  const where = `${printable(holderOf(by), 128)} on ${printable(by.host, 60)}`
  const commit = by.commit ? `, commit ${printable(by.commit.slice(0, 10), 20)}` : ''
  return new WrkError('CLOSED', `${id} was finished by ${where} at ${by.renewed_at}${commit}`, {
    hint: `Pull to see it here, or choose another: wrk next`,
    details: { finished: { session_id: holderOf(by), host: by.host, at: by.renewed_at, commit: by.commit } },
  })
}

/** A holder that another clone knows, in the form of one that this clone does. */
export function holderElsewhere(
  { by, verdict, reason }: { by: SharedRecord; verdict: HolderInfo['liveness']; reason: string },
  now: Date,
): HolderInfo {
  return {
    session_id: holderOf(by),
    locked_at: by.claimed_at,
    expires_at: stamp(freeAt(by, now)),
    liveness: verdict,
    reason,
    host: by.host,
    pid: by.anchors[0]?.pid ?? null,
    active_wrk: null,
    taken_out: false,
    named_in_file: null,
  }
}
