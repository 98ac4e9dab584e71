/** What a command ends with: an exit code, one JSON object for scripts, and text for people. */

import { asIoError } from '../core/errno.ts'
import { WrkError } from '../core/errors.ts'
import { CONTROL } from '../core/text.ts'
import { EXIT, EXIT_OF } from './exit-codes.ts'

export interface Outcome {
  exitCode: number
  /** For `--json`, without `schema_version`. */
  json: Record<string, unknown> & { ok: boolean }
  /** For people, on stdout; on a terminal wrapped at words to its width. */
  text?: string
  /** The text is a file or a program's input: it is printed as it is. */
  verbatim?: boolean
  /** For people and in `--json` mode too, on stderr. */
  warnings?: readonly string[]
  /** For people, on stderr: what happened, where stdout belongs to a command that ran. */
  notes?: readonly string[]
  /** Why it was refused: one message, the lines that go into detail, and what to do next, on stderr for people. */
  refusal?: { message: string; hint?: string | undefined; lines?: readonly string[] } | undefined
  /** It has been written while the command ran; nothing is left to print. */
  printed?: boolean
  /** Where a bug happened; only when WRK_DEBUG asks for it. */
  trace?: string | undefined
}

/** An object as a line of JSON. Control characters become escapes, so that no terminal obeys them. */
export function jsonLine(object: Record<string, unknown>): string {
  const escaped = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${JSON.stringify(object).replace(CONTROL, escaped)}\n`
}

/** An error as an outcome: exit code, `error` object, message. Never a stack trace, unless WRK_DEBUG asks for it. */
export function outcomeOfError(error: unknown, debug: boolean): Outcome {
  const known = asIoError(error, 'input/output failed')
  if (known instanceof WrkError) {
    const { code, message, hint, details } = known
    const json = { ok: false, error: { code, message, hint: hint ?? null, ...details } }
    return { exitCode: EXIT_OF[code], json, refusal: { message, hint } }
  }
  const message = known instanceof Error ? known.message : String(known)
  return {
    exitCode: EXIT.bug,
    json: {
      ok: false,
      error: { code: 'BUG', message, hint: 'Report it with the trace that WRK_DEBUG=1 prints.' },
    },
    trace: debug && known instanceof Error ? known.stack : undefined,
    refusal: {
      message: `this is a bug in wrk: ${message}`,
      hint: 'Report it with the command and the trace that WRK_DEBUG=1 prints.',
    },
  }
}
