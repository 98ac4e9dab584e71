/** wrk commit: the queue's own changes, in a working tree that several sessions share. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { IN_QUEUE, makeRepository, Repository } from '../support/repository.ts'
import { act, at, committed, message, shared, status } from './commit.shared.ts'

describe('it commits', () => {
  test('your items as they are and another session’s as far as wrk wrote them, and says what happened', async () => {
    const repository = await shared()
    await act(repository, 'start WRK-1')
    repository.append(at('working', 'WRK-1'), 'My result.\n')
    await act(repository, 'start WRK-2', 'other')
    repository.append(at('working', 'WRK-2'), 'Half a sentence of the oth')
    repository.write('README.md', 'Not of the queue.\n')
    await repository.git('add README.md')

    const { code, json, stdout } = await repository.wrk('commit --json')
    expect({ code, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stdout: '' })
    expect(json).toMatchObject({
      branch: 'main',
      items: [
        {
          id: 'WRK-1',
          how: 'whole',
          from: at('pending', 'WRK-1'),
          to: at('working', 'WRK-1'),
          has_more: false,
        },
        {
          id: 'WRK-2',
          how: 'fields',
          from: at('pending', 'WRK-2'),
          to: at('working', 'WRK-2'),
          has_more: true,
        },
      ],
      left_out: [],
    })
    expect(json.commit).toBe((await repository.git('rev-parse HEAD')).trim())
    expect(await message(repository)).toBe(
      'WRK-1: started, text\n\n- WRK-1: started, text (pending/ -> working/)\n- WRK-2: started (pending/ -> working/)\n\n',
    )
    expect(await committed(repository, at('working', 'WRK-1'))).toBe(repository.read(at('working', 'WRK-1')))
    const other = (await committed(repository, at('working', 'WRK-2')))!
    expect(other).toBe(repository.read(at('working', 'WRK-2')).replace('Half a sentence of the oth', ''))
    expect(await committed(repository, at('pending', 'WRK-2'))).toBeNull()
    // The other's text is still there, as a change that is not staged; what was staged is.
    expect(await status(repository)).toEqual([` M ${at('working', 'WRK-2')}`, 'A  README.md'])
  })

  test('nothing where nothing happened, and nothing of what others are writing', async () => {
    const repository = await shared()
    expect((await repository.wrk('commit')).stdout).toBe('Nothing to commit.\n')
    await act(repository, 'claim WRK-2', 'other')
    await act(repository, 'commit')
    repository.append('WRK-2', 'More.\n')
    const before = await repository.git('rev-parse HEAD')
    const { code, stdout } = await repository.wrk('commit')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Nothing to commit.\nLeft out: WRK-2 is held by other, who commits it\n',
    })
    expect(await repository.wrk('commit WRK-2 --json')).toMatchObject({
      code: 4,
      json: { error: { code: 'LOCKED' } },
    })
    expect(await repository.git('rev-parse HEAD')).toBe(before)
  })

  test('only the named items, with the message that is given', async () => {
    const repository = await shared()
    for (const id of ['WRK-1', 'WRK-2']) await act(repository, `claim ${id}`)
    const { code, stdout } = await repository.wrk(['commit', '2', '-m', 'Mine', '-m', 'And why.'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Committed 1 item on main: [0-9a-f]{8} Mine\n$/)
    expect(await message(repository)).toBe('Mine\n\nAnd why.\n\n')
    expect(await status(repository)).toEqual([` M ${at('pending', 'WRK-1')}`])
    expect((await repository.wrk('commit WRK-77')).code).toBe(1)
    await act(repository, 'commit 1-3')
    expect(await status(repository)).toEqual([])
  })

  test('what --dry-run shows, and then nothing happens', async () => {
    const repository = await shared()
    await act(repository, 'claim WRK-1')
    const before = await repository.git('rev-parse HEAD')
    const { code, stdout } = await repository.wrk('commit --dry-run')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Would commit 1 item on main: WRK-1: claimed by tester\n',
    })
    expect(await repository.git('rev-parse HEAD')).toBe(before)
    expect(await status(repository)).toEqual([` M ${at('pending', 'WRK-1')}`])
  })

  test('the first commit of a repository', async () => {
    const repository = await makeRepository(null)
    repository.write('WRK-1', item('WRK-1'))
    const { code, json } = await repository.wrk('commit --json')
    expect({ code, items: json.items }).toMatchObject({ code: 0, items: [{ id: 'WRK-1', from: null }] })
    expect(await repository.git('log --format=%s')).toBe('WRK-1: new\n')
  })

  test('no deletion unless it is named, and no file with a problem', async () => {
    const repository = await shared()
    rmSync(join(repository.top, repository.path('WRK-1')))
    repository.write('WRK-2', item('WRK-2', { title: null }))
    const { stdout } = await repository.wrk('commit')
    expect(stdout).toContain('Left out: WRK-1 is gone from the working tree. wrk commit WRK-1\n')
    expect(stdout).toContain('Left out: the field title is missing')
    expect((await repository.wrk('commit WRK-2')).code).toBe(5)
    await act(repository, 'commit WRK-1')
    expect(await repository.git('log -1 --format=%s')).toBe('WRK-1: removed\n')
  })

  test('in a sparse checkout, items that are outside of it', async () => {
    const repository = await shared()
    await repository.git(['sparse-checkout', 'set', '--cone', `${IN_QUEUE}/pending`])
    await act(repository, 'done WRK-1')
    expect((await repository.tryGit(['add', at('done', 'WRK-1')])).code).not.toBe(0)
    await act(repository, 'commit')
    expect(await committed(repository, at('done', 'WRK-1'))).toContain('status: done')
    expect(await status(repository)).toEqual([])
  })
})

describe('the index', () => {
  test('keeps what somebody staged of another session’s item, with the fields that were committed', async () => {
    const repository = await shared()
    await act(repository, 'claim WRK-1', 'other')
    repository.append('WRK-1', 'Staged by its holder.\n')
    await repository.git(['add', repository.path('WRK-1')])
    repository.append('WRK-1', 'Not staged yet.\n')
    await act(repository, 'start WRK-1', 'other')
    await act(repository, 'commit')
    expect(await committed(repository, at('working', 'WRK-1'))).not.toContain('Staged by')
    const staged = await repository.git(['show', `:${at('working', 'WRK-1')}`])
    expect(staged).toContain('Staged by its holder.\n')
    expect(staged).toContain('status: working')
    expect(staged).not.toContain('Not staged yet.')
    // A plain commit then adds the text, and takes nothing back.
    await repository.git('commit -q --no-verify -m text')
    const now = (await committed(repository, at('working', 'WRK-1')))!
    expect(now).toContain('Staged by its holder.\n')
    expect(now).toContain('status: working')
    expect(await committed(repository, at('pending', 'WRK-1'))).toBeNull()
  })

  test('is waited for, and a wait that is too long commits nothing', async () => {
    const repository = await shared()
    await act(repository, 'claim WRK-1')
    const lock = join(repository.top, '.git', 'index.lock')
    writeFileSync(lock, '')
    // Another git has the index while the commit is made, and ends after that.
    const hook = join(repository.top, '.git', 'hooks', 'commit-msg')
    writeFileSync(hook, '#!/bin/sh\n(sleep 0.3; rm .git/index.lock) >/dev/null 2>&1 &\n', { mode: 0o755 })
    await act(repository, 'commit')
    rmSync(hook)
    await act(repository, 'claim WRK-2')
    writeFileSync(lock, '')
    expect(await repository.wrk('commit --wait 0s --json')).toMatchObject({
      code: 75,
      json: { error: { code: 'BUSY' } },
    })
    expect(existsSync(lock)).toBe(true)
    rmSync(lock)
  })
})

describe('it refuses, with nothing changed,', () => {
  const refusal = async (repository: Repository, words = 'commit') => {
    const { code, stderr } = await repository.wrk(words)
    return { code, stderr }
  }

  test('in the middle of a merge, a revert, a bisect and a rebase, and on no branch', async () => {
    const repository = await shared()
    await repository.git('checkout -q -b side')
    repository.write('other.txt', 'side\n')
    await repository.commitAll('side')
    await repository.git('checkout -q main')
    repository.write('other.txt', 'main\n')
    await repository.commitAll('main')
    await act(repository, 'claim WRK-1')

    await repository.tryGit('merge side')
    expect(await refusal(repository)).toEqual({
      code: 5,
      stderr: 'wrk: a merge is in progress; nothing was committed\n     Finish it first: git commit\n',
    })
    await repository.git('merge --abort')
    await repository.tryGit('cherry-pick side')
    expect((await refusal(repository)).stderr).toContain('a cherry-pick is in progress')
    await repository.git('cherry-pick --abort')
    await repository.git('bisect start')
    expect((await refusal(repository)).stderr).toContain('git bisect reset')
    await repository.git('bisect reset')
    await repository.git('stash -q')
    await repository.tryGit('rebase side')
    expect((await refusal(repository)).stderr).toContain('git rebase --continue')
    await repository.git('rebase --abort')
    await repository.git('stash pop -q')
    await repository.git('checkout -q --detach')
    expect(await refusal(repository)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('git switch'),
    })
  })

  test('with conflicts in the index, such as those of a stash', async () => {
    const repository = await shared()
    repository.write('other.txt', 'a\n')
    await repository.commitAll('a')
    repository.write('other.txt', 'b\n')
    await repository.git('stash -q')
    repository.write('other.txt', 'c\n')
    await repository.commitAll('c')
    await repository.tryGit('stash pop')
    await act(repository, 'claim WRK-1')
    expect(await refusal(repository)).toEqual({
      code: 5,
      stderr:
        'wrk: other.txt has unresolved conflicts; nothing was committed\n     Resolve them first: git status\n',
    })
  })

  test('from a linked worktree, unless it is told to commit on the main one’s branch', async () => {
    const repository = await shared()
    const linked = join(tempFolder(), 'linked')
    await repository.git(['worktree', 'add', '-q', linked, '-b', 'work'])
    await act(repository, 'claim WRK-1')
    const there = new Repository(linked, IN_QUEUE)
    expect(await refusal(there)).toEqual({
      code: 5,
      stderr:
        'wrk: the queue is in the main working tree, with a branch of its own\n     Commit on that branch: wrk commit --main-tree\n',
    })
    expect((await there.wrk('commit --main-tree')).code).toBe(0)
    expect(await repository.git('log -1 --format=%s main')).toBe('WRK-1: claimed by tester\n')
    expect(await repository.git('log -1 --format=%s work')).toBe('the queue\n')
  })
})
