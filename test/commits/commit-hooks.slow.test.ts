/** wrk commit and what git commit does besides: signatures, hooks, others who commit at the same moment. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/processes.ts'
import type { Repository } from '../support/repository.ts'
import { act, message, shared } from './commit.shared.ts'

function hook(repository: Repository, name: string, text: string): void {
  const path = join('.git', 'hooks', name)
  repository.write(path, `#!/bin/sh\n${text}\n`)
  chmodSync(join(repository.top, path), 0o755)
}

test.skipIf(spawnSync('ssh-keygen', ['-?']).error)('it is signed where commit.gpgsign is set', async () => {
  const repository = await shared()
  const key = join(tempFolder(), 'key')
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  await repository.git('config gpg.format ssh')
  await repository.git(['config', 'user.signingkey', key])
  await repository.git('config commit.gpgsign true')
  await act(repository, 'claim WRK-1')
  await act(repository, 'commit')
  expect(await repository.git('cat-file commit HEAD')).toContain('gpgsig -----BEGIN SSH SIGNATURE-----')
  // Without the key nothing is committed.
  await repository.git(['config', 'user.signingkey', `${key}-gone`])
  await act(repository, 'claim WRK-2')
  const before = await repository.git('rev-parse HEAD')
  expect((await repository.wrk('commit')).code).toBe(74)
  expect(await repository.git('rev-parse HEAD')).toBe(before)
})

test('commit-msg sees the message and may change or refuse it; other hooks run only when asked for', async () => {
  const repository = await shared()
  hook(
    repository,
    'commit-msg',
    'grep -q forbidden "$1" && { echo "no such word" >&2; exit 1; }; echo "Seen: 1" >>"$1"',
  )
  hook(repository, 'pre-commit', 'git diff --cached --name-only >"$(git rev-parse --git-dir)/seen"')
  await act(repository, 'claim WRK-1')
  expect(await repository.wrk(['commit', '-m', 'forbidden'])).toMatchObject({
    code: 1,
    stderr: 'wrk: the hook commit-msg refused the commit:\nno such word\n',
  })
  await act(repository, 'commit')
  expect(await message(repository)).toBe('WRK-1: claimed by tester\nSeen: 1\n\n')
  expect(existsSync(join(repository.top, '.git', 'seen'))).toBe(false)
  await act(repository, 'claim WRK-2')
  repository.write('README.md', 'x')
  await repository.git('add README.md')
  await act(repository, 'commit --hooks')
  expect(repository.read('.git/seen')).toBe(`${repository.path('WRK-2')}\n`)
})

test('the hooks of wrk let it pass, with items of other sessions in it', async () => {
  const repository = await shared()
  expect((await repository.wrk('hooks install')).code).toBe(0)
  await repository.commitAll('hooks')
  await act(repository, 'start WRK-1')
  await act(repository, 'start WRK-2', 'other')
  await act(repository, 'commit --hooks')
  expect(await repository.git('log -1 --format=%s')).toBe('WRK-1: started\n')
})

test('a branch that moves meanwhile is built upon, and nothing of either commit is lost', async () => {
  const repository = await shared()
  await act(repository, 'claim WRK-1')
  // Somebody else commits once, between the making of the commit and its being put on the branch.
  hook(
    repository,
    'commit-msg',
    'test -e .git/once && exit 0; : >.git/once; unset GIT_INDEX_FILE; echo x >new.txt; git add new.txt && git commit -q --no-verify -m theirs',
  )
  await act(repository, 'commit')
  expect(await repository.git('log --format=%s')).toBe('WRK-1: claimed by tester\ntheirs\nthe queue\n')
  expect(await repository.git('show --stat --format= HEAD')).not.toContain('new.txt')
  expect(await repository.git('status --porcelain')).toBe('')
})

test('an item that becomes another session’s while commit-msg runs is left to it, and the rest is committed', async () => {
  const repository = await shared()
  await act(repository, 'claim WRK-1')
  await act(repository, 'claim WRK-2')
  repository.append('WRK-1')
  repository.append('WRK-2')
  // As wrk's own check does: it refuses what has changed hands meanwhile.
  const taken = [
    '[ -e "$(git rev-parse --git-dir)/taken" ] && exit 0',
    'touch "$(git rev-parse --git-dir)/taken"',
    'unset GIT_INDEX_FILE',
    'WRK_SESSION_ID=tester wrk release WRK-1 >&2 && WRK_SESSION_ID=other wrk claim WRK-1 >&2',
    'exit 1',
  ]
  hook(repository, 'commit-msg', taken.join('\n'))
  await act(repository, 'commit')
  const committed = async (id: string) => repository.git(['show', `HEAD:${repository.path(id)}`])
  expect(await committed('WRK-2')).toBe(repository.read('WRK-2'))
  expect(repository.read('WRK-1')).not.toBe(await committed('WRK-1'))
  expect(await repository.git(['diff', '--stat', 'HEAD'])).toContain('WRK-1.md')
})

test('a hook that refuses the same twice is believed', async () => {
  const repository = await shared()
  await act(repository, 'claim WRK-1')
  hook(repository, 'commit-msg', 'echo x >>"$(git rev-parse --git-dir)/calls"; exit 1')
  expect((await repository.wrk('commit')).code).toBe(1)
  expect(readFileSync(join(repository.top, '.git', 'calls'), 'utf8')).toBe('x\nx\n')
})
