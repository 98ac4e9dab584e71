/** What the tests of verify-git have in common. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { makeRepository, type Repository } from '../support/repository.ts'
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
