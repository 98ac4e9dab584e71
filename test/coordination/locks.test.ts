/** Session locks that the engine holds: one run over all clones and hosts. */
import { expect, test } from 'vitest'
import { type Clone, makeClones } from '../support/coordination/clones.ts'

const two = async (options = {}) => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

test('a lock with --remote is held for all clones; the others learn by whom, and get it when it is released', async () => {
  const { clones, ann, bob } = await two()
  // Claimed and renewed within one second.
  const env = { WRK_NOW: new Date().toISOString() }
  const claimed = await ann.wrk('lock claim nightly --remote --run-id night-1 --purpose backup --json', {
    env,
  })
  expect(claimed).toMatchObject({ code: 0, json: { acquired: true, kind: 'granted' } })
  const refused = await bob.wrk('lock claim nightly --remote --run-id night-2 --json')
  expect(refused).toMatchObject({
    code: 4,
    json: { acquired: false, lock: { run_id: 'night-1', purpose: 'backup', host: expect.any(String) } },
  })
  expect((await bob.wrk('lock show nightly')).stdout).toContain('not locked')
  expect((await bob.wrk('lock show nightly --remote')).stdout).toMatch(/held by night-1 .*for backup/)
  expect((await ann.wrk('lock renew nightly --run-id night-1', { env })).code).toBe(0)
  expect((await ann.wrk('lock release nightly --run-id night-1')).code).toBe(0)
  expect((await bob.wrk('lock show nightly --remote')).stdout).toContain('not locked')
  expect(await bob.wrk('lock claim nightly --remote --run-id night-2')).toMatchObject({ code: 0 })
  expect(clones.history('nightly', 'locks')).toEqual([
    'Claim lock:nightly (night-1)',
    'Renew lock:nightly (night-1)',
    'Release lock:nightly (night-1)',
    'Claim lock:nightly (night-2)',
  ])
})
