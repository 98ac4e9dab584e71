/** What may come at the cursor of a command line, by the declarations of the commands alone. Pure. */

interface OptionShape {
  /** `--status`, `-n` */
  names: string[]
  value: 'none' | 'required' | 'optional'
  summary: string
}

interface ArgumentShape {
  name: string
  variadic: boolean
  choices: string[]
}

export interface CommandShape {
  names: string[]
  summary: string
  options: OptionShape[]
  args: ArgumentShape[]
  commands: CommandShape[]
}

export interface Completion {
  value: string
  title: string
}

/** What the shape of the commands does not tell. */
export type ValueKind =
  | 'id'
  | 'session'
  | 'provider'
  | 'folder'
  | 'status'
  | 'priority'
  | 'complexity'
  | 'order'

export interface Asked {
  /** The command that it is about, without the program: `session show`. */
  command: string
  /** The values of `--queue`, `--session` and `--agent` so far. */
  given: Record<string, string>
  /** The word at the cursor; in `--status=pe` what is behind `before`. */
  typed: string
  /** What a candidate begins with besides: `--status=`. */
  before: string
  candidates: Completion[]
  values: ValueKind | null
}

const VALUES: Record<string, ValueKind> = {
  id: 'id',
  session: 'session',
  dir: 'folder',
  '--on': 'id',
  '--not-on': 'id',
  '--blocked-by': 'id',
  '--parent': 'id',
  '--session': 'session',
  '--status': 'status',
  '--priority': 'priority',
  '--complexity': 'complexity',
  '--sort': 'order',
  '--provider': 'provider',
  '--queue': 'folder',
}

/**
 * @param root the program; its options are valid in any command
 * @param words those before the one at the cursor, without the program's name
 */
export function askedAt(root: CommandShape, words: readonly string[], typed: string): Asked {
  const given: Record<string, string> = {}
  const path: string[] = []
  let command = root
  let place = 0
  let ended = false
  let option: OptionShape | undefined
  for (const word of words) {
    if (!ended && option && !(option.value === 'optional' && word.startsWith('-'))) {
      given[option.names[0]!] = word
      option = undefined
    } else if (!ended && word === '--') ended = true
    else if (!ended && word.startsWith('-')) {
      const [name, value] = split(word)
      const known = optionOf(root, command, name)
      option = value === undefined && known?.value !== 'none' ? known : undefined
      if (known && value !== undefined) given[known.names[0]!] = value
    } else {
      const next =
        place === 0 && !ended ? command.commands.find(({ names }) => names.includes(word)) : undefined
      if (next) {
        path.push(next.names[0]!)
        command = next
      } else place++
    }
  }
  const asked: Asked = { command: path.join(' '), given, typed, before: '', candidates: [], values: null }
  if (!ended && option?.value === 'required') return { ...asked, values: VALUES[option.names[0]!] ?? null }
  if (!ended && typed.startsWith('-')) {
    const [name, value] = split(typed)
    if (value === undefined) return { ...asked, candidates: optionsFor(root, command, typed) }
    const known = optionOf(root, command, name)
    return { ...asked, typed: value, before: `${name}=`, values: (known && VALUES[known.names[0]!]) ?? null }
  }
  if (command.commands.length > 0 && place === 0)
    return {
      ...asked,
      candidates: beginning(
        typed,
        command.commands.map(({ names, summary }) => [names[0]!, summary]),
      ),
    }
  const last = command.args.at(-1)
  const argument = command.args[place] ?? (last?.variadic ? last : undefined)
  if (!argument) return asked
  if (argument.choices.length > 0)
    return {
      ...asked,
      candidates: beginning(
        typed,
        argument.choices.map(choice => [choice, '']),
      ),
    }
  return { ...asked, values: VALUES[argument.name] ?? null }
}

function split(word: string): [name: string, value: string | undefined] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function optionOf(root: CommandShape, command: CommandShape, name: string): OptionShape | undefined {
  return [...command.options, ...root.options].find(({ names }) => names.includes(name))
}

function optionsFor(root: CommandShape, command: CommandShape, typed: string): Completion[] {
  const all = command === root ? root.options : [...command.options, ...root.options]
  return beginning(
    typed,
    all.map(({ names, summary }) => [names[0]!, summary]),
  )
}

function beginning(typed: string, all: readonly (readonly [value: string, title: string])[]): Completion[] {
  return all.filter(([value]) => value.startsWith(typed)).map(([value, title]) => ({ value, title }))
}
