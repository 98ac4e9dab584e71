/** What git says of the queue's machine-local files, and of wrk's hooks. */
import { basename, dirname } from 'node:path'
import type { Facts } from '../../core/doctor/finding.ts'
import { WrkError } from '../../core/errors.ts'
import { isThere } from '../../store/files/look.ts'
import { git } from '../../system/git.ts'
import { findRepository } from '../../system/repository.ts'
import { type HookProgram, hooksStatus } from '../commits/hooks.ts'
import type { Context } from '../context.ts'

export type { HookProgram }

/** Null where the queue is in no repository, or there is no git to ask: then nothing can be said, and nothing is. */
export function gitFacts({ store, env }: Context, program: HookProgram): Facts['git'] {
  const { registry, root, stateDir, host } = store
  try {
    const repository = findRepository(root, env)
    if (!repository || git(root, ['rev-parse', '--is-inside-work-tree']).code !== 0) return null
    const tracked = [registry.path, stateDir].filter(isTracked)
    return {
      tracked,
      notIgnored:
        isThere(host.disk, registry.path) && !tracked.includes(registry.path) && isNotIgnored(registry.path),
      hooks: hooksStatus(root, program).hooks,
    }
  } catch (error) {
    if (error instanceof WrkError && (error.code === 'IO' || error.code === 'NOT_FOUND')) return null
    throw error
  }
}

function isTracked(path: string): boolean {
  const { code, stdout } = git(dirname(path), ['ls-files', '-z', '--', `:(literal)${basename(path)}`])
  return code === 0 && stdout.length > 0
}

/** git says 1 for a file that it would take in; what is outside of every repository is none of its business. */
function isNotIgnored(path: string): boolean {
  return git(dirname(path), ['check-ignore', '-q', '--', basename(path)]).code === 1
}
