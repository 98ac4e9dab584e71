/** What a command line asks for, told from its words alone: the launcher chooses a bundle by it. */

/** Commands that agents and hooks call all day. A bundle of their own starts faster than one with everything. */
export const FREQUENT: readonly string[] = ['claim', 'release', 'heartbeat', 'show']

/** What an agent's hook runs at every use of a tool: the least there can be, told from the words as they are. */
export function isAgentHook(words: readonly string[]): boolean {
  return words.join(' ') === 'agents hook claude'
}

const WITH_VALUE: readonly string[] = ['--queue', '--session', '--agent']

/** The first word that is neither an option nor an option's value; behind `help`, the command that is asked about. */
export function commandWord(words: readonly string[]): string | undefined {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (WITH_VALUE.includes(word)) i++
    else if (!word.startsWith('-') && word !== 'help') return word
  }
  return undefined
}
