/** Commands and options that the documents name are those of the program. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/program.ts'

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Without CHANGELOG, which also names what there was once. */
const DOCUMENTS = [
  'README.md',
  'AGENTS.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
]

/** The help of each command, as docs/reference/commands.md has it; generated.test.ts checks that page. */
const helps = new Map(
  [
    ...textOf('docs/reference/commands.md').matchAll(
      /^Usage: wrk ([a-z][a-z| -]*?)(?: [[<].*)?\n[\s\S]*?^```$/gm,
    ),
  ].flatMap(([help, command]): [string, string][] => {
    // `session start|init` is the same command by another name.
    const name = command!.replace(/\|\S+/, '')
    const also = /\(also: ([a-z]+)\)/.exec(help)?.[1]
    return also === undefined
      ? [[name, help]]
      : [
          [name, help],
          [also, help],
        ]
  }),
)

/** What every command takes. */
const GLOBAL = '--queue --session --agent --json --help --version'

interface Use {
  words: string[]
  options: string[]
}

/** `wrk …` in code, up to what ends a command; what comes behind ` -- ` is another program's. */
function usesIn(markdown: string): Use[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block!.split('\n'),
  )
  const inline = [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(([, code]) =>
    code!.replaceAll('\n', ' '),
  )
  const lines = [
    ...inline.filter(code => code.startsWith('wrk ')),
    ...blocks.flatMap(line => /^(?:[A-Z ] )?(?:\$ )?(wrk .*)$/.exec(line)?.[1] ?? []),
  ]
  return lines.map(line => {
    const own = line.replace(/'[^']*'|"[^"]*"/g, 'TEXT').split(/ -- | {2,}#| \| | && |\)/)[0]!
    const words = own.split(' ').slice(1)
    return {
      words: words.filter(word => /^[a-z][a-z-]*$/.test(word)),
      options: [...own.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option),
    }
  })
}

/** What is wrong with a use; null when the program has that command and these options. */
function faultOf({ words, options }: Use): string | null {
  const [command, second] = words
  if (command === undefined || command === 'help') return null
  const help = helps.get(`${command} ${second}`) ?? helps.get(command)
  if (help === undefined) return `wrk ${command}`
  const known = `${help} ${GLOBAL}`
  const wrong = options.filter(option => !new RegExp(`${option}\\b(?!-)`).test(known))
  return wrong.length > 0 ? `wrk ${words.join(' ')} ${wrong.join(' ')}` : null
}

test('a command or an option that is not there is noticed', () => {
  expect(helps.size).toBeGreaterThan(60)
  expect(usesIn('`wrk claim 157 --wait 5m` and `wrk session end --force`').map(faultOf)).toEqual([null, null])
  expect(usesIn('`wrk calm 157`').map(faultOf)).toEqual(['wrk calm'])
  expect(usesIn('```\n$ wrk session end --hard\n```').map(faultOf)).toEqual(['wrk session end --hard'])
})

test.each(DOCUMENTS)('%s names commands and options that exist', document => {
  expect(usesIn(textOf(document)).flatMap(use => faultOf(use) ?? [])).toEqual([])
})

test.each(DOCUMENTS)('%s names scripts of package.json and tests that exist', document => {
  const text = textOf(document)
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const named = [...text.matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)].map(([, script]) => script!)
  expect(named.filter(script => !Object.hasOwn(scripts, script))).toEqual([])
  const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).map(
    name => `test/${name}`,
  )
  const paths = [...text.matchAll(/vitest run ((?:test\/[\w./-]+\s*)+)/g)].flatMap(([, all]) =>
    all!.trim().split(/\s+/),
  )
  // vitest takes a part of a path for all that have it.
  expect(paths.filter(path => !tests.some(name => name.includes(path)))).toEqual([])
})
