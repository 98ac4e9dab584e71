/** The rest of archive.test.ts: what takes too long for every run. */
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../../support/clock.ts'
import { atEachCrash, haveStrace } from '../../support/faults/system-calls.ts'
import { item } from '../../support/items.ts'
import { makeQueue } from '../../support/queue.ts'
import { registry } from '../../support/sessions.ts'
import { archived, expectUnchanged, places, typesOf } from './archive.shared.ts'

describe('an item that another holds', () => {
  const _holder = (more: object) => registry([{ id: 'other', started_at: ago(HOUR), ...more }])

  test.each([
    ['that holds it', false],
    ['that has released it since', true],
  ])(
    'by taking it over is not archived by the former holder: exit 4, by whom %s, when and why',
    async (_, released) => {
      const queue = makeQueue(['WRK-1'])
      await queue.run('claim WRK-1', { session: 'me' })
      await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'other' })
      const { at } = queue.lock('WRK-1')
      if (released) await queue.run('release WRK-1', { session: 'other' })
      const before = queue.read('WRK-1')
      const { code, json } = await queue.run('archive WRK-1 --json', { session: 'me' })
      expect([code, json.error.code]).toEqual([4, 'LOCKED'])
      expect(json.superseded).toEqual({
        id: 'WRK-1',
        by: released ? null : 'other',
        at,
        reason: 'forced: urgent',
      })
      for (const text of [...(released ? [] : ['other']), at!, 'urgent'])
        expect(json.error.message).toContain(text)
      expect((await queue.run('archive WRK-1', { session: 'me' })).stderr).toContain('do not commit')
      expectUnchanged(queue, before)
      // It claims again, if it may, and goes on.
      if (!released) return
      expect((await queue.run('claim WRK-1', { session: 'me' })).code).toBe(0)
      expect((await queue.run('archive WRK-1', { session: 'me' })).code).toBe(0)
    },
  )
})

/**
 * At each system call that changes something in the queue. What must hold then: the item is the old file or the archived
 * one, byte for byte, in one place; its record is given up after the file, never before; whatever command comes next
 * completes the rest; the same command once more succeeds; the log has one event for it; doctor has nothing to say.
 */
describe.runIf(haveStrace())('killed at each of its system calls', () => {
  const NEXT = ['show WRK-1', 'archive WRK-1', 'claim WRK-1', 'release WRK-1', 'set WRK-1 priority=high']

  test('the item is untouched or archived, and whatever comes next completes it', async () => {
    const template = makeQueue(['WRK-1'])
    await template.run('claim WRK-1')
    const held = template.read('WRK-1')
    const cutShort = new Set<string>()
    const halfway = new Set<string>()
    await atEachCrash(template, 'archive WRK-1', async ({ queue, number }) => {
      const [name, ...others] = places(queue)
      expect(others).toEqual([])
      const completed = /^completed_at: (.*)$/m.exec(queue.read(name!))?.[1]
      const wanted = completed && archived(item('WRK-1'), completed)
      expect(queue.read(name!)).toBe(wanted ?? held)
      const { state, holder } = queue.record('WRK-1')!
      expect(wanted ? ['held', 'done'] : ['held']).toContain(state)
      expect(holder).toBe('tester')
      const next = NEXT[number % NEXT.length]!
      if (wanted && state === 'held') halfway.add(next)
      if (wanted) {
        const final = `archive/${completed.slice(0, 7)}/WRK-1.md`
        if (name !== final) cutShort.add(next)
        expect([next, (await queue.run(next)).code]).toEqual([next, next.startsWith('claim') ? 5 : 0])
        expect(places(queue)).toEqual([final])
        const set = next.startsWith('set')
        expect(queue.read(final)).toBe(set ? wanted.replace('priority: medium', 'priority: high') : wanted)
        // Who only looks leaves the record to who writes.
        if (!next.startsWith('show')) expect(queue.record('WRK-1')!.state).toBe('done')
        // The session that did it is not warned that it lost the item.
        expect((await queue.run('heartbeat')).stderr).toBe('')
      }
      expect((await queue.run('archive WRK-1')).code).toBe(0)
      expect(places(queue)).toEqual([expect.stringMatching(/^archive\/\d{4}-\d\d\/WRK-1\.md$/)])
      expect(queue.record('WRK-1')!.state).toBe('done')
      // Drafts in tmp/ go when somebody registers.
      expect((await queue.run('claim WRK-1', { session: 'latecomer' })).code).toBe(5)
      expect(typesOf(queue).filter(type => type === 'archived')).toHaveLength(1)
      const events = queue.events()
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
      expect(queue.leftovers()).toEqual([])
      expect(queue.session('tester').claims).toEqual([])
      expect((await queue.run('doctor --json')).json.findings).toEqual([])
    })
    // Each of them came upon an item that was archived and not moved, and some upon one whose record still had a holder.
    expect([...cutShort].sort()).toEqual([...NEXT].sort())
    expect(halfway.size).toBeGreaterThan(0)
  })
})
