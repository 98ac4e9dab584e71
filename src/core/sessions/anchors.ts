/**
 * The processes of a session, and what a call of it changes. Dead stays dead: a call that comes from no process which
 * outlives it (an orphan: its terminal or agent is gone) neither takes a process away nor brings its session back.
 */
import { isSameProcess } from './identity.ts'
import { type Judge, judgeAnchor, judgeAnchors } from './liveness.ts'
import type { Anchor, Session } from './session.ts'

type At = Pick<Judge, 'here' | 'look'>
type Anchors = readonly Anchor[]

export type AfterCall =
  /** `sharedWith`: another process that runs, or may run, under the same id. */
  | { kind: 'open'; anchors: Anchors; isNew: boolean; sharedWith: Anchor | null }
  /** All its processes are gone, and the call comes from none. */
  | { kind: 'gone'; reason: string }

/** @param call the process that outlives the call; null without one, or without one that counts for the session */
export function anchorsAfterCall(
  { anchors }: Pick<Session, 'anchors'>,
  call: Anchor | null,
  at: At,
): AfterCall {
  const { verdict, reason } = judgeAnchors(anchors, at)
  if (!call)
    return verdict === 'dead'
      ? { kind: 'gone', reason }
      : { kind: 'open', anchors, isNew: false, sharedWith: null }
  if (isAmong(call, anchors)) return { kind: 'open', anchors, isNew: false, sharedWith: null }
  const others = notGone(anchors, at)
  return { kind: 'open', anchors: [call, ...others], isNew: true, sharedWith: others[0] ?? null }
}

/**
 * Where a session goes on when one of its processes leaves it; none when it ends.
 * @param leaving null when it is not known which one leaves
 */
export function anchorsLeft({ anchors }: Pick<Session, 'anchors'>, leaving: Anchor | null, at: At): Anchors {
  if (anchors.length < 2) return []
  const living = notGone(anchors, at)
  if (!leaving || !isAmong(leaving, anchors)) return living.length > 1 ? living : []
  return living.filter(one => !isSameProcess(one, leaving))
}

/** A process that speaks for several sessions proves nothing of any of them while it runs. */
export function markShared(anchors: Anchors, process: Anchor): Anchors {
  return anchors.map(one => (isSameProcess(one, process) ? { ...one, shared: true } : one))
}

export function isAmong(process: Anchor, anchors: Anchors): boolean {
  return anchors.some(one => isSameProcess(one, process))
}

function notGone(anchors: Anchors, at: At): Anchors {
  return anchors.filter(anchor => judgeAnchor(anchor, at).verdict !== 'dead')
}
