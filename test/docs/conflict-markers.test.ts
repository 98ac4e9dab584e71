/** No merge conflict that somebody forgot to resolve: in a template it would reach the users of wrk. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/program.ts'

const FOLDERS = ['src', 'templates', 'docs', 'scripts', 'test', '.ci']
const MARKER = /^(?:<{7} |>{7} |\|{7} |={7}$)/m

/** Files of text that are not an example of a conflict. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter(entry => entry.isFile() && !/\.(webp|png|svg|gz)$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
}

test.each(FOLDERS)('no file in %s has the marker of a merge conflict', folder => {
  const files = filesBelow(folder)
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter(path => MARKER.test(readFileSync(path, 'utf8')))).toEqual([])
})

test('nor has one at the top', () => {
  const files = readdirSync(ROOT, { withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(md|json|ts|jsonc|yml)$/.test(entry.name))
    .map(entry => join(ROOT, entry.name))
  expect(files.length).toBeGreaterThan(5)
  expect(files.filter(path => MARKER.test(readFileSync(path, 'utf8')))).toEqual([])
})

test('a marker is seen as one', () => {
  for (const line of ['<'.repeat(7), '>'.repeat(7), '|'.repeat(7)])
    expect(MARKER.test(`a\n${line} x\n`)).toBe(true)
  expect(MARKER.test(`a\n${'='.repeat(7)}\nb\n`)).toBe(true)
  expect(MARKER.test(`Title\n${'='.repeat(12)}\n`)).toBe(false)
})
