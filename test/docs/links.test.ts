/** The documents: links lead to files and headings that exist, README is short, each command is described. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FIRST, PROGRAM, ROOT } from '../support/program.ts'

const DOCUMENTS = [
  ...readdirSync(ROOT).filter(name => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
].sort()

const textOf = (path: string): string => readFileSync(path, 'utf8')

/** Without blocks of code and without code in a line: what looks like a link there is not one. */
function prose(markdown: string): string {
  return markdown
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, code => code.replace(/[[\]()]/g, ' '))
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>()
  return [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} +(.*)$/gm)].map(([, heading]) => {
    const slug = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
}

/** Links and pictures, those in HTML too. */
function linksOf(document: string): string[] {
  const text = prose(textOf(join(ROOT, document)))
  const found = text.matchAll(/\]\(\s*([^)\s]+)[^)]*\)|\b(?:src|srcset|href)="([^"\s]+)"/g)
  return [...found].map(([, target, inHtml]) => (target ?? inHtml)!)
}

const pagesLinkedFrom = (document: string): string[] =>
  linksOf(document).map(target => join(dirname(document), target.split('#')[0]!))

/** By their path from the top, without a link. */
const pagesNamedIn = (document: string): string[] =>
  [...textOf(join(ROOT, document)).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => path)

/** Why a link leads nowhere; null when it is right. */
function faultOf(document: string, target: string): string | null {
  if (/^[a-z]+:/i.test(target)) return null
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? join(ROOT, document) : join(ROOT, dirname(document), path)
  if (relative(ROOT, file).startsWith('..')) return `${target} leads out of the project`
  if (!existsSync(file)) return `${target} does not exist`
  if (anchor === undefined || !statSync(file).isFile()) return null
  return anchorsOf(textOf(file)).includes(anchor) ? null : `${target}: no such heading`
}

describe('links', () => {
  test('are found, and a wrong one is noticed', () => {
    expect(linksOf('README.md').length).toBeGreaterThan(20)
    expect(linksOf('README.md')).toContain('docs/images/terminal-dark.svg')
    expect(faultOf('README.md', 'docs/contract.md#5-claiming')).toBe(null)
    expect(faultOf('README.md', 'docs/contract.md#no-such')).toBe('docs/contract.md#no-such: no such heading')
    expect(faultOf('docs/contract.md', 'README.md')).toBe('README.md does not exist')
    expect(faultOf('README.md', '../other')).toBe('../other leads out of the project')
  })

  test.each(DOCUMENTS)('of %s lead to files and headings that exist', document => {
    expect(linksOf(document).flatMap(target => faultOf(document, target) ?? [])).toEqual([])
  })

  test('from README or a page that it names reach every document', () => {
    const reached = new Set(['README.md'])
    for (const document of reached)
      for (const path of [...pagesLinkedFrom(document), ...pagesNamedIn(document)])
        if (DOCUMENTS.includes(path)) reached.add(path)
    expect(DOCUMENTS.filter(document => !reached.has(document))).toEqual([])
  })
})

/** Files and folders, in code: `store/items/moves.ts`, `core/claims/`, `test/cli/layers.test.ts`. */
const pathsIn = (document: string): string[] =>
  [...textOf(join(ROOT, document)).matchAll(/`([\w-]+(?:\/[\w.-]+)*(?:\.(?:ts|mjs)|\/))`/g)].map(
    ([, path]) => path!,
  )

describe('the files and functions that are named in', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })

  test.each([
    ['docs/architecture.md', 30],
    ['AGENTS.md', 15],
  ])('%s are there', (document, least) => {
    const paths = pathsIn(document)
    expect(paths.length).toBeGreaterThan(least)
    // From the top, from src, or beside another of its folder by its name alone; ROOM and NAME stand for any.
    const isThere = (path: string) =>
      /[A-Z]{4}/.test(path) ||
      existsSync(join(ROOT, path)) ||
      sources.some(file => `/${file}`.endsWith(`/${path.replace(/\/$/, '')}`))
    expect(paths.filter(path => !isThere(path))).toEqual([])
  })

  test.each(['docs/architecture.md', 'AGENTS.md'])('%s by their names are in src', document => {
    const code = sources.filter(name => name.endsWith('.ts')).map(name => textOf(join(ROOT, 'src', name)))
    const names = [...textOf(join(ROOT, document)).matchAll(/`([a-z]+[A-Z]\w*)(?:\(.*?\))?`/g)].map(
      ([, name]) => name!,
    )
    expect(names.length).toBeGreaterThan(1)
    expect(names.filter(name => !code.some(text => new RegExp(`\\b${name}\\b`).test(text)))).toEqual([])
  })
})

test('AGENTS.md names every layer and every room', () => {
  const foldersOf = (path: string) =>
    readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap(entry =>
      entry.isDirectory() ? entry.name : [],
    )
  const rooms = ['core', 'operations', 'commands', 'store'].flatMap(layer => foldersOf(join('src', layer)))
  const text = textOf(join(ROOT, 'AGENTS.md'))
  const missing = [...foldersOf('src'), ...rooms].filter(name => !new RegExp(`\\b${name}\\b`).test(text))
  expect([...new Set(missing)]).toEqual([])
})

test('README has at most 16,000 characters', () => {
  expect([...textOf(join(ROOT, 'README.md'))].length).toBeLessThanOrEqual(16_000)
})

test('the pages describe every command of the help', () => {
  const stdout = execFileSync(PROGRAM, [...FIRST, '--help'], { encoding: 'utf8' })
  const listed = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map(([, name]) => name!)
  expect(listed).toEqual(expect.arrayContaining(['claim', 'board', 'coordination']))
  const described = DOCUMENTS.filter(name => name.startsWith('docs/'))
    .map(name => textOf(join(ROOT, name)))
    .join('\n')
  const missing = listed.filter(name => !new RegExp(`\`(wrk )?${name}[ \`]`).test(described))
  expect(missing).toEqual([])
})
