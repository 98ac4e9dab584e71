/** What the tests of verify-git have in common. */

import { join } from 'node:path'
import { expect } from 'vitest'
import { item } from '../support/items.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'

export const twoSessions = (repository: Repository) =>
  repository.sessions({ id: 'tester', heartbeat_at: new Date() }, { id: 'other', heartbeat_at: new Date() })

/** WRK-1 is held by `other`, WRK-2 by `tester`; the locks are not committed. */
export async function withClaims(
  options: { folder?: string; queue?: string } = {},
  items?: readonly string[],
): Promise<Repository> {
  const repository = await makeRepository(items, options)
  twoSessions(repository)
  await claim(repository, 'WRK-1', 'other')
  await claim(repository, 'WRK-2', 'tester')
  return repository
}

export async function claim(repository: Repository, id: string, session: string): Promise<void> {
  const env = { WRK_QUEUE: join(repository.top, repository.queue) }
  expect((await repository.wrk(`claim ${id}`, { session, env })).code).toBe(0)
}

export const codes = ({ json }: { json: Json }): string[] => json.findings.map(({ code }: Json) => code)
export const verify = (repository: Repository, session = 'tester') =>
  repository.wrk('verify --staged --json', { session })

/** A branch `work` with a commit that changes WRK-1 and WRK-3; main changed WRK-3 in another way. */
export async function diverged(): Promise<Repository> {
  const repository = await makeRepository()
  await repository.git('checkout -q -b work')
  repository.append('WRK-1', 'Work.\n')
  repository.append('WRK-3', 'Work.\n')
  await repository.commitAll('WRK-1: work')
  await repository.git('checkout -q main')
  repository.append('WRK-3', 'Main.\n')
  await repository.commitAll('main')
  twoSessions(repository)
  return repository
}

export async function expectReplay(repository: Repository): Promise<void> {
  await claim(repository, 'WRK-1', 'other')
  repository.write('WRK-3', `${item('WRK-3')}Main.\nWork.\n`)
  await repository.git(['add', repository.path('WRK-3')])
  expect((await verify(repository)).json).toMatchObject({ ok: true, checked: 2 })
  repository.write('message', 'WRK-1: work\n')
  expect((await repository.wrk('verify --commit-msg message')).code).toBe(0)
  repository.append('WRK-1')
  await repository.git(['add', repository.path('WRK-1')])
  expect(codes(await verify(repository))).toEqual(['held'])
}

/** What verify answers where only the deletion of the moved WRK-3 is staged. */
export const leftOut = (repository: Repository, place: string) => ({
  code: 1,
  json: {
    error: { code: 'FAILED' },
    findings: [
      {
        code: 'left-out',
        item: 'WRK-3',
        path: repository.path('WRK-3'),
        message: expect.stringContaining(`its file is now ${join(IN_QUEUE, place)}`),
        fix: `git add ${join(IN_QUEUE, place)}`,
      },
    ],
  },
})
