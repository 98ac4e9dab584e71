/** All exit codes of wrk, in one place. 1 to 4 are what existing scripts rely on. */
import type { ErrorCode } from '../core/errors.ts'

export const EXIT = {
  done: 0,
  notFound: 1,
  usage: 2,
  held: 4,
  unworkable: 5,
  bug: 70,
  io: 74,
  busy: 75,
} as const

export const EXIT_OF: Record<ErrorCode, number> = {
  NOT_FOUND: EXIT.notFound,
  USAGE: EXIT.usage,
  NO_SESSION: EXIT.usage,
  LOCKED: EXIT.held,
  INVALID_ITEM: EXIT.unworkable,
  AMBIGUOUS: EXIT.unworkable,
  CLOSED: EXIT.unworkable,
  IO: EXIT.io,
  BUSY: EXIT.busy,
}

export const EXIT_CODES_HELP = `Exit codes:
  0   done
  1   not found
  2   usage, or no session
  4   held by another session
  5   the item cannot be worked on as it stands: unreadable, ambiguous, closed
  70  a bug in wrk
  74  input/output failed (disk full, no permission); nothing is half-written
  75  could not get the guard in time; try again`
