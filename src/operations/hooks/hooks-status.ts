/** Which of wrk's hooks are in a git repository, and whether git reaches wrk by another way. */
import { lstatSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { realDisk } from '../../store/files/disk.ts'
import { isThere } from '../../store/files/look.ts'
import { findQueue } from '../../store/queue.ts'
import { type GitScope, git } from '../../system/git/git.ts'
import { mainTreeOf } from '../../system/git/git-folder.ts'
import { isSameHook, movedAside, otherWay } from './hook-managers.ts'
import {
  HOOKS,
  type Hook,
  type HookProgram,
  isAsWritten,
  isOurs,
  KEPT,
  MARK,
  PRE_PUSH,
  textOf,
} from './hook-text.ts'

/** Written by install, in the folder that all working trees share. */
const RECORD = 'wrk-hooks'

/**
 * `outdated`: ours, but not what install would write now. `edited`: ours, changed by somebody since.
 * `foreign`: somebody else's. `overwritten`: a hook manager wrote its own over ours, which called an earlier one of it.
 */
type HookState = 'none' | 'installed' | 'outdated' | 'edited' | 'foreign' | 'overwritten'

export interface HookStatus {
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

/** @throws WrkError NOT_FOUND (no repository); system errors */
export function hooksStatus(cwd: string, program: HookProgram, scope: GitScope = 'caller'): HooksStatus {
  const { top, folder, record, warnings } = findHooks(cwd, scope)
  const needsPush = isCoordinated(top)
  const hooks = [...HOOKS, PRE_PUSH]
    .map(hook => look(top, folder, hook, program))
    .filter(({ name, state }) => name !== 'pre-push' || needsPush || OURS.includes(state))
  const missing = hooks.filter(hook => !isReached(hook))
  const gone =
    missing.length > 0 &&
    (isThere(realDisk, record) || missing.some(({ path }) => movedAside(path, isOurs).length > 0))
  return { folder, hooks, gone, warnings: gone ? [...warnings, GONE] : warnings }
}

const OURS: readonly HookState[] = ['installed', 'outdated', 'edited']

/** Whether the queue of a working tree is coordinated; one that cannot be read is not, which other commands report. */
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

/** Where git looks for hooks here: `core.hooksPath`, else the repository's own folder, for all its worktrees. */
export function findHooks(
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
  const kept = isThere(realDisk, `${path}${KEPT}`) ? `${path}${KEPT}` : null
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

/** The uppermost folder that install had to make for the hooks, as they remember it. */
export function madeFolder(hooks: readonly HookStatus[]): string | undefined {
  for (const { path, state } of hooks)
    if (state === 'installed' || state === 'outdated') {
      const made = MARK.exec(readFileSync(path, 'utf8'))?.[2]
      if (made) return made
    }
  return undefined
}
