/** The rest of hooks.test.ts: what takes too long for every run. */

import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { IN_QUEUE, makeRepository, Repository } from '../support/repository.ts'
import {
  claimed,
  commit,
  heads,
  hook,
  hooksOf,
  ran,
  snapshot,
  stateOf,
  withHooks,
  writeHook,
} from './hooks.shared.ts'

describe('with the hooks in, git commit', () => {
  test('is refused under the claim of another workspace too', async () => {
    const repository = await withHooks()
    const workspace = await makeRepository()
    workspace.write('WRK-1', item('WRK-1', { plan_approved: 'true' }))
    repository.append('WRK-1')
    const commit = ['git', '-C', repository.top, 'commit', '-qam', 'x']
    const refused = await workspace.wrk(['execute', 'WRK-1', '--provider', 'claude', '--', ...commit])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('held by other') })
    expect(await heads(repository)).toBe(1)
  })

  test('is refused when an item moved by hand would only be deleted, with -a and by path, and then goes through', async () => {
    const repository = await withHooks()
    const [from, to] = [repository.path('WRK-2'), join(IN_QUEUE, 'working', 'WRK-2.md')]
    renameSync(join(repository.top, from), join(repository.top, to))
    repository.write(to, item('WRK-2', { status: 'working' }))
    const all = await commit(repository, 'WRK-2: start', '-a')
    expect(all).toMatchObject({ code: 1, stderr: expect.stringContaining(`\n     git add ${to}\n`) })
    const byPath = await commit(repository, 'WRK-2: start', from)
    expect(byPath.code).toBe(1)
    expect(byPath.stderr).toContain(`\n     git add ${to} && git commit ${from} ${to}\n`)
    await repository.git(['add', to])
    expect((await commit(repository, 'WRK-2: start', from)).code).toBe(1)
    expect(await heads(repository)).toBe(1)
    expect((await commit(repository, 'WRK-2: start', from, to)).code).toBe(0)
    expect(await repository.git('ls-files')).toContain(to)
  })

  test('works in an empty repository, in a linked worktree, and in one with blanks in its path', async () => {
    const folder = join(tempFolder(), "it's a – folder")
    const repository = await makeRepository(null, { folder })
    expect((await repository.wrk('hooks install')).code).toBe(0)
    repository.write('WRK-1', 'none')
    await repository.git('add -A')
    expect(await commit(repository, 'first')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no frontmatter'),
    })
    repository.write('WRK-1', item('WRK-1'))
    await repository.git('add -A')
    expect(await commit(repository, 'first')).toMatchObject({ code: 0, stderr: '' })

    await claimed(repository)
    const linked = new Repository(join(tempFolder(), 'a tree'), IN_QUEUE)
    await repository.git(['worktree', 'add', '-q', '-b', 'linked', linked.top])
    linked.append('WRK-1')
    expect(await commit(linked, 'x', '-a')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('held by other'),
    })
    expect(stateOf(await linked.wrk('hooks status --json'))).toEqual(['installed', 'installed'])
  })

  test('merges, picks and rebases as before', async () => {
    const repository = await withHooks()
    await repository.git('checkout -q -b side')
    repository.append('WRK-3', 'Side.\n')
    await repository.git(['commit', '-qam', 'side'])
    await repository.git('checkout -q main')
    repository.append('WRK-2', 'Main.\n')
    await repository.git(['commit', '-qam', 'main'])
    await repository.git('merge -q --no-edit side')
    await repository.git('checkout -q side')
    repository.append('WRK-3', 'More.\n')
    await repository.git(['commit', '-qam', 'more'])
    await repository.git('rebase -q main')
    await repository.git('checkout -q main')
    await repository.git('cherry-pick side')
    expect(repository.read('WRK-3')).toContain('More.')
  })
})

describe('a hook that was there', () => {
  test.each(['#!/bin/sh', '#!/usr/bin/env bash', '#!/bin/sh -e', '#!/bin/sh\n:', ''])(
    'with %j is kept and called first, with its arguments, and uninstall puts it back',
    async shebang => {
      const repository = await makeRepository()
      writeHook(join(hooksOf(repository), 'pre-commit'), hook('one', 0, shebang))
      writeHook(
        join(hooksOf(repository), 'commit-msg'),
        `${hook('two', 0, shebang).replace('exit 0', 'echo changed >"$1"')}`,
        0o700,
      )
      const before = snapshot(hooksOf(repository))
      expect((await repository.wrk('hooks install')).code).toBe(0)
      const inside = snapshot(hooksOf(repository))
      expect((await repository.wrk('hooks install')).code).toBe(0)
      expect(snapshot(hooksOf(repository))).toEqual(inside)

      expect((await commit(repository, 'x', '--allow-empty')).code).toBe(0)
      expect(ran(repository).map(line => line.replace('.before-wrk', ''))).toEqual([
        'ran one as pre-commit in hooks with 0',
        'ran two as commit-msg in hooks with 1',
      ])
      expect(await repository.git('log -1 --format=%s')).toBe('changed\n')
      expect((await repository.wrk('hooks uninstall')).code).toBe(0)
      expect(snapshot(hooksOf(repository))).toEqual(before)
      expect((await repository.wrk('hooks uninstall')).code).toBe(0)
      expect(snapshot(hooksOf(repository))).toEqual(before)
    },
  )
})
