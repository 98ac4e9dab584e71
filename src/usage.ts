/** commander's complaints about a command line in wrk's words: what is wrong, and what to type next. */
import type { Command, CommanderError } from 'commander'
import { printable } from './core/text.ts'

interface UsageMessage {
  message: string
  hint: string
}

/** Its own sentences, by its code for them, with their parts; what is not here stays as commander says it. */
const SENTENCES: Record<string, [pattern: RegExp, say: (parts: readonly string[], line: string) => string]> =
  {
    unknownOption: [/option '(.*?)'(?:\s*\(Did you mean (?:one of )?(.*)\?\))?$/s, unknown('option')],
    unknownCommand: [/command '(.*?)'(?:\s*\(Did you mean (?:one of )?(.*)\?\))?$/s, unknown('command')],
    missingArgument: [/argument '(.*?)'$/, ([name], line) => `missing argument: ${line} <${name}>`],
    optionMissingArgument: [
      /option '(.*?)' argument/,
      ([flags]) => `${long(flags!)} needs a value: ${flags}`,
    ],
    missingMandatoryOptionValue: [
      /option '(.*?)' not/,
      ([flags], line) => `missing option: ${line} ${flags}`,
    ],
    conflictingOption: [
      /^(?:option )?'?(.*?)'? cannot be used with (?:option )?'?(.*?)'?$/,
      ([a, b]) => `${long(a!)} and ${long(b!)} exclude each other`,
    ],
    excessArguments: [
      /Expected (\d+) arguments? but got (\d+)/,
      ([most, given], line) => `too many arguments: ${line} takes ${most}, not ${given}`,
    ],
    invalidArgument: [
      /^(?:option '(.*?)' argument|command-argument value) '(.*?)' is invalid(?: for argument '(.*?)')?\. Allowed choices are (.*)\.$/s,
      ([flags, value, name, choices]) =>
        `unknown ${flags ? `value of ${long(flags)}` : name} "${printable(value!, 40)}". Use one of: ${choices}`,
    ],
  }

function unknown(what: string) {
  return ([name, near]: readonly string[]): string => {
    const shown = what === 'option' ? printable(name!, 60) : `"${printable(name!, 40)}"`
    return `unknown ${what} ${shown}${near ? `. Did you mean ${near.replace(/, (?=[^,]*$)/, ' or ')}?` : ''}`
  }
}

/** `-n, --last <count>` by its long name. */
function long(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags
}

/** @param command the one that was asked for, as far as the words named one @param path its names */
export function usageMessage(error: CommanderError, command: Command, path: readonly string[]): UsageMessage {
  const line = ['wrk', ...path].join(' ')
  const hint = `See: ${line} --help`
  if (error.code === 'commander.help') {
    const names = command.commands.map(one => one.name()).join(', ')
    return { message: `missing command. Use one of: ${names}`, hint }
  }
  const text = error.message.replace(/^error: /, '')
  const [pattern, say] = SENTENCES[error.code.replace('commander.', '')] ?? []
  const parts = pattern?.exec(text)
  return { message: parts ? say!(parts.slice(1), line) : text.replaceAll('\n', ' '), hint }
}
