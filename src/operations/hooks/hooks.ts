/**
 * Puts wrk's hooks into a git repository, and takes them out again without a trace.
 *
 * A hook that is there is kept: moved aside as it is, called first by ours, and moved back by uninstall. What is
 * the second line of ours holds a sum of the rest: a hook that somebody edited since is left alone.
 * That they were installed is written down beside git's own files, so that it is noticed when they are gone.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { shortHash } from '../../core/hash.ts'
import { realDisk } from '../../store/files/disk.ts'
import { replaceFile } from '../../store/files/replace-file.ts'
import { findQueue } from '../../store/queue.ts'
import { type GitScope, git } from '../../system/git/git.ts'
import { mainTreeOf } from '../../system/git/git-folder.ts'
import { guardHost } from '../context.ts'
import { type OwnProgram, ownProgram } from '../queue/installation.ts'
import { isSameHook, movedAside, otherWay } from './hook-managers.ts'

/** No item is staged; true only where git says so. The pathspec is read literally, whatever the caller's git is set to. */
const NOTHING_STAGED =
  "GIT_LITERAL_PATHSPECS=0 git diff-index --cached --ita-invisible-in-index --quiet HEAD -- ':(top,glob)**/*.md' 2>/dev/null"

/** What each hook runs, and a quick test that there is nothing to look at; in doubt it must fail. */
const HOOKS = [
  { name: 'pre-commit', command: 'verify --staged', nothing: NOTHING_STAGED },
  {
    name: 'commit-msg',
    command: 'verify --commit-msg "$1"',
    // A claim may be lost between pre-commit and the end of the editor.
    nothing: `! LC_ALL=C grep -q '[A-Za-z0-9_.][-#][0-9]' "$1" && ${NOTHING_STAGED}`,
  },
] as const

/**
 * Only where claims are coordinated. What git says of the push comes on stdin, which the hook that was there before is to
 * have as well.
 */
const PRE_PUSH = { name: 'pre-push', command: 'verify --pre-push "$1"', nothing: 'false' } as const
type Hook = (typeof HOOKS)[number] | typeof PRE_PUSH

const AT_COMMIT = { READ: '', FEED: '', GO: 'exec ', END: '', REFUSED: 'Commit refused', VERB: 'commit' }
const FEED = `{ [ -z "$pushed" ] || printf '%s\\n' "$pushed"; } | `
const AT_PUSH = {
  READ: '\n\n# What is pushed, for both hooks.\npushed=$(cat)',
  FEED,
  GO: FEED,
  END: '; exit',
  REFUSED: 'Push refused',
  VERB: 'push',
}

const KEPT = '.before-wrk'
const MARK = /^#!\/bin\/sh\n# wrk hook \d+, ([0-9a-f]+)(?:, made (.+))?\n/
const VERSION = 1

/** Written by install, in the folder that all working trees share. */
const RECORD = 'wrk-hooks'

/**
 * `outdated`: ours, but not what install would write now. `edited`: ours, changed by somebody since.
 * `foreign`: somebody else's. `overwritten`: a hook manager wrote its own over ours, which called an earlier one of it.
 */
type HookState = 'none' | 'installed' | 'outdated' | 'edited' | 'foreign' | 'overwritten'

interface HookStatus {
  name: string
  path: string
  state: HookState
  /** The hook that ours calls first. */
  kept: string | null
  /** Where the hook is not ours: the file by which git reaches wrk all the same. */
  via: string | null
}

export interface HooksStatus {
  /** Where git looks for hooks. */
  folder: string
  hooks: HookStatus[]
  /** They were installed, and git does not reach all of them any more. */
  gone: boolean
  warnings: string[]
}

export interface HooksChange extends HooksStatus {
  /** Names of hooks that were written or taken away, and of those that were left as they are. */
  changed: string[]
  left: string[]
}

/** What the hooks run. */
export interface HookProgram extends OwnProgram {
  template: string
}

export const thisProgram = (template: string): HookProgram => ({ template, ...ownProgram() })

/** @throws WrkError NOT_FOUND (no repository); system errors */
export function hooksStatus(cwd: string, program: HookProgram, scope: GitScope = 'caller'): HooksStatus {
  const { top, folder, record, warnings } = findHooks(cwd, scope)
  const needsPush = isCoordinated(top)
  const hooks = [...HOOKS, PRE_PUSH]
    .map(hook => look(top, folder, hook, program))
    .filter(({ name, state }) => name !== 'pre-push' || needsPush || OURS.includes(state))
  const missing = hooks.filter(hook => !isReached(hook))
  const gone =
    missing.length > 0 && (isThere(record) || missing.some(({ path }) => movedAside(path, isOurs).length > 0))
  return { folder, hooks, gone, warnings: gone ? [...warnings, GONE] : warnings }
}

const OURS: readonly HookState[] = ['installed', 'outdated', 'edited']

