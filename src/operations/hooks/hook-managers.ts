/**
 * Hook managers and wrk: by which way git reaches wrk's check although the hook is a manager’s, and whether a hook that
 * was written over wrk’s is only the same manager’s, written again (husky at every npm install, pre-commit install, lefthook).
 * From the files as they are; nothing is run.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'

/** What a manager writes into every hook of its own. */
const MANAGERS: readonly [name: string, mark: RegExp][] = [
  ['lefthook', /lefthook/i],
  ['pre-commit', /pre-commit\.com|pre_commit/],
  ['husky', /husky|\/h"?\s*$/],
  ['simple-git-hooks', /simple-git-hooks/],
]

const LEFTHOOK_FILES = [
  'lefthook',
  '.lefthook',
  'lefthook-local',
  '.lefthook-local',
  '.config/lefthook',
].flatMap(name => ['yml', 'yaml', 'toml', 'json'].map(ending => `${name}.${ending}`))

/** What asks wrk about what is staged, or about the message too, in a script or a manager's settings. */
const CALLS: Record<string, RegExp> = {
  'pre-commit': /\bwrk(?:-cli)?\b['"]?[ \t][^\n]*\bverify\b(?![^\n]*--commit-msg)|\bid:\s*wrk-verify\b/,
  'pre-push': /\bwrk(?:-cli)?\b['"]?[ \t][^\n]*\bverify\b[^\n]*--pre-push/,
  'commit-msg': /\bwrk(?:-cli)?\b['"]?[ \t][^\n]*\bverify\b[^\n]*--commit-msg|\bid:\s*wrk-commit-msg\b/,
}

function managerOf(text: string): string | null {
  return MANAGERS.find(([, mark]) => mark.test(text))?.[0] ?? null
}

/** Whether a hook only takes the place that an earlier one of the same manager had. */
export function isSameHook(one: string, earlier: string): boolean {
  const manager = managerOf(one)
  return one === earlier || (manager !== null && manager === managerOf(earlier))
}

/**
 * The file by which git reaches wrk's check through a hook that is not wrk's; null when nothing says so.
 * @param top the working tree's, where managers keep their settings
 * @param isOurs whether a text is one of wrk's own hooks
 */
export function otherWay(
  top: string,
  path: string,
  text: string,
  isOurs: (text: string) => boolean,
): string | null {
  const name = basename(path)
  const calls = (file: string) => CALLS[name]!.test(withoutComments(textAt(file)))
  if (CALLS[name]!.test(withoutComments(text))) return path
  switch (managerOf(text)) {
    case 'husky': {
      const script = join(dirname(dirname(path)), name)
      return basename(dirname(path)) === '_' && calls(script) ? script : null
    }
    case 'pre-commit': {
      // It moves the hook that was there aside, and calls it first.
      const moved = `${path}.legacy`
      if (isOurs(textAt(moved))) return moved
      return ['yaml', 'yml'].map(ending => join(top, `.pre-commit-config.${ending}`)).find(calls) ?? null
    }
    case 'lefthook':
      return LEFTHOOK_FILES.map(file => join(top, file)).find(calls) ?? null
    default:
      return null
  }
}

/** Wrk's hooks that managers moved aside, under names that git does not call: pre-commit calls `.legacy`, others none. */
export function movedAside(path: string, isOurs: (text: string) => boolean): string[] {
  return ['.old', '.legacy', '.bak', '.backup']
    .map(ending => path + ending)
    .filter(aside => isOurs(textAt(aside)))
}

function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:#|\/\/).*$/gm, '')
}

function textAt(path: string): string {
  return unless([...MISSING, 'EACCES', 'EISDIR'], '', () => readFileSync(path, 'utf8'))
}
