/** What other clones hold, as watch says it while it changes, and what is claimed in this clone only. */
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { type Clone, makeClones } from '../support/coordination/clones.ts'

const two = async (options = {}) => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

describe('what another clone holds', () => {
  test('and what it has finished is closed to next, which says why', async () => {
    const { ann, bob } = await two({ items: ['WRK-1'] })
    await ann.wrk('start WRK-1')
    await ann.wrk('done WRK-1')
    await bob.wrk('list --remote')
    expect(await bob.wrk('next')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('finished by ann'),
    })
  })

  test('is reported by watch when it changes', async () => {
    const { ann, bob } = await two()
    await ann.wrk('claim WRK-1')
    const watching = bob.start('watch --remote --json')
    const seen = () => watching.lines().map(line => JSON.parse(line))
    await until('the snapshot has it', () => seen()[0]?.elsewhere?.[0]?.id === 'WRK-1')
    expect(seen()[0]).toMatchObject({
      type: 'snapshot',
      elsewhere: [{ session_id: 'ann', branch: 'main' }],
      coordination: { engine: 'origin' },
    })
    await ann.wrk('release WRK-1')
    await until('the release is reported', () =>
      seen().some(
        ({ type, item, from, to }) => type === 'elsewhere' && item.id === 'WRK-1' && from === 'ann' && !to,
      ),
    )
    await watching.stop()
  })
})

test('a claim in this clone only is marked in list, show and status', async () => {
  const { clones, ann } = await two({ settings: '  offline: local\n' })
  await clones.unreachable(async () => {
    await ann.wrk('claim WRK-1')
    expect((await ann.wrk('list --locked --json')).json.items).toMatchObject([
      { id: 'WRK-1', scope: 'local' },
    ])
    expect((await ann.wrk('list')).stdout).toContain('this clone only')
    expect((await ann.wrk('show WRK-1 --json')).json.scope).toBe('local')
    expect((await ann.wrk('show WRK-1')).stdout).toContain('this clone only; publish it: wrk claim WRK-1')
    expect((await ann.wrk('status --json')).json.sessions[0].items).toMatchObject([{ scope: 'local' }])
  })
  await ann.wrk('claim WRK-1')
  expect((await ann.wrk('show WRK-1 --json')).json.scope).toBe('shared')
})
