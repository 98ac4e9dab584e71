/**
 * The door to claims over several clones and machines. Nothing behind it is loaded, and no file more is read, where
 * wrk.yaml has no `coordination`.
 */
import type { ItemKey } from '../../core/items/ids.ts'
import type { Context } from '../context.ts'

/** Whom an item was taken over from, in another clone or on another machine. */
export interface TakenElsewhere {
  locked_by: string
  locked_at: string
  reason: string
}

/** How the engine sees a claim; part of the JSON of claims in a coordinated queue. */
export interface SharedState {
  engine: string
  /** `shared`: the engine knows of it; `local`: this clone alone. */
  scope: 'shared' | 'local'
  epoch: number | null
}

/** Who holds an item in another clone. */
export interface SharedView {
  state: 'held' | 'done' | 'unreadable'
  session_id: string | null
  host: string | null
  branch: string | null
  epoch: number | null
  claimed_at: string | null
  renewed_at: string | null
  /** As far as it is known here; null unless held. `dead` and `stale`: a claim would take it over. */
  liveness: 'alive' | 'dead' | 'unknown' | 'stale' | null
  /** When the engine said so. */
  as_of: string
}

/** What is known of all claims in other clones. */
export interface ElsewhereView {
  engine: string
  /** When the engine was last asked; null: never. */
  as_of: string | null
  /** How long ago that was, in seconds. */
  age_s: number | null
  items: ReadonlyMap<ItemKey, SharedView>
  /** Claimed in this clone only: the engine does not know of these. */
  localOnly: ReadonlySet<ItemKey>
  warnings: string[]
}

/** The same as it is part of the JSON of commands that look. */
export function coordinationJson(view: ElsewhereView | null) {
  return view ? { coordination: { engine: view.engine, as_of: view.as_of, age_s: view.age_s } } : {}
}

type SharedClaims = typeof import('../coordination/shared-claims.ts')

/** Loaded once: the launcher evaluates a bundle again at each import. */
let loaded: Promise<SharedClaims> | undefined

/** What deals with the engine; null where claims are this clone's alone. */
export async function sharedClaims({ store }: Context): Promise<SharedClaims | null> {
  if (!store.settings.isCoordinated) return null
  loaded ??= import('../coordination/shared-claims.ts')
  return loaded
}

/**
 * Who holds items in other clones; null where claims are this clone's alone.
 * @param remote ask the engine; without it, what was last seen, with its age
 * @throws WrkError USAGE (`remote` in a queue that is not coordinated), UNREACHABLE (69) when it is to be asked
 */
export async function viewElsewhere(context: Context, remote = false): Promise<ElsewhereView | null> {
  if (!remote && !context.store.settings.isCoordinated) return null
  loaded ??= import('../coordination/shared-claims.ts')
  return (await loaded).viewAllElsewhere(context, remote)
}
