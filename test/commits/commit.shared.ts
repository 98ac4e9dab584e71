/** What the tests of wrk commit have in common. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import { twoSessions } from './verify-git.shared.ts'

export const at = (folder: string, id: string) => join(IN_QUEUE, folder, `${id}.md`)

/** Items that are committed, and the sessions `tester` and `other`. */
export async function shared(items = ['WRK-1', 'WRK-2', 'WRK-3']): Promise<Repository> {
  const repository = await makeRepository(items)
  twoSessions(repository)
  return repository
}

/** Runs a verb of wrk that must succeed. */
export async function act(repository: Repository, words: string, session = 'tester'): Promise<void> {
  const { code, stderr } = await repository.wrk(words, { session })
  expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({ words, code: 0, stderr: '' })
}

/** What a commit has at a path; null when it has nothing there. */
export async function committed(
  repository: Repository,
  path: string,
  commit = 'HEAD',
): Promise<string | null> {
  const { code, stdout } = await repository.tryGit(['show', `${commit}:${path}`])
  return code === 0 ? stdout : null
}

/** The message of the last commit. */
export const message = (repository: Repository) => repository.git('log -1 --format=%B')

/** Lines of `git status`. */
export const status = async (repository: Repository) =>
  (await repository.git('status --porcelain --untracked-files=all')).split('\n').filter(Boolean)
