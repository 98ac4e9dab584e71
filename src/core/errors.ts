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
  | 'IO'
  | 'BUSY'
  | 'UNREACHABLE'

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
