/** How the list of commands in `wrk help` is grouped. */

/** First what a day is made of, in its order. */
const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['Daily work:', ['init', 'new', 'next', 'start', 'done']],
  ['Claims:', ['claim', 'release', 'heartbeat', 'status', 'watch', 'board', 'session', 'log']],
  [
    'Items:',
    [
      'list',
      'show',
      'search',
      'graph',
      'set',
      'edit',
      'dep',
      'note',
      'check',
      'block',
      'unblock',
      'cancel',
      'archive',
      'reopen',
      'index',
    ],
  ],
  ['Under a claim:', ['execute', 'review', 'gates', 'lock', 'receipt']],
  ['git:', ['commit', 'verify', 'hooks', 'push', 'resolve', 'history', 'merge-driver']],
  ['Set up and repair:', ['where', 'doctor', 'coordination', 'agents', 'mcp', 'completion', 'help']],
]

/** The heading of a command. */
export function groupOf(command: string): string {
  return GROUPS.find(([, commands]) => commands.includes(command))?.[0] ?? 'More:'
}

/** Commands in the order in which the help lists them. */
export function inOrder(commands: readonly string[]): string[] {
  const listed = GROUPS.flatMap(([, names]) => names)
  const place = (name: string) => (listed.includes(name) ? listed.indexOf(name) : listed.length)
  return [...commands].sort((a, b) => place(a) - place(b))
}
