/** What may leave a clone: a branch goes with the claims that it was made under, or stays. */
import { expect, test } from 'vitest'
import { git } from '../../support/coordination/servers.ts'
import { takeFrom, two } from './push.shared.ts'

test('wrk push takes the branch and the renewed claims, all or nothing; with a stale claim the branch stays', async () => {
  const { clones, ann, bob, mainAt } = await two()
  await ann.wrk('claim WRK-1')
  await ann.wrk('claim WRK-2')
  expect((await ann.commit('WRK-1', 'WRK-1: begin')).code).toBe(0)
  const pushed = await ann.wrk('push --json')
  expect(pushed).toMatchObject({
    code: 0,
    json: { pushed: { remote: 'origin', refs: ['refs/heads/main'], claims: ['WRK-1', 'WRK-2'] } },
  })
  expect(mainAt()).toBe(git(ann.top, 'rev-parse', 'HEAD').trim())
  expect(clones.history('wrk-1')).toEqual(['Claim WRK-1 (ann)', 'Renew WRK-1 (ann)'])

  await ann.commit('WRK-1', 'WRK-1: go on')
  expect((await takeFrom(bob, 'WRK-2')).code).toBe(0)
  const before = mainAt()
  const refused = await ann.wrk('push')
  expect(refused).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('not pushed: WRK-2 was taken over by bob'),
  })
  expect(mainAt()).toBe(before)
  expect((await ann.wrk('heartbeat --json')).json).toMatchObject({ superseded: [{ id: 'WRK-2' }] })
})
