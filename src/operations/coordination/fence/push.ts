/**
 * Pushes branches together with the renewed claims of the session, all or nothing: where a claim was taken over, the
 * branch stays where it was. Where claims are decided elsewhere than the branch goes, they are renewed just before.
 */
import type { GitEngine } from '../../../coordination/git/git-engine.ts'
import type { RefChange } from '../../../coordination/git/git-remote.ts'
import type { RangeFinding } from '../../../core/commits/range-findings.ts'
import { answerFor, readPushLines, whyGitFailed } from '../../../core/coordination/push-answer.ts'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { stamp } from '../../../core/time.ts'
import type { HeldNote } from '../../../store/coordination/shared-notes.ts'
import { runPush } from '../../../system/git/push.ts'
import type { Context } from '../../context.ts'
import { headOf, newNonce } from '../engine/claimant.ts'
import { type Shared, tickNow } from '../engine/open-shared.ts'
import type { LostClaim } from '../engine/renew-claims.ts'
import { type PushTarget, resolveTarget } from './push-target.ts'
import { callerSession, judgeLeaving, refuseLost, renewOrRefuse, settleBefore } from './renew-before-push.ts'

export type PushResult =
  | { kind: 'pushed'; remote: string; refs: string[]; claims: string[]; warnings: string[] }
  /** Nothing was pushed: commits are against claims of others. */
  | { kind: 'refused'; findings: RangeFinding[]; warnings: string[] }

/**
 * @param words `[REMOTE] [REFSPEC…]`; without them, the branch that is checked out and where it goes
 * @throws WrkError LOCKED (a claim was lost), UNREACHABLE, FAILED (the server refuses), USAGE
 */
export async function pushForAll(
  context: Context,
  cwd: string,
  words: readonly string[],
): Promise<PushResult> {
  const shared = await settleBefore(context)
  try {
    const target = resolveTarget(cwd, words, shared.settings)
    const { findings, warnings } = await judgeLeaving(shared, cwd, target.leaving)
    if (findings.length > 0) return { kind: 'refused', findings, warnings }
    const session = await callerSession(context)
    const held = shared.notes.held
      .list()
      .filter(({ key, record }) => key.kind === 'claims' && record.session === session)
    const isSame = shared.settings.engine === 'git' && target.goesTo(shared.settings.remote)
    const pushed = isSame
      ? await pushWithClaims(shared, target, held)
      : await pushAfterRenewal(shared, target, session, held)
    return { ...pushed, warnings: [...warnings, ...pushed.warnings] }
  } finally {
    await shared.engine.close()
  }
}

type Pushed = Extract<PushResult, { kind: 'pushed' }>

async function pushAfterRenewal(
  shared: Shared,
  target: PushTarget,
  session: string | null,
  held: readonly HeldNote[],
): Promise<Pushed> {
  const warnings = session === null ? [] : await renewOrRefuse(shared, session)
  const end = await runPush(target.cwd, [target.remote, ...target.refspecs], {})
  if (end.code !== 0) throw notPushed(target, end)
  return { ...about(target, end.stdout), claims: held.map(({ record }) => record.id), warnings }
}

async function pushWithClaims(
  shared: Shared,
  target: PushTarget,
  held: readonly HeldNote[],
): Promise<Pushed> {
  const { notes, context } = shared
  const engine = shared.engine as GitEngine
  const { branch, commit } = headOf(shared)
  const renewals = held.map(({ key, revision, record }) => {
    const now = stamp(context.clock())
    const renewed_at = now > record.renewed_at ? now : record.renewed_at
    const next = { ...record, nonce: newNonce(shared), renewed_at, branch, commit }
    const expected = { key, revision, reading: { kind: 'record' as const, record } }
    return {
      note: held.find(one => one.key === key)!,
      record: next,
      change: engine.draft({ key, expected, record: next }),
    }
  })
  const changes = renewals.map(({ change }) => change)
  const sent = tickNow(shared)
  const sentAt = stamp(context.clock())
  const leases = changes.map(({ ref, from }) => `--force-with-lease=${ref}:${from}`)
  const refspecs = changes.map(({ ref, to }) => `${to}:${ref}`)
  const end = await runPush(
    target.cwd,
    ['--atomic', ...leases, '--', target.remote, ...target.refspecs, ...refspecs],
    { GIT_ALTERNATE_OBJECT_DIRECTORIES: `${engine.remote.gitDir}/objects` },
  )
  const isApplied = end.code === 0 || (await isThere(engine, changes))
  if (!isApplied) {
    await refuseLost(shared, await lostOf(shared, renewals, end))
    throw notPushed(target, end)
  }
  engine.noteApplied(changes)
  for (const { note, record, change } of renewals)
    notes.held.write(note.key, { key: note.key, revision: change.to!, record, sent, sentAt })
  return { ...about(target, end.stdout), claims: held.map(({ record }) => record.id), warnings: [] }
}

/** The answer may have been lost: all or nothing was applied, so one ref shows all. */
async function isThere(engine: GitEngine, changes: readonly RefChange[]): Promise<boolean> {
  if (changes.length === 0) return false
  const entries = await engine.list()
  return changes.every(({ to }) => entries.some(({ revision }) => revision === to))
}

async function lostOf(
  { engine }: Shared,
  renewals: readonly { note: HeldNote; change: RefChange }[],
  end: { code: number | null; stdout: string; stderr: string },
): Promise<LostClaim[]> {
  const lost: LostClaim[] = []
  for (const { note, change } of renewals) {
    if (answerFor(change.ref, end.code, end.stdout, end.stderr).kind !== 'rejected') continue
    const entry = await engine.lastSeen!(note.key)
    if (entry?.revision === note.revision) continue
    const record = entry?.reading.kind === 'record' ? entry.reading.record : null
    lost.push({ id: note.record.id, key: note.key, by: record?.state === 'released' ? null : record })
  }
  return lost
}

function about({ remote }: PushTarget, stdout: string) {
  const refs = readPushLines(stdout).flatMap(({ to }) => (to.startsWith('refs/wrk/') ? [] : [to]))
  return { kind: 'pushed' as const, remote, refs }
}

function notPushed(
  { remote }: PushTarget,
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
): WrkError {
  const lines = readPushLines(stdout).filter(({ flag, to }) => flag === '!' && !to.startsWith('refs/wrk/'))
  const line = lines.find(({ summary }) => !/atomic/.test(summary)) ?? lines[0]
  if (!line)
    return new WrkError('UNREACHABLE', `not pushed: ${printable(whyGitFailed(stderr), 300)}`, {
      hint: 'Nothing was changed, as far as is known. Try again.',
      details: { remote, code },
    })
  return new WrkError('FAILED', `not pushed: ${printable(line.to, 200)} ${printable(line.summary, 300)}`, {
    hint: 'Pull first if the branch has moved on; else see what the server said above.',
    details: { remote },
  })
}
