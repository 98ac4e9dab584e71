/** How the list of commands in `wrk help` is grouped. */

const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['Who works on what:', ['claim', 'release', 'heartbeat', 'status', 'watch', 'board', 'session', 'log']],
  ['Items:', ['next', 'list', 'show', 'search', 'graph', 'new', 'set', 'index']],
  ['Their life:', ['start', 'block', 'unblock', 'done', 'archive', 'reopen']],
  ['Under a claim:', ['execute', 'review', 'gates', 'verify', 'hooks', 'resolve', 'merge-driver']],
  ['Whole runs:', ['lock', 'receipt']],
  ['Set up and mend:', ['init', 'where', 'doctor', 'agents', 'completion', 'help']],
]

/** The heading that a command stands under. */
export function groupOf(command: string): string {
  return GROUPS.find(([, commands]) => commands.includes(command))?.[0] ?? 'More:'
}

/** Commands in the order in which the help lists them. */
export function inOrder(commands: readonly string[]): string[] {
  const listed = GROUPS.flatMap(([, names]) => names)
  const place = (name: string) => (listed.includes(name) ? listed.indexOf(name) : listed.length)
  return [...commands].sort((a, b) => place(a) - place(b))
}
