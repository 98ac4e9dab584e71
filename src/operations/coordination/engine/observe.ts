/** For how long this host has seen which object: what the age of a foreign claim is counted by. */
import type { SharedEntry } from '../../../coordination/engine.ts'
import type { HolderFacts } from '../../../core/coordination/decide.ts'
import { ticksBetween } from '../../../core/coordination/lease.ts'
import { holderOf, type SharedRecord } from '../../../core/coordination/record.ts'
import type { EntryKey } from '../../../core/coordination/ref-name.ts'
import { judgeAnchors, type Liveness } from '../../../core/sessions/liveness.ts'
import { type Shared, tickNow } from './open-shared.ts'

const nameOf = ({ kind, name }: EntryKey): string => `${kind}/${name}`

/**
 * Notes what was just read. An object that was noted before keeps the moment of then; objects never come back, so it
 * was there all the time.
 * @param all whether these are all entries: then others are forgotten
 */
export function noteSeen(shared: Shared, entries: readonly SharedEntry[], all = false): void {
  const old = shared.notes.seen.read()
  const next = all ? {} : { ...old }
  const now = tickNow(shared)
  for (const { key, revision, reading } of entries) {
    const name = nameOf(key)
    const isHeld = reading.kind === 'record' && reading.record.state === 'held'
    if (!isHeld) delete next[name]
    else next[name] = old[name]?.revision === revision ? old[name] : { revision, since: now }
  }
  if (JSON.stringify(old) !== JSON.stringify(next)) shared.notes.seen.write(next)
}

/** @param isDead why this clone's own state says that the holder is dead; null when it does not */
export function factsOf(shared: Shared, entry: SharedEntry | null, isDead: string | null): HolderFacts {
  const seen = entry && shared.notes.seen.read()[nameOf(entry.key)]
  const isSame = seen && seen.revision === entry.revision
  const record = entry?.reading.kind === 'record' ? entry.reading.record : null
  return {
    seenForMs: isSame ? ticksBetween(seen.since, tickNow(shared)) : null,
    liveness: isDead !== null ? { verdict: 'dead', reason: isDead } : livenessOf(shared, record),
  }
}

/** By the holder's processes, which can be looked at on their own host alone. */
export function livenessOf({ context }: Shared, record: SharedRecord | null): Liveness {
  if (!record) return { verdict: 'unknown', reason: 'nobody holds it' }
  if (record.anchors.length === 0)
    return { verdict: 'unknown', reason: `no process of ${holderOf(record)} is known` }
  // Hosts share names; the start of the machine distinguishes them. After a restart, only the TTL decides.
  const { place } = context.store.host.self
  if (record.anchors.some(({ boot }) => boot === '' || boot !== place.boot))
    return { verdict: 'unknown', reason: `it runs on another machine (${record.host})` }
  const anchors = record.anchors.map(anchor => ({ ...anchor, host: place.host }))
  return judgeAnchors(anchors, { here: place, look: context.store.host.look })
}
