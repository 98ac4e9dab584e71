/** The rest of hooks.test.ts: what takes too long for every run. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
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
  MANAGERS,
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

  test('is refused when a moved item would only be deleted, with -a and by path, and then goes through', async () => {
    const repository = await withHooks()
    expect((await repository.wrk('start WRK-2')).code).toBe(0)
    const [from, to] = [repository.path('WRK-2'), join(IN_QUEUE, 'working', 'WRK-2.md')]
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

describe('a hook manager', () => {
  /** Where its hooks are, and it has put them there. */
  async function managed(
    manager: keyof typeof MANAGERS,
  ): Promise<{ repository: Repository; write: (text: string) => void }> {
    const repository = await makeRepository()
    await claimed(repository)
    const folder = manager === 'husky' ? join(repository.top, '.husky', '_') : hooksOf(repository)
    if (manager === 'husky') {
      await repository.git('config core.hooksPath .husky/_')
      writeHook(
        join(folder, 'h'),
        'n=$(basename "$0"); [ ! -f "$(dirname "$0")/../$n" ] || sh -e "$(dirname "$0")/../$n" "$@"\n',
        0o644,
      )
    }
    const write = (text: string) => {
      for (const name of ['pre-commit', 'commit-msg']) writeHook(join(folder, name), text)
    }
    write(MANAGERS[manager].text)
    return { repository, write }
  }

  test.each(['husky', 'lefthook', 'pre-commit'] as const)(
    'that writes its hooks again (%s) takes the check away, which is noticed, and install heals it',
    async manager => {
      const { repository, write } = await managed(manager)
      expect((await repository.wrk('hooks install')).code).toBe(0)
      write(MANAGERS[manager].later)
      const status = await repository.wrk('hooks status --json')
      expect(status).toMatchObject({
        code: 1,
        json: { gone: true, error: { hint: expect.stringContaining('wrk hooks install') } },
      })
      expect(stateOf(status)).toEqual(['overwritten', 'overwritten'])
      expect(status.stderr).toContain('commits are not checked')
      const { json } = await repository.wrk('doctor --json')
      expect(json.findings.filter(({ code }: { code: string }) => code === 'hooks')).toMatchObject(
        ['pre-commit', 'commit-msg'].map(name => ({
          severity: 'warning',
          message: expect.stringContaining(`${name}: a hook manager wrote its own over it`),
          fix: { kind: 'install-hooks' },
        })),
      )
      expect((await repository.wrk('hooks install')).code).toBe(0)
      expect((await repository.wrk('hooks status --json')).json).toMatchObject({ ok: true, gone: false })
      repository.append('WRK-1')
      expect((await commit(repository, 'x', '-a')).code).toBe(1)
      write(MANAGERS[manager].later)
      expect((await repository.wrk('doctor --fix --json')).json.fixed.length).toBeGreaterThan(0)
      expect((await commit(repository, 'x', '-a')).code).toBe(1)
      // What is left in the end is the manager's, and nothing of wrk's.
      expect((await repository.wrk('hooks uninstall')).code).toBe(0)
      const folder = (await repository.wrk('hooks status --json')).json.hooks_path
      expect(readFileSync(join(folder, 'pre-commit'), 'utf8')).toBe(MANAGERS[manager].later)
      expect(readdirSync(folder).filter(name => name.includes('wrk'))).toEqual([])
      expect(existsSync(join(repository.top, '.git', 'wrk-hooks'))).toBe(false)
    },
  )

  test.each([
    [
      'husky',
      '.husky',
      {
        '.husky/pre-commit': 'npx wrk verify --staged\n',
        '.husky/commit-msg': 'wrk verify --commit-msg "$1"\n',
      },
    ],
    [
      'lefthook',
      'lefthook.yml',
      {
        'lefthook.yml':
          'pre-commit:\n  commands:\n    wrk:\n      run: wrk verify --staged\ncommit-msg:\n  commands:\n    wrk:\n      run: wrk verify --commit-msg {1}\n',
      },
    ],
    [
      'pre-commit',
      '.pre-commit-config.yaml',
      {
        '.pre-commit-config.yaml':
          'repos:\n- repo: local\n  hooks:\n  - id: items\n    entry: wrk verify --staged\n  - id: message\n    stages: [commit-msg]\n    entry: wrk verify --commit-msg\n',
      },
    ],
  ] as const)(
    'by which git reaches wrk (%s) is named, and nothing is put in beside it',
    async (manager, way, files) => {
      const { repository } = await managed(manager)
      expect((await repository.wrk('hooks status --json')).code).toBe(1)
      // A line that is commented out asks nobody.
      for (const [name, text] of Object.entries(files))
        repository.write(name, text.replace(/^(.*wrk.*)$/gm, '# $1'))
      expect((await repository.wrk('hooks status --json')).code).toBe(1)
      for (const [name, text] of Object.entries(files)) repository.write(name, text)
      const before = (await repository.wrk('hooks status --json')).json.hooks
      const install = await repository.wrk('hooks install --json')
      expect(install.json).toMatchObject({ ok: true, hooks: before })
      const status = await repository.wrk('hooks status')
      expect(status.code).toBe(0)
      expect(status.stdout).toMatch(/^ {2}pre-commit {2}not installed; git reaches wrk through .*$/m)
      expect(status.stdout).toContain(`through ${join(repository.top, way)}`)
      const { json } = await repository.wrk('doctor --json')
      expect(json.findings.filter(({ code }: { code: string }) => code === 'hooks')).toMatchObject([
        { severity: 'note', message: expect.stringContaining('pre-commit: git reaches wrk through') },
        { severity: 'note', message: expect.stringContaining('commit-msg: git reaches wrk through') },
      ])
    },
  )
})
