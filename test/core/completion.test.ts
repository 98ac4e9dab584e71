/** What may be at the cursor, known from the shape of the commands alone. */
import { describe, expect, test } from 'vitest'
import { type Asked, askedAt, type CommandShape } from '../../src/core/completion.ts'

type Option = CommandShape['options'][number]
const option = (names: string, value: Option['value'], summary = ''): Option => ({
  names: names.split(' '),
  value,
  summary,
})
const argument = (name: string, variadic = false, choices: string[] = []) => ({ name, variadic, choices })
const command = (names: string, parts: Partial<CommandShape> = {}): CommandShape => ({
  names: names.split(' '),
  summary: `to ${names}`,
  options: [],
  args: [],
  commands: [],
  ...parts,
})

const ROOT = command('wrk', {
  options: [
    option('--queue', 'required', 'the queue'),
    option('--session', 'required'),
    option('--json -j', 'none', 'as JSON'),
  ],
  commands: [
    command('list ls', {
      options: [
        option('--status -s', 'required', 'only these'),
        option('--sort', 'optional'),
        option('--all', 'none'),
        option('--reason', 'required'),
      ],
    }),
    command('claim', { args: [argument('id'), argument('dir')] }),
    command('close', { args: [argument('note'), argument('id', true)] }),
    command('session', {
      commands: [
        command('show', { args: [argument('session')] }),
        command('start'),
        command('list', { args: [argument('id')] }),
      ],
    }),
    command('show', { args: [argument('id', true)] }),
    command('completion', { args: [argument('shell', false, ['bash', 'zsh', 'bsh'])] }),
  ],
})

/** The words of a line, the last of them at the cursor. */
function asked(line: string): Asked {
  const words = line.split(' ')
  return askedAt(ROOT, words.slice(0, -1), words.at(-1)!)
}

const offered = (line: string) => asked(line).candidates.map(({ value }) => value)

describe('commands', () => {
  test('are offered with what they do, by the first of their names', () => {
    expect(asked('cl')).toEqual({
      command: '',
      given: {},
      typed: 'cl',
      before: '',
      candidates: [
        { value: 'claim', title: 'to claim' },
        { value: 'close', title: 'to close' },
      ],
      values: null,
    })
    expect(offered('')).toEqual(['list', 'claim', 'close', 'session', 'show', 'completion'])
    expect(offered('ls')).toEqual([])
    expect(offered('aim')).toEqual([])
  })

  test('are below commands, behind options, and not behind an argument', () => {
    expect(offered('session s')).toEqual(['show', 'start'])
    expect(offered('--queue claim session s')).toEqual(['show', 'start'])
    expect(offered('--json session --queue q s')).toEqual(['show', 'start'])
    expect(asked('session nosuch ')).toMatchObject({ command: 'session', candidates: [], values: null })
    expect(offered('session nosuch show ')).toEqual([])
  })

  test.each([
    ['', ''],
    ['list ', 'list'],
    ['ls ', 'list'],
    ['session show ', 'session show'],
    ['session --queue q show ', 'session show'],
    ['claim list ', 'claim'],
    ['claim session list ', 'claim'],
    ['-- list ', ''],
    ['session nosuch show ', 'session'],
    ['session -- show ', 'session'],
    ['list', ''],
  ])('that %j is about: %j', (line, name) => {
    expect(asked(line).command).toBe(name)
  })
})

describe('arguments', () => {
  test.each([
    ['claim ', 'id'],
    ['claim WRK-7 ', 'folder'],
    ['claim WRK-7 . ', null],
    ['claim --json ', 'id'],
    ['claim --queue q ', 'id'],
    ['claim -- ', 'id'],
    ['claim -- -x ', 'folder'],
    ['claim -- --queue ', 'folder'],
    ['claim -- --', 'id'],
    ['close ', null],
    ['close x ', 'id'],
    ['close x WRK-7 WRK-8 ', 'id'],
    ['show WRK-7 WRK-8 ', 'id'],
    ['session show ', 'session'],
    ['session list W', 'id'],
    ['list ', null],
  ])('are of the kind that their place has: %j asks for %j', (line, kind) => {
    expect(asked(line)).toMatchObject({ values: kind, candidates: [], typed: line.split(' ').at(-1) })
  })

  test('are one of the choices that there are', () => {
    expect(asked('completion b')).toMatchObject({
      candidates: [
        { value: 'bash', title: '' },
        { value: 'bsh', title: '' },
      ],
      values: null,
    })
    expect(offered('completion bash ')).toEqual([])
  })
})

