/**
 * templates/workflow-visual.html: one file that needs nothing else, and that shows the exit codes as wrk has them; so
 * does the README.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXIT, EXIT_CODES_HELP } from '../../src/print/exit-codes.ts'
import { ROOT } from '../support/program.ts'

const PAGE = readFileSync(join(ROOT, 'templates', 'workflow-visual.html'), 'utf8')

/** Elements that have no end tag. */
const VOID = new Set(['meta', 'link', 'br', 'hr', 'img', 'input', 'wbr'])
/** What SVG writes as `<path …/>`. */
const CLOSED_AT_ONCE = new Set(['path', 'rect', 'line', 'circle', 'use'])

/** Without the style sheet, whose text is no markup. */
const MARKUP = PAGE.replace(/<style>[\s\S]*?<\/style>/g, '<style></style>')

const valuesOf = (attribute: string): string[] =>
  [...MARKUP.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, 'g'))].map(([, value]) => value!)

const textOf = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim()

/** The rows of the table of exit codes: code and meaning. */
function codesOnPage(): Map<number, string> {
  const table = /<table id="exit-codes">([\s\S]*?)<\/table>/.exec(PAGE)![1]!
  const rows = table.matchAll(/<tr[^>]*><th scope="row"[^>]*>(\d+)<\/th><td>([\s\S]*?)<\/td>/g)
  return new Map([...rows].map(([, code, meaning]) => [Number(code), textOf(meaning!)]))
}

function codesInHelp(): Map<number, string> {
  const lines = [...EXIT_CODES_HELP.matchAll(/^ {2}(\d+) +(\S.*(?:\n {6}\S.*)*)$/gm)]
  return new Map(lines.map(([, code, meaning]) => [Number(code), meaning!.replace(/\s+/g, ' ')]))
}

describe('the page needs nothing but itself', () => {
  test('names no other address, file, style sheet or script', () => {
    expect(PAGE).not.toMatch(/https?:|@import|<link|<script|<iframe|<object|<embed|<base\b|http-equiv/i)
    for (const target of [...valuesOf('href'), ...valuesOf('xlink:href')]) expect(target).toMatch(/^#/)
    for (const name of ['src', 'srcset', 'action', 'data', 'poster']) expect(valuesOf(name)).toEqual([])
    const inCss = [...PAGE.matchAll(/url\(\s*['"]?([^)]*)/g)].map(([, target]) => target!)
    expect(inCss.length).toBeGreaterThan(0)
    for (const target of inCss) expect(target).toMatch(/^#/)
  })

  test('is small', () => {
    expect(Buffer.byteLength(PAGE)).toBeLessThan(40 * 1024)
  })
})

describe('the exit codes', () => {
  test('are all in the table', () => {
    expect([...codesOnPage().keys()]).toEqual(expect.arrayContaining([...Object.values(EXIT), 130, 143]))
  })

  test('mean what the help texts say', () => {
    const listed = codesInHelp()
    expect([...listed.keys()]).toEqual([...new Set(Object.values(EXIT))].sort((a, b) => a - b))
    const onPage = codesOnPage()
    for (const [code, meaning] of listed) expect(`${code} ${onPage.get(code)}`).toBe(`${code} ${meaning}`)
  })

  test('come in the order of the gates, and 4 stands out', () => {
    const gates = /<caption>The gates of[\s\S]*?<\/table>/.exec(PAGE)![0]
    const codes = [...gates.matchAll(/<td class="exit">(\d+)<\/td>/g)].map(([, code]) => Number(code))
    expect(codes).toEqual([2, 1, 3, 2, 4])
    const marked = [...PAGE.matchAll(/<tr class="stop">[\s\S]*?<\/tr>/g)].map(([row]) => row)
    expect(marked.length).toBe(3)
    for (const row of marked) expect(row).toMatch(/class="exit">4</)
  })
})

describe('the markup', () => {
  test('is balanced', () => {
    const open: string[] = []
    for (const [tag, slash, name, selfClosed] of MARKUP.matchAll(/<(\/?)([a-zA-Z][\w-]*)[^>]*?(\/?)>/g)) {
      if (VOID.has(name!)) continue
      if (slash) expect(open.pop(), `before ${tag}, after ${open.join(' ')}`).toBe(name)
      else if (selfClosed) expect(CLOSED_AT_ONCE, tag).toContain(name)
      else open.push(name!)
    }
    expect(open).toEqual([])
    expect(MARKUP.match(/&(?!(?:[a-z]+|#\d+);)/g)).toBeNull()
  })

  test('has every id once, and what it refers to is there', () => {
    const ids = valuesOf('id')
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
    const used = [
      ...valuesOf('href').map(target => target.slice(1)),
      ...valuesOf('aria-labelledby').flatMap(list => list.split(' ')),
      ...[...PAGE.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id!),
    ]
    expect(used.filter(id => !ids.includes(id))).toEqual([])
  })

  test('can be read without seeing it: language, drawings with descriptions, headed tables', () => {
    expect(PAGE).toMatch(/<html lang="en">/)
    expect(PAGE).toMatch(/<meta name="viewport"/)
    for (const [drawing] of PAGE.matchAll(/<svg (?!class="hidden")[\s\S]*?<\/svg>/g)) {
      expect(drawing).toMatch(/role="img" aria-labelledby="/)
      expect(drawing).toMatch(/<title id="[\s\S]*<desc id="/)
    }
    for (const [head] of MARKUP.matchAll(/<th[\s>][^>]*>?/g)) expect(head).toMatch(/ scope="(col|row)"/)
  })
})
