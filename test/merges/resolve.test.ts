/** wrk resolve, in and after merges of real repositories, with wrk's merge driver and without it. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import { at, branches, DRIVER, expectWhole, LONG, nothing, placesOf, put } from './resolve.shared.ts'

describe.each(DRIVER)('one file is left, %s', (_, driver) => {
  const started = (repository: Repository) => put(repository, 'working', { priority: 'high' })
  const finished = (repository: Repository) =>
    put(repository, 'done', { completed_at: '2026-02-01T01:00:00Z' })

  test('of one that was taken back from a stash', async () => {
    const repository = await branches(driver, nothing, nothing)
    started(repository)
    await repository.git('add -A')
    await repository.git('stash -q')
    finished(repository)
    await repository.commitAll('finished')
    await repository.tryGit('stash pop')
    expect((await repository.wrk('resolve')).code).toBe(0)
    expect(placesOf(repository)).toEqual(['done'])
    expect(repository.read(at('done'))).toMatch(/^priority: high$/m)
    await expectWhole(repository)
  })

  test('of one with a reverted start after it was finished: a person decides', async () => {
    const repository = await branches(driver, started, nothing)
    finished(repository)
    repository.write(at('done'), repository.read(at('done')).replace('medium', 'high'))
    await repository.commitAll('finished')
    await repository.tryGit('revert --no-edit HEAD~1')
    const { code } = await repository.wrk('resolve')
    if (code === 0) await expectWhole(repository)
    expect(placesOf(repository)).toHaveLength(1)
  })

  test('of one that was rewritten so much that git sees no move', async () => {
    const repository = await branches(
      driver,
      repo => put(repo, 'done', { completed_at: '2026-02-01T01:00:00Z' }, LONG),
      repo => put(repo, 'pending', { priority: 'low' }),
    )
    await repository.tryGit('merge --no-edit side')
    const { code } = await repository.wrk('resolve')
    expect(code).toBe(0)
    expect(placesOf(repository)).toEqual(['done'])
    expect(repository.read(at('done'))).toBe(
      item('WRK-1', { status: 'done', priority: 'low', completed_at: '2026-02-01T01:00:00Z' }) + LONG,
    )
    await expectWhole(repository)
  })
})

describe('a person', () => {
  const conflict = (driver: boolean) =>
    branches(
      driver,
      repo => put(repo, 'pending', { priority: 'high', related: '[WRK-2]' }),
      repo => put(repo, 'pending', { priority: 'low', related: '[WRK-3]' }),
    )

  test.each(DRIVER)('edits what is in conflict and finishes with wrk resolve ID, %s', async (_, driver) => {
    const repository = await conflict(driver)
    await repository.tryGit('merge --no-edit side')
    const first = await repository.wrk('resolve')
    expect(first.code).toBe(1)
    expect(first.stderr).toBe(
      `wrk: 1 item left for you to decide:\nWRK-1: both sides changed priority\n     Edit ${at('pending')}, then: wrk resolve WRK-1\n`,
    )
    const text = repository.read('WRK-1')
    expect(text).toContain('related: [WRK-2, WRK-3]')
    repository.write('WRK-1', text.replace(/<{7} ours\n(.*\n)={7}\n.*\n>{7} theirs\n/, '$1'))
    const second = await repository.wrk('resolve 1')
    expect(second.stdout).toBe(`WRK-1: ${at('pending')}, as you edited it\nNext: git commit\n`)
    expect(repository.read('WRK-1')).toBe(item('WRK-1', { priority: 'high', related: '[WRK-2, WRK-3]' }))
    await expectWhole(repository)
  })

  test('who takes one side as it was is not asked again', async () => {
    const repository = await conflict(true)
    await repository.tryGit('merge --no-edit side')
    await repository.git(['checkout', '--theirs', at('pending')])
    expect((await repository.wrk('resolve 1')).code).toBe(0)
    expect(repository.read('WRK-1')).toBe(item('WRK-1', { priority: 'low', related: '[WRK-3]' }))
    await expectWhole(repository)
  })

  test('who is in the middle of an edit keeps it', async () => {
    const repository = await conflict(true)
    await repository.tryGit('merge --no-edit side')
    const text = repository.read('WRK-1').replace('Text that', 'My own words. Text that')
    repository.write('WRK-1', text)
    const { code, stderr } = await repository.wrk('resolve')
    expect(code).toBe(1)
    expect(stderr).toContain('the text that you edited still has conflict markers')
    expect(repository.read('WRK-1')).toBe(text)
  })

  test('who edited after a clean merge into two files keeps the edit in the one that is left', async () => {
    const repository = await branches(
      true,
      repo => put(repo, 'working', { title: 'x' }, 'A\n'.repeat(3)),
      repo => put(repo, 'done', { completed_at: '2026-02-01T01:00:00Z', title: 'x' }),
      repo => repo.write('WRK-1', '---\nid: WRK-1\ntitle: a\nstatus: pending\n---\n'),
    )
    await repository.tryGit('merge --no-edit side')
    expect(placesOf(repository)).toEqual(['working', 'done'])
    repository.append(at('done'), 'Added since.\n')
    const { code } = await repository.wrk('resolve')
    const [folder] = placesOf(repository)
    expect(placesOf(repository)).toHaveLength(1)
    const text = repository.read(at(folder!))
    expect(text).toContain('Added since.')
    expect(text).toContain('A\n')
    expect([0, 1]).toContain(code)
  })

  test('is asked whether an item goes that one side removed and the other changed', async () => {
    const repository = await branches(
      true,
      repo => rmSync(join(repo.top, at('pending'))),
      repo => put(repo, 'pending', { priority: 'low' }),
    )
    await repository.tryGit('merge --no-edit side')
    const { code, stderr, stdout } = await repository.wrk('resolve')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(
      `WRK-1: removed on our side, changed on theirs\n     Keep it: git add ${at('pending')}. Remove it: git rm ${at('pending')}\n`,
    )
    await repository.git(['rm', '-q', at('pending')])
    expect((await repository.wrk('resolve')).stdout).toBe('Nothing to do: no item is left from a merge.\n')
  })
})

describe.each(DRIVER)('an item’s text that git put into another, %s', (_, driver) => {
  test('goes back where it belongs', async () => {
    const text = Array.from({ length: 30 }, (_, i) => `Line ${i} of what all items say.\n`).join('')
    const repository = await branches(
      driver,
      repo => repo.append(at('pending', 'WRK-7'), 'Only about seven.\n'),
      repo => {
        rmSync(join(repo.top, at('pending', 'WRK-7')))
        repo.write(at('pending', 'WRK-8'), item('WRK-8') + text)
      },
      repo => repo.write(at('pending', 'WRK-7'), item('WRK-7') + text),
    )
    await repository.tryGit('merge --no-edit side')
    if (!driver) expect(repository.read('WRK-8')).toContain('Only about seven.')
    const { code, stderr, stdout } = await repository.wrk('resolve')
    expect(code).toBe(1)
    expect(stdout).toContain(`WRK-8: ${at('pending', 'WRK-8')}`)
    expect(stderr).toContain('WRK-7: changed on our side, removed on theirs')
    expect(repository.read('WRK-8')).toBe(item('WRK-8') + text)
    expect(repository.read('WRK-7')).toBe(`${item('WRK-7')}${text}Only about seven.\n`)
    await repository.git(['add', at('pending', 'WRK-7')])
    await expectWhole(repository)
  })
})

test('--check changes nothing, and says what it would do', async () => {
  const repository = await branches(
    true,
    repo => put(repo, 'working'),
    repo => put(repo, 'done', { completed_at: '2026-02-01T01:00:00Z' }),
  )
  await repository.tryGit('merge --no-edit side')
  const before = await repository.git('status --porcelain')
  const { code, stdout, stderr } = await repository.wrk('resolve --check')
  expect(code).toBe(1)
  expect(stdout).toContain(`WRK-1: would be ${at('done')} (now `)
  expect(stderr).toBe('wrk: 1 item can be resolved.\n     Resolve: wrk resolve\n')
  expect(await repository.git('status --porcelain')).toBe(before)
})

test('outside of a merge there is nothing to settle; an invalid id is a usage error', async () => {
  const repository = await makeRepository()
  expect(await repository.wrk('resolve')).toMatchObject({
    code: 0,
    stdout: 'Nothing to do: no item is left from a merge.\n',
  })
  expect((await repository.wrk('resolve ../x')).code).toBe(2)
  expect((await repository.wrk('resolve --json')).json).toMatchObject({
    ok: true,
    operation: null,
    settled: [],
  })
})
