/**
 * Finds commits in a shell command line that would go past git's hooks: `git commit --no-verify`, and `core.hooksPath`
 * set for the one call. Only what the line shows is seen: no alias, no script, no setting made before or by GIT_CONFIG_*.
 */
import { simpleCommands } from './shell.ts'

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

/** Variables that are set for one command, shell keywords, and programs that run another. */
function withoutPrefix(words: readonly string[]): readonly string[] {
  let from = 0
  let isPrefixed = false
  for (; from < words.length; from++) {
    const word = words[from]!
    if (PREFIXES.has(word)) isPrefixed = true
    else if (!/^[A-Za-z_]\w*=/.test(word) && !(isPrefixed && word.startsWith('-'))) break
  }
  return words.slice(from)
}

/** The script of `sh -c SCRIPT`, `bash -lc SCRIPT`. */
function scriptOf(words: readonly string[]): string | null {
  const flag = words.findIndex(word => /^-[a-z]*c$/.test(word))
  return flag < 0 ? null : (words[flag + 1] ?? null)
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
const SHORT_VALUE = 'CFcmt'
/** Their value, if there is one, is the rest of the word. */
const SHORT_REST = 'Su'

function hookless(words: readonly string[]): HooklessCommit | null {
  const folders: string[] = []
  let by: string | null = null
  let i = 0
  for (; i < words.length && words[i]!.startsWith('-'); i++) {
    const [option, value] = [words[i]!, words[i + 1] ?? '']
    if (option === '-C') folders.push(value)
    if ((option === '-c' || option === '--config-env') && /^core\.hookspath=/i.test(value)) by = `-c ${value}`
    if (GIT_VALUE.has(option)) i++
  }
  if (words[i] !== 'commit') return null
  for (i++; i < words.length && words[i] !== '--'; i++) {
    const word = words[i]!
    if (LONG_VALUE.has(word)) i++
    // Git takes the beginning of an option's name for the whole.
    else if (word.length >= '--no-veri'.length && '--no-verify'.startsWith(word)) by ??= word
    else if (word.length >= '--veri'.length && '--verify'.startsWith(word))
      by = by?.startsWith('-c') ? by : null
    else if (/^-[^-]/.test(word)) {
      const letter = [...word].findIndex(
        (char, at) => at > 0 && `n${SHORT_VALUE}${SHORT_REST}`.includes(char),
      )
      const found = word[letter] ?? ''
      if (letter > 0 && SHORT_VALUE.includes(found) && letter === word.length - 1) i++
      if (letter > 0 && found === 'n') {
        by ??= word
        // Behind it in the same word another may take the next one as its value.
        const rest = [...word.slice(letter)].findIndex(char => `${SHORT_VALUE}${SHORT_REST}`.includes(char))
        if (rest > 0 && rest + letter === word.length - 1 && SHORT_VALUE.includes(word.at(-1)!)) i++
      }
    }
  }
  return by === null ? null : { folders, by }
}
