/** The environment variables that wrk reads, for docs/reference/settings.md; a test looks that none is missing. */

interface EnvironmentGroup {
  title: string
  variables: Readonly<Record<string, string>>
}

export const ENVIRONMENT: readonly EnvironmentGroup[] = [
  {
    title: 'The queue and its claims',
    variables: {
      WRK_QUEUE: 'the queue; at a commit only one of the repository that is committed to',
      WORK_ITEM_ROOT: 'the same, after WRK_QUEUE',
      SESSION_STATE_FILE: 'where `session-state.yaml` is, if not in the queue',
      LOCK_TTL_SECONDS: 'the TTL in seconds, in place of `ttl`; 0 makes every claim stale',
      WRK_MACHINE: 'what this machine is called in items, in place of the host name',
      WRK_STATE_DIR: 'where session locks are: docs/automation/session-locks.md',
      TRI_STATE_DIR: 'the same, after WRK_STATE_DIR',
    },
  },
  {
    title: 'Who is calling',
    variables: {
      WRK_SESSION_ID: 'the session that a call belongs to: docs/sessions.md',
      WRK_RUN_ID: 'the run that a receipt is of; `wrk execute` and `wrk lock run` set it',
    },
  },
  {
    title: 'Output',
    variables: {
      NO_COLOR: 'no colours',
      COLUMNS: 'the width of tables where the output is no terminal',
      TERM: '`dumb`: no colours, and nothing that is drawn over',
      WRK_PAGER: 'the program that shows long items; empty for none',
      PAGER: 'the same, after WRK_PAGER',
      VISUAL: 'the editor of `wrk new --edit`',
      EDITOR: 'the same, after VISUAL',
    },
  },
  {
    title: 'The program',
    variables: {
      WRK_BIN: 'the program that the shell scripts run: docs/automation/shell-functions.md',
      WRK_NOW: 'an instant, or `+3h`, in place of the clock: for tests',
      WRK_DEBUG: 'shows where a bug happened',
      NODE_DISABLE_COMPILE_CACHE: 'keeps no compiled form of the program: docs/decisions/bundles.md',
    },
  },
]
