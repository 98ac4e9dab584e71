/**
 * The door to claims over several clones and machines. Nothing behind it is loaded, and no file more is read, where
 * wrk.yaml has no `coordination`.
 */
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
  /** When the engine said so. */
  as_of: string
}

type SharedClaims = typeof import('../coordination/shared-claims.ts')

/** Loaded once: the launcher evaluates a bundle anew at each import. */
let loaded: Promise<SharedClaims> | undefined

/** What deals with the engine; null where claims are this clone's alone. */
export async function sharedClaims({ store }: Context): Promise<SharedClaims | null> {
  if (!store.settings.isCoordinated) return null
  loaded ??= import('../coordination/shared-claims.ts')
  return loaded
}
