/** Where the queue is. Paths only. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { MISSING, unless } from '../core/errno.ts'
import { WrkError } from '../core/errors.ts'
import { keyOfFileName } from '../core/items/ids.ts'
import { STATUS_FOLDERS } from '../core/items/status.ts'

/** Where a workspace keeps its queue. */
export const QUEUE_IN_WORKSPACE = join('.claude', 'work-queue')

/** The folder that a queue belongs to: the one that holds `.claude/work-queue`, else the queue's parent. */
export function workspaceOfQueue(root: string): string {
  return root.endsWith(sep + QUEUE_IN_WORKSPACE) ? dirname(dirname(root)) : dirname(root)
}

export interface QueuePlace {
  /** The queue's real path. */
  root: string
  /** How it was found, for people: `--queue`, `WRK_QUEUE`, `found above the working directory`. */
  via: string
  /** When the queue of a linked worktree gave way to the main one's: the path of the linked one. */
  linked: string | null
  /** Whether it is that of a linked worktree although locks were to be shared: no main working tree has it. */
  isUnshared: boolean
}

/** Of the top folder of a linked git worktree: where the main working tree is; null of any other folder. */
export type MainTreeOf = (folder: string) => string | null

/**
 * Finds the queue: the flag, WRK_QUEUE, WORK_ITEM_ROOT, else the nearest folder above `cwd` that holds
 * `.claude/work-queue/` or is a queue itself. A linked worktree without a queue sees that of its main working tree.
 * @param cwd asked only when it is needed: the working directory may have been removed
 * @throws WrkError NOT_FOUND
 */
export function findQueue(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: () => string,
  mainTreeOf: MainTreeOf,
): QueuePlace {
  for (const [via, dir] of [
    ['--queue', flag],
    ['WRK_QUEUE', env.WRK_QUEUE],
    ['WORK_ITEM_ROOT', env.WORK_ITEM_ROOT],
  ] as const) {
    if (!dir) continue
    const path = isAbsolute(dir) ? dir : resolve(cwd(), dir)
    return { root: namedQueue(path, via), via, linked: null, isUnshared: false }
  }
  const start = resolve(cwd())
  const found = queueAround(start, mainTreeOf)
  if (found) return found
  throw new WrkError('NOT_FOUND', `no queue here: no .claude/work-queue in ${start} or above it`, {
    hint: 'Change to the workspace, name the queue (--queue DIR), or make one: wrk init',
  })
}

function queueAround(start: string, mainTreeOf: MainTreeOf): QueuePlace | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const here = queueOf(folder)
    if (here) {
      const root = realpathSync.native(here)
      return { root, via: 'found above the working directory', linked: null, isUnshared: false }
    }
    const tree = mainTreeOf(folder)
    const main = tree === null ? null : realPathOf(tree)
    const shared = main === null ? null : queueAround(join(main, relative(folder, start)), mainTreeOf)
    if (shared) {
      const within = relative(main!, shared.root)
      const isWithin = within !== '..' && !within.startsWith(`..${sep}`) && !isAbsolute(within)
      return {
        ...shared,
        via: 'found in the main working tree of this linked worktree',
        // Where git would have it here, did it not ignore it.
        linked: isWithin ? join(realpathSync.native(folder), within) : null,
      }
    }
    if (folder === dirname(folder)) return null
  }
}

function realPathOf(folder: string): string | null {
  return unless(MISSING, null, () => realpathSync.native(folder))
}

/** The queue of the nearest folder, from this one upwards, that is one or holds one; null without one. */
export function queueAbove(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = queueOf(folder)
    if (found !== null) return found
    if (folder === dirname(folder)) return null
  }
}

/** The queue that a folder holds or is. */
function queueOf(folder: string): string | null {
  const inside = join(folder, QUEUE_IN_WORKSPACE)
  if (isFolder(inside)) return inside
  return isQueue(folder) ? folder : null
}

function namedQueue(dir: string, via: string): string {
  const named = via === '--queue' ? dir : `${dir} (${via})`
  if (!isFolder(dir))
    throw existsSync(dir)
      ? new WrkError('NOT_FOUND', `no queue at ${named}: it is a file, not a folder`, {
          hint: 'Name the folder of a queue, or its workspace.',
        })
      : new WrkError('NOT_FOUND', `no queue at ${named}`, { hint: `Make one: wrk init ${dir}` })
  const inside = join(dir, QUEUE_IN_WORKSPACE)
  if (isQueue(dir)) return realpathSync.native(dir)
  if (isFolder(inside)) return realpathSync.native(inside)
  if (!mayBeQueue(dir))
    throw new WrkError('NOT_FOUND', `no queue at ${named}`, {
      hint: `That folder is not a queue. Name another, or make one there: wrk init ${dir}`,
    })
  return realpathSync.native(dir)
}

/** Whether a folder that was named is an empty queue, or one that somebody laid out otherwise than `wrk init` does. */
function mayBeQueue(dir: string): boolean {
  const names = readdirSync(dir)
  const own = ['.wrk', 'session-state.yaml', ...STATUS_FOLDERS]
  return names.length === 0 || names.some(name => own.includes(name) || keyOfFileName(name) !== null)
}

/** Whether a folder looks like a queue: settings of wrk, or the folder of pending items. */
export function isQueue(folder: string): boolean {
  return (
    existsSync(join(folder, 'wrk.yaml')) ||
    (isFolder(join(folder, 'pending')) && isFolder(join(folder, 'working')))
  )
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
