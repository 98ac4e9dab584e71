/**
 * Reads the plain command lines of the frequent commands without commander; loading and running it would be a fifth of
 * what wrk adds to Node's own start. A command declares itself once, by commander's own calls, to whichever reads its line.
 *
 * Guarantees: a line that is read here is understood as commander does (test/cli/plain-line.test.ts compares the two).
 * Whatever is not plain (help, short options, an option twice or without its value, too few or too many arguments,
 * anything unknown) is declined, and commander reads it.
 */
import type { Command } from 'commander'
import type { CommandModule, Globals, RunCommand } from './commands/command.ts'
import type { Outcome } from './print/outcome.ts'
import { wordsBehindDashes } from './words.ts'

/** A line that was read: does the command's work. */
export type PlainLine = () => Promise<Outcome | undefined>

type Value = string | boolean | string[]

interface OptionForm {
  /** Its name among the values: `runId` of `--run-id`. */
  key: string
  takes: 'nothing' | 'value' | 'values'
  /** What it says when it is given, where it takes nothing. */
  says: boolean
}

const GLOBALS: ReadonlyMap<string, OptionForm> = new Map(
  ['--queue <dir>', '--session <id>', '--agent <name>', '--json'].map(flags => optionForm(flags)!),
)

/**
 * @param words the whole line; its first word that belongs to no option has to be the command's name
 * @returns null when the line is not plain
 */
export function readPlainLine(
  name: string,
  words: readonly string[],
  configure: CommandModule['configure'],
): PlainLine | null {
  let outcome: Outcome | undefined
  const behind = wordsBehindDashes(words)
  const line = behind ? words.slice(0, words.indexOf('--')) : words
  const globals = takeOptions(line, GLOBALS)
  if (!globals || globals.left[0] !== name) return null
  const run: RunCommand = async work => {
    outcome = await work({ ...(globals.values as Globals), behind })
  }
  const declared = new Declared()
  configure(declared as unknown as Command, run)
  const own = takeOptions(globals.left.slice(1), declared.options)
  if (!own || own.left.some(word => word.startsWith('-'))) return null
  const given = declared.assign([...own.left, ...(behind ?? [])])
  if (!given) return null
  const { act } = declared
  return async () => {
    await act(...given, { ...declared.defaults, ...own.values }, declared)
    return outcome
  }
}

/** Takes known options out of a line; those of the command are unknown to the first pass, as to commander's. */
function takeOptions(
  words: readonly string[],
  known: ReadonlyMap<string, OptionForm | null>,
): { values: Record<string, Value>; left: string[] } | null {
  const values: Record<string, Value> = {}
  const left: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const mark = word.startsWith('--') ? word.indexOf('=') : -1
    const form = known.get(mark < 0 ? word : word.slice(0, mark))
    if (form === undefined) {
      left.push(word)
      continue
    }
    if (form === null || form.key in values || (mark >= 0 && form.takes !== 'value')) return null
    if (form.takes === 'nothing') values[form.key] = form.says
    else if (mark >= 0) values[form.key] = word.slice(mark + 1)
    else {
      let end = i + 1
      while (end < words.length && !words[end]!.startsWith('-') && (form.takes === 'values' || end === i + 1))
        end++
      if (end === i + 1) return null
      values[form.key] = form.takes === 'values' ? words.slice(i + 1, end) : words[i + 1]!
      i = end - 1
    }
  }
  return { values, left }
}

/** Its flag and form; undefined for one with other flags than a long one, or with an optional value. */
function optionForm(flags: string): [flag: string, form: OptionForm] | undefined {
  const parts = /^--(no-)?([a-z-]+)(?: <[\w.]+?(\.\.\.)?>)?$/.exec(flags)
  if (!parts) return undefined
  const [, no, name, many] = parts
  const key = name!.replace(/-./g, two => two[1]!.toUpperCase())
  const takes = many ? 'values' : flags.endsWith('>') ? 'value' : 'nothing'
  return [`--${no ?? ''}${name}`, { key, takes, says: !no }]
}

type Action = (...args: unknown[]) => unknown

/** Takes a command's declarations in commander's place. */
class Declared {
  /** Null: an option that commander has to read. */
  readonly options = new Map<string, OptionForm | null>()
  readonly defaults: Record<string, Value> = {}
  private readonly places: string[] = []
  act: Action = () => undefined

  argument(place: string): this {
    this.places.push(place)
    return this
  }

  option(flags: string, _description: string, ...more: unknown[]): this {
    const known = more.length === 0 ? optionForm(flags) : undefined
    if (!known) {
      for (const flag of flags.match(/--?[a-z][a-z-]*/g) ?? []) this.options.set(flag, null)
      return this
    }
    const [flag, form] = known
    this.options.set(flag, form)
    if (!form.says) this.defaults[form.key] = true
    return this
  }

  createOption(flags: string): { flags: string; choices: () => unknown } {
    const option = { flags, choices: () => option }
    return option
  }

  /** One that was made with `createOption` has a form of its own. */
  addOption({ flags }: { flags: string }): this {
    return this.option(flags, '', null)
  }

  action(act: Action): this {
    this.act = act
    return this
  }

  description(): this {
    return this
  }

  addHelpText(): this {
    return this
  }

  /** The words as the arguments of the action: null where they are too few or too many. */
  assign(words: readonly string[]): unknown[] | null {
    const last = this.places.at(-1)
    const takesRest = last?.includes('...') ?? false
    const least = this.places.filter(place => place.startsWith('<')).length
    if (words.length < least || (!takesRest && words.length > this.places.length)) return null
    return this.places.map((place, i) => (place.includes('...') ? words.slice(i) : words[i]))
  }
}
