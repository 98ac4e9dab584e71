/** What `wrk push [REMOTE] [REFSPEC…]` is to push, and where to: as git would, but never a claim past its lease. */
import type { CoordinationSettings } from '../../../core/coordination/settings.ts'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { git } from '../../../system/git/git.ts'
import type { Leaving } from './renew-before-push.ts'

export interface PushTarget {
  cwd: string
  remote: string
  refspecs: readonly string[]
  /** What goes to the remote and is not there yet, as far as this clone knows. */
  leaving: Leaving[]
  /** Whether a remote's name or URL leads to the same place. */
  goesTo(other: string): boolean
}

/** @throws WrkError USAGE */
export function resolveTarget(
  cwd: string,
  words: readonly string[],
  settings: CoordinationSettings,
): PushTarget {
  const ask = (...args: string[]): string | null => {
    const { code, stdout } = git(cwd, args, { scope: 'caller' })
    return code === 0 ? stdout.toString('utf8').trim() : null
  }
  const odd = words.find(word => word.startsWith('-') || /(^|:)\+?refs\/wrk\//.test(word))
  if (odd !== undefined)
    throw new WrkError('USAGE', `wrk push does not take "${printable(odd, 60)}"`, {
      hint: 'It takes a remote and branches: wrk push origin main. Claims go with them by themselves.',
    })
  const branch = ask('symbolic-ref', '--quiet', '--short', 'HEAD')
  const ofBranch = (key: string) => (branch === null ? null : ask('config', `branch.${branch}.${key}`))
  const fallback = settings.engine === 'git' ? settings.remote : 'origin'
  const remote =
    words[0] ??
    ofBranch('pushRemote') ??
    ask('config', 'remote.pushDefault') ??
    ofBranch('remote') ??
    fallback
  const given = words.slice(1)
  if (given.length === 0 && branch === null)
    throw new WrkError('USAGE', 'no branch is checked out', { hint: `Say which: wrk push ${remote} BRANCH` })
  const refspecs = given.length > 0 ? [...given] : [`refs/heads/${branch}:refs/heads/${branch}`]
  const urlOf = (name: string) => ask('remote', 'get-url', '--push', name) ?? name
  const leaving = refspecs.flatMap(refspec => {
    const source = refspec.replace(/^\+/, '').split(':')[0]!
    const tip =
      source === '' ? null : ask('rev-parse', '--verify', '--quiet', '--end-of-options', `${source}^{commit}`)
    return tip === null ? [] : [{ tip, without: ['--not', `--remotes=${remote}`] }]
  })
  return {
    cwd,
    remote,
    refspecs,
    leaving,
    goesTo: other => other === remote || urlOf(other) === urlOf(remote),
  }
}
