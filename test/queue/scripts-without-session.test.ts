/** workflow-guards.sh without terminal, agent or id (cron, CI): a script is one session, and ends with its process. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'
import { orphaned } from '../support/terminals/agents.ts'
import { GUARDS, templateOf } from './scripts.shared.ts'

/** Runs commands as a script of its own that sources the lib, below nobody. */
const scripted = async (context: TestContext, queue: Queue, commands: string) => {
  const path = join(queue.home, 'script.sh')
  writeFileSync(path, `set -uo pipefail\nsource '${templateOf(GUARDS)}'\n${commands}\n`)
  return orphaned(context, queue, `bash '${path}'`)
}

test('claims, sets and releases in a row as one session', async context => {
  const queue = makeQueue(['WRK-1', 'WRK-2'])
  const { code, stdout, stderr } = await scripted(
    context,
    queue,
    `claim_wrk 1 >/dev/null || exit
claim_wrk 2 >/dev/null || exit
wrk_set_frontmatter_value "$(resolve_wrk_file 1)" priority high || exit
wrk_get_frontmatter_value "$(resolve_wrk_file 1)" locked_by
wrk_get_frontmatter_value "$(resolve_wrk_file 2)" locked_by
session_get session_id
release_wrk 1 >/dev/null`,
  )
  expect([code, stderr]).toEqual([0, ''])
  const ids = stdout.trim().split('\n')
  expect(ids).toHaveLength(3)
  expect(new Set(ids).size).toBe(1)
  expect(queue.lock('WRK-1').by).toBe('')
  expect(queue.read('WRK-1')).toContain('priority: high')
  // It ended with the script: what it left is free at once.
  const claim = await queue.run('claim WRK-2 --json')
  expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
})

test('ensure_session_store makes the session that a claim then has', async context => {
  const queue = makeQueue(['WRK-1'])
  const { stdout } = await scripted(
    context,
    queue,
    `ensure_session_store
session_get session_id
claim_wrk 1 >/dev/null
wrk_get_frontmatter_value "$(resolve_wrk_file 1)" locked_by`,
  )
  const [made, holder] = stdout.trim().split('\n')
  expect(made).toMatch(/^terminal-|^[a-z]+-.*-[0-9a-z]{6}$/)
  expect(holder).toBe(made)
})

const LOCKED_BY = `claim_wrk 1 >/dev/null; wrk_get_frontmatter_value "$(resolve_wrk_file 1)" locked_by`

test('the session on top of session-state.yaml is used where it lives with no process', async context => {
  const state = registry([{ id: 'ci-42', heartbeat_at: new Date() }], 'session_id: "ci-42"\n')
  const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': state })
  expect((await scripted(context, queue, LOCKED_BY)).stdout).toBe('ci-42\n')
})

test.for([
  ['that another process lives with', { anchor: anchorOf() }],
  ['whose process is gone', { anchor: deadAnchor() }],
  ['that has ended', { ended_at: new Date() }],
] as const)('a session on top %s is another’s', async ([_, more], context) => {
  const state = registry([{ id: 'theirs', heartbeat_at: new Date(), ...more }], 'session_id: "theirs"\n')
  const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'session-state.yaml': state })
  const { stdout } = await scripted(context, queue, LOCKED_BY)
  expect(stdout.trim()).not.toBe('theirs')
  expect(stdout.trim()).not.toBe('')
})
