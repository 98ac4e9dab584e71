/**
 * What the scripts of `wrk completion` ask: one candidate a line, a tab before its title. The command line comes as
 * words behind `--`, the last of them being the one at the cursor, or in WRK_COMPLETE_LINE up to the cursor.
 * `:folders` asks the shell for folders.
 */
import type { Command } from 'commander'
import { type Asked, askedAt, type CommandShape, type Completion } from '../../core/completion.ts'
import { WrkError } from '../../core/errors.ts'
import { simpleCommands } from '../../core/shell.ts'
import { printable } from '../../core/text.ts'
import { completeValue } from '../../operations/queue/complete.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('[words...]', 'the command line up to the cursor, without the program')
    .option(
      '--breaks <characters>',
      'leave out of a candidate what comes before the last of these that was typed',
      '',
    )
  command.action((words: string[], { breaks }: { breaks: string }) =>
    run(async globals => {
      const line = process.env.WRK_COMPLETE_LINE
      const all = line === undefined ? words : wordsOf(line)
      const asked = askedAt(withHelp(shapeOf(command.parent!)), all.slice(0, -1), all.at(-1) ?? '')
      if (asked.values === 'folder')
        return { exitCode: EXIT.done, json: { ok: true, candidates: [] }, text: ':folders\n' }
      const candidates = asked.values ? await fromQueue(asked, globals) : asked.candidates
      const typed = asked.before + asked.typed
      const cut = Math.max(...[...breaks].map(char => typed.lastIndexOf(char))) + 1
      return {
        exitCode: EXIT.done,
        json: { ok: true, candidates },
        text: candidates.map(one => lineOf(`${asked.before}${one.value}`.slice(cut), one.title)).join(''),
      }
    }),
  )
}

/** The words of the last command in a line; the last one is that at the cursor, and may be empty. */
function wordsOf(line: string): string[] {
  const CURSOR = '\u0001'
  const words = simpleCommands(line + CURSOR).find(command => command.at(-1)?.endsWith(CURSOR)) ?? []
  const program = words.findIndex(word => !/^[A-Za-z_]\w*=/.test(word))
  return words.slice(program + 1).map(word => word.replace(CURSOR, ''))
}

async function fromQueue(
  { values, given, typed, command }: Asked,
  globals: Parameters<typeof open>[0],
): Promise<Completion[]> {
  if (values === null || values === 'folder') return []
  const named = { queue: given['--queue'], session: given['--session'], agent: given['--agent'] }
  const known = Object.entries(named).filter(([, value]) => value !== undefined)
  try {
    return await completeValue(
      await open({ ...globals, ...Object.fromEntries(known) }),
      values,
      typed,
      command,
    )
  } catch (error) {
    // No queue, or a broken one, is nothing to show somebody who presses a key.
    if (error instanceof WrkError) return []
    throw error
  }
}

/** Titles come from files: nothing in them may be obeyed by a terminal, or end a line or a column. */
function lineOf(value: string, title: string): string {
  const text = printable(title, 60).trim()
  return text === '' ? `${value}\n` : `${value}\t${text}\n`
}

function shapeOf(command: Command): CommandShape {
  const help = command.createHelp()
  return {
    names: [command.name(), ...command.aliases()],
    summary: command.summary() || command.description(),
    options: help.visibleOptions(command).map(({ long, short, required, optional, description }) => ({
      names: [long, short].filter(name => name != null),
      value: required ? 'required' : optional ? 'optional' : 'none',
      summary: description,
    })),
    args: command.registeredArguments.map(argument => ({
      name: argument.name(),
      variadic: argument.variadic,
      choices: argument.argChoices ?? [],
    })),
    commands: help
      .visibleCommands(command)
      .filter(one => one.name() !== 'help')
      .map(shapeOf),
  }
}

function withHelp(root: CommandShape): CommandShape {
  const choices = [...root.commands.map(({ names }) => names[0]!), 'exit-codes']
  const args = [{ name: 'topic', variadic: false, choices }]
  const help: CommandShape = {
    names: ['help'],
    summary: 'help on a command, or on exit-codes',
    options: [],
    args,
    commands: [],
  }
  return { ...root, commands: [...root.commands, help] }
}
