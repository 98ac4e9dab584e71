/** What is wrong around the items: its settings, the session registry, the queue's folders, git. Pure. */

import { shellWord } from '../commits/form.ts'
import { conflictCopyOf } from '../items/conflict-copy.ts'
import { didYouMean } from '../suggest.ts'
import { printable } from '../text.ts'
import { type Facts, type Finding, type HookFacts, newFinding } from './finding.ts'

export function diagnoseSurroundings(facts: Facts): Finding[] {
  const { unknownSettings, registry, notFolders, unseen, git } = facts
  return [
    ...unknownSettings.map(unknownSetting),
    ...(registry.notOurs ? [foreign(registry.path, registry.notOurs)] : []),
    ...(registry.broken ? [brokenRegistry(registry.path, registry.broken)] : []),
    ...notFolders.map(({ path, isLink }) => ({
      ...newFinding(
        'not-a-folder',
        'error',
        isLink ? FOLLOWS_NO_LINKS : NO_FOLDER,
        'Replace it by a folder.',
      ),
      path,
    })),
    ...unseen.map(unseenFile),
    ...(git
      ? [
          ...tracked(git.tracked),
          ...ignored(registry.path, git.notIgnored),
          ...git.ignored.map(ignoredFolder),
          ...hooks(git.hooks, git.hooksGone),
          ...mergeDriver(git.mergeDriver, git.hooks),
        ]
      : []),
  ]
}

function foreign(path: string, { message, hint = '' }: NonNullable<Facts['registry']['notOurs']>): Finding {
  return { ...newFinding('not-writable', 'error', message, hint), path }
}

/** It may be another program's, or of another version, so it stops no command; misspelt, it leaves a default in force. */
function unknownSetting({ path, key, line, column, near }: Facts['unknownSettings'][number]): Finding {
  const message = `unknown setting ${printable(key, 60)}; it has no effect`
  const advice = `${didYouMean(near)}Correct it or remove it.`
  return { ...newFinding('unknown-setting', 'warning', message, advice), path, line, column }
}

function unseenFile(path: string): Finding {
  const copy = conflictCopyOf(path.slice(path.lastIndexOf('/') + 1))
  if (!copy) return { ...newFinding('unseen-item', 'note', UNSEEN, HOW_TO_BE_SEEN), path }
  const message = `a conflict copy of ${copy.id} by ${copy.program}; wrk does not read it`
  const advice = `Copy what is missing into ${copy.id}, then: rm ${shellWord(path)}`
  return { ...newFinding('conflict-copy', 'warning', message, advice), path }
}

const UNSEEN = 'it looks like an item, but no command sees it here'
const HOW_TO_BE_SEEN =
  'Items are directly in pending/, working/, blocked/, done/, archive/ or archive/YYYY-MM/, under names such as WRK-157.md.'
const FOLLOWS_NO_LINKS = 'it is a symbolic link, and wrk does not follow links'
const NO_FOLDER = 'it is a file, and the queue needs a folder of this name'

function brokenRegistry(path: string, broken: NonNullable<Facts['registry']['broken']>): Finding {
  const { message, line, column, isText } = broken
  const fix = {
    kind: 'rebuild-registry' as const,
    does: 'set it aside and start a new one; earlier sessions are unknown from then on',
  }
  const advice = isText
    ? `To keep the sessions that it lists, correct line ${line} in an editor.`
    : 'wrk must be able to read and write it.'
  return {
    ...newFinding('registry', 'error', `the session registry cannot be read: ${message}`, advice),
    path,
    line,
    column,
    fix: isText ? fix : null,
  }
}

/** What git tracks follows every branch and every checkout, and would bring back sessions of long ago. */
function tracked(paths: readonly string[]): Finding[] {
  return paths.map(path => ({
    ...newFinding(
      'tracked-state',
      'warning',
      'git tracks it, but it belongs to this machine only',
      `git rm -r --cached ${shellWord(path)}, commit that, then have git ignore it: wrk init`,
    ),
    path,
  }))
}

function ignored(path: string, notIgnored: boolean): Finding[] {
  if (!notIgnored) return []
  const message = 'git does not ignore it, but it belongs to this machine only'
  return [{ ...newFinding('not-ignored', 'note', message, 'Have git ignore it: wrk init'), path }]
}

