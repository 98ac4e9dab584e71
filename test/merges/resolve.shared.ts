/** What the tests of resolve have in common. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { item } from '../support/items.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'

const FOLDERS = ['pending', 'working', 'blocked', 'done', 'archive/2026-02']
export const at = (folder: string, id = 'WRK-1') => join(IN_QUEUE, folder, `${id}.md`)
export const LONG = Array.from({ length: 40 }, (_, i) => `Line ${i} of the result.\n`).join('')

export const nothing = (): void => undefined

export type Fields = Record<string, string | null>

/** Puts an item into a folder with these fields and this text, and takes it from wherever it was. */
export function put(
  repository: Repository,
  folder: string,
  fields: Fields = {},
  more = '',
  id = 'WRK-1',
): void {
  for (const other of FOLDERS) rmSync(join(repository.top, at(other, id)), { force: true })
  repository.write(
    at(folder, id),
    item(id, { status: folder.startsWith('archive') ? 'archived' : folder, ...fields }) + more,
  )
}

/** Where an item is in the working tree. */
export function placesOf(repository: Repository, id = 'WRK-1'): string[] {
  return FOLDERS.filter(folder => existsSync(join(repository.top, at(folder, id))))
}

/** What is on `main` and on `side`, committed; `main` is checked out. */
export async function branches(
  driver: boolean,
  onMain: (repository: Repository) => void,
  onSide: (repository: Repository) => void,
  before: (repository: Repository) => void = nothing,
): Promise<Repository> {
  const repository = await makeRepository()
  if (driver) await repository.wrk('hooks install')
  before(repository)
  await repository.commitAll('before')
  await repository.git('checkout -q -b side')
  onSide(repository)
  await repository.commitAll('side')
  await repository.git('checkout -q main')
  onMain(repository)
  await repository.commitAll('main')
  return repository
}

/** The state after resolve must be whole: nothing unmerged, index and working tree the same, each item once. */
export async function expectWhole(repository: Repository): Promise<void> {
  expect(await repository.git('ls-files -u')).toBe('')
  expect(await repository.git('diff --name-only')).toBe('')
  expect(await repository.git('ls-files --others --exclude-standard')).toBe('')
  const names = (await repository.git('ls-files')).split('\n').map(path => path.split('/').at(-1)!)
  const items = names.filter(name => /^WRK-\d+\.md$/.test(name))
  expect(items.toSorted()).toEqual([...new Set(items)].toSorted())
}

export const DRIVER = [
  ['with the driver', true],
  ['without it', false],
] as const
