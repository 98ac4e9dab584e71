/**
 * Puts wrk's hooks into a git repository, and takes them out again without a trace.
 *
 * A hook that is there is kept: moved aside as it is, called first by ours, and moved back by uninstall. What is
 * ours is told by its second line, which holds a sum of the rest: a hook that somebody edited since is left alone.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { shortHash } from '../../core/hash.ts'
import { realDisk } from '../../store/files/disk.ts'
import { replaceFile } from '../../store/files/replace-file.ts'
import { type GitScope, git } from '../../system/git.ts'
import { randomLetters } from '../../system/random.ts'
import { type OwnProgram, ownProgram } from '../queue/installation.ts'

/** No item is staged; true only where git says so. The pathspec is to be read as it is meant, whatever the caller's git was told. */
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

const KEPT = '.before-wrk'
const MARK = /^#!\/bin\/sh\n# wrk hook \d+, ([0-9a-f]+)(?:, made (.+))?\n/
const VERSION = 1

/**
 * `outdated`: ours, but not what install would write now. `edited`: ours, changed by somebody since.
 * `foreign`: somebody else's.
 */
type HookState = 'none' | 'installed' | 'outdated' | 'edited' | 'foreign'

interface HookStatus {
  name: string
  path: string
  state: HookState
  /** The hook that ours calls first. */
  kept: string | null
}

export interface HooksStatus {
  /** Where git looks for hooks. */
  folder: string
  hooks: HookStatus[]
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
  const { folder, warnings } = findHooks(cwd, scope)
  return { folder, hooks: HOOKS.map(hook => look(folder, hook, program)), warnings }
}

/** Why an install would refuse, and what a person has to do first; null when it would not. */
export function inTheWay(hooks: readonly HookStatus[]): WrkError | null {
  const edited = hooks.find(({ state }) => state === 'edited')
  if (edited)
    return new WrkError('FAILED', `${edited.path} was edited after wrk made it; it stays as it is`, {
      hint: `Move what was added to ${edited.path}${KEPT} (executable), remove ${edited.path}, then: wrk hooks install`,
    })
  const two = hooks.find(({ state, kept }) => state === 'foreign' && kept !== null)
  if (two)
    return new WrkError('FAILED', `there are two hooks to keep: ${two.path} and ${two.kept}`, {
      hint: 'Put into the first what is to be called, remove the second, then: wrk hooks install',
    })
  return null
}

/** Safe to repeat. @throws WrkError NOT_FOUND, FAILED (an edited hook is in the way); system errors */
export function hooksInstall(cwd: string, program: HookProgram): HooksChange {
  const { folder, hooks } = hooksStatus(cwd, program)
  const barred = inTheWay(hooks)
  if (barred) throw barred

  const made = mkdirSync(folder, { recursive: true }) ?? madeFolder(hooks)
  const changed: string[] = []
  for (const [i, { name, path, state }] of hooks.entries()) {
    if (state === 'installed') continue
    if (state === 'foreign') renameSync(path, `${path}${KEPT}`)
    const mode = 0o777 & ~process.umask()
    const bytes = Buffer.from(textOf(HOOKS[i]!, program, made))
    replaceFile(realDisk, path, bytes, { random: randomLetters(12), mode })
    changed.push(name)
  }
  return { ...hooksStatus(cwd, program), changed, left: [] }
}

/** Safe to repeat; what is not ours stays. @throws WrkError NOT_FOUND; system errors */
export function hooksUninstall(cwd: string, program: HookProgram): HooksChange {
  const { folder, hooks } = hooksStatus(cwd, program)
  const made = madeFolder(hooks)
  const changed: string[] = []
  const left: string[] = []
  for (const { name, path, state, kept } of hooks) {
    const isOurs = state === 'installed' || state === 'outdated'
    // Moved aside by an install that was killed before it wrote ours.
    const isHalfDone = state === 'none' && kept !== null
    if (state === 'edited') left.push(name)
    if (!isOurs && !isHalfDone) continue
    if (kept === null) unlinkSync(path)
    else renameSync(kept, path)
    changed.push(name)
  }
  if (made !== undefined && left.length === 0) removeEmpty(folder, made)
  return { ...hooksStatus(cwd, program), changed, left }
}

/** Where git looks for hooks here: `core.hooksPath`, else the repository's own folder, for all its worktrees. */
function findHooks(cwd: string, scope: GitScope): { folder: string; warnings: string[] } {
  const asked = git(cwd, ['rev-parse', '--show-toplevel'], { scope })
  const top = asked.stdout.toString('utf8').replace(/\n$/, '')
  if (asked.code !== 0 || top === '')
    throw new WrkError('NOT_FOUND', `${cwd} is in no git working tree`, {
      hint: 'Go to the repository whose commits are to be checked.',
    })
  const path = git(top, ['rev-parse', '--git-path', 'hooks'], { scope })
    .stdout.toString('utf8')
    .replace(/\n$/, '')
  const shared = git(top, ['config', '--show-scope', '--get', 'core.hooksPath'], { scope }).stdout.toString(
    'utf8',
  )
  const folder = resolve(top, path)
  const warnings = /^(global|system)\t/.test(shared)
    ? [`core.hooksPath is set for all repositories: ${folder} is where the hooks of all of them lie`]
    : []
  return { folder, warnings }
}

function look(folder: string, hook: (typeof HOOKS)[number], program: HookProgram): HookStatus {
  const path = join(folder, hook.name)
  const kept = isThere(`${path}${KEPT}`) ? `${path}${KEPT}` : null
  const status = (state: HookState): HookStatus => ({ name: hook.name, path, state, kept })
  const stat = unless(MISSING, null, () => lstatSync(path))
  if (!stat) return status('none')
  const text = stat.isFile() ? readFileSync(path, 'utf8') : ''
  const mark = MARK.exec(text)
  if (!mark) return status('foreign')
  if (shortHash(text.slice(mark[0].length)) !== mark[1]) return status('edited')
  const isCurrent = text === textOf(hook, program, mark[2]) && (stat.mode & 0o111) !== 0
  return status(isCurrent ? 'installed' : 'outdated')
}

function isThere(path: string): boolean {
  return unless(MISSING, false, () => Boolean(lstatSync(path)))
}

function textOf(
  { command, nothing }: (typeof HOOKS)[number],
  { template, node, script }: HookProgram,
  made: string | undefined,
): string {
  const values: Record<string, string> = {
    KEPT,
    COMMAND: command,
    NOTHING: nothing,
    NODE: quoted(node ?? ''),
    SCRIPT: quoted(script),
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
