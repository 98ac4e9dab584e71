/** How the list of commands in `wrk help` is grouped, and how help fits the terminal. */
import { displayWidth } from './print/table.ts'
import { wrap } from './print/wrap.ts'

/** First what a day is made of, in its order. */
const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['Daily work:', ['init', 'new', 'next', 'start', 'done']],
  ['Claims:', ['claim', 'release', 'heartbeat', 'status', 'watch', 'board', 'session', 'log', 'stats']],
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

/** Wraps the paragraphs and rows of a help text. Commands stay whole, so that they can be copied. */
export function wrapHelp(text: string, width: number): string {
  const lines: string[] = []
  let paragraph: string[] = []
  const end = () => {
    if (paragraph.length > 0) lines.push(...wrap(paragraph.join(' '), width, { first: '', rest: '' }))
    paragraph = []
  }
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line)
      if (line.endsWith(':')) end()
      continue
    }
    end()
    // The last column of a row: what an option or an example is for.
    const row = displayWidth(line) > width ? /^( +\S.* {2,})(\S.*)$/.exec(line) : null
    if (row) lines.push(...wrapRow(row[1]!, row[2]!, width))
    else lines.push(line)
  }
  end()
  return lines.join('\n')
}

/** The last column below itself, or, where too little room is left for it, on lines of its own. */
function wrapRow(before: string, last: string, width: number): string[] {
  const column = displayWidth(before)
  if (width - column >= 24) return wrap(last, width, { first: before, rest: ' '.repeat(column) })
  return [before.trimEnd(), ...wrap(last, width, { first: '      ', rest: '      ' })]
}
