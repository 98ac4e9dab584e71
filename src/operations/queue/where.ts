/** Which queue a call uses, and where its files are. */
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'

export interface Whereabouts {
  queue: string
  via: string
  /** The linked worktree's queue that gave way to this one. */
  linked_worktree: string | null
  session_state: string
  state_dir: string
  settings: { id_prefix: string; ttl_seconds: number; takeover: string; unlisted: string; worktrees: string }
}

export async function where(context: Context): Promise<Whereabouts> {
  const { store, queue } = context
  await resolveCaller(context)
  const { idPrefix, ttlMs, takeover, unlisted, worktrees } = store.settings
  return {
    queue: queue.root,
    via: queue.via,
    linked_worktree: queue.linked,
    session_state: store.registry.path,
    state_dir: store.stateDir,
    settings: { id_prefix: idPrefix, ttl_seconds: ttlMs / 1000, takeover, unlisted, worktrees },
  }
}