describe('options', () => {
  test('are the command’s and the program’s, by the first of their names', () => {
    expect(asked('list --').candidates).toContainEqual({ value: '--status', title: 'only these' })
    expect(offered('list -')).toEqual([
      '--status',
      '--sort',
      '--all',
      '--reason',
      '--queue',
      '--session',
      '--json',
    ])
    expect(offered('list --s')).toEqual(['--status', '--sort', '--session'])
    expect(offered('list x --a')).toEqual(['--all'])
    expect(offered('-')).toEqual(['--queue', '--session', '--json'])
    expect(offered('claim --all')).toEqual([])
  })

  test.each([
    ['list --status ', 'status'],
    ['list -s ', 'status'],
    ['list --status p', 'status'],
    ['list --status -', 'status'],
    ['list --sort ', null],
    ['list --all ', null],
    ['list --reason ', null],
    ['list --nosuch ', null],
    ['list -- --status ', null],
    ['list --status pending ', null],
    ['list --status=pending ', null],
    ['--queue ', 'folder'],
    ['list --queue ', 'folder'],
    ['--session ', 'session'],
  ])('that need a value have that at the cursor: %j asks for %j', (line, kind) => {
    expect(asked(line)).toMatchObject({ values: kind, before: '', candidates: [] })
  })

  test.each([
    ['list --status=pe', '--status=', 'pe', 'status'],
    ['list --sort=', '--sort=', '', 'order'],
    ['list --status=a=b', '--status=', 'a=b', 'status'],
    ['list --reason=x', '--reason=', 'x', null],
    ['list --nosuch=x', '--nosuch=', 'x', null],
    ['list --queue=x', '--queue=', 'x', 'folder'],
  ])('have their value behind an equals sign: %j', (line, before, typed, kind) => {
    expect(asked(line)).toMatchObject({ before, typed, values: kind, candidates: [] })
  })

  test('of one letter have none there', () => {
    expect(asked('list -s=x')).toMatchObject({ before: '', typed: '-s=x', values: null, candidates: [] })
    expect(asked('list -s=x ').given).toEqual({})
  })

  test.each<[line: string, given: Record<string, string>]>([
    ['--queue q --session s ', { '--queue': 'q', '--session': 's' }],
    ['--queue=q list --status=a=b ', { '--queue': 'q', '--status': 'a=b' }],
    ['list -s p --queue= ', { '--status': 'p', '--queue': '' }],
    ['list --queue -x ', { '--queue': '-x' }],
    ['list --queue -- ', { '--queue': '--' }],
    ['list --queue q --queue r ', { '--queue': 'r' }],
    ['list --sort title ', { '--sort': 'title' }],
    ['list --sort --all x ', {}],
    ['list --all x --json y --nosuch z --nosuch=z ', {}],
    ['list -- --queue q ', {}],
    ['list --queue', {}],
  ])('that were given are known: %j', (line, given) => {
    expect(asked(line).given).toStrictEqual(given)
  })
})

test.each([
  ['--session', 'session'],
  ['--status', 'status'],
  ['--priority', 'priority'],
  ['--complexity', 'complexity'],
  ['--sort', 'order'],
  ['--provider', 'provider'],
  ['--queue', 'folder'],
  ['--reason', null],
])('the value of %s is asked for as %s', (name, kind) => {
  const root = command('wrk', { options: [option(name, 'required')] })
  expect(askedAt(root, [name], '').values).toBe(kind)
  expect(askedAt(root, [], `${name}=`).values).toBe(kind)
})
