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
      ...newFinding('not-a-folder', 'error', isLink ? FOLLOWS_NO_LINKS : NO_FOLDER, 'Put a folder there.'),
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
  const message = `wrk has no setting ${printable(key, 60)}, so it changes nothing`
  const advice = `${didYouMean(near)}Correct it, or take it out.`
  return { ...newFinding('unknown-setting', 'warning', message, advice), path, line, column }
}

function unseenFile(path: string): Finding {
  const copy = conflictCopyOf(path.slice(path.lastIndexOf('/') + 1))
  if (!copy) return { ...newFinding('unseen-item', 'note', UNSEEN, HOW_TO_BE_SEEN), path }
  const message = `${copy.program} left this copy of ${copy.id} when two versions met; wrk does not read it`
  const advice = `Bring what counts into ${copy.id}, then remove it: rm ${shellWord(path)}`
  return { ...newFinding('conflict-copy', 'warning', message, advice), path }
}

const UNSEEN = 'it looks like an item, and no command sees it'
const HOW_TO_BE_SEEN =
  'If it is one: items lie in pending/, working/, blocked/, done/, archive/ or archive/YYYY-MM/ themselves, under names such as WRK-157.md.'
const FOLLOWS_NO_LINKS = 'it is a symbolic link; wrk does not follow links, so what is behind it is not seen'
const NO_FOLDER = 'it is no folder, though a folder of the queue has this name'

function brokenRegistry(path: string, broken: NonNullable<Facts['registry']['broken']>): Finding {
  const { message, line, column, isText } = broken
  const fix = {
    kind: 'rebuild-registry' as const,
    does: 'set it aside and start a new registry; of sessions from before it, nothing is known then',
  }
  const advice = isText
    ? `Mend line ${line} in an editor to keep the sessions that it lists.`
    : 'Look at what is there; wrk has to be able to read and write it.'
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
      'git tracks it, but it is about this machine alone',
      `git rm -r --cached ${shellWord(path)}, and commit that; wrk init has git ignore it`,
    ),
    path,
  }))
}

function ignored(path: string, notIgnored: boolean): Finding[] {
  if (!notIgnored) return []
  const message = 'git does not ignore it, though it is about this machine alone'
  return [{ ...newFinding('not-ignored', 'note', message, 'To have git ignore it: wrk init'), path }]
}

function ignoredFolder({ path, items, rule }: NonNullable<Facts['git']>['ignored'][number]): Finding {
  const lie = items === 0 ? '' : items === 1 ? '; 1 item is there now' : `; ${items} items are there now`
  const message = `git ignores this folder (${printable(rule, 200)}): what is moved there leaves git${lie}`
  const advice = `Take that rule out, then: git add ${shellWord(path)}`
  return { ...newFinding('ignored-folder', 'warning', message, advice), path }
}

/** Where nothing of wrk is in git, the missing hooks say so already. */
function mergeDriver(driver: NonNullable<Facts['git']>['mergeDriver'], all: readonly HookFacts[]): Finding[] {
  if (!driver) return []
  const { state, lines } = driver
  const warning = (message: string) => [newFinding('merge-driver', 'warning', message, 'wrk hooks install')]
  if (state === 'gone') return warning('git merges items by lines: the merge driver it was told is gone')
  if (state === 'outdated') return warning('the merge driver is not as this wrk would register it')
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

const NEVER_INSTALLED = 'the git hooks are not installed, so nothing asks wrk verify at a commit'
const THAT_IS_ENOUGH = 'That is enough: wrk hooks install would add nothing there.'
const IS_GONE = [
  'it was installed and is gone, or git looks for hooks elsewhere now',
  'To have commits checked again: wrk hooks install. If that was meant: wrk hooks uninstall',
] as const
const INSTALL_CUT_SHORT = [
  'an install was cut short, and the hook of before is not called',
  'wrk hooks install',
]
const ONE_ONLY = 'it is not installed, though the other hook is'
const EITHER = 'Both: wrk hooks install. None: wrk hooks uninstall'
const HOOK_WORDS: Record<HookFacts['state'], readonly [message: string, advice: string] | null> = {
  none: [ONE_ONLY, EITHER],
  foreign: [`${ONE_ONLY}; another hook is there`, EITHER],
  installed: null,
  overwritten: ['a hook manager wrote its own over it, so commits are not checked', 'wrk hooks install'],
  outdated: ['it is not as this wrk would write it', 'wrk hooks install'],
  edited: [
    'it was edited after wrk made it',
    'Move what was added to a hook of its own; wrk hooks install says how.',
  ],
}
