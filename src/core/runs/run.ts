/**
 * A run: one execution of a command under a claim. The process that wraps the command vouches for it: while that
 * process lives, so does the holder; when it died without giving the claim back, the claim is a dead one.
 */
import { judgeAnchor, type Liveness, type ProcessLook } from '../sessions/liveness.ts'
import type { Place } from '../sessions/place.ts'
import type { Anchor } from '../sessions/session.ts'

export interface Run {
  id: string
  /** Who holds the item for it. */
  holder: string
  /** The process that runs the command. */
  process: Anchor
  /** Whether the claim came with the run; one that the session had before outlives it. */
  owns: boolean
}

/**
 * What the runs of an item say of its holder.
 * @param session what is known of the holder's session
 */
export function judgeWithRuns(
  session: Liveness,
  holder: string,
  runs: readonly Run[],
  at: { here: Place; look: (pid: number) => ProcessLook },
): Liveness {
  const own = runs.filter(run => run.holder === holder)
  const looks = own.map(run => ({ run, ...judgeAnchor(run.process, at) }))
  const living = looks.find(({ verdict }) => verdict === 'alive')
  if (living) return { verdict: 'alive', reason: `its run is at work: ${living.reason}` }
  if (session.verdict === 'dead') return session
  const dead = looks.find(({ run, verdict }) => run.owns && verdict === 'dead')
  return dead ? { verdict: 'dead', reason: `its run was interrupted: ${dead.reason}` } : session
}

/** The run of this holder that may still be at work: only a proof of death rules it out. */
export function liveRun(
  holder: string,
  runs: readonly Run[],
  at: { here: Place; look: (pid: number) => ProcessLook },
): Run | null {
  return runs.find(run => run.holder === holder && judgeAnchor(run.process, at).verdict !== 'dead') ?? null
}
