/** The rest of guard.test.ts: what takes too long for every run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago } from '../support/clock.ts'
import { heldItem } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { registry } from '../support/sessions.ts'
import { together } from '../support/together.ts'
import {
  crashing,
  expectClaimSurvivesKills,
  expectHealed,
  failuresAt,
  filled,
  isHeldBy,
} from './guard.shared.ts'

/**
 * At each call that wrk makes to the file system, also those that only read: what strace does at the calls that change
 * something, for more commands, is in test/faults/crash-points.slow.test.ts.
 */
describe('a command that is killed', () => {
  test('at any step of a claim leaves the old or the new file; the next claim works and every change is logged once', () =>
    expectClaimSurvivesKills(1))

  test('at a step of a takeover leaves it to the next to take over; a refused call heals the log as well', async () => {
    const before = heldItem('WRK-1', 'dead', ago(60_000))
    const make = () =>
      makeQueue({ 'WRK-1': before, 'session-state.yaml': registry([{ id: 'me' }, { id: 'next' }]) })
    const trial = make()
    const counted = join(trial.home, 'count')
    await trial.run('claim WRK-1', { session: 'me', env: crashing(trial, 0, { CRASH_COUNT: counted }) })
    const steps = Number(readFileSync(counted, 'utf8'))
    const crashAt = async (step: number) => {
      const queue = make()
      await queue.run('claim WRK-1', { session: 'me', env: crashing(queue, step) })
      const held = isHeldBy(queue, 'me')
      expect(held ? ['dead', 'me'] : ['dead'], `step ${step}`).toContain(queue.lock('WRK-1').by)
      const next = await queue.run('claim WRK-1 --json', { session: 'next' })
      expect([step, next.code]).toEqual([step, held ? 4 : 0])
      // A refused claim leaves the file alone: whoever holds the item, or doctor, has the file show it. The same two
      // remove the guard of a killed process's session, which nobody else asks for.
      const types = ['takenOver']
      if (step % 2 === 0) {
        const { code, json } = await queue.run('claim WRK-1 --json', { session: 'me' })
        expect([step, code, json.kind]).toEqual(held ? [step, 0, 'renewed'] : [step, 4, undefined])
        if (held) types.push('renewed')
      } else {
        const { json } = await queue.run('doctor --fix --json', { session: 'next' })
        expect([step, json.failed]).toEqual([step, []])
        if (held && queue.events().at(-1)!.type === 'changed') types.push('changed')
      }
      await expectHealed(queue, before, types)
      expect((await queue.run('doctor --json', { session: 'next' })).json.findings).toEqual([])
    }
    expect(await failuresAt(steps, crashAt, 3)).toEqual([])
  })
})

describe('the event log', () => {
  test('that is rotated while many write loses and repeats nothing', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `WRK-${i + 1}`)
    const queue = makeQueue(ids)
    const lines = filled(1024 * 1024 - 800)
    queue.write('.wrk/events.jsonl', lines.join(''))
    const calls = ids.map((id, i) => ({ args: `claim ${id}`, session: `racer-${i}` }))
    expect((await together(calls, { queue })).map(({ code }) => code)).toEqual(calls.map(() => 0))
    expect(queue.exists('.wrk/events.1.jsonl')).toBe(true)
    const events = queue.events()
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: lines.length + 24 }, (_, i) => i + 1))
    const granted = events.filter(({ type }) => type === 'granted').map(event => event.item)
    expect(granted.sort()).toEqual([...ids].sort())
  })
})
