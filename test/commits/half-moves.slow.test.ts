/** Commits that have only one half of a move that wrk made: the hook pre-commit completes them. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import type { Repository } from '../support/repository.ts'
import { act, at, committed, shared, status } from './commit.shared.ts'

/** With wrk's hooks, and a file beside the queue that is not committed yet. */
async function withHooks(): Promise<Repository> {
  const repository = await shared()
  expect((await repository.wrk('hooks install')).code).toBe(0)
  repository.write('code.txt', 'one\n')
  await repository.commitAll('hooks')
  repository.write('code.txt', 'two\n')
  return repository
}

const WAYS: readonly [how: string, commands: readonly (readonly string[])[]][] = [
  ['git commit -a', [['commit', '-q', '-a', '-m', 'x']]],
  ['git commit -i PATH', [['commit', '-q', '-i', 'code.txt', at('pending', 'WRK-1'), '-m', 'x']]],
  [
    'git add -u, then git commit',
    [
      ['add', '-u'],
      ['commit', '-q', '-m', 'x'],
    ],
  ],
  ['git commit --amend -a', [['commit', '-q', '--amend', '-a', '--no-edit']]],
  ['git commit PATH', [['commit', '-q', '-m', 'x', '--', 'code.txt', at('pending', 'WRK-1')]]],
]

describe.each(WAYS)('%s', (_, commands) => {
  test('of another session’s item commits the whole move, and nothing that its holder wrote', async () => {
    const repository = await withHooks()
    await act(repository, 'start WRK-1', 'other')
    const path = at('working', 'WRK-1')
    repository.append(path, 'Half a sentence of the oth')
    for (const command of commands) {
      const { code, stderr } = await repository.tryGit([...command])
      expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' })
    }
    expect(await committed(repository, at('pending', 'WRK-1'))).toBeNull()
    const now = (await committed(repository, path))!
    expect(now).toBe(repository.read(path).replace('Half a sentence of the oth', ''))
    expect(await committed(repository, 'code.txt')).toBe('two\n')
    expect(await status(repository)).toEqual([` M ${path}`])
    // The next plain commit takes nothing back.
    expect(await repository.git('diff --cached --name-only HEAD')).toBe('')
  })

  test('of one’s own item commits it whole', async () => {
    const repository = await withHooks()
    await act(repository, 'start WRK-1')
    repository.append(at('working', 'WRK-1'), 'My result.\n')
    for (const command of commands) await repository.git([...command])
    expect(await committed(repository, at('working', 'WRK-1'))).toContain('My result.\n')
    expect(await status(repository)).toEqual([])
  })
})

test('git commit -p, where only the deletion is taken, completes the move too', async () => {
  const repository = await withHooks()
  await act(repository, 'start WRK-1', 'other')
  const script = 'printf "y\\nn\\n" | git commit -q -p -m x'
  const env = { WRK_SESSION_ID: 'tester' }
  const { code } = await repository.tryGit(['-c', `alias.x=!${script}`, 'x'], { env })
  expect(code).toBe(0)
  expect(await committed(repository, at('working', 'WRK-1'))).toContain('status: working')
  expect(await committed(repository, at('pending', 'WRK-1'))).toBeNull()
})

test('a move of which only the new file is staged takes the old one along', async () => {
  const repository = await withHooks()
  await act(repository, 'start WRK-1', 'other')
  await repository.git(['add', at('working', 'WRK-1')])
  const { stderr } = await repository.tryGit(['commit', '-q', '-m', 'x'])
  expect(stderr).toContain('this commit also has the other half of a move: WRK-1 from ')
  expect(await committed(repository, at('pending', 'WRK-1'))).toBeNull()
  expect(await status(repository)).toEqual([' M code.txt'])
})

test('a move by hand is not completed: it is refused, as before', async () => {
  const repository = await withHooks()
  renameSync(join(repository.top, at('pending', 'WRK-1')), join(repository.top, at('working', 'WRK-1')))
  repository.write(at('working', 'WRK-1'), item('WRK-1', { status: 'working' }))
  const { code, stderr } = await repository.tryGit(['commit', '-q', '-a', '-m', 'x'])
  expect(code).not.toBe(0)
  expect(stderr).toContain('this commit deletes WRK-1; its file is now')
})

test('a refusal names the one command that commits what is yours', async () => {
  const repository = await withHooks()
  await repository.git('checkout -q code.txt')
  await act(repository, 'start WRK-1')
  await act(repository, 'claim WRK-2', 'other')
  repository.append('WRK-2', 'Of its holder.\n')
  const { code, stderr } = await repository.tryGit(['commit', '-q', '-a', '-m', 'x'])
  expect(code).not.toBe(0)
  expect(stderr).toContain('Commit refused: WRK-2 belongs to another session.')
  expect(stderr).toContain('Commit yours, and of others what wrk wrote: wrk commit\n')
  await act(repository, 'commit')
  expect(await committed(repository, at('working', 'WRK-1'))).toContain('status: working')
  expect(await status(repository)).toEqual([` M ${repository.path('WRK-2')}`])
})
