/** The end of every command: its outcome, or the error that ended it, goes to stdout and stderr. */
import { printable } from '../core/text.ts'
import { clockOf } from '../operations/context.ts'
import { EXIT } from './exit-codes.ts'
import { localTimes } from './local-time.ts'
import { jsonLine, type Outcome, outcomeOfError } from './outcome.ts'
import { answer, messageWidth, screen, write } from './terminal.ts'
import { fitted, wrap } from './wrap.ts'

/**
 * Does a command's work and prints what came of it.
 * @param words the command line
 * @param work undefined: help was printed
 * @param adjust changes the outcome before it is printed
 * @returns the exit code
 */
export async function runAndPrint(
  words: readonly string[],
  work: () => Promise<Outcome | undefined>,
  adjust?: (outcome: Outcome) => void,
): Promise<number> {
  const debug = Boolean(process.env.WRK_DEBUG)
  let outcome: Outcome | undefined
  try {
    outcome = await work()
  } catch (error) {
    outcome = outcomeOfError(error, debug)
  }
  if (!outcome) return EXIT.done
  adjust?.(outcome)
  try {
    if (!outcome.printed) print(outcome, isJson(words))
    return outcome.exitCode
  } catch (error) {
    // The output could not be written, which can only be said on stderr.
    const failure = outcomeOfError(error, debug)
    if (outcome.json.ok && failure.refusal)
      failure.refusal.hint = 'The command has done its work; only its output is missing.'
    print(failure, false)
    return failure.exitCode
  }
}

/** Asked of the words themselves, since a command line that cannot be parsed is answered in JSON too. */
function isJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).includes('--json')
}

/** Messages hold names from files and from the command line, so they are made printable here, all of them. */
function print(
  { json, text, verbatim, warnings = [], notes = [], refusal, trace }: Outcome,
  asJson: boolean,
): void {
  for (const warning of warnings) say('wrk: warning: ', warning)
  if (!asJson) for (const note of notes) say('wrk: ', note)
  if (refusal && !asJson) {
    say('wrk: ', refusal.message)
    for (const line of refusal.lines ?? []) say('', line)
    if (refusal.hint) say(BELOW, refusal.hint)
  }
  if (trace) write(2, `${trace}\n`)
  if (asJson) answer(jsonLine({ schema_version: 1, ...json }))
  else if (text) answer(verbatim ? text : fitted(text, screen(process.env)))
}

/** A message on stderr; on a terminal wrapped at words to its width, with its times. */
function say(start: string, message: string): void {
  const text = printable(message, Number.POSITIVE_INFINITY)
  const width = messageWidth()
  const lines = Number.isFinite(width)
    ? wrap(
        localTimes(text, () => clockOf(process.env)()),
        width,
        { first: start, rest: BELOW },
      )
    : [start + text]
  write(2, lines.map(line => `${line}\n`).join(''))
}

/** The lines of a message after its first are indented to its text. */
const BELOW = '     '
