/** Intents in the outbox, and the event log that they complete, after crashes at each step. */
import { closeSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nextRecord, recordText } from '../../src/core/claims/record.ts'
import { realDisk } from '../../src/store/files/disk.ts'
import type { PendingEvent } from '../../src/store/log/event-log.ts'
import { writeIntent, writeIntentFile } from '../../src/store/log/outbox.ts'
import { ago, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { registry, sessionFile } from '../support/sessions.ts'
import { together } from '../support/together.ts'
import { filled } from './guard.shared.ts'

describe('an intent that was left in the outbox', () => {
  const event: PendingEvent = {
    time: stampOf(ago(60_000)),
    type: 'granted',
    item: 'WRK-1',
    session: 'ghost',
    previous_holder: null,
    reason: null,
    forced: false,
    tx: 'abcdefghijkl',
  }
  /** The slot that was published is the item's file now; one that was not is some other file. */
  const withIntent = (published: 'WRK-1' | 'WRK-2', key = 'wrk-1') => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'ghost', ago(60_000)),
      'WRK-2': item('WRK-2'),
      'session-state.yaml': registry([{ id: 'ghost' }]),
    })
    const stateDir = join(queue.root, '.wrk')
    mkdirSync(join(stateDir, 'outbox'), { recursive: true })
    const slot = { slot: queue.path(published), name: 'of-the-dead' }
    closeSync(writeIntent(realDisk, stateDir, key, [event], slot).slot)
    return queue
  }
  const ghostly = (queue: Queue) => queue.events().filter(({ tx }) => tx === event.tx)

  test('of a change that happened is logged once, by the next call on the item, even if it is refused', async () => {
    const queue = withIntent('WRK-1')
    await queue.run('claim WRK-2')
    expect(ghostly(queue)).toEqual([])
    for (const session of ['one', 'two', 'ghost']) await queue.run('claim WRK-1', { session })
    expect(ghostly(queue)).toMatchObject([{ session: 'ghost', type: 'granted', item: 'WRK-1' }])
    expect(queue.leftovers()).toEqual([])
  })

  test('is logged once also when many come at the same instant', async () => {
    const queue = withIntent('WRK-1')
    const calls = Array.from({ length: 8 }, (_, i) => ({ args: 'claim WRK-1', session: `racer-${i}` }))
    expect((await together(calls, { queue })).map(({ code }) => code)).toEqual(calls.map(() => 4))
    expect(ghostly(queue)).toHaveLength(1)
    expect(queue.leftovers()).toEqual([])
  })

  test('of an event that is logged already is dropped without a second event', async () => {
    const queue = withIntent('WRK-1')
    queue.write('.wrk/events.jsonl', `${JSON.stringify({ seq: 1, ...event })}\n`)
    await queue.run('claim WRK-1')
    expect(ghostly(queue)).toHaveLength(1)
    expect(queue.leftovers()).toEqual([])
  })

  test('of an event that was logged long ago is dropped all the same', async () => {
    const queue = withIntent('WRK-1')
    const line = (seq: number, more: object) => `${JSON.stringify({ seq, ...event, ...more })}\n`
    const later = Array.from({ length: 500 }, (_, i) =>
      line(i + 2, { type: 'refused', item: 'WRK-9', tx: `later${i}` }),
    )
    queue.write('.wrk/events.jsonl', [line(1, {}), ...later].join(''))
    await queue.run('claim WRK-1')
    expect(ghostly(queue)).toHaveLength(1)
    expect(queue.leftovers()).toEqual([])
  })

  test('makes a session learn of its loss although nobody has logged it: it writes no more', async () => {
    const taking = { ...event, type: 'archived' as const, session: 'taker', previous_holder: 'loser' }
    const claimed = stampOf(ago(120_000))
    const hold = { kind: 'take', holder: 'loser', run: null, at: claimed, showsNew: true } as const
    const held = nextRecord('WRK-1', null, hold)
    const done = { kind: 'give', state: 'done', at: taking.time, why: 'archived' } as const
    const queue = makeQueue({
      'archive/2026-02/WRK-1.md': item('WRK-1', { status: 'archived' }),
      '.wrk/sessions/loser': sessionFile('loser'),
      '.wrk/held/loser/wrk-1': JSON.stringify({
        session: 'loser',
        id: 'WRK-1',
        claimed_at: claimed,
        run_id: null,
      }),
      '.wrk/claims/wrk-1': recordText(held),
    })
    const stateDir = join(queue.root, '.wrk')
    mkdirSync(join(stateDir, 'outbox'), { recursive: true })
    // The archiving was cut short between its two renames: the item shows it, its record does not yet.
    const change = {
      order: 'item-first',
      baseRev: held.rev,
      record: recordText(nextRecord('WRK-1', held, done)),
      item: { inode: statSync(queue.path('archive/2026-02/WRK-1.md')).ino, old: null },
      takes: null,
      gives: null,
    }
    const intent = { events: [taking], inode: 1, change }
    writeIntentFile(realDisk, stateDir, 'wrk-1', intent, { name: 'of-the-dead' })
    const { code, json } = await queue.run('set WRK-1 priority=low --json', { session: 'loser' })
    expect([code, json.superseded]).toMatchObject([4, { id: 'WRK-1', at: taking.time }])
    expect(queue.read('archive/2026-02/WRK-1.md')).toContain('priority: medium')
  })

  test('of a change that did not happen is dropped', async () => {
    const queue = withIntent('WRK-2')
    await queue.run('claim WRK-1')
    expect(ghostly(queue)).toEqual([])
    expect(queue.leftovers()).toEqual([])
  })

  test('that is torn is dropped', async () => {
    const queue = withIntent('WRK-1')
    const [name] = queue.leftovers()
    queue.write(`.wrk/${name}`, queue.read(`.wrk/${name}`).slice(0, 40))
    expect((await queue.run('claim WRK-1')).code).toBe(4)
    expect(queue.leftovers()).toEqual([])
  })
})

