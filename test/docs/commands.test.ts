/** Commands and options that the documents name are those of the program. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FIRST, PROGRAM, ROOT } from '../support/program.ts'

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

const helps = new Map<string, string>()

/** @param words a command, or a command and its subcommand */
function helpOf(words: readonly string[]): string {
  const key = words.join(' ')
  let help = helps.get(key)
  if (help === undefined) {
    help = execFileSync(PROGRAM, [...FIRST, ...words, '--help'], { encoding: 'utf8' })
    helps.set(key, help)
  }
  return help
}

/** The names in the list of commands of a help text. */
const listedIn = (help: string): string[] =>
  [...(help.split(/^Commands:$/m)[1] ?? '').matchAll(/^ {2}([a-z][a-z|-]*)/gm)].flatMap(([, name]) =>
    name!.split('|'),
  )

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

test.each(DOCUMENTS)('%s names commands and options that exist', document => {
  const commands = [...helpOf([]).matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map(([, name]) => name!)
  const wrong: string[] = []
  for (const { words, options } of usesIn(readFileSync(join(ROOT, document), 'utf8'))) {
    const [command, second] = words
    if (command === undefined || command === 'help') continue
    if (!commands.includes(command)) {
      wrong.push(`wrk ${command}`)
      continue
    }
    const help = helpOf([command])
    const known = second !== undefined && listedIn(help).includes(second) ? helpOf([command, second]) : help
    for (const option of options)
      if (!new RegExp(`${option}\\b(?!-)`).test(known)) wrong.push(`wrk ${words.join(' ')} ${option}`)
  }
  expect(wrong).toEqual([])
})
