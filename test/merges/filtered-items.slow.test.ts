/** Items that git keeps in another form, as git-crypt does: what a merge and wrk resolve make of them. */
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeRepository, type Repository } from '../support/repository.ts'

/** A repository with a filter, as both sides of a merge have changed an item. */
async function filtered(
  ours: Record<string, string>,
  theirs: Record<string, string>,
  { driver = true, attributes = '' } = {},
): Promise<Repository> {
  const repository = await makeRepository([])
  await repository.git(['config', 'filter.packed.clean', 'gzip -nc'])
  await repository.git(['config', 'filter.packed.smudge', 'gunzip -c'])
  await repository.git(['config', 'filter.packed.required', 'true'])
  repository.write('.gitattributes', attributes || '*.md filter=packed diff=packed\n')
  if (driver) await repository.wrk('hooks install')
  const commit = async (fields: Record<string, string>, message: string) => {
    repository.write('WRK-1', item('WRK-1', fields))
    await repository.commitAll(message)
  }
  await commit({ priority: 'low' }, 'before')
  await repository.git('checkout -q -b side')
  await commit(theirs, 'side')
  await repository.git('checkout -q main')
  await commit(ours, 'main')
  await repository.tryGit('merge --no-edit side')
  return repository
}

const HEALTHY = { priority: 'low', title: 'Ours' }
const URGENT = { priority: 'high' }

test('the merge driver merges them by their fields', async () => {
  const repository = await filtered(HEALTHY, URGENT)
  expect(await repository.git('status --porcelain')).toBe('')
  expect(repository.read('WRK-1')).toBe(item('WRK-1', { priority: 'high', title: 'Ours' }))
  expect(await repository.git('show HEAD:.claude/work-queue/pending/WRK-1.md')).not.toContain('WRK-1')
})

test('a conflict has its markers in the text, and is staged in git’s form when it is resolved', async () => {
  const repository = await filtered({ priority: 'medium' }, URGENT)
  expect(repository.read('WRK-1')).toMatch(/^<{7} ours$/m)
  repository.write('WRK-1', item('WRK-1', { priority: 'medium' }))
  expect(await repository.wrk('resolve WRK-1')).toMatchObject({ code: 0, stderr: '' })
  expect(await repository.git('status --porcelain')).toBe('')
  expect(await repository.git('diff HEAD --name-only')).toBe('')
})

test.each([
  ['kept by a filter', ''],
  ['taken for binary', '*.md -merge\n'],
])('without the driver wrk resolve loses no side of an item %s', async (_, attributes) => {
  const repository = await filtered(HEALTHY, URGENT, { driver: false, attributes })
  // git leaves our version in the working tree, without markers.
  expect(repository.read('WRK-1')).toBe(item('WRK-1', HEALTHY))
  expect(await repository.wrk('resolve')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.read('WRK-1')).toBe(item('WRK-1', { priority: 'high', title: 'Ours' }))
  expect(await repository.git('diff --name-only')).toBe('')
})

test.each([
  ['kept by a filter', ''],
  ['taken for binary', '*.md -merge\n'],
])('without the driver a real conflict of an item %s is for a person', async (_, attributes) => {
  const repository = await filtered({ priority: 'medium' }, URGENT, { driver: false, attributes })
  expect(await repository.wrk('resolve')).toMatchObject({ code: 1 })
  expect(repository.read('WRK-1')).toMatch(/^<{7} ours$/m)
  repository.write('WRK-1', item('WRK-1', URGENT))
  expect(await repository.wrk('resolve')).toMatchObject({ code: 0 })
  expect(await repository.git('ls-files -u')).toBe('')
  expect(await repository.git('diff --name-only')).toBe('')
})

test('where the filter fails, wrk resolve leaves the item alone and says why', async () => {
  const repository = await filtered({ priority: 'medium' }, URGENT)
  await repository.git(['config', 'filter.packed.smudge', 'false'])
  const before = repository.read('WRK-1')
  const { code, stderr } = await repository.wrk('resolve')
  expect(code).toBe(1)
  expect(stderr).toContain('the filter in .gitattributes failed')
  expect(repository.read('WRK-1')).toBe(before)
})
