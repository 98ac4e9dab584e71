/**
 * The command line of a hook: it finds the file that decides (templates/agents/hook.sh) in the project or above the
 * working directory, and sources it. Pure.
 *
 * The text must stay what it is, to the letter: Codex trusts a hook by a hash of its definition, and every change would
 * turn the hooks off until each user has trusted them again. What changes between versions of wrk is in the file.
 */
import { shellQuoted } from '../shell.ts'
import type { AgentAdapter, HookWord } from './agent-event.ts'

/** In the queue, where a team shares it; of one machine, in the queue's `.wrk`. */
export const HOOK_FILE = 'agent-hook.sh'

/**
 * @param file the path of the file to source, below the workspace
 * @param program what starts wrk on this machine; empty where it is looked for
 */
export function hookCommand(
  { name, looksAreHeartbeats, projectVariable }: AgentAdapter,
  word: HookWord,
  file: string,
  program: readonly string[] = [],
): string {
  const path = `"$d/${file.replaceAll('\\', '/').replace(/["$`]/g, '\\$&')}"`
  const set = program.length > 0 ? `set -- ${program.map(shellQuoted).join(' ')}; ` : ''
  // An agent that minds unread input gets it read even where the file is missing.
  const otherwise = looksAreHeartbeats ? '; else cat >/dev/null' : ''
  const start = projectVariable
    ? `d=\${${projectVariable}:-$PWD}; case $d in /*) ;; *) d=$PWD ;; esac`
    : 'd=$PWD'
  return `${set}${start}; while [ "$d" ] && [ ! -f ${path} ]; do d=\${d%/*}; done; if [ "$d" ]; then wrk_hook='${name} ${word}'; . ${path}${otherwise}; fi`
}

/** Whether a command line is one of wrk's, of this version or of an earlier one. */
export function isHookCommand(command: string): boolean {
  return command.includes(`wrk_hook=`) || /wrk.*\bagents hook claude\b/s.test(command)
}