describe('the event log', () => {
  test('with a last line that was torn while it was written is repaired by the next event', async () => {
    for (const cut of [1, 20, 'all but one'] as const) {
      const queue = makeQueue(['WRK-1', 'WRK-2'])
      await queue.run('claim WRK-1')
      const whole = queue.read('.wrk/events.jsonl')
      const last = whole.trimEnd().lastIndexOf('\n') + 1
      queue.write('.wrk/events.jsonl', whole.slice(0, cut === 'all but one' ? last + 1 : whole.length - cut))
      expect((await queue.run('log --json')).json.events).toHaveLength(2)
      await queue.run('claim WRK-2')
      expect(queue.read('.wrk/events.jsonl').startsWith(whole)).toBe(true)
      expect(queue.events().map(({ seq }) => seq)).toEqual([1, 2, 3])
    }
  })

  test('with published events and numbers that do not rise takes those that do, and gives no number twice', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    await queue.run('claim WRK-1')
    const [first] = queue.events()
    const tail = [5, 4].map(seq => `${JSON.stringify({ ...first, seq, tx: `tail-${seq}` })}\n`)
    queue.write('.wrk/events.tail', tail.join(''))
    await queue.run('claim WRK-2')
    await queue.run('claim WRK-3')
    expect(queue.events().map(({ seq }) => seq)).toEqual([1, 2, 5, 6, 7])
  })

  test('with a torn line that nobody can complete goes on behind it, and numbers go on rising', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    await queue.run('claim WRK-1')
    queue.write('.wrk/events.jsonl', `${queue.read('.wrk/events.jsonl')}{"seq":3,"time":"2026-02`)
    await queue.run('claim WRK-2')
    await queue.run('claim WRK-3')
    const { events } = (await queue.run('log --json')).json
    expect(events.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2, 3, 4])
    expect(events.map((event: { item: string | null }) => event.item)).toEqual([
      null,
      'WRK-1',
      'WRK-2',
      'WRK-3',
    ])
  })

  test('that grew large is rotated; numbers go on rising over both parts and a second rotation', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const lines = filled(1024 * 1024 + 1)
    queue.write('.wrk/events.jsonl', lines.join(''))
    await queue.run('claim WRK-1')
    expect(queue.read('.wrk/events.1.jsonl')).toBe(lines.join(''))
    expect(queue.events().map(({ seq }) => seq)).toEqual(
      Array.from({ length: lines.length + 2 }, (_, i) => i + 1),
    )
    expect((await queue.run('log --json -n 3')).json.events.map(({ seq }: { seq: number }) => seq)).toEqual(
      [0, 1, 2].map(i => lines.length + i),
    )

    const more = filled(1024 * 1024 + 1, lines.length + 3)
    queue.write('.wrk/events.jsonl', queue.read('.wrk/events.jsonl') + more.join(''))
    await queue.run('claim WRK-2')
    const seqs = queue.events().map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, i) => lines.length + 1 + i))
    expect(queue.events().at(-1)).toMatchObject({ item: 'WRK-2', type: 'granted' })
  })
})
