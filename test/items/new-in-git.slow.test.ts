/** wrk new in a git repository: ids of deleted items, of other branches, clones and worktrees. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { IN_QUEUE, makeRepository, Repository } from '../support/repository.ts'

describe('in git', () => {
  const next = async (repository: Repository, options = {}): Promise<string> => {
    const result = await repository.wrk('new x --json', options)
    expect(result.stderr).toBe('')
    return result.json.item.id
  }
  const commitAndDelete = async (repository: Repository, name: string): Promise<void> => {
    repository.write(join(repository.queue, name), item('WRK-1'))
    await repository.commitAll(`with ${name}`)
    await repository.git(['rm', '-q', '--', join(repository.queue, name)])
    await repository.commitAll(`without ${name}`)
  }

  test('an id of the past is not given again, from whatever folder or branch, merged or not', async () => {
    const repository = await makeRepository(['WRK-1'])
    await commitAndDelete(repository, 'pending/WRK-10.md')
    expect(await next(repository)).toBe('WRK-011')
    await commitAndDelete(repository, 'archive/2025-01/WRK-20-old.md')
    expect(await next(repository)).toBe('WRK-021')
    await repository.git('checkout -q -b side')
    await commitAndDelete(repository, 'working/WRK-30.md')
    await repository.git('checkout -q main')
    expect(await next(repository)).toBe('WRK-031')
    await repository.git('checkout -q --detach')
    await commitAndDelete(repository, 'done/WRK-40.md')
    expect(await next(repository)).toBe('WRK-041')
  })

  test('the very first commit counts, and settings of the user’s git change nothing', async () => {
    const repository = await makeRepository(null)
    repository.write(join(repository.queue, 'pending/WRK-90.md'), item('WRK-90'))
    await repository.commitAll('the first')
    await repository.git(['rm', '-q', '--', join(repository.queue, 'pending/WRK-90.md')])
    await repository.commitAll('the second')
    for (const setting of [
      'log.showRoot false',
      'log.follow true',
      'diff.renames copies',
      'log.showSignature true',
    ])
      await repository.git(`config ${setting}`)
    expect(await next(repository)).toBe('WRK-091')
  })

  test('what was written only in a merge counts', async () => {
    const repository = await makeRepository(['WRK-1'])
    await repository.git('checkout -q -b side')
    await repository.commitAll('on the side')
    await repository.git('checkout -q main')
    await repository.commitAll('on main')
    await repository.git('merge -q --no-ff --no-commit side')
    repository.write('WRK-50', item('WRK-50'))
    await repository.commitAll('a merge that adds')
    await repository.git(['rm', '-q', '--', repository.path('WRK-50')])
    await repository.commitAll('gone')
    expect(await next(repository)).toBe('WRK-051')
  })

  test('history that was rewritten since it was read is read again, and what it had is remembered', async () => {
    const repository = await makeRepository(['WRK-1'])
    await commitAndDelete(repository, 'pending/WRK-10.md')
    expect(await next(repository)).toBe('WRK-011')
    await repository.git('checkout -q --orphan fresh')
    await repository.commitAll('again')
    await repository.git('branch -q -D main')
    await repository.git('reflog expire --expire=now --all')
    await repository.git('gc -q --prune=now')
    await commitAndDelete(repository, 'pending/WRK-20.md')
    expect(await next(repository)).toBe('WRK-021')
  })

  test('ids that were given out but never committed are remembered beside those of history', async () => {
    const repository = await makeRepository(['WRK-1'])
    expect(await next(repository)).toBe('WRK-002')
    rmSync(join(repository.top, repository.path('WRK-002')))
    await commitAndDelete(repository, 'pending/WRK-2-other.md')
    expect(await next(repository)).toBe('WRK-003')
    rmSync(join(repository.top, repository.queue, '.wrk', 'ids.json'))
    expect(await next(repository)).toBe('WRK-004')
  })

  test('a shallow clone says that its history is cut, and reads the rest once it is there', async () => {
    const source = await makeRepository(['WRK-1'])
    await commitAndDelete(source, 'done/WRK-30.md')
    await source.commitAll('the last')
    const clone = new Repository(join(tempFolder(), 'clone'), IN_QUEUE)
    await source.git(['clone', '-q', '--depth', '1', `file://${source.top}`, clone.top])
    const cut = await clone.wrk('new x --json')
    expect(cut.json).toMatchObject({ item: { id: 'WRK-002' } })
    expect(cut.stderr).toMatch(/^wrk: warning: this clone is shallow.*git fetch --unshallow\n$/)
    await clone.git('fetch -q --unshallow')
    const whole = await clone.wrk('new x --json')
    expect({ id: whole.json.item.id, stderr: whole.stderr }).toEqual({ id: 'WRK-031', stderr: '' })
  })

  test('the history of the queue’s own repository counts, not that of the repository that runs the hook', async () => {
    const [other, queue] = [await makeRepository(['WRK-1']), await makeRepository(['WRK-1'])]
    await commitAndDelete(other, 'done/WRK-90.md')
    await commitAndDelete(queue, 'done/WRK-10.md')
    const env = { GIT_DIR: join(other.top, '.git'), GIT_INDEX_FILE: join(other.top, '.git', 'index') }
    expect(await next(queue, { env })).toBe('WRK-011')
    // A hook of a linked worktree, where git names the repository to all that it runs.
    const linked = join(tempFolder(), 'linked')
    await other.git(['worktree', 'add', '-q', linked])
    const hook = `wrk --queue ${join(queue.top, IN_QUEUE)} new "from a hook" --json >made`
    other.write('.git/hooks/pre-commit', `#!/bin/sh\n${hook}\n`)
    chmodSync(join(other.top, '.git/hooks/pre-commit'), 0o755)
    await other.git('commit -q --allow-empty -m x', { cwd: linked })
    const made = JSON.parse(readFileSync(join(linked, 'made'), 'utf8'))
    expect(made.item.id).toBe('WRK-012')
  })

  test('a repository that only the environment names counts where its working tree holds the queue', async () => {
    const repository = await makeRepository(['WRK-1'])
    await commitAndDelete(repository, 'done/WRK-10.md')
    const dir = join(tempFolder(), 'dotfiles.git')
    renameSync(join(repository.top, '.git'), dir)
    const env = { GIT_DIR: dir, GIT_WORK_TREE: repository.top }
    expect(await next(repository, { env })).toBe('WRK-011')
  })

  test('a repository without a commit, and a queue that git does not know, are as without git', async () => {
    const empty = await makeRepository(null)
    empty.write('WRK-4', item('WRK-4'))
    expect(await next(empty)).toBe('WRK-005')
    const repository = await makeRepository(null)
    repository.write('README.md', 'x\n')
    repository.write('.gitignore', '.claude/\n')
    await repository.commitAll()
    repository.write('WRK-4', item('WRK-4'))
    expect(await next(repository)).toBe('WRK-005')
  })

  test('a linked worktree and a submodule look into the history of their own queue', async () => {
    const repository = await makeRepository(['WRK-1'])
    await commitAndDelete(repository, 'pending/WRK-10.md')
    const linked = join(tempFolder(), 'linked')
    await repository.git(['worktree', 'add', '-q', linked])
    expect(await next(repository, { cwd: linked })).toBe('WRK-011')
    expect(existsSync(join(repository.top, IN_QUEUE, 'pending', 'WRK-011.md'))).toBe(true)
  })

  test('a failing git is a warning; no git and no repository is fine', async () => {
    const repository = await makeRepository(['WRK-1'])
    await repository.commitAll()
    const bin = join(tempFolder(), 'bin')
    mkdirSync(bin)
    symlinkSync(process.execPath, join(bin, 'node'))
    const without = (queue: string, cwd: string) => {
      const env = { ...cleanEnv(dirname(bin)), PATH: bin, WRK_QUEUE: queue, WRK_SESSION_ID: 'tester' }
      return finished(start(PROGRAM, [...FIRST, 'new', 'x', '--json'], { cwd, env }))
    }
    const inside = await without(join(repository.top, repository.queue), repository.top)
    expect(inside.json.item.id).toBe('WRK-002')
    expect(inside.stderr).toMatch(/^wrk: warning: git could not list earlier ids.*git could not be run/)
    const queue = makeQueue(['WRK-1'])
    const outside = await without(queue.root, queue.home)
    expect(outside.json.item.id).toBe('WRK-002')
    expect(outside.stderr).toBe('')
    rmSync(join(repository.top, '.git', 'HEAD'))
    const broken = await repository.wrk('new x --json')
    expect(broken.code).toBe(0)
    expect(broken.stderr).toMatch(/^wrk: warning: git could not list/)
  })
})
