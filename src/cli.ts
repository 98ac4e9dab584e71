/**
 * The program: finds the subcommand, loads only that one, and turns its outcome or error into output and an
 * exit code. launcher.ts starts it and exits with the code.
 */
import { Command, CommanderError } from 'commander'
import type { CommandModule, Globals, Run } from './commands/command.ts'
import { WrkError } from './core/errors.ts'
import { EXIT, EXIT_CODES_HELP } from './print/exit-codes.ts'
import { type Outcome, outcomeOfError } from './print/outcome.ts'
import { write } from './print/terminal.ts'

const COMMANDS: Record<string, { summary: string; load: () => Promise<CommandModule> }> = {
  claim: {
    summary: 'claim an item: one winner, the others are told who',
    load: () => import('./commands/claim.ts'),
  },
  release: { summary: 'give an item up', load: () => import('./commands/release.ts') },
  heartbeat: { summary: 'show that this session is alive', load: () => import('./commands/heartbeat.ts') },
  show: { summary: 'one item: fields, lock, holder, problems', load: () => import('./commands/show.ts') },
  list: { summary: 'the items of the queue and who holds them', load: () => import('./commands/list.ts') },
  status: { summary: 'who works on what', load: () => import('./commands/status.ts') },
  session: { summary: 'start, identify, list and end sessions', load: () => import('./commands/session.ts') },
  log: { summary: 'what happened: claims, takeovers, refusals', load: () => import('./commands/log.ts') },
  where: {
    summary: 'which queue this is, and where its files lie',
    load: () => import('./commands/where.ts'),
  },
  init: { summary: 'make a queue, or complete one', load: () => import('./commands/init.ts') },
}

/**
 * Runs one command line and prints its outcome.
 * @param words the arguments, without the program's name
 * @returns the exit code
 */
export async function main(words: readonly string[]): Promise<number> {
  let outcome: Outcome | undefined
  try {
    outcome = await runCommand(words)
  } catch (error) {
    outcome =
      error instanceof CommanderError
        ? usageError(error, words)
        : outcomeOfError(error, Boolean(process.env.WRK_DEBUG))
  }
  if (outcome) print(outcome, isJson(words))
  return outcome?.exitCode ?? EXIT.done
}

/** Asked of the words themselves, since a command line that cannot be parsed is answered in JSON too. */
function isJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).includes('--json')
}

function commandIn(words: readonly string[]): string | undefined {
  return words.find(word => Object.hasOwn(COMMANDS, word))
}

/** @returns undefined when help was printed */
async function runCommand(words: readonly string[]): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined
  const program = new Command('wrk')
    .description(
      'Claim and release markdown work items in place: exactly one winner, from many terminals at once.',
    )
    .version(WRK_VERSION, '-V, --version', 'print the version')
    .option('--queue <dir>', 'the queue (default: the nearest .claude/work-queue above this folder)')
    .option('--session <id>', 'act as this session')
    .option('--agent <name>', 'act as this helper within the session')
    .option('--json', 'one JSON object on stdout')
    .helpOption('-h, --help', 'help, with examples')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: text => write(1, text), writeErr: () => undefined })
    .addHelpText('after', `\n${EXIT_CODES_HELP}\n\nwrk COMMAND --help shows examples.`)
    .exitOverride()
  const run: Run = async work => {
    outcome = await work(program.opts<Globals>())
  }
  const wanted = commandIn(words)
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program
      .command(name)
      .summary(summary)
      .description(capital(summary))
      .allowExcessArguments(false)
    if (name === wanted) (await load()).configure(command, run)
  }
  if (words.length === 0) program.outputHelp()
  else await program.parseAsync([...words], { from: 'user' })
  return outcome
}

function capital(summary: string): string {
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.`
}

/** commander's complaints are usage errors; its help and version are not errors at all. */
function usageError(error: CommanderError, words: readonly string[]): Outcome | undefined {
  if (error.exitCode === 0) return undefined
  const message =
    error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '')
  const command = commandIn(words)
  const hint = `See: wrk ${command ? `${command} ` : ''}--help`
  return outcomeOfError(new WrkError('USAGE', message, { hint }), false)
}

function print({ json, text, warnings = [], refusal }: Outcome, asJson: boolean): void {
  for (const warning of warnings) write(2, `wrk: warning: ${warning}\n`)
  if (refusal && !asJson) write(2, `wrk: ${refusal.message}\n${refusal.hint ? `     ${refusal.hint}\n` : ''}`)
  if (asJson) write(1, `${JSON.stringify({ schema_version: 1, ...json })}\n`)
  else if (text) write(1, text)
}
