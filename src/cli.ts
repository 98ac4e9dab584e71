/**
 * The program: finds the subcommand, loads only that one, and turns its outcome or error into output and an
 * exit code. launcher.ts starts it and exits with the code.
 */
import { Command, CommanderError } from 'commander'
import { COMMANDS, COMPLETE } from './command-list.ts'
import { DEFAULT_WAIT, type Globals, type RunCommand } from './commands/command.ts'
import { WrkError } from './core/errors.ts'
import { keyOfField } from './core/items/ids.ts'
import { didYouMean, nearWords } from './core/suggest.ts'
import { printable } from './core/text.ts'
import { groupOf, inOrder, wrapHelp } from './help.ts'
import { EXIT, EXIT_CODES_HELP } from './print/exit-codes.ts'
import { type Outcome, outcomeOfError } from './print/outcome.ts'
import { runAndPrint } from './print/run-and-print.ts'
import { answer } from './print/terminal.ts'
import { usageMessage } from './usage.ts'
import { commandWord, plainWords, withoutAlias, wordsBehindDashes } from './words.ts'

/**
 * Runs one command line and prints its outcome.
 * @param given the arguments, without the program's name
 * @returns the exit code
 */
export function main(given: readonly string[]): Promise<number> {
  const words = withoutAlias(given)
  return runAndPrint(words, () => runCommand(words), commandIn(words) === 'lock' ? addErrorCode : undefined)
}

/** Scripts distinguish answers about locks by `error_code`, so errors of the general form have it too. */
function addErrorCode({ json }: Outcome): void {
  const { error } = json as { error?: unknown }
  if (error instanceof Object && 'code' in error) json.error_code = String(error.code).toLowerCase()
}

function commandIn(words: readonly string[]): string | undefined {
  const word = commandWord(words)
  return word !== undefined && Object.hasOwn(COMMANDS, word) ? word : undefined
}

/** What commander wraps its own part of the help to. */
function helpWidth(): number {
  return (process.stdout.isTTY && process.stdout.columns) || 80
}

/** commander, with the options that every command takes. */
export function newProgram(): Command {
  return new Command('wrk')
    .description(INTRODUCTION)
    .version(WRK_VERSION, '-V, --version', 'print the version')
    .option(
      '--queue <dir>',
      'the queue (default: WRK_QUEUE, WORK_ITEM_ROOT, else the nearest from this folder upwards)',
    )
    .option('--session <id>', 'act as this session')
    .option('--agent <name>', 'act as this helper within the session')
    .option('--json', 'one JSON object on stdout')
    .helpOption('-h, --help', 'help, with examples')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: text => answer(wrapHelp(text, helpWidth())), writeErr: () => undefined })
    .addHelpText('after', `\nExamples of a command: wrk COMMAND --help. Exit codes: wrk help ${EXIT_CODES}`)
    .exitOverride()
}

/** @returns undefined when help was printed */
async function runCommand(words: readonly string[]): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined
  const program = newProgram()
  const run: RunCommand = async work => {
    outcome = await work({ ...program.opts<Globals>(), behind: wordsBehindDashes(words) })
  }
  const topic = helpTopic(words)
  if (topic) return topic
  const line = behindHelp(words)
  const wanted = commandIn(line)
  // The others are for the list in the help, and for suggestions; making them would cost a millisecond.
  const names = wanted && wanted !== COMPLETE ? [wanted] : inOrder(Object.keys(COMMANDS))
  for (const name of names) {
    const { summary, load, hidden = false } = COMMANDS[name]!
    const command = program.command(name, { hidden }).summary(summary).description(capital(summary))
    command.allowExcessArguments(false).helpGroup(groupOf(name))
    if (name === wanted || wanted === COMPLETE) (await load()).configure(command, run)
  }
  if (!wanted)
    program
      .commandsGroup(groupOf('help'))
      .helpCommand('help [topic]', `help on a command, or on ${EXIT_CODES}`)
  try {
    if (words.length === 0) program.outputHelp()
    else await program.parseAsync(withPlainWait(line), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Its help and version are not errors at all.
    if (error.exitCode === 0) return undefined
    const { command, path } = commandNamedIn(program, line)
    const { message, hint } = usageMessage(error, command, path)
    return outcomeOfError(new WrkError('USAGE', message, { hint }), false)
  }
  return outcome
}

/** The command that is asked for and its names, subcommands too: `session start`. */
function commandNamedIn(program: Command, words: readonly string[]): { command: Command; path: string[] } {
  const path: string[] = []
  let command = program
  for (const word of plainWords(words)) {
    const next = command.commands.find(one => one.name() === word || one.aliases().includes(word))
    if (!next) break
    path.push(next.name())
    command = next
  }
  return { command, path }
}

/** `wrk help exit-codes`; and a word that is neither a topic nor a command is a mistake. */
function helpTopic(words: readonly string[]): Outcome | undefined {
  const [help, topic, ...more] = plainWords(words)
  if (help !== 'help' || topic === undefined || (Object.hasOwn(COMMANDS, topic) && topic !== COMPLETE))
    return undefined
  if (topic === EXIT_CODES && more.length === 0)
    return {
      exitCode: EXIT.done,
      json: { ok: true, exit_codes: EXIT_CODES_HELP },
      text: `${EXIT_CODES_HELP}\n`,
    }
  const known = [...Object.keys(COMMANDS).filter(name => name !== COMPLETE), EXIT_CODES]
  throw new WrkError('USAGE', `no help on "${printable(topic, 40)}"`, {
    hint: `${didYouMean(nearWords(topic, known))}See: wrk help, wrk help COMMAND, wrk help ${EXIT_CODES}`,
  })
}

/** `wrk help session start` is `wrk session start --help`. */
function behindHelp(words: readonly string[]): readonly string[] {
  const [help, ...command] = plainWords(words)
  return help === 'help' && command.length > 0 ? [...command, '--help'] : words
}

function capital(summary: string): string {
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.`
}

/** `--wait WRK-157`: an id behind --wait is not its value. What comes after `--` is another program's. */
function withPlainWait(words: readonly string[]): string[] {
  const end = words.indexOf('--')
  return words.map((word, i) => {
    const next = (end < 0 || i < end ? words[i + 1] : undefined) ?? ''
    const isId = /[-#]/.test(next) && keyOfField(next, 'WRK') !== null
    return word === '--wait' && isId ? `--wait=${DEFAULT_WAIT}` : word
  })
}

const EXIT_CODES = 'exit-codes'
const INTRODUCTION = `Many sessions work on one queue of markdown items; each item is claimed by one.

  wrk init                 make a queue in this project
  wrk new "Fix the login"  make an item
  wrk next --claim         claim the best item that is ready
  wrk start 1              begin an item
  wrk done 1               finish it`
