/** Files that hold nothing but wrk's hooks: how they are recognised, and the one that is made of a list. Pure. */
import { COPILOT_HOOKS } from './adapters/copilot.ts'
import type { HookWord } from './agent-event.ts'
import { isHookCommand } from './hook-command.ts'

/** In the comment on top of a file that is not JSON. */
const MARK = 'wrk agents install'

export function isOwnFile(text: string): boolean {
  return text.includes(MARK) || isHookCommand(text)
}

/**
 * What PowerShell runs: no shell part there, Node starts each time.
 * The two names are of programs; whatever happens, it ends with 0, since Copilot refuses a tool otherwise.
 */
const POWERSHELL =
  '$w = Get-Command wrk-cli, wrk -ErrorAction SilentlyContinue | Select-Object -First 1; if ($w) { $input | & $w.Source agents hook copilot 2>$null }; exit 0'

/** The whole of `.github/hooks/wrk.json`. */
export function copilotFile(command: (word: HookWord) => string): string {
  const hooks = COPILOT_HOOKS.map(([event, word, matcher]) => {
    const own = matcher === null ? {} : { matcher }
    const run = { bash: command(word), powershell: POWERSHELL }
    return [event, [{ type: 'command', ...own, ...run, timeoutSec: 10 }]] as const
  })
  return `${JSON.stringify({ version: 1, hooks: Object.fromEntries(hooks) }, null, 2)}\n`
}
