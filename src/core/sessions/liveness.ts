/**
 * Alive, dead or unknown: what can be said of the session that holds a lock.
 * Pure: what the machine says of a process comes in as `look`. Doubt is never death; every verdict
 * carries its reason, which refusals and takeovers print.
 */
import { stamp } from '../time.ts'
import { type Place, whereIs } from './place.ts'
import { type Anchor, hostNamedBy, type Registry, type Session, sessionOf } from './session.ts'

export interface Liveness {
  verdict: 'alive' | 'dead' | 'unknown'
  reason: string
}

export type ProcessLook =
  | { kind: 'running'; started: string }
  | { kind: 'zombie' }
  | { kind: 'gone' }
  | { kind: 'unknown'; why: string }

export interface Judge {
  registry: Registry
  here: Place
  look: (pid: number) => ProcessLook
  /** `unlisted: unknown` in wrk.yaml: sessions that the registry does not list may live elsewhere. */
  unlisted: 'dead' | 'unknown'
}

/** Judges a holder (`SESSION` or `SESSION/NAME`) of a lock taken at `since` (null: not known). */
export function judgeHolder(holder: string, since: Date | null, judge: Judge): Liveness {
  const { registry } = judge
  const session = sessionOf(holder, registry)
  if (session) return judgeSession(session, judge)
  if (registry.kind === 'missing') return unknown('there is no session-state.yaml')
  if (registry.kind === 'unreadable') return unknown('session-state.yaml cannot be read')
  if (registry.kind === 'single') return unknown('session-state.yaml lists no sessions')

  const host = hostNamedBy(holder)
  if (host && host !== judge.here.host) return unknown(`not listed here; its id names the host ${host}`)
  if (judge.unlisted === 'unknown')
    return unknown('not listed here; it may run elsewhere (unlisted: unknown)')
  if (registry.rebuiltAt && (!since || since <= registry.rebuiltAt))
    return unknown(`claimed before the session file was rebuilt (${stamp(registry.rebuiltAt)})`)
  return dead('not listed in session-state.yaml')
}

/** Judges a session that the registry lists. */
export function judgeSession(session: Session, at: Pick<Judge, 'here' | 'look'>): Liveness {
  if (session.endedAt) return dead(`it ended at ${stamp(session.endedAt)}`)
  return judgeAnchors(session.anchors, at)
}

/** One process that runs is enough; dead only when all are gone. */
export function judgeAnchors(anchors: readonly Anchor[], at: Pick<Judge, 'here' | 'look'>): Liveness {
  if (anchors.length === 0) return unknown('no process known; only its heartbeat counts')
  const verdicts = anchors.map(anchor => judgeSpeaker(anchor, at))
  const alive = verdicts.find(({ verdict }) => verdict === 'alive')
  const doubt = verdicts.find(({ verdict }) => verdict === 'unknown')
  return alive ?? doubt ?? dead(verdicts.map(({ reason }) => reason).join('; '))
}

function judgeSpeaker(anchor: Anchor, at: Pick<Judge, 'here' | 'look'>): Liveness {
  const judged = judgeAnchor(anchor, at)
  if (judged.verdict !== 'alive' || !anchor.shared) return judged
  return unknown(`process ${anchor.pid} is running, but works for other sessions too`)
}

/** Judges a process by what was recorded of it. */
export function judgeAnchor(anchor: Anchor, { here, look }: Pick<Judge, 'here' | 'look'>): Liveness {
  const where = whereIs(anchor, here)
  if (where === 'elsewhere')
    return unknown(
      anchor.host === here.host
        ? `it runs on another machine of the same name (${anchor.host})`
        : `it runs on another host (${anchor.host || 'not named'})`,
    )
  if (where === 'before') return dead('the machine was restarted')
  if (where === 'unclear')
    return unknown(`it ran before a restart of this machine, or runs on another one (${anchor.host})`)
  if (where === 'namespace') return unknown('it runs in another pid namespace')

  const process = look(anchor.pid)
  if (process.kind === 'unknown') return unknown(process.why)
  if (process.kind === 'running' && process.started === anchor.started)
    return { verdict: 'alive', reason: `process ${anchor.pid} is running` }
  if (process.kind === 'running' && !anchor.started)
    return unknown(`process ${anchor.pid} is running, but may be another one`)
  // A system that names its pid namespaces at one time and not at another may be asked in another one.
  if (anchor.pidns !== here.pidns) return unknown(`process ${anchor.pid} is not seen from here`)
  if (process.kind === 'gone') return dead(`process ${anchor.pid} is gone`)
  if (process.kind === 'zombie') return dead(`process ${anchor.pid} has ended (zombie)`)
  return dead(`process ${anchor.pid} is now another process`)
}

const dead = (reason: string): Liveness => ({ verdict: 'dead', reason })
const unknown = (reason: string): Liveness => ({ verdict: 'unknown', reason })
