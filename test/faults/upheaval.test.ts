/**
 * What changes under a command while it runs or between two: `.wrk` that somebody deletes, clocks that jump by
 * hours, sessions in another pid namespace.
 */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOUR, stampOf } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { anchorOf, registry } from '../support/sessions.ts'
import { inside, namespaces } from './upheaval.shared.ts'

// --- clocks that jump --------------------------------------------------------------------------------------

describe('a clock that jumps by hours', () => {
  const jumps = [9, -9, 30, -30, 0]

  test.each(jumps)('(%d h) does not take an item from its holder’s own hands', async hours => {
    const queue = makeQueue(['WRK-1'])
    const env = { WRK_NOW: stampOf(new Date(Date.now() + hours * HOUR)) }
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect((await queue.run('heartbeat', { env })).code).toBe(0)
    const renewed = await queue.run('claim WRK-1 --json', { env })
    expect([renewed.code, renewed.json.kind]).toEqual([0, 'renewed'])
    expect(queue.lock('WRK-1')).toEqual({ by: 'tester', at: env.WRK_NOW })
    // And back again.
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect((await queue.run('release WRK-1', { env })).code).toBe(0)
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
    const events = queue.events()
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
    expect(queue.leftovers()).toEqual([])
  })

  test.each([-9, -30])('(%d h) back keeps others out, and says until when', async hours => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    const env = { WRK_NOW: `${hours}h` }
    const refused = await queue.run('claim WRK-1 --json', { session: 'other', env })
    expect([refused.code, refused.json.error?.code]).toEqual([4, 'LOCKED'])
    expect(refused.json.holder.expires_at).toMatch(/Z$/)
    expect(queue.lock('WRK-1').by).toBe('tester')
  })

  test('that went forward for one claim alone makes no lock that lasts for ever', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = { WRK_NOW: '+30h' }
    expect((await queue.run('claim WRK-1', { session: 'ahead', env })).code).toBe(0)
    expect((await queue.run('claim WRK-1')).code).toBe(4)
    // By a right clock, three hours on, the file was last written three hours ago.
    const later = await queue.run('claim WRK-1 --json', { env: { WRK_NOW: '+3h' } })
    expect([later.code, later.json.kind]).toEqual([0, 'takenOver'])
    const lost = await queue.run('heartbeat', { session: 'ahead' })
    expect([lost.code, lost.stderr]).toEqual([4, expect.stringContaining('tester')])
  })

  test('does not make a session of which the process runs a dead one', async () => {
    const queue = makeQueue(['WRK-1'])
    queue.write('wrk.yaml', 'takeover: dead-only\n')
    queue.write('session-state.yaml', registry([{ id: 'lives', anchor: anchorOf(), started_at: new Date() }]))
    expect((await queue.run('claim WRK-1', { session: 'lives' })).code).toBe(0)
    for (const WRK_NOW of ['+30h', '-30h', '+9h']) {
      const { code, json } = await queue.run('claim WRK-1 --json', { env: { WRK_NOW } })
      expect([WRK_NOW, code, json.holder?.liveness]).toEqual([WRK_NOW, 4, 'alive'])
    }
  })
})

describe.runIf(namespaces.status === 0)('in another pid namespace', () => {
  test('a session is unknown from outside, even when its process has ended: its item stays its own', async () => {
    const queue = makeQueue(['WRK-1'])
    const { PATH = '' } = cleanEnv(queue.home)
    symlinkSync('/bin/bash', join(PATH.split(':')[0]!, 'claude'))
    // Run by what looks like an agent, to which the session is then anchored.
    const claimed = await inside(queue, `claude -c 'wrk claim WRK-1 --json; true'; true`)
    expect([claimed.code, claimed.stderr]).toEqual([0, ''])
    const { id } = claimed.json.session
    expect(queue.session(id).anchor.pid).toBeLessThan(20)
    const { code, json } = await queue.run('claim WRK-1 --json')
    expect([code, json.holder?.session_id, json.holder?.liveness]).toEqual([4, id, 'unknown'])
    expect(json.holder.reason).toMatch(/namespace/)
    const later = await queue.run('claim WRK-1 --json', { env: { WRK_NOW: '+3h' } })
    expect([later.code, later.json.kind]).toEqual([0, 'takenOver'])
  })
})
