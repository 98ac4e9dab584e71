/**
 * Registers wrk as git's merge driver for the items of a queue: the command in the repository's settings, which all its
 * worktrees share, and the lines in the queue's `.gitattributes`. Taken out, both are byte for byte what they were.
 *
 * The command finds out by itself whether the program is still there, and merges by lines where it is not: git would
 * leave our version without markers then, and `git add` would lose theirs.
 */
import { existsSync, readFileSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import {
  type AttributesState,
  attributesState,
  withAttributes,
  withoutAttributes,
} from '../../core/merges/attributes-block.ts'
import { queueAbove } from '../../store/queue.ts'
import { git } from '../../system/git/git.ts'
import { findRepository, pathInRepository } from '../../system/git/repository.ts'
import {
  installPostMerge,
  type PostMergeState,
  postMergeState,
  uninstallPostMerge,
} from '../hooks/post-merge-hook.ts'
import type { OwnProgram } from '../queue/installation.ts'

export interface MergeDriverStatus {
  /**
   * `gone`: it is registered, and what it runs is not there; `outdated`: not as this wrk would write it; `foreign`:
   * somebody else's driver has the name.
   */
  driver: 'none' | 'installed' | 'outdated' | 'gone' | 'foreign'
  /** Null where the repository has no queue. */
  attributes: { path: string; state: AttributesState } | null
  /** The hook that says what a merge has left for `wrk resolve`. */
  postMerge: PostMergeState
}

const SECTION = 'merge.wrk'
const NAME = 'wrk: merge items by their fields'
const OURS = 'merge-driver --by-git %O %A %B %L %P'

/** @throws WrkError IO */
export function mergeDriverStatus(cwd: string, program: OwnProgram): MergeDriverStatus {
  return {
    driver: driverState(cwd, program),
    attributes: attributesStatus(cwd),
    postMerge: postMergeState(cwd, program),
  }
}

/** Safe to repeat; a driver of somebody else's stays. @throws WrkError IO; system errors */
export function installMergeDriver(
  cwd: string,
  program: OwnProgram,
): MergeDriverStatus & { changed: boolean } {
  const before = mergeDriverStatus(cwd, program)
  let changed = false
  if (before.driver !== 'installed' && before.driver !== 'foreign') {
    const isUnended = before.driver === 'none' && !readFileSync(configPath(cwd), 'utf8').endsWith('\n')
    set(cwd, 'name', NAME)
    set(cwd, 'driver', driverCommand(program))
    // For the base of a criss-cross merge conflicts are merged again: plain text is what git expects there.
    set(cwd, 'recursive', 'text')
    if (isUnended) set(cwd, 'unended', 'true')
    changed = true
  }
  const { attributes } = before
  if (attributes && attributes.state !== 'installed') {
    const text = unless(MISSING, null, () => readFileSync(attributes.path, 'utf8'))
    writeFileSync(attributes.path, withAttributes(text))
    changed = true
  }
  if (installPostMerge(cwd, program)) changed = true
  return { ...mergeDriverStatus(cwd, program), changed }
}

/** Safe to repeat; what is not ours stays. @throws WrkError IO; system errors */
export function uninstallMergeDriver(
  cwd: string,
  program: OwnProgram,
): MergeDriverStatus & { changed: boolean } {
  const { driver, attributes } = mergeDriverStatus(cwd, program)
  let changed = false
  if (driver !== 'none' && driver !== 'foreign') {
    const path = configPath(cwd)
    const isUnended = setting(cwd, 'unended') === 'true'
    checked(cwd, ['config', '--local', '--remove-section', SECTION])
    if (isUnended) writeFileSync(path, readFileSync(path, 'utf8').replace(/\n$/, ''))
    changed = true
  }
  if (attributes && attributes.state !== 'none') {
    const left = withoutAttributes(readFileSync(attributes.path, 'utf8'))
    if (left === null) unlinkSync(attributes.path)
    else writeFileSync(attributes.path, left)
    changed = true
  }
  if (uninstallPostMerge(cwd, program)) changed = true
  return { ...mergeDriverStatus(cwd, program), changed }
}

function driverState(cwd: string, program: OwnProgram): MergeDriverStatus['driver'] {
  const command = setting(cwd, 'driver')
  if (command === null) return 'none'
  if (!command.includes(OURS)) return 'foreign'
  if (command !== driverCommand(program)) return existsSync(scriptIn(command)) ? 'outdated' : 'gone'
  return setting(cwd, 'recursive') === 'text' ? 'installed' : 'outdated'
}

/**
 * What git runs: this wrk, else another that is installed, else git's own merge of lines, also where the program does
 * not work: it ends with 0 or 3 when it has done its part.
 */
function driverCommand({ node, script }: OwnProgram): string {
  const own = node === null ? quoted(script) : `${quoted(node)} ${quoted(script)}`
  return [
    `if [ -x ${quoted(node ?? script)} ] && [ -f ${quoted(script)} ]; then set -- ${own};`,
    'elif [ -x node_modules/.bin/wrk-cli ]; then set -- node_modules/.bin/wrk-cli;',
    'elif command -v wrk-cli >/dev/null 2>&1; then set -- wrk-cli; else set --; fi;',
    `if [ $# -gt 0 ]; then "$@" ${OURS}; case $? in 0) exit 0;; 3) exit 1;; esac; fi;`,
    'echo "wrk: the merge driver failed, so items are merged by lines. Register it again: wrk hooks install" >&2;',
    'exec git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B',
  ].join(' ')
}

function scriptIn(command: string): string {
  const word = /\[ -f '((?:[^']|'\\'')*)' \]/.exec(command)?.[1] ?? ''
  return word.replaceAll("'\\''", "'").replaceAll('%%', '%')
}

/** For the shell that git starts, which reads `%` as its own. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''").replaceAll('%', '%%')}'`
}

function attributesStatus(cwd: string): MergeDriverStatus['attributes'] {
  const repository = findRepository(cwd, process.env)
  // Whatever the environment names: it is the queue of this working tree that git merges.
  const queue = queueAbove(cwd)
  if (!repository || !queue || pathInRepository(repository, realpathSync.native(queue)) === null) return null
  const path = join(queue, '.gitattributes')
  return { path, state: attributesState(unless(MISSING, null, () => readFileSync(path, 'utf8'))) }
}

function setting(cwd: string, key: string): string | null {
  const { code, stdout } = git(cwd, ['config', '--local', '--get', `${SECTION}.${key}`], { scope: 'caller' })
  return code === 0 ? stdout.toString('utf8').replace(/\n$/, '') : null
}

function set(cwd: string, key: string, value: string): void {
  checked(cwd, ['config', '--local', `${SECTION}.${key}`, value])
}

function configPath(cwd: string): string {
  const common = checked(cwd, ['rev-parse', '--path-format=absolute', '--git-common-dir'])
  return join(common.replace(/\n$/, ''), 'config')
}

function checked(cwd: string, args: readonly string[]): string {
  const { code, stdout, stderr } = git(cwd, args, { scope: 'caller' })
  if (code === 0) return stdout.toString('utf8')
  throw new WrkError('IO', `git ${args[0]} failed: ${stderr.trim().replace(/^(?:fatal|error): /, '')}`, {
    hint: 'Check that the repository’s settings can be written: git config --local --list',
  })
}
