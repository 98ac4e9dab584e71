/**
 * Where the locks of a call are kept, and what else the operations on them need. A queue is needed only where
 * no state folder is named.
 */
import { dirname } from 'node:path'
import { DEFAULT_SETTINGS } from '../../core/config.ts'
import { WrkError } from '../../core/errors.ts'
import { checkLockName } from '../../core/locks/session-lock.ts'
import { checkHelperName } from '../../core/sessions/session.ts'
import { type LockFolder, type LockPlace, lockFolder, lockPlace } from '../../store/locks/lock-folder.ts'
import { registryFile } from '../../store/sessions/session-registry.ts'
import { clockFrom } from '../../system/clock.ts'
import { type Context, type ContextOptions, guardHost, openContext, withTtlOf } from '../context.ts'

export interface LockContext extends Context {
  locks: LockFolder
}

/**
 * STATE is `--state-dir`, WRK_STATE_DIR, TRI_STATE_DIR, else the queue's `.wrk`.
 * @throws WrkError NOT_FOUND (neither a state folder nor a queue), USAGE
 */
export async function openLocks(
  options: ContextOptions & { stateDir?: string | undefined },
): Promise<LockContext> {
  const env = options.env ?? process.env
  if (options.stateDir === '')
    throw new WrkError('USAGE', '--state-dir is empty', { hint: 'Name a folder: --state-dir DIR' })
  const state = options.stateDir ?? (env.WRK_STATE_DIR || env.TRI_STATE_DIR)
  const locks = state ? lockFolder(state) : null
  try {
    const context = await openContext(options)
    return { ...context, locks: locks ?? lockFolder(context.store.stateDir) }
  } catch (error) {
    const named = options.queue || env.WRK_QUEUE || env.WORK_ITEM_ROOT
    if (!(error instanceof WrkError && error.code === 'NOT_FOUND') || named) throw error
    if (locks) return withoutQueue(options, locks)
    throw new WrkError('NOT_FOUND', error.message, {
      hint: 'Change to the workspace, or name the folder of the locks: --state-dir DIR',
    })
  }
}

/** Default settings, and no sessions but those that SESSION_STATE_FILE lists. */
function withoutQueue(options: ContextOptions, locks: LockFolder): LockContext {
  const env = options.env ?? process.env
  if (options.agent !== undefined) checkHelperName(options.agent)
  const { state, stateDir } = locks
  // STATE may be the `.wrk` of a queue that cannot be seen from here.
  const root = state === stateDir ? dirname(state) : stateDir
  const registry = registryFile(root, env.SESSION_STATE_FILE, stateDir)
  const settings = withTtlOf(env, DEFAULT_SETTINGS)
  return {
    store: { host: guardHost(), root: state, stateDir, registry, settings, isCommittedCopy: () => false },
    queue: { root: state, via: 'no queue', linked: null, isUnshared: false },
    clock: options.clock ?? clockFrom(env),
    env,
    session: options.session,
    agent: options.agent,
    locks,
  }
}

/** @throws WrkError USAGE for an invalid name */
export function lockPlaceOf({ locks }: LockContext, name: string): LockPlace {
  return lockPlace(locks, checkLockName(name))
}
