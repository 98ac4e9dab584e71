/** What every dealing with the coordination engine needs: the engine, this clone's notes, and who and where we are. */
import { basename, join, relative, sep } from 'node:path'
import type { Engine } from '../../../coordination/engine.ts'
import { openEngine } from '../../../coordination/open-engine.ts'
import type { Tick } from '../../../core/coordination/lease.ts'
import { type EntryKey, TOP_QUEUE } from '../../../core/coordination/ref-name.ts'
import { type CoordinationSettings, readCoordination } from '../../../core/coordination/settings.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { type SharedNotes, sharedNotes } from '../../../store/coordination/shared-notes.ts'
import { draftPath } from '../../../store/drafts.ts'
import { findRepository, type Repository } from '../../../system/git/repository.ts'
import { badSetting, type Context, readSettingsFile } from '../../context.ts'

export interface Shared {
  context: Context
  settings: CoordinationSettings
  engine: Engine
  notes: SharedNotes
  /** The repository that the queue is in; null outside of one. */
  repository: Repository | null
  /** The queue's name in the engine. */
  queue: string
}

const opened = new WeakMap<Context['store'], Promise<Shared>>()

/** One engine for all that one call does. */
export function sharedOf(context: Context): Promise<Shared> {
  const shared = opened.get(context.store) ?? openShared(context)
  opened.set(context.store, shared)
  return shared
}

export const claimKey = (key: ItemKey): EntryKey => ({ kind: 'claims', name: key })

/**
 * Opens the engine that wrk.yaml names.
 * @throws WrkError USAGE when the setting is malformed or missing
 */
export async function openShared(context: Context): Promise<Shared> {
  const settings = await coordinationOf(context)
  if (!settings)
    throw new WrkError('USAGE', 'this queue has no coordination in wrk.yaml', {
      hint: 'Set it up: wrk coordination setup',
    })
  return openSharedWith(context, settings)
}

/** The setting of this queue; null when it is not coordinated. @throws WrkError USAGE when it is malformed */
async function coordinationOf({ store }: Context): Promise<CoordinationSettings | null> {
  const file = await readSettingsFile(store.root)
  const reading = file ? readCoordination(file.fields) : ({ kind: 'off' } as const)
  if (reading.kind === 'off') return null
  if (reading.kind === 'wrong') throw badSetting(file!, reading)
  return reading.settings
}

export async function openSharedWith(context: Context, settings: CoordinationSettings): Promise<Shared> {
  const { store, env } = context
  const repository = findRepository(store.root, withoutGit(env))
  if (!repository && settings.engine === 'git')
    throw new WrkError('USAGE', `${store.root} is not in a git repository, which coordination by git needs`, {
      hint: 'Create one (git init), or use PostgreSQL: wrk coordination setup --engine postgres',
    })
  const queue = settings.queue ?? queueName(store.root, repository)
  const folder = join(store.stateDir, 'coordination')
  const engine = await openEngine(settings, {
    queue,
    stateDir: folder,
    top: repository?.top ?? store.root,
    env,
  })
  const notes = sharedNotes(store.host.disk, folder, () => draftPath(store.host, store.stateDir))
  return { context, settings, engine, notes, repository, queue }
}

/** The same in all clones, whatever their folders are called: the queue's path in its repository. */
function queueName(root: string, repository: Repository | null): string {
  if (!repository) return basename(root)
  return relative(repository.top, root).split(sep).join('/') || TOP_QUEUE
}

/** The queue's own repository, whatever a hook says of the one that is committed to. */
function withoutGit(env: Context['env']): Context['env'] {
  return { ...env, GIT_DIR: undefined, GIT_WORK_TREE: undefined }
}

/** Now, by the clock of this start of the machine, which nobody sets. */
export function tickNow({ context }: Shared): Tick {
  const { boot } = context.store.host.self.place
  return { boot, ms: Math.floor(Number(process.hrtime.bigint() / 1_000_000n)) }
}
