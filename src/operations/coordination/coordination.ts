/** The setting itself: setting it up after a probe, looking at it, taking it out. */
import { join } from 'node:path'
import { coordinationText, editCoordination } from '../../core/coordination/edit-settings.ts'
import { type CoordinationSettings, readCoordination } from '../../core/coordination/settings.ts'
import { WrkError } from '../../core/errors.ts'
import { readPlain } from '../../markdown/read/plain.ts'
import { toData } from '../../markdown/scalar.ts'
import { realDisk } from '../../store/files/disk.ts'
import { replaceFile } from '../../store/files/replace-file.ts'
import type { SharedView } from '../claims/remote-claim.ts'
import { type Context, readSettingsFile } from '../context.ts'
import { elsewhereOf } from './elsewhere/view-elsewhere.ts'
import { openShared, openSharedWith, type Shared } from './engine/open-shared.ts'
import { type ProbeStep, probeEngine } from './engine/probe-engine.ts'
import { leaseLeftMs } from './engine/renew-claims.ts'

export interface SetupOptions {
  engine: 'git' | 'postgres'
  remote: string
  offline: 'refuse' | 'local'
  queue: string | null
}

export interface SetupResult {
  settings: CoordinationSettings
  /** The queue's name in the engine. */
  queue: string
  steps: ProbeStep[]
  /** wrk.yaml, when it was written; null: a step failed, and nothing was. */
  written: string | null
}

/** Probes the engine, and writes the setting when it does all that claims need. @throws WrkError USAGE, UNREACHABLE */
export async function coordinationSetup(context: Context, options: SetupOptions): Promise<SetupResult> {
  // Several repositories may share one database: then the path alone would not distinguish their queues.
  const needsName = options.engine === 'postgres' && options.queue === null
  const name = needsName ? `queue-${context.store.host.randomLetters(8)}` : options.queue
  const before = await currentSetting(context)
  const kept = before?.engine === options.engine ? before.queue : null
  const settings: CoordinationSettings = { ...options, queue: options.queue ?? kept ?? name }
  const shared = await openSharedWith(context, checked(settings))
  try {
    const steps = await probeEngine(shared)
    const ok = steps.every(step => step.ok)
    return { settings, queue: shared.queue, steps, written: ok ? await write(context, settings) : null }
  } finally {
    await shared.engine.close()
  }
}

/** The same rules as for what wrk.yaml says. */
function checked(settings: CoordinationSettings): CoordinationSettings {
  const reading = readCoordination(readPlain(coordinationText(settings))!)
  if (reading.kind === 'on') return reading.settings
  const what = reading.kind === 'wrong' ? `${reading.key} must be ${reading.expected}` : 'nothing to set up'
  throw new WrkError('USAGE', what.replace('coordination.', '--'))
}

async function currentSetting({ store }: Context): Promise<CoordinationSettings | null> {
  const file = await readSettingsFile(store.root)
  const reading = file ? readCoordination(file.fields) : null
  return reading?.kind === 'on' ? reading.settings : null
}

async function write({ store }: Context, settings: CoordinationSettings | null): Promise<string> {
  const file = await readSettingsFile(store.root)
  const path = file?.path ?? join(store.root, 'wrk.yaml')
  const text = editCoordination(file?.text ?? '', file?.fields ?? null, settings)
  const after = text === null ? null : readPlain(text)
  const rest = (map: NonNullable<typeof after>) =>
    JSON.stringify(
      map.pairs.filter(({ key }) => key !== 'coordination').map(({ key, value }) => [key, toData(value)]),
    )
  if (text === null || !after || (file && rest(after) !== rest(file.fields)))
    throw new WrkError('USAGE', `wrk cannot change ${path} in place`, {
      hint: settings
        ? `Add these lines in an editor:\n${coordinationText(settings)}`
        : 'Remove the lines of "coordination" in an editor.',
    })
  replaceFile(realDisk, path, Buffer.from(text), { by: store.host, keep: true })
  return path
}

