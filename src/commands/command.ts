/** What every command uses: global options, opening the queue, reading options. */
import type { Command } from 'commander'
import { WrkError } from '../core/errors.ts'
import { printable } from '../core/text.ts'
import { LONGEST, parseDuration } from '../core/time.ts'
import { type Context, openContext } from '../operations/context.ts'
import type { Outcome } from '../print/outcome.ts'

/** The options that every command takes. */
export interface Globals {
  queue?: string
  json?: boolean
  session?: string
  agent?: string
  /** The words after `--`, which are not options of wrk; undefined without `--`. */
  behind?: readonly string[] | undefined
}

/** Runs a command's work and keeps its outcome for the program to print and exit with. */
export type RunCommand = (work: (globals: Globals) => Promise<Outcome>) => Promise<void>

/** How long `--wait` waits when it is given no time. */
export const DEFAULT_WAIT = '30s'

export interface CommandModule {
  /** Declares arguments, options and help, and sets the action. */
  configure(command: Command, run: RunCommand): void
}

export function open({ queue, session, agent }: Globals): Promise<Context> {
  return openContext({ queue, session, agent })
}

/** Reads an option that is a length of time. @throws WrkError USAGE */
export function duration(option: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== null) return ms
  throw new WrkError('USAGE', `${option} must be a length of time, not "${printable(text, 40)}"`, {
    hint: `Write 30s, 5m, 2h, 1h30m, 1d or a number of seconds; ${LONGEST} at most.`,
  })
}

/** Reads an option that is a number of things. @throws WrkError USAGE */
export function count(option: string, text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new WrkError('USAGE', `${option} must be a number, not "${printable(text, 40)}"`)
}

/** `--force` and `--reason` go together. @throws WrkError USAGE @returns the reason, undefined without force */
export function forced({ force, reason }: { force?: boolean; reason?: string }): string | undefined {
  if (!force && reason === undefined) return undefined
  if (!force) throw new WrkError('USAGE', '--reason needs --force')
  if (reason?.trim()) return reason.trim()
  throw new WrkError('USAGE', '--force needs a reason', {
    hint: 'Add --reason TEXT; the event log keeps it.',
  })
}

/** Gathers an option that may be given several times. */
export function collect(value: string, all: readonly string[] = []): string[] {
  return [...all, value]
}

/**
 * The command after `--`. Words before that mark are a usage error.
 * @throws WrkError USAGE
 */
export function commandBehind({ behind = [] }: Globals, words: readonly string[]): readonly string[] {
  if (words.length > behind.length)
    throw new WrkError('USAGE', `too many arguments: "${printable(words[0]!, 40)}"`, {
      hint: 'Put the command to run after --',
    })
  return words
}

/** For the help of commands that run others. */
export const JSON_BESIDE =
  'With --json, the output of the command goes to stderr; stdout has the one JSON object.'

/** Examples at the end of a help text. */
export function examples(command: Command, lines: string): void {
  command.addHelpText('after', `\nExamples:\n${lines.trim().replace(/^ */gm, '  ')}`)
}
