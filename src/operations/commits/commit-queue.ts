/** Which queue judges a commit, and its path in the repository of that commit. */
import { WrkError } from '../../core/errors.ts'
import {
  findRepository,
  isSameRepository,
  pathInRepository,
  type Repository,
  repositoryHolding,
} from '../../system/git/repository.ts'
import { type Context, type ContextOptions, openContext } from '../context.ts'

/**
 * Opens the queue that judges a commit made here: the one of the flag, else of the environment, else the nearest. But
 * what the environment names gives way to a queue of the repository's own when it is elsewhere: it is inherited (all
 * that `wrk execute` runs has WRK_QUEUE), and would leave the repository's own items unguarded.
 * @throws WrkError NOT_FOUND, USAGE (settings that cannot be read)
 */
export async function openForCommit(options: ContextOptions, cwd: string): Promise<Context> {
  const env = options.env ?? process.env
  const context = await openContext({ ...options, cwd })
  const isInherited = !options.queue && Boolean(env.WRK_QUEUE || env.WORK_ITEM_ROOT)
  if (!isInherited || queueInRepository(context, cwd)) return context
  for (const less of [{ WRK_QUEUE: '' }, { WRK_QUEUE: '', WORK_ITEM_ROOT: '' }]) {
    const own = await openIfThere({ ...options, cwd, env: { ...env, ...less } })
    if (own && queueInRepository(own, cwd)) return own
  }
  return context
}

async function openIfThere(options: ContextOptions): Promise<Context | null> {
  try {
    return await openContext(options)
  } catch (error) {
    if (error instanceof WrkError && error.code === 'NOT_FOUND') return null
    throw error
  }
}

export interface QueueInRepository {
  repository: Repository
  /** The queue's path from the repository's top. */
  folder: string
  /** The index is that of the working tree around the queue. */
  isOwnTree: boolean
}

/** The repository that a commit here would be of, and where in it the queue is; null when it is elsewhere. */
export function queueInRepository({ queue, env }: Context, cwd: string): QueueInRepository | null {
  const repository = findRepository(cwd, env) ?? repositoryHolding(queue.linked ?? queue.root, {})
  if (!repository) return null
  for (const root of [queue.linked, queue.root]) {
    const folder = root === null ? null : pathInRepository(repository, root)
    if (folder !== null) return { repository, folder, isOwnTree: root === queue.root }
  }
  // One of another working tree of this repository was named: the same folder in this one.
  const other = repositoryHolding(queue.root, {})
  const folder = other && isSameRepository(other, repository) ? pathInRepository(other, queue.root) : null
  return folder === null ? null : { repository, folder, isOwnTree: false }
}
