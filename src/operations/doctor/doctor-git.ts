/** What git says of the queue's machine-local files, of folders that it ignores, and of wrk's hooks. */
import { join, relative } from 'node:path'
import type { Facts } from '../../core/doctor/finding.ts'
import { WrkError } from '../../core/errors.ts'
import { STATUS_FOLDERS } from '../../core/items/status.ts'
import { isThere } from '../../store/files/look.ts'
import { itemPlaces, queueFolders } from '../../store/items/places/item-places.ts'
import { gitIn, pathInRepository, type Repository, repositoryHolding } from '../../system/git/repository.ts'
import { ignoredPaths } from '../../system/git/staged.ts'
import type { Context } from '../context.ts'
import type { HookProgram } from '../hooks/hook-text.ts'
import { type HooksStatus, hooksStatus } from '../hooks/hooks-status.ts'
import { type MergeDriverStatus, mergeDriverStatus } from '../merges/merge-driver-setup.ts'

export type { HookProgram }

/** Null where the queue is in no repository, or there is no git to ask: then nothing can be said, and nothing is. */
export function gitFacts({ store, env }: Context, program: HookProgram): Facts['git'] {
  const { registry, root, stateDir, host } = store
  try {
    const repository = repositoryHolding(root, env)
    if (!repository || gitIn(repository, ['rev-parse', '--is-inside-work-tree']).code !== 0) return null
    const tracked = [registry.path, stateDir].filter(path => isTracked(repository, path))
    return {
      tracked,
      notIgnored:
        isThere(host.disk, registry.path) &&
        !tracked.includes(registry.path) &&
        isNotIgnored(repository, registry.path),
      ignored: ignoredFolders(repository, store),
      ...hookFacts(hooksStatus(root, program, repository.scope)),
      mergeDriver: driverFacts(mergeDriverStatus(root, program)),
    }
  } catch (error) {
    if (error instanceof WrkError && (error.code === 'IO' || error.code === 'NOT_FOUND')) return null
    throw error
  }
}

function driverFacts({ driver, attributes }: MergeDriverStatus) {
  return { state: driver, lines: attributes?.state ?? null }
}

function hookFacts({ hooks, gone }: HooksStatus) {
  return { hooks, hooksGone: gone }
}

function isTracked(repository: Repository, path: string): boolean {
  const within = relative(repository.top, path)
  const { code, stdout } = gitIn(repository, ['ls-files', '-z', '--', `:(top,literal)${within}`])
  return code === 0 && stdout.length > 0
}

/** git exits with 1 for a file that it would add; what is outside of every repository does not concern it. */
function isNotIgnored(repository: Repository, path: string): boolean {
  return gitIn(repository, ['check-ignore', '-q', '--', path]).code === 1
}

/**
 * Folders of a queue that git ignores although it tracks the queue: when an item is moved there, git records that it is
 * deleted. A queue that git ignores as a whole is meant to be so.
 */
function ignoredFolders(repository: Repository, { root, host, settings }: Context['store']) {
  const within = pathInRepository(repository, root)
  if (within === null) return []
  // An item's file as it might be; a folder that is not there yet can be ignored too.
  const probe = (folder: string) =>
    [within, folder, `${settings.idPrefix}-999999999.md`].filter(Boolean).join('/')
  const known = queueFolders(host.disk, root).map(({ folder }) => folder)
  const folders = [...new Set([...STATUS_FOLDERS.filter(name => name !== 'archived'), ...known])]
  const rules = ignoredPaths(repository, folders.map(probe))
  if (rules.size === 0 || rules.size === folders.length) return []
  const places = itemPlaces(host.disk, root)
  return folders.flatMap(folder => {
    const rule = rules.get(probe(folder))
    if (!rule) return []
    const items = places.filter(place => place.folder === folder).length
    return { path: join(root, folder), items, rule: `${rule.file}:${rule.line}: ${rule.pattern}` }
  })
}
