/**
 * Finds commits in a shell command line that would go past git's hooks: `git commit --no-verify`, and `core.hooksPath`
 * set for the one call. Only what the line shows is seen: no alias, no script, no setting made before or by GIT_CONFIG_*.
 */
import { simpleCommands } from '../shell.ts'

export interface HooklessCommit {
  /** The folders that lead to the repository, by `cd` and `git -C`, each relative to the one before. */
  folders: string[]
  /** What turns the hooks off, as it was written. */
  by: string
}

const DEEPEST = 3

export function hooklessCommits(line: string, depth = 0): HooklessCommit[] {
  // Most command lines hold no commit; those need not be taken apart.
  if (!/\bcommit\b/.test(line)) return []
  const found: HooklessCommit[] = []
  const folders: string[] = []
  for (const command of simpleCommands(line)) {
    const words = withoutPrefix(command)
    const [program = '', ...rest] = words
    const name = program.slice(program.lastIndexOf('/') + 1)
    if (name === 'cd' && rest.length === 1 && rest[0] !== '-') folders.push(rest[0]!)
    const script = /^(?:ba|z|da|k)?sh$/.test(name) ? scriptOf(rest) : name === 'eval' ? rest.join(' ') : null
    if (script !== null && depth < DEEPEST)
      for (const inner of hooklessCommits(script, depth + 1))
        found.push({ ...inner, folders: [...folders, ...inner.folders] })
    const commit = name === 'git' || name === 'git.exe' ? hookless(rest) : null
    if (commit) found.push({ ...commit, folders: [...folders, ...commit.folders] })
  }
  return found
}

const PREFIXES = new Set(
  'builtin command do elif else env exec if nice nohup sudo then time until while ! {'.split(' '),
)

/** Variables that are set for one command, shell keywords, and programs that run another, with their options. */
export function withoutPrefix(words: readonly string[]): readonly string[] {
  const from = words.findIndex(word => !PREFIXES.has(word) && !/^(?:-|[A-Za-z_]\w*=)/.test(word))
  return from < 0 ? [] : words.slice(from)
}

/** The script of `sh -c SCRIPT`, `bash -lc SCRIPT`, `sh -ec -- SCRIPT`. */
function scriptOf(words: readonly string[]): string | null {
  const flag = words.findIndex(word => /^-\w*c/.test(word))
  return flag < 0 ? null : (words.slice(flag).find(word => !word.startsWith('-')) ?? null)
}

/** Options of git itself that take the next word as their value (`git --help`). */
const GIT_VALUE = new Set([
  '-C',
  '-c',
  '--git-dir',
  '--work-tree',
  '--namespace',
  '--super-prefix',
  '--config-env',
])
/** Options of `git commit` that take the next word as their value (`git help commit`). */
const LONG_VALUE = new Set(
  'author cleanup date file fixup message pathspec-from-file reedit-message reuse-message squash template trailer'
    .split(' ')
    .map(name => `--${name}`),
)
/** A word of short options: those without a value, and one that takes the next word. `S` and `u` take the rest. */
const SHORT = /^-(?!-)([^CFcmtSu]*)([CFcmt]$)?/

function hookless(words: readonly string[]): HooklessCommit | null {
  const folders: string[] = []
  let config: string | null = null
  let i = 0
  for (; words[i]?.startsWith('-'); i++) {
    const word = words[i]!
    const option = GIT_VALUE.has(word) ? `${word} ${words[++i]}` : word
    if (word === '-C') folders.push(words[i]!)
    else if (/^(?:-c |--config-env[ =])core\.hookspath=/i.test(option)) config = option
  }
  if (words[i] !== 'commit') return null
  let flag: string | null = null
  for (i++; i < words.length && words[i] !== '--'; i++) {
    const word = words[i]!
    const [, letters, valued] = SHORT.exec(word) ?? []
    if (valued || LONG_VALUE.has(word)) i++
    // Git takes the beginning of an option's name for the whole.
    if (letters?.includes('n') || word.startsWith('--no-veri')) flag = word
    else if (word.startsWith('--veri')) flag = null
  }
  const by = config ?? flag
  return by === null ? null : { folders, by }
}
