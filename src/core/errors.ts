/**
 * The one error class of wrk and the closed list of its codes. Expected outcomes ("held by another")
 * are results, not errors; an error is what ends a command.
 */

export type ErrorCode =
  | 'NOT_FOUND'
  | 'FAILED'
  | 'USAGE'
  | 'NO_SESSION'
  | 'PLAN_GATE'
  | 'LOCKED'
  | 'INVALID_ITEM'
  | 'AMBIGUOUS'
  | 'CLOSED'
  | 'IN_PROGRESS'
  | 'IO'
  | 'BUSY'
  | 'UNREACHABLE'

/** What each code says, for docs/reference/json.md; no command loads it. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  NOT_FOUND: 'there is no such item, queue, session or file',
  FAILED: 'a review or a check failed',
  USAGE: 'the command line is wrong, or a settings file is',
  NO_SESSION: 'nothing says which session this is: docs/sessions.md',
  PLAN_GATE: 'the item has no approved plan',
  LOCKED: 'another session, helper or run holds it',
  INVALID_ITEM: 'the file is not an item as it must be',
  AMBIGUOUS: 'the id is in two places',
  CLOSED: 'the item is closed',
  IN_PROGRESS: 'git is in the middle of something, or on no branch',
  IO: 'reading or writing failed; nothing is half-written',
  BUSY: 'another process was writing for too long; try again',
  UNREACHABLE: 'the engine of a coordinated queue cannot be reached: docs/machines.md',
}

export interface WrkErrorOptions {
  /** What to do next, for the person at the terminal. */
  hint?: string | undefined
  /** Facts for `--json`, beside code, message and hint in the `error` object. */
  details?: Record<string, unknown> | undefined
  cause?: unknown
}

export class WrkError extends Error {
  /** By its name: a bundle that is loaded later brings a class of its own. */
  static override [Symbol.hasInstance](error: unknown): boolean {
    return error instanceof Error && error.name === 'WrkError'
  }

  override readonly name = 'WrkError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, options: WrkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.details = options.details ?? {}
  }
}
