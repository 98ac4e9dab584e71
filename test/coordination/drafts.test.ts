/** Files of the repository from which claims are pushed are put in place whole, and what a killed process left goes. */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noteFetch } from '../../src/coordination/git/cache-repository.ts'
import { putInPlace } from '../../src/coordination/git/drafts.ts'
import { tempFolder } from '../support/processes.ts'

test('a file is put in place over the old one, or the old one stays and no draft is left', () => {
  const gitDir = tempFolder()
  const path = join(gitDir, 'file')
  putInPlace(gitDir, path, 'old')
  putInPlace(gitDir, path, 'new')
  expect(readFileSync(path, 'utf8')).toBe('new')
  mkdirSync(join(gitDir, 'folder', 'full'), { recursive: true })
  expect(() => putInPlace(gitDir, join(gitDir, 'folder'), 'text')).toThrow()
  expect(readdirSync(join(gitDir, 'drafts'))).toEqual([])
})

test('with a fetch, drafts of more than an hour go; younger ones, which may be at work, stay', () => {
  const gitDir = tempFolder()
  noteFetch(gitDir)
  mkdirSync(join(gitDir, 'drafts'))
  for (const name of ['old', 'young']) writeFileSync(join(gitDir, 'drafts', name), 'half')
  const past = new Date(Date.now() - 3_700_000)
  utimesSync(join(gitDir, 'drafts', 'old'), past, past)
  noteFetch(gitDir)
  expect(readdirSync(join(gitDir, 'drafts'))).toEqual(['young'])
})
