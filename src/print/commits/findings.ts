/** What `wrk verify` has found, for people and as JSON. */
import { printable } from '../../core/text.ts'
import type { HolderInfo } from '../../operations/claims/holder.ts'
import { describeLoss } from '../../operations/claims/records.ts'
import type { AnyFinding, CommitFinding, LockFinding } from '../../operations/commits/judge-staged.ts'
import type { NamedElsewhere } from '../../operations/commits/verify-message.ts'
import { describeHolder } from '../claims/describe.ts'

/** With the message that a finding about a lock does not have yet: it tells how long ago. */
export function withMessages(findings: readonly AnyFinding[], now: Date): CommitFinding[] {
  return findings.map(finding => {
    const message = finding.kind === 'form' ? finding.message : lockMessage(finding, now)
    const { code, path, line, column, fix, item, holder } = finding
    return { code, path, line, column, message, fix, item, holder }
  })
}

/** Two lines for each: where and what, and what mends it. */
export function findingLines(findings: readonly CommitFinding[]): string[] {
  return findings.flatMap(({ path, line, column, message, fix }) => [
    `${path}:${line > 0 ? `${line}:${column}:` : ''} ${message}`,
    `     ${fix}`,
  ])
}

function lockMessage({ verdict, doing, item, holder, loss }: LockFinding, now: Date): string {
  const who = holder ? describeHolder(holder, now) : 'held by nobody'
  if (verdict === 'superseded' && loss)
    return `${describeLoss(loss)}: this session lost it, and its work on it must not be committed`
  if (verdict === 'held' || verdict === 'superseded') return `this commit ${doing} ${item}, which is ${who}`
  const held = holder ? `it is ${who}` : 'nobody holds it'
  if (verdict === 'takes') return `this commit takes the lock of ${item} for this session, but ${held}`
  if (verdict === 'drops') return `this commit drops the lock of ${item}, but ${held}`
  return `this commit has a lock of ${item} that does not stand: ${held}`
}

export function describeNamed({ item, kind, truth }: NamedElsewhere, now: Date): string {
  if (kind === 'held') return `the message names ${item}, which is ${describeHolder(truth.holder!, now)}`
  if (kind === 'unreadable') return `whose ${item} is cannot be told: ${truth.unreadable}`
  const last = truth.whose === 'over' ? ` living (it is ${describeUnheld(truth.holder!)})` : ''
  return `the subject names ${item}, which nobody${last} holds; to work on it: wrk claim ${item}`
}

function describeUnheld({ session_id, liveness, reason }: HolderInfo): string {
  return liveness === 'dead'
    ? `locked by ${printable(session_id, 128)}, which is dead: ${printable(reason)}`
    : `locked by ${printable(session_id, 128)}, whose time has run out`
}