/** Whether the queue of a working tree is coordinated; one that cannot be read is not, which other commands tell. */
function isCoordinated(top: string): boolean {
  try {
    const { root } = findQueue(undefined, {}, () => top, mainTreeOf)
    const text = unless(MISSING, '', () => readFileSync(join(root, 'wrk.yaml'), 'utf8'))
    return /^coordination:/m.test(text)
  } catch (error) {
    if (error instanceof WrkError) return false
    throw error
  }
}

const GONE = 'the hooks were installed and are missing, or git does not find them: commits are not checked'

/** Whether git asks wrk there, by wrk's own hook or another way. */
export function isReached({ state, via }: HookStatus): boolean {
  return state === 'installed' || state === 'outdated' || state === 'edited' || via !== null
}

/** Of a hook's text, that it is one that wrk wrote, edited since or not. */
function isOurs(text: string): boolean {
  return MARK.test(text)
}

/** The same, and that nobody has edited it since. */
function isAsWritten(text: string): boolean {
  const mark = MARK.exec(text)
  return mark !== null && shortHash(text.slice(mark[0].length)) === mark[1]
}

/**
 * Which repository's hooks are meant: with `--queue` those of the queue's repository, else of the one here.
 * @throws WrkError NOT_FOUND when there is no such queue, also where only the environment names it
 */
