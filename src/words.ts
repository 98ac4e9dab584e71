/** What a command line asks for, by its words alone: the launcher chooses a bundle by it. */
import { isOneItem } from './core/items/one-item.ts'

/** Commands that agents and hooks call all day. A bundle of their own starts faster than one with everything. */
const FREQUENT: readonly string[] = ['claim', 'release', 'heartbeat', 'show']
/** Commands that are called often too, and need more; they have another bundle. */
const DAILY: readonly string[] = ['list', 'next', 'execute', 'status']

/** What git's hooks run at every commit that touches an item. */
const COMMIT: readonly string[] = ['verify']

/** The agents that have hooks; a test compares them with core/agents/adapters. */
const HOOKED: readonly string[] = ['claude', 'codex', 'gemini', 'copilot', 'cursor', 'opencode']

/**
 * What an agent's hook runs where there may be something to do: the least there can be, by the words as they are,
 * `agents hook AGENT`, or with what the shell part says of itself: `WORD FOLDER KEY`, and `plugin`.
 */
export function isAgentHook(words: readonly string[]): boolean {
  const [first, second, agent = ''] = words
  const isWhole = words.length === 3 || words.length === 6 || words.length === 7
  return first === 'agents' && second === 'hook' && isWhole && HOOKED.includes(agent)
}

/** What git runs for every item that both sides of a merge changed: `merge-driver %O %A %B %L %P`. */
export function isMergeDriver(words: readonly string[]): boolean {
  return words[0] === 'merge-driver' && words.length - (words[1] === '--by-git' ? 1 : 0) === 6
}

/** `wrk verify` otherwise than at a commit, which needs more than the hooks' bundle has. */
function isRange(words: readonly string[]): boolean {
  return words.some(word => /^--(range|pre-receive|pre-push)($|=)/.test(word))
}

const WITH_VALUE: readonly string[] = ['--queue', '--session', '--agent', '--reason', '--run-id']

/** `wrk release` otherwise than of one item or all: it needs to look which those are. */
function isOfSeveral(words: readonly string[]): boolean {
  return !words.includes('--mine') && !isOneItem(plainWords(words).slice(1))
}

/** Options of `wrk list` and `wrk next` that choose, group or wait, which few lines have. */
function hasMore(command: string, words: readonly string[]): boolean {
  const options = command === 'next' ? /^--(label|repo|wait)($|=)/ : /^--(label|columns|group)($|=)/
  return (command === 'list' || command === 'next') && words.some(word => options.test(word))
}

/** Other names of commands. */
const ALIASES: Readonly<Record<string, string>> = { ls: 'list', add: 'new' }

/** The words with the command by its own name. */
export function withoutAlias(words: readonly string[]): readonly string[] {
  const command = commandWord(words) ?? ''
  if (!Object.hasOwn(ALIASES, command)) return words
  const at = words.findIndex((word, i) => word === command && !WITH_VALUE.includes(words[i - 1] ?? ''))
  return [...words.slice(0, at), ALIASES[command]!, ...words.slice(at + 1)]
}

/** The words that are neither options nor the values of those that may have any text for a value. */
export function plainWords(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('-') && !WITH_VALUE.includes(words[i - 1] ?? ''))
}

/** The first of them; behind `help`, the command that is asked about. */
export function commandWord(words: readonly string[]): string | undefined {
  return plainWords(words).find(word => word !== 'help')
}

/** The words behind `--`: another program's command line. */
export function wordsBehindDashes(words: readonly string[]): readonly string[] | undefined {
  const end = words.indexOf('--')
  return end < 0 ? undefined : words.slice(end + 1)
}

/** The bundle that a command line starts from. */
export function bundleFor(line: readonly string[]): string {
  if (isAgentHook(line)) return './hook.cjs'
  if (isMergeDriver(line)) return './merge-driver.cjs'
  const command = (!line.includes('help') && commandWord(withoutAlias(line))) || ''
  if (FREQUENT.includes(command) && !(command === 'release' && isOfSeveral(line))) return './main.cjs'
  if (DAILY.includes(command) && !hasMore(command, line)) return './daily.cjs'
  if (COMMIT.includes(command) && !isRange(line)) return './commit.cjs'
  return './all.cjs'
}
