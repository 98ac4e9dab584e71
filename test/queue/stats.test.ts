/** `wrk stats`: the work in numbers, from the event log. */
import { describe, expect, test } from 'vitest'
import { makeQueue, type Queue } from '../support/queue.ts'

const at = (time: string) => ({ env: { WRK_NOW: `2026-02-${time}:00Z`, TZ: 'UTC' } })

/** alice does two items, in two hours and in one; bob takes one over and is done an hour later. */
async function worked(): Promise<Queue> {
  const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'])
  const alice = (line: string, time: string) => queue.run(line, { ...at(time), session: 'claude-alice' })
  const bob = (line: string, time: string) => queue.run(line, { ...at(time), session: 'bob' })
  await alice('claim 1', '10T08:00')
  await alice('start 1', '10T08:30')
  await bob('release 1', '10T08:45')
  await alice('done 1', '10T10:00')
  await alice('claim 2', '11T08:00')
  await alice('done 2', '11T09:00')
  await alice('claim 3', '12T08:00')
  await bob('claim 3', '12T12:00')
  await bob('done 3', '12T13:00')
  await bob('cancel 4', '12T13:00')
  await alice('new Fifth', '12T14:00')
  return queue
}

describe('wrk stats', () => {
  test('counts what was done, how long it took, and where sessions met', async () => {
    const { json } = await (await worked()).run('stats --json', at('12T15:00'))
    expect(json).toMatchObject({
      ok: true,
      since: '2026-02-10T08:00:00Z',
      until: '2026-02-12T15:00:00Z',
      created: 1,
      claims: 3,
      done: 3,
      cancelled: 1,
      refused: 1,
      takeovers: 1,
      claim_to_done: { count: 3, median_s: 7200, p90_s: 18_000 },
      period_days: 1,
    })
    expect(json.periods).toEqual([
      { from: '2026-02-10', created: 0, claims: 1, done: 1, cancelled: 0 },
      { from: '2026-02-11', created: 0, claims: 1, done: 1, cancelled: 0 },
      { from: '2026-02-12', created: 1, claims: 1, done: 1, cancelled: 1 },
    ])
    expect(json.sessions).toEqual([
      { name: 'claude-alice', claims: 3, done: 2, refused: 0, took: 0, lost: 1, median_s: 3600 },
      { name: 'bob', claims: 0, done: 1, refused: 1, took: 1, lost: 0, median_s: 18_000 },
    ])
    expect(json.agents.map(({ name, done }: { name: string; done: number }) => [name, done])).toEqual([
      ['claude', 2],
      ['other', 1],
    ])
  })

  test('since a time counts only from then on, with the claims before that for the time they took', async () => {
    const queue = await worked()
    const { json } = await queue.run('stats --since 4h --json', at('12T15:00'))
    expect(json).toMatchObject({ claims: 0, done: 1, cancelled: 1, claim_to_done: { median_s: 18_000 } })
    expect((await queue.run('stats --since 2026-02-11 --json', at('12T15:00'))).json.done).toBe(2)
    expect((await queue.run('stats --since 2026-03-01', at('12T15:00'))).stdout).toBe(
      'No events in that time.\n',
    )
    expect((await queue.run('stats --since yesterday')).code).toBe(2)
  })

  test('shows a bar for each day and a table, within 80 columns', async () => {
    const { stdout } = await (await worked()).run('stats', {
      env: { ...at('12T15:00').env, COLUMNS: '80' },
    })
    expect(stdout).toContain('3 done, 1 created, 1 cancelled\nFrom claim to done: 2h (9 of 10: 5h)\n')
    expect(stdout).toMatch(/^2026-02-11 {2}█+ 1 done, 1 claimed$/m)
    expect(stdout).toMatch(/^claude-alice +2 +3 +1h +0 +0 +1$/m)
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80)
  })

  test('has weeks in place of days where there are many, and copes with an empty log', async () => {
    const queue = await worked()
    const { json } = await queue.run('stats --since 60d --json', at('12T15:00'))
    expect([json.period_days, json.periods.length]).toEqual([7, 9])
    expect(json.periods.at(-1).done + json.periods.at(-2).done).toBe(3)
    expect((await makeQueue().run('stats')).stdout).toBe('No events in that time.\n')
  })
})
