/** What the tests of verify have in common. */
import { expect } from 'vitest'
import { start } from '../support/processes.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { anchorOf } from '../support/sessions.ts'

/** `tester` and `other` are listed and alive, neither in a process above the calls; what they claim is theirs. */
export async function withSessions(items?: readonly string[]): Promise<Repository> {
  const repository = await makeRepository(items)
  const { pid } = start('sleep', ['600'], { cwd: '/', env: {} })
  repository.sessions({ id: 'tester', heartbeat_at: new Date() }, { id: 'other', anchor: anchorOf(pid) })
  return repository
}

export async function claim(repository: Repository, id: string, session: string): Promise<void> {
  expect((await repository.wrk(`claim ${id}`, { session })).code).toBe(0)
}

export const codes = ({ json }: { json: Json }) => json.findings.map(({ code }: Json) => code)
