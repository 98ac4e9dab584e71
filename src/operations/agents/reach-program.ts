/** Whether the hooks of a workspace find wrk: looked for as they do, from where they run. */
import { runBounded } from '../../system/processes/run-bounded.ts'

export interface Reach {
  /** Null: they find none. */
  program: string | null
  /** What is in the way; null if nothing is. */
  problem: string | null
}

/** The same search as in templates/agents/hook.sh. */
const SEARCH = `PATH="$PATH:$PWD/node_modules/.bin"
w=$(command -v wrk-cli || command -v wrk) || exit 3
printf '%s\\n' "$w"
exec "$w" --version`

const DEADLINE_MS = 5000

/** @param env that of this call: an agent that was started elsewhere may have another PATH */
export async function reachProgram(
  workspace: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Reach> {
  const { code, stdout, timedOut, notStarted } = await runBounded('/bin/sh', ['-c', SEARCH], {
    cwd: workspace,
    env,
    deadlineMs: DEADLINE_MS,
  })
  const [program = '', version = ''] = stdout.split('\n')
  if (notStarted !== null) return { program: null, problem: `/bin/sh cannot be started (${notStarted})` }
  if (code === 3)
    return { program: null, problem: 'neither wrk-cli nor wrk is on the PATH or in node_modules/.bin' }
  if (timedOut) return { program, problem: `${program} does not answer` }
  return /^\d+\.\d+\.\d+/.test(version)
    ? { program, problem: null }
    : { program, problem: `${program} is another program, or Node is missing` }
}
