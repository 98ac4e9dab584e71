/** How the list of commands in `wrk help` is grouped. */

const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['Work on items:', ['claim', 'release', 'heartbeat', 'set', 'archive', 'execute', 'review', 'gates']],
  ['Look:', ['show', 'list', 'status', 'log', 'where']],
  ['Set up:', ['init', 'session', 'agents', 'completion', 'help']],
]

/** The heading that a command stands under. */
export function groupOf(command: string): string {
  return GROUPS.find(([, commands]) => commands.includes(command))?.[0] ?? 'More:'
}
