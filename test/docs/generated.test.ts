/**
 * What the pages say of commands, options, exit codes, settings and JSON is made from the program, and is so as it
 * stands. After a change: `npm run docs`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULT_SETTINGS, readSettings, SETTINGS } from '../../src/core/config.ts'
import { ENVIRONMENT } from '../../src/core/environment.ts'
import { readFull } from '../../src/markdown/read/full.ts'
import { ROOT } from '../support/program.ts'
import { commandsPart } from './pages/commands.ts'
import { exitCodesTable } from './pages/exit-codes.ts'
import { answers, answersPart, errorCodesTable, keysOf } from './pages/json.ts'
import { filled } from './pages/markdown.ts'
import { environmentTables, settingsTable } from './pages/settings.ts'

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

let given: ReturnType<typeof answers> | undefined
const answersOnce = () => {
  given ??= answers()
  return given
}

describe('the generated part of', () => {
  test.each([
    ['README.md', () => ({ 'exit-codes': exitCodesTable() })],
    ['docs/reference/commands.md', async () => ({ commands: await commandsPart() })],
    [
      'docs/reference/settings.md',
      (page: string) => ({ settings: settingsTable(page), environment: environmentTables(page) }),
    ],
    [
      'docs/reference/json.md',
      async (page: string) => ({
        'error-codes': errorCodesTable(page),
        answers: answersPart(await answersOnce()),
      }),
    ],
  ] as const)('%s is what the program says', async (page, partsFor) => {
    const text = textOf(page)
    expect(text).toContain('<!-- made: ')
    await expect(filled(text, await partsFor(page)), 'after a change: npm run docs').toMatchFileSnapshot(
      join(ROOT, page),
    )
  })
})

test('docs/reference/json.md describes every key of its answers', async () => {
  const text = textOf('docs/reference/json.md')
  const section = /^## The keys\n([\s\S]*?)^## /m.exec(text)![1]!
  const described = new Set([...section.matchAll(/`(\w+)`/g)].map(([, key]) => key!))
  const all = (await answersOnce()).map(({ json }) => json)
  const keys = [...new Set(keysOf(all))]
  expect(keys.length).toBeGreaterThan(40)
  expect(keys.filter(key => !described.has(key))).toEqual([])
})

describe('settings', () => {
  test('have the defaults that the table names', () => {
    const lines = Object.entries(SETTINGS).flatMap(([key, { standard }]) =>
      standard ? `${key}: ${standard}` : [],
    )
    const read = readFull(`${lines.join('\n')}\n`, { source: 'file' })
    if (read.kind === 'error') throw new Error(read.error.message)
    expect(readSettings(read.map)).toEqual({ settings: DEFAULT_SETTINGS, problem: null })
  })

  test('of the environment are all described', () => {
    const described = ENVIRONMENT.flatMap(({ variables }) => Object.keys(variables))
    const read = new Set<string>()
    for (const name of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.ts'))
        for (const [, variable] of textOf(join('src', name)).matchAll(/\benv\.([A-Z][A-Z_]+)/g))
          read.add(variable!)
    const ours = [...read].filter(name => !OF_OTHERS.test(name))
    expect(ours.length).toBeGreaterThan(15)
    expect(ours.filter(name => !described.includes(name))).toEqual([])
    // The shell scripts read it, not the program.
    expect(described.filter(name => !read.has(name))).toEqual(['WRK_BIN'])
  })
})

/** What the system, git, agents and the desktop set for their own purposes, and what the completion scripts hand over. */
const OF_OTHERS =
  /^(GIT_.*|HOME|PATH|PATH|XDG_.*|CLAUDE_.*|USER|LOGNAME|LESS|LV|DISPLAY|WAYLAND_DISPLAY|WRK_COMPLETE_LINE)$/