export function folderForHooks(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string {
  if (!flag && !env.WRK_QUEUE && !env.WORK_ITEM_ROOT) return cwd
  const { root } = findQueue(flag, env, () => cwd, mainTreeOf)
  return flag ? root : cwd
}

/** Why an install would refuse, and what a person has to do first; null when it would not. */
export function inTheWay(hooks: readonly HookStatus[]): WrkError | null {
  const edited = hooks.find(({ state }) => state === 'edited')
  if (edited)
    return new WrkError('FAILED', `${edited.path} was edited by hand and is not changed`, {
      hint: `Move the additions to ${edited.path}${KEPT} (executable), remove ${edited.path}, then: wrk hooks install`,
    })
  const two = hooks.find(({ state, kept, via }) => state === 'foreign' && kept !== null && via === null)
  if (two)
    return new WrkError('FAILED', `there are two earlier hooks: ${two.path} and ${two.kept}`, {
      hint: 'Merge them into the first, remove the second, then: wrk hooks install',
    })
  return null
}

/**
 * Safe to repeat. Where git reaches wrk by another way, nothing is put in.
 * @throws WrkError NOT_FOUND, FAILED (an edited hook is in the way); system errors
 */
export function hooksInstall(cwd: string, program: HookProgram, scope: GitScope = 'caller'): HooksChange {
  const { folder, hooks } = hooksStatus(cwd, program, scope)
  const barred = inTheWay(hooks)
  if (barred) throw barred

  const made = mkdirSync(folder, { recursive: true }) ?? madeFolder(hooks)
  const changed: string[] = []
  for (const { name, path, state, via } of hooks) {
    if (state === 'installed' || via !== null) continue
    if (state === 'foreign' || state === 'overwritten') renameSync(path, `${path}${KEPT}`)
    const mode = 0o777 & ~process.umask()
    const bytes = Buffer.from(textOf(hookNamed(name), program, made))
    replaceFile(realDisk, path, bytes, { by: guardHost(), mode })
    // lefthook would not move the new one aside over it, and give up.
    for (const aside of movedAside(path, isAsWritten)) unlinkSync(aside)
    changed.push(name)
  }
  if (hooks.some(({ via }) => via === null)) record(cwd, scope)
  return { ...hooksStatus(cwd, program, scope), changed, left: [] }
}

const hookNamed = (name: string): Hook => HOOKS.find(hook => hook.name === name) ?? PRE_PUSH

/** That they are in. Where git's own folder cannot be written to, it is not noticed when they are gone. */
function record(cwd: string, scope: GitScope): void {
  const { record: path } = findHooks(cwd, scope)
  unless(['EACCES', 'EPERM', 'EROFS'], undefined, () =>
    replaceFile(realDisk, path, Buffer.from(`${HOOKS.map(({ name }) => name).join(' ')}\n`), {
      by: guardHost(),
      mode: 0o666 & ~process.umask(),
    }),
  )
}

/** Safe to repeat; what is not ours stays. @throws WrkError NOT_FOUND; system errors */
export function hooksUninstall(cwd: string, program: HookProgram): HooksChange {
  const { folder, hooks } = hooksStatus(cwd, program)
  const made = madeFolder(hooks)
  const changed: string[] = []
  const left: string[] = []
  for (const { name, path, state, kept, via } of hooks) {
    const isWrks = state === 'installed' || state === 'outdated'
    // Moved aside by an install that was killed before it wrote ours.
    const isHalfDone = state === 'none' && kept !== null
    const isOverwritten = state === 'overwritten'
    if (state === 'edited') left.push(name)
    const hadAside = removeMovedAside(path, via)
    const isTaken = isWrks || isHalfDone || isOverwritten
    // What the manager wrote takes the place of its earlier one.
    if (isOverwritten) unlinkSync(kept!)
    else if (isTaken && kept !== null) renameSync(kept, path)
    else if (isTaken) unlinkSync(path)
    if (isTaken || hadAside) changed.push(name)
  }
  if (left.length === 0) unless(MISSING, undefined, () => unlinkSync(findHooks(cwd, 'caller').record))
  if (made !== undefined && left.length === 0) removeEmpty(folder, made)
  return { ...hooksStatus(cwd, program), changed, left }
}

/** Removes hooks of wrk that managers moved aside. The one that pre-commit calls gives way to the hook that it called. */
function removeMovedAside(path: string, via: string | null): boolean {
  const asides = movedAside(path, isAsWritten)
  const kept = `${path}${KEPT}`
  for (const aside of asides) {
    unlinkSync(aside)
    if (aside !== via || !isThere(kept)) continue
    if (isSameHook(readFileSync(path, 'utf8'), readFileSync(kept, 'utf8'))) unlinkSync(kept)
    else renameSync(kept, aside)
  }
  return asides.length > 0
}

/** Where git looks for hooks here: `core.hooksPath`, else the repository's own folder, for all its worktrees. */
function findHooks(
  cwd: string,
  scope: GitScope,
): { top: string; folder: string; record: string; warnings: string[] } {
  const asked = git(cwd, ['rev-parse', '--show-toplevel'], { scope })
  const top = asked.stdout.toString('utf8').replace(/\n$/, '')
  if (asked.code !== 0 || top === '')
    throw new WrkError('NOT_FOUND', `${cwd} is not in a git working tree`, {
      hint: 'Change to the repository whose commits wrk should check.',
    })
  const asking = ['rev-parse', '--git-path', 'hooks', '--git-common-dir']
  const [path = '', common] = git(top, asking, { scope }).stdout.toString('utf8').split('\n')
  const shared = git(top, ['config', '--show-scope', '--get', 'core.hooksPath'], { scope }).stdout.toString(
    'utf8',
  )
  const folder = resolve(top, path)
  const warnings = /^(global|system)\t/.test(shared)
    ? [`core.hooksPath is set for all repositories: ${folder} holds the hooks of all of them`]
    : []
  return { top, folder, record: join(resolve(top, common!), RECORD), warnings }
}

function look(top: string, folder: string, hook: Hook, program: HookProgram): HookStatus {
  const path = join(folder, hook.name)
  const kept = isThere(`${path}${KEPT}`) ? `${path}${KEPT}` : null
  const status = (state: HookState, via: string | null = null, called = kept): HookStatus => {
    return { name: hook.name, path, state, kept: called, via }
  }
  const stat = unless(MISSING, null, () => lstatSync(path))
  if (!stat) return status('none')
  const text = stat.isFile() ? readFileSync(path, 'utf8') : ''
  const mark = MARK.exec(text)
  if (!mark) {
    const via = (stat.mode & 0o111) !== 0 ? otherWay(top, path, text, isOurs) : null
    const isRewritten = kept !== null && isSameHook(text, readFileSync(kept, 'utf8'))
    if (via !== null) return status('foreign', via, isRewritten ? null : kept)
    return status(isRewritten ? 'overwritten' : 'foreign')
  }
  if (!isAsWritten(text)) return status('edited')
  const isCurrent = text === textOf(hook, program, mark[2]) && (stat.mode & 0o111) !== 0
  return status(isCurrent ? 'installed' : 'outdated')
}

function isThere(path: string): boolean {
  return unless(MISSING, false, () => Boolean(lstatSync(path)))
}

function textOf(
  { name, command, nothing }: Hook,
  { template, node, script }: HookProgram,
  made: string | undefined,
): string {
  const values: Record<string, string> = {
    KEPT,
    COMMAND: command,
    NOTHING: nothing,
    NODE: quoted(node ?? ''),
    SCRIPT: quoted(script),
    ...(name === 'pre-push' ? AT_PUSH : AT_COMMIT),
  }
  const body = template.replace(/@([A-Z]+)@/g, (_, name: string) => values[name]!)
  const note = made === undefined || /[\r\n]/.test(made) ? '' : `, made ${made}`
  return `#!/bin/sh\n# wrk hook ${VERSION}, ${shortHash(body)}${note}\n${body}`
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** The uppermost folder that install had to make for the hooks, as they remember it. */
function madeFolder(hooks: readonly HookStatus[]): string | undefined {
  for (const { path, state } of hooks)
    if (state === 'installed' || state === 'outdated') {
      const made = MARK.exec(readFileSync(path, 'utf8'))?.[2]
      if (made) return made
    }
  return undefined
}

/** Removes the folder and those above it, up to the one that was made, as far as they are empty. */
function removeEmpty(folder: string, uppermost: string): void {
  for (let dir = folder; !relative(uppermost, dir).startsWith('..'); dir = dirname(dir)) {
    if (basename(dir) === '' || readdirSync(dir).length > 0) return
    rmdirSync(dir)
  }
}
