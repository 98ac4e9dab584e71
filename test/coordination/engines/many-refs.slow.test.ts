/** A remote with many claims: what this clone saw of them is kept in few files, and is as good as one file for each. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openGitEngine } from '../../../src/coordination/git/git-engine.ts'
import type { EntryKey } from '../../../src/core/coordination/ref-name.ts'
import { meetOver, record } from '../../support/coordination/engines.ts'
import { bareRepository, git } from '../../support/coordination/servers.ts'
import { tempFolder } from '../../support/processes.ts'
import { cleanEnv } from '../../support/program.ts'

const MANY = 600
const keyOf = (name: string): EntryKey => ({ kind: 'claims', name })

test('of many claims the view is packed, and claims, renewals and removals on top of it are seen at once', async () => {
  const bare = bareRepository()
  const other = await meetOver(bare, path => path).open('other')
  await other.prepare()
  await other.compareAndSwap({ key: keyOf('wrk-0'), expected: null, record: record({ id: 'WRK-0' }) })
  const ref = git(bare, 'for-each-ref', '--format=%(refname)', 'refs/wrk/claims').trim()
  const commit = git(bare, 'rev-parse', ref).trim()
  const lines = Array.from({ length: MANY }, (_, i) => `create ${ref.slice(0, -1)}${i + 1} ${commit}\n`)
  execFileSync('git', ['update-ref', '--stdin'], { cwd: bare, input: lines.join('') })

  const top = tempFolder()
  git(top, 'init', '--quiet', '.')
  git(top, 'config', 'remote.origin.url', bare)
  const gitDir = join(top, '.wrk/git')
  const options = { remote: 'origin', queue: 'work-queue', gitDir, top, env: cleanEnv(top) }
  const engine = await openGitEngine(options)
  expect(await engine.list()).toHaveLength(MANY + 1)
  const folder = join(gitDir, ref, '..')
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])

  const name = keyOf(`wrk-${MANY}`)
  const expected = (await engine.lastSeen!(name))!
  const next = record({ id: 'WRK-0', renewed_at: '2026-02-16T20:00:00Z' })
  const applied = await engine.compareAndSwap({ key: name, expected, record: next })
  expect(applied).toMatchObject({ kind: 'applied' })
  expect(await engine.lastSeen!(name)).toMatchObject({ reading: { record: { nonce: next.nonce } } })
  expect(await other.read(name)).toMatchObject({ reading: { record: { nonce: next.nonce } } })

  const gone = keyOf('wrk-7')
  await other.remove((await other.read(gone))!)
  expect(await engine.read(gone)).toBeNull()
  expect(await engine.lastSeen!(gone)).toBeNull()
})
