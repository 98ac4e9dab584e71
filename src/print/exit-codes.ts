/** All exit codes of wrk, in one place. 1 to 4 are what existing scripts rely on. */
import type { ErrorCode } from '../core/errors.ts'

export const EXIT = {
  done: 0,
  notFound: 1,
  failed: 1,
  usage: 2,
  planGate: 3,
  held: 4,
  unworkable: 5,
  unreachable: 69,
  bug: 70,
  io: 74,
  busy: 75,
} as const

export const EXIT_OF: Record<ErrorCode, number> = {
  NOT_FOUND: EXIT.notFound,
  FAILED: EXIT.failed,
  USAGE: EXIT.usage,
  NO_SESSION: EXIT.usage,
  PLAN_GATE: EXIT.planGate,
  LOCKED: EXIT.held,
  INVALID_ITEM: EXIT.unworkable,
  AMBIGUOUS: EXIT.unworkable,
  CLOSED: EXIT.unworkable,
  IN_PROGRESS: EXIT.unworkable,
  IO: EXIT.io,
  BUSY: EXIT.busy,
  UNREACHABLE: EXIT.unreachable,
}

/** What a shell gives for a program that a signal ended. */
export const EXIT_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const

export const EXIT_CODES_HELP = `Exit codes:
  0   done
  1   not found; or a review or verification failed; or nothing is ready (next),
      there are findings (doctor), the git hooks are not installed (hooks)
  2   usage, no session, unknown provider; a broken wrk.yaml, CLAUDE.md or
      .claude/settings.json
  3   plan gate: plan_approved is not true, or no plan
  4   held by another session, or by another helper or run of this one; or a claim
      was lost; or the session may be alive and was not ended
  5   the item cannot be worked on: unreadable, ambiguous or closed; or git is in
      the middle of a merge or a rebase (commit)
  69  the coordination engine cannot be reached; nothing was claimed
  70  a bug in wrk
  74  input/output failed (disk full, no permission, a session-state.yaml that
      cannot be read); nothing is half-written
  75  timed out waiting for another process; try again
  130, 143  interrupted, terminated`
