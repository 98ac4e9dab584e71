/** The rest of resolve.test.ts: what takes too long for every run. */
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import type { Repository } from '../support/repository.ts'
import { at, branches, DRIVER, expectWhole, LONG, placesOf, put } from './resolve.shared.ts'

describe.each(DRIVER)('one file is left, %s', (_, driver) => {
  const started = (repository: Repository) => put(repository, 'working', { priority: 'high' })
  const finished = (repository: Repository) =>
    put(repository, 'done', { completed_at: '2026-02-01T01:00:00Z' })

  test.each([
    ['merge', 'merge --no-edit side', 'commit -q --no-edit'],
    ['rebase', 'rebase side', 'rebase --continue'],
    ['cherry-pick', 'cherry-pick side', 'cherry-pick --continue'],
  ])('of an item that was started here and finished there: %s', async (_name, command, next) => {
    const repository = await branches(driver, started, finished)
    expect((await repository.tryGit(command)).code).not.toBe(0)
    const { code, stdout, stderr } = await repository.wrk('resolve')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`WRK-1: ${at('done')}`)
    expect(placesOf(repository)).toEqual(['done'])
    expect(repository.read(at('done'))).toBe(
      item('WRK-1', { status: 'done', priority: 'high', completed_at: '2026-02-01T01:00:00Z' }),
    )
    await expectWhole(repository)
    await repository.git(next)
    expect((await repository.wrk('resolve')).stdout).toBe('Nothing to do: no item is left from a merge.\n')
  })

  test('of one that merged cleanly into two files, before and after the commit', async () => {
    const repository = await branches(
      driver,
      repo => put(repo, 'working', { title: 'Quite another title than it had' }, LONG),
      repo => put(repo, 'done', { completed_at: '2026-02-01T01:00:00Z' }, LONG.replaceAll('Line', 'Row')),
    )
    await repository.tryGit('merge --no-edit side')
    if ((await repository.git('ls-files -u')) === '')
      expect(placesOf(repository)).toEqual(['working', 'done'])
    const { code, stderr } = await repository.wrk('resolve')
    // Both have written a text of their own into it.
    expect(code).toBe(1)
    expect(stderr).toContain('WRK-1: both sides changed')
    expect(placesOf(repository)).toHaveLength(1)
    const [folder] = placesOf(repository)
    const text = repository.read(at(folder!))
    for (const line of ['Line 3 of', 'Row 3 of', 'Quite another title']) expect(text).toContain(line)
    repository.write(at(folder!), text.replace(/^(<{7} ours|={7}|>{7} theirs)\n/gm, ''))
    expect((await repository.wrk('resolve WRK-1')).code).toBe(0)
    await expectWhole(repository)
  })

  test.each(['true', 'conflict'])(
    'of a new item that followed a folder (directoryRenames=%s)',
    async setting => {
      const repository = await branches(
        driver,
        repo => {
          for (const id of ['WRK-1', 'WRK-2', 'WRK-3']) put(repo, 'done', {}, '', id)
        },
        repo => repo.write(at('pending', 'WRK-9'), item('WRK-9')),
      )
      await repository.git(['config', 'merge.directoryRenames', setting])
      await repository.tryGit('merge --no-edit side')
      expect(placesOf(repository, 'WRK-9')).toEqual(['done'])
      const { stdout, code } = await repository.wrk('resolve')
      expect(code).toBe(0)
      expect(stdout).toContain(`WRK-9: ${at('pending', 'WRK-9')} (was ${at('done', 'WRK-9')})`)
      expect(placesOf(repository, 'WRK-9')).toEqual(['pending'])
      await expectWhole(repository)
    },
  )
})
