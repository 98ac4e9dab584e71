/** Work that was begun and that no living session holds: it stays begun, and nobody overlooks it (contract, section 5). */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { makeRepository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { deadAnchor, sessionFile } from '../support/sessions.ts'

const T = Date.parse('2026-02-16T19:30:05Z')
const later = (ms: number) => stampOf(new Date(T + ms))
const at = (queue: Queue, ms: number, session: string, args: string) =>
  queue.run(args, { session, env: { WRK_NOW: later(ms) } })

/** WRK-1 was begun by s1; WRK-2 is ready and more urgent. */
async function begun(): Promise<Queue> {
  const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'WRK-2': item('WRK-2', { priority: 'high' }) })
  for (const args of ['claim WRK-1', 'start WRK-1']) expect((await at(queue, 0, 's1', args)).code).toBe(0)
  return queue
}

/** How it was left, and when that was. */
const LEFT: [string, (queue: Queue) => Promise<number>][] = [
  [
    'a crash of its session',
    async queue => {
      writeFileSync(queue.path('.wrk/sessions/s1'), sessionFile('s1', new Date(T), [deadAnchor()]))
      return MINUTE
    },
  ],
  [
    'a reap',
    async queue => {
      expect((await at(queue, 3 * HOUR, 's9', 'doctor --fix')).code).toBe(1)
      return 3 * HOUR
    },
  ],
  ['silence for longer than the TTL', async () => 3 * HOUR],
  [
    'wrk release',
    async queue => {
      expect((await at(queue, MINUTE, 's1', 'release WRK-1')).code).toBe(0)
      return MINUTE
    },
  ],
  [
    'the end of its session',
    async queue => {
      expect((await at(queue, MINUTE, 's1', 'session end')).code).toBe(0)
      return MINUTE
    },
  ],
]

describe('work that was begun and left', () => {
  test.each(LEFT)(
    'by %s is offered first, with the session that left it, and every view names it',
    async (_, leave) => {
      const queue = await begun()
      const now = await leave(queue)
      const next = await at(queue, now, 's2', 'next --json')
      expect(next.json.item).toMatchObject({ id: 'WRK-1' })
      expect((await at(queue, now, 's2', 'next')).stdout).toContain('s1')
      const { items } = (await at(queue, now, 's2', 'list --json')).json
      expect(JSON.stringify(items.find((one: Json) => one.id === 'WRK-1'))).toMatch(
        /left|orphaned|dead|stale/,
      )
      expect((await at(queue, now, 's2', 'list')).stdout).toMatch(/WRK-1 .*(left|dead|stale)/)
      expect((await at(queue, now, 's2', 'show WRK-1')).stdout).toMatch(/s1/)
      const { findings } = (await at(queue, now, 's2', 'doctor --json')).json
      expect(findings.filter((one: Json) => one.item === 'WRK-1').map((one: Json) => one.code)).toEqual([
        expect.stringMatching(/^(left-work|dead-lock|stale-lock|ended-session)$/),
      ])
      expect((await at(queue, now, 's2', 'status')).stdout).toMatch(/WRK-1/)

      const claimed = await at(queue, now, 's2', 'next --claim --json')
      expect([claimed.code, claimed.json.item.id]).toEqual([0, 'WRK-1'])
      expect(queue.read('working/WRK-1.md')).toContain('status: working')
      expect(queue.lock('working/WRK-1.md').by).toBe('s2')
    },
  )

  test('is not what a living session holds, nor what nobody ever claimed here', async () => {
    const queue = await begun()
    queue.write('working/WRK-7.md', item('WRK-7', { status: 'working', priority: 'high' }))
    const next = await at(queue, MINUTE, 's2', 'next --claim --json')
    expect(next.json.item.id).toBe('WRK-2')
    expect((await at(queue, MINUTE, 's3', 'next')).code).toBe(1)
    expect((await at(queue, MINUTE, 's3', 'next --begun --json')).json.item.id).toBe('WRK-7')
    const { findings } = (await at(queue, MINUTE, 's3', 'doctor --json')).json
    expect(findings.filter((one: Json) => one.code === 'left-work')).toEqual([])
  })

  test('next says what the caller holds already, and the claim goes through', async () => {
    const queue = await begun()
    const next = await at(queue, MINUTE, 's1', 'next --claim')
    expect(next.code).toBe(0)
    expect(next.stderr).toContain('WRK-1')
    expect(next.stderr).toMatch(/wrk (done|release) WRK-1/)
    expect(queue.lock('WRK-2').by).toBe('s1')
  })
})

test('an item that was done and that git put back is not offered, and a claim warns', async () => {
  const repository = await makeRepository(['WRK-1', 'WRK-2'])
  const as = (args: string) => repository.wrk(args, { session: 's1' })
  await as('claim WRK-1')
  await as('done WRK-1')
  await repository.git('checkout -q -- .')
  await repository.git('clean -q -fd')
  expect((await repository.wrk('next --claim --json', { session: 's2' })).json.item.id).toBe('WRK-2')
  const claimed = await repository.wrk('claim WRK-1', { session: 's2' })
  expect(claimed.code).toBe(0)
  expect(claimed.stderr).toContain('git or an editor put an older version of the file back')
  expect(repository.read(join(repository.queue, 'pending/WRK-1.md'))).toContain('locked_by: "s2"')
})
