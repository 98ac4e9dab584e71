/**
 * The git hook post-merge, which says what a merge without conflicts has left for `wrk resolve`. Put in only where there
 * is none: a hook of somebody else's can call `wrk resolve --check` itself. The second line of ours identifies it,
 * which holds a sum of the rest.
 */
import { mkdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { shortHash } from '../../core/hash.ts'
import { realDisk } from '../../store/files/disk.ts'
import { replaceFile } from '../../store/files/replace-file.ts'
import { git } from '../../system/git/git.ts'
import { guardHost } from '../context.ts'
import type { OwnProgram } from '../queue/installation.ts'

export type PostMergeState = 'none' | 'installed' | 'outdated' | 'foreign'

const MARK = /^#!\/bin\/sh\n# wrk post-merge, ([0-9a-f]+)\n/

export function postMergeState(cwd: string, program: OwnProgram): PostMergeState {
  const text = unless([...MISSING, 'EISDIR'], null, () => readFileSync(pathOf(cwd), 'utf8'))
  if (text === null) return 'none'
  if (text === textOf(program)) return 'installed'
  const mark = MARK.exec(text)
  return mark && shortHash(text.slice(mark[0].length)) === mark[1] ? 'outdated' : 'foreign'
}

/** @returns whether it was put in @throws system errors */
export function installPostMerge(cwd: string, program: OwnProgram): boolean {
  const state = postMergeState(cwd, program)
  if (state === 'installed' || state === 'foreign') return false
  const path = pathOf(cwd)
  mkdirSync(resolve(path, '..'), { recursive: true })
  const how = { by: guardHost(), mode: 0o777 & ~process.umask() }
  replaceFile(realDisk, path, Buffer.from(textOf(program)), how)
  return true
}

/** @returns whether it was taken out @throws system errors */
export function uninstallPostMerge(cwd: string, program: OwnProgram): boolean {
  const state = postMergeState(cwd, program)
  if (state === 'none' || state === 'foreign') return false
  unlinkSync(pathOf(cwd))
  return true
}

function pathOf(cwd: string): string {
  const { stdout } = git(cwd, ['rev-parse', '--git-path', 'hooks'], { scope: 'caller' })
  return join(resolve(cwd, stdout.toString('utf8').replace(/\n$/, '')), 'post-merge')
}

/** Only a merge of two sides leaves anything, and only where the program is there is anything said. */
function textOf({ node, script }: OwnProgram): string {
  const own = node === null ? quoted(script) : `${quoted(node)} ${quoted(script)}`
  const body = `git rev-parse -q --verify HEAD^2 >/dev/null 2>&1 || exit 0
if [ -x ${quoted(node ?? script)} ] && [ -f ${quoted(script)} ]; then ${own} resolve --check >/dev/null; fi
exit 0
`
  return `#!/bin/sh\n# wrk post-merge, ${shortHash(body)}\n${body}`
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
