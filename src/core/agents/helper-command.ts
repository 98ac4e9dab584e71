/**
 * Finds a call of wrk in a sub-agent's shell command that claims or changes under the name of its whole session: its shell
 * does not know which sub-agent it is, so the call has to say it (`--agent NAME`). Pure.
 */

import { withoutPrefix } from '../hooks/hookless-commit.ts'
import { simpleCommands } from '../shell.ts'

/** Which hold an item for whoever calls, or change what somebody holds. */
const ACTING = new Set(
  'archive block check claim done execute next note release reopen set start unblock'.split(' '),
)

/** @returns the first such call, as words in a row; null without one */
export function commandWithoutHelper(line: string): string | null {
  if (!line.includes('wrk')) return null
  for (const command of simpleCommands(line)) {
    const [program = '', ...words] = withoutPrefix(command)
    if (!/^(?:.*\/)?wrk(?:-cli)?$/.test(program)) continue
    if (words.some(word => /^--(?:agent|help)(?:$|=)/.test(word))) continue
    const verb = words.find(word => ACTING.has(word))
    if (verb === undefined || (verb === 'next' && !words.includes('--claim'))) continue
    return words.join(' ')
  }
  return null
}
