/**
 * The address that claims are pushed to. `remote:` in wrk.yaml came with the repository, so it is a stranger's word: a
 * remote's name leads to the user's own settings, but a URL may not start a program, be an option, or lead into the
 * working tree itself, where a committed bare repository could bring hooks of its own.
 */
import { realpathSync } from 'node:fs'
import { isAbsolute, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { printable } from '../../core/text.ts'
import type { WorkingConfig } from './working-config.ts'

/**
 * @param remote what wrk.yaml says
 * @param top the working tree's top folder
 * @throws WrkError USAGE
 */
export function addressOf(remote: string, config: WorkingConfig, top: string): string {
  if (config.url !== null) {
    // The user's own setting, which may lead anywhere; only an option would be taken for something else.
    if (config.url.startsWith('-')) throw refused(remote, 'its URL begins with "-"')
    return isPath(config.url) ? resolve(top, config.url) : config.url
  }
  if (remote.startsWith('-')) throw refused(remote, 'it begins with "-"')
  if (remote.includes('::')) throw refused(remote, 'it would start a program')
  if (!isPath(remote) && !remote.startsWith('file://')) return remote
  if (isPath(remote) && !remote.includes('/'))
    throw new WrkError(
      'USAGE',
      `git has no remote "${printable(remote, 60)}" here (wrk.yaml, coordination.remote)`,
      {
        hint: `See: git remote -v. Add it with: git remote add ${printable(remote, 60)} URL`,
      },
    )
  const path = remote.startsWith('file://') ? fileURLToPath(remote) : remote
  if (!isAbsolute(path)) throw refused(remote, 'a path must be absolute')
  const real = unless(['ENOENT', 'ENOTDIR'], path, () => realpathSync(path))
  if (real === top || real.startsWith(top + sep)) throw refused(remote, 'it is inside the working tree')
  return remote
}

function refused(remote: string, why: string): WrkError {
  return new WrkError('USAGE', `coordination.remote "${printable(remote, 60)}" is refused: ${why}`, {
    hint: 'Name a remote of this repository (git remote -v), or an https or ssh URL.',
  })
}

/** As git distinguishes them: an address without a scheme, and no colon before its first slash. */
function isPath(address: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:\/\//i.test(address) && !/^[^/]*:/.test(address)
}
