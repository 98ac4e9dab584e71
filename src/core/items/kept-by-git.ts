/** Files that are in the form in which git keeps them: the filter that turns them into text has not been run here. */
const COMMANDS = [
  ['encrypted by git-crypt', 'git-crypt unlock'],
  ['a pointer of Git LFS', 'git lfs pull'],
] as const

/** What turns such a file into text, by what a reader says of it; null for every other. */
export function commandForText(message: string): string | null {
  return COMMANDS.find(([words]) => message.includes(words))?.[1] ?? null
}