function ignoredFolder({ path, items, rule }: NonNullable<Facts['git']>['ignored'][number]): Finding {
  const lie = items === 0 ? '' : items === 1 ? '; 1 item is there now' : `; ${items} items are there now`
  const message = `git ignores this folder (${printable(rule, 200)}): items moved there leave git${lie}`
  const advice = `Remove that rule, then: git add ${shellWord(path)}`
  return { ...newFinding('ignored-folder', 'warning', message, advice), path }
}

/** Where nothing of wrk is in git, the missing hooks say so already. */
function mergeDriver(driver: NonNullable<Facts['git']>['mergeDriver'], all: readonly HookFacts[]): Finding[] {
  if (!driver) return []
  const { state, lines } = driver
  const warning = (message: string) => [newFinding('merge-driver', 'warning', message, 'wrk hooks install')]
  if (state === 'gone') return warning('git merges items by lines: the registered merge driver is gone')
  if (state === 'outdated') return warning('the merge driver was registered by another version of wrk')
  const isMissing = state === 'none' && all.some(hook => hook.state === 'installed')
  if (isMissing) return warning('git merges items by lines: the merge driver is not registered')
  return state === 'installed' && lines !== null && lines !== 'installed'
    ? warning('git merges items by lines: .gitattributes does not name the merge driver')
    : []
}

function hooks(all: readonly HookFacts[], gone: boolean): Finding[] {
  const ways = all.flatMap(({ name, path, via }) =>
    via === null
      ? []
      : [{ ...newFinding('hooks', 'note', `${name}: git reaches wrk through ${via}`, THAT_IS_ENOUGH), path }],
  )
  const others = all.filter(({ via }) => via === null)
  const missing = others.filter(({ state }) => state === 'none' || state === 'foreign')
  if (missing.length === all.length && !gone && !all.some(isCutShort))
    return missing.length === 0 ? [] : [newFinding('hooks', 'note', NEVER_INSTALLED, 'wrk hooks install')]
  // An install would refuse these, so there is nothing that could be fixed by itself.
  const isBarred = others.some(
    ({ state, kept }) => state === 'edited' || (state === 'foreign' && kept !== null),
  )
  const found = others.flatMap(hook => {
    const isGone = gone && (hook.state === 'none' || hook.state === 'foreign')
    const words = isCutShort(hook) ? INSTALL_CUT_SHORT : isGone ? IS_GONE : HOOK_WORDS[hook.state]
    if (!words) return []
    const [message, advice] = words
    const isOwn = hook.state === 'outdated' || hook.state === 'overwritten' || isGone || isCutShort(hook)
    const fix =
      !isBarred && isOwn ? { kind: 'install-hooks' as const, does: 'install the hooks again' } : null
    return [{ ...newFinding('hooks', 'warning', `${hook.name}: ${message}`, advice), path: hook.path, fix }]
  })
  return [...ways, ...found]
}

function isCutShort({ state, kept }: HookFacts): boolean {
  return state === 'none' && kept !== null
}

const NEVER_INSTALLED = 'the git hooks are not installed, so commits are not checked'
const THAT_IS_ENOUGH = 'That is enough: wrk hooks install would add nothing there.'
const IS_GONE = [
  'it was installed and is missing, or git now looks for hooks elsewhere',
  'Install it again: wrk hooks install. If that was intended: wrk hooks uninstall',
] as const
const INSTALL_CUT_SHORT = [
  'an install was interrupted, and the earlier hook is not called',
  'wrk hooks install',
]
const ONE_ONLY = 'it is not installed, but the other hook is'
const EITHER = 'Install both: wrk hooks install. Remove both: wrk hooks uninstall'
const HOOK_WORDS: Record<HookFacts['state'], readonly [message: string, advice: string] | null> = {
  none: [ONE_ONLY, EITHER],
  foreign: [`${ONE_ONLY}; there is another hook`, EITHER],
  installed: null,
  overwritten: ['a hook manager overwrote it, so commits are not checked', 'wrk hooks install'],
  outdated: ['it was written by another version of wrk', 'wrk hooks install'],
  edited: ['it was edited by hand', 'Move the additions to a hook of its own; how: wrk hooks install'],
}
