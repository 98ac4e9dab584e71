/** What `wrk verify` has found, for people and as JSON. */

import { shellWord } from '../../core/commits/form.ts'
import { printable } from '../../core/text.ts'
import type { HolderInfo } from '../../operations/claims/holder.ts'
import { describeLoss } from '../../operations/claims/lost-claims.ts'
import type { AnyFinding, CommitFinding, LockFinding } from '../../operations/commits/judge-staged.ts'
import type { NamedElsewhere } from '../../operations/commits/verify-message.ts'
import { describeHolder } from '../claims/describe.ts'

/** With the message that a finding about a lock does not have yet: it shows how long ago. */
export function withMessages(findings: readonly AnyFinding[], now: Date): CommitFinding[] {
  return findings.map(finding => {
    const message = finding.kind === 'form' ? finding.message : lockMessage(finding, now)
    const { code, path, line, column, fix, item, holder } = finding
    return { code, path, line, column, message, fix, item, holder }
  })
}

/** Whether it is about who holds an item, rather than about the item's form. */
export function isLockFinding({ code }: CommitFinding): boolean {
  return code === 'held' || code === 'superseded' || code === 'lock'
}

/** More paths than this are no command to copy. */
const MOST_PATHS = 8

/**
 * What a refused commit comes down to, and the next step.
 * @param staged what is wrong with what is staged; else something is with the message
 * @param hasSession whether the committer is a session: else nobody is "another" one
 * @param rest the staged paths of which nothing was found; null where a commit is all or nothing
 * @param areItems whether these are items alone
 */
export function describeRefusal(
  staged: readonly CommitFinding[],
  named: readonly CommitFinding[],
  rest: readonly string[] | null,
  areItems: boolean,
  hasSession: boolean,
): { message: string; hint: string } {
  if (staged.length === 0) {
    const items = count(named)
    const owner = hasSession ? 'another session' : 'a session, and this commit has none'
    const message = `Commit refused: the message names ${items.text}, which ${items.one ? 'belongs' : 'belong'} to ${owner}.`
    return { message, hint: `See who holds it: wrk show ${named[0]!.item}` }
  }
  const locked = staged.filter(isLockFinding)
  const message = `Commit refused: ${reasonOf(locked.length > 0 ? locked : staged, hasSession)}.`
  if (locked.length === 0)
    return { message, hint: 'Fix the findings above, stage the files again (git add), then commit.' }
  if (rest === null) return { message, hint: 'A merge is committed as a whole: ask the holder first.' }
  if (rest.length === 0) return { message, hint: 'Nothing else is staged; the holder commits it.' }
  if (areItems) return { message, hint: 'Commit yours, and of others what wrk wrote: wrk commit' }
  if (rest.length <= MOST_PATHS)
    return { message, hint: `Commit yours: git commit -- ${rest.map(shellWord).join(' ')}` }
  return { message, hint: 'Commit yours: leave out the files above, then git commit without -a' }
}

function reasonOf(findings: readonly CommitFinding[], hasSession: boolean): string {
  const { one, text } = count(findings)
  const [code, ...more] = new Set(findings.map(finding => (isLockFinding(finding) ? finding.code : 'form')))
  if (more.length > 0) return `${text} cannot be committed like this`
  if (code === 'held' && !hasSession)
    return `${text} ${one ? 'belongs' : 'belong'} to a session, and this commit has none`
  if (code === 'held') return one ? `${text} belongs to another session` : `${text} belong to other sessions`
  if (code === 'superseded') return `this session no longer holds ${text}`
  if (code === 'lock') return `it would change who holds ${text}`
  return `${text} ${one ? 'needs' : 'need'} a fix`
}

function count(findings: readonly CommitFinding[]): { one: boolean; text: string } {
  const items = new Set(findings.map(({ item }) => item))
  const [first] = items
  return items.size === 1 ? { one: true, text: first! } : { one: false, text: `${items.size} items` }
}

/** Two lines for each: where and what, and what solves it. */
export function findingLines(findings: readonly CommitFinding[]): string[] {
  return findings.flatMap(({ path, line, column, message, fix }) => [
    `${path}:${line > 0 ? `${line}:${column}:` : ''} ${message}`,
    `     ${fix}`,
  ])
}

function lockMessage({ verdict, doing, item, holder, loss }: LockFinding, now: Date): string {
  const who = holder ? describeHolder(holder, now) : 'held by nobody'
  if (verdict === 'superseded' && loss) return `${describeLoss(loss)}; this session no longer holds it`
  if (verdict === 'held' || verdict === 'superseded') return `this commit ${doing} ${item}, which is ${who}`
  const held = holder ? `it is ${who}` : 'nobody holds it'
  if (verdict === 'takes') return `this commit takes the lock of ${item} for this session, but ${held}`
  if (verdict === 'drops') return `this commit drops the lock of ${item}, but ${held}`
  return `this commit names the wrong holder of ${item}: ${held}`
}

export function describeNamed({ item, kind, truth }: NamedElsewhere, now: Date): string {
  if (kind === 'held') return `the message names ${item}, which is ${describeHolder(truth.holder!, now)}`
  if (kind === 'unreadable') return `cannot tell who holds ${item}: ${truth.unreadable}`
  const last = truth.ownership === 'over' ? ` living (it is ${describeUnheld(truth.holder!)})` : ''
  return `the subject names ${item}, which nobody${last} holds. To work on it: wrk claim ${item}`
}

function describeUnheld({ session_id, liveness, reason }: HolderInfo): string {
  return liveness === 'dead'
    ? `locked by ${printable(session_id, 128)}, which is dead: ${printable(reason)}`
    : `locked by ${printable(session_id, 128)}, expired`
}