export interface CoordinationStatus {
  engine: CoordinationSettings['engine']
  remote: string
  offline: CoordinationSettings['offline']
  queue: string
  reachable: boolean
  /** Why not. */
  reason: string | null
  latency_ms: number | null
  /** The engine's clock less this machine's; null where the engine does not say. */
  clock_difference_ms: number | null
  /** All claims that the engine knows of. */
  claims: number | null
  /** Those of this clone, and how long each lasts without a renewal. */
  held: { id: string; session_id: string; epoch: number; lease_left_ms: number }[]
  /** Held in other clones; null when the engine cannot be asked. */
  elsewhere: (SharedView & { id: string })[] | null
  /** Claimed in this clone only: ids. */
  unpublished: string[]
  /** Released here, but not yet in the engine: ids. */
  queued: string[]
  /** Changes without an answer: ids. */
  unsettled: string[]
}

/** @throws WrkError USAGE when the queue is not coordinated */
export async function coordinationStatus(context: Context): Promise<CoordinationStatus> {
  const shared = await openShared(context)
  const { engine, notes, settings } = shared
  const begun = performance.now()
  const about = {
    engine: settings.engine,
    remote: settings.remote,
    offline: settings.offline,
    queue: shared.queue,
  }
  const own = {
    held: notes.held.list().map(note => ({
      id: note.record.id,
      session_id: note.record.session,
      epoch: note.record.epoch,
      lease_left_ms: Math.round(leaseLeftMs(shared, note)),
    })),
    unpublished: notes.local.list().map(({ id }) => id),
    queued: notes.queued.list().map(({ record }) => record.id),
    unsettled: notes.intents.list().map(({ record }) => record.id),
  }
  try {
    const entries = await engine.list()
    const latency_ms = Math.round(performance.now() - begun)
    const held = entries.filter(({ reading }) => reading.kind === 'record' && reading.record.state === 'held')
    const clock_difference_ms = await clockDifference(shared)
    const elsewhere = held.flatMap(entry => {
      const view = elsewhereOf(shared, entry, context.clock())
      return view && entry.reading.kind === 'record' ? [{ id: entry.reading.record.id, ...view }] : []
    })
    return {
      ...about,
      reachable: true,
      reason: null,
      latency_ms,
      clock_difference_ms,
      claims: held.length,
      elsewhere,
      ...own,
    }
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
    const none = { latency_ms: null, clock_difference_ms: null, claims: null, elsewhere: null }
    return { ...about, reachable: false, reason: error.message, ...none, ...own }
  } finally {
    await engine.close()
  }
}

async function clockDifference({ engine, context }: Shared): Promise<number | null> {
  if (!engine.now) return null
  const sent = context.clock().getTime()
  const there = await engine.now()
  const received = context.clock().getTime()
  return Math.round(there.getTime() - (sent + received) / 2)
}

/** @throws WrkError USAGE when the queue is not coordinated */
export async function coordinationProbe(context: Context): Promise<{ queue: string; steps: ProbeStep[] }> {
  const shared = await openShared(context)
  try {
    return { queue: shared.queue, steps: await probeEngine(shared) }
  } finally {
    await shared.engine.close()
  }
}

/**
 * Takes the setting out of wrk.yaml.
 * @returns the file, and the ids that this clone still holds in the engine
 * @throws WrkError USAGE when the queue is not coordinated; LOCKED while this clone holds items, without `force`
 */
export async function coordinationOff(
  context: Context,
  force: boolean,
): Promise<{ path: string; held: string[] }> {
  const shared = await openShared(context)
  const held = shared.notes.held.list().map(({ record }) => record.id)
  await shared.engine.close()
  if (held.length > 0 && !force)
    throw new WrkError('LOCKED', `this clone holds ${held.join(', ')} for all clones`, {
      hint: `Release them first: wrk release ${held[0]}. Or let them expire: wrk coordination off --force`,
      details: { held },
    })
  return { path: await write(context, null), held }
}
