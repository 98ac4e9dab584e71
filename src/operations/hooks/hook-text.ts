/** The text of each hook that wrk writes, and how it is known again. */
import { shortHash } from '../../core/hash.ts'
import { type OwnProgram, ownProgram } from '../queue/installation.ts'

/** No item is staged; true only where git says so. The pathspec is read literally, whatever the caller's git is set to. */
const NOTHING_STAGED =
  "GIT_LITERAL_PATHSPECS=0 git diff-index --cached --ita-invisible-in-index --quiet HEAD -- ':(top,glob)**/*.md' 2>/dev/null"

/** What each hook runs, and a quick test that there is nothing to look at; in doubt it must fail. */
export const HOOKS = [
  { name: 'pre-commit', command: 'verify --staged --complete', nothing: NOTHING_STAGED },
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
export const PRE_PUSH = { name: 'pre-push', command: 'verify --pre-push "$1"', nothing: 'false' } as const
export type Hook = (typeof HOOKS)[number] | typeof PRE_PUSH

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

export const KEPT = '.before-wrk'
export const MARK = /^#!\/bin\/sh\n# wrk hook \d+, ([0-9a-f]+)(?:, made (.+))?\n/
const VERSION = 1

/** What the hooks run. */
export interface HookProgram extends OwnProgram {
  template: string
}

export const thisProgram = (template: string): HookProgram => ({ template, ...ownProgram() })

export const hookNamed = (name: string): Hook => HOOKS.find(hook => hook.name === name) ?? PRE_PUSH

/** Of a hook's text, that it is one that wrk wrote, edited since or not. */
export function isOurs(text: string): boolean {
  return MARK.test(text)
}

/** The same, and that nobody has edited it since. */
export function isAsWritten(text: string): boolean {
  const mark = MARK.exec(text)
  return mark !== null && shortHash(text.slice(mark[0].length)) === mark[1]
}

export function textOf(
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
