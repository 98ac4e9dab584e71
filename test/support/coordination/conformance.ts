/** What every engine promises. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Engine, EntryChange, SharedEntry } from '../../../src/coordination/engine.ts'
import type { EntryKey } from '../../../src/core/coordination/ref-name.ts'
import { type EngineKind, type Meeting, record } from './engines.ts'

const keyOf = (name: string): EntryKey => ({ kind: 'claims', name })

/** The tests that every engine has to pass; one that this machine lacks is skipped. */
export function conforms({ name, isHere, meet }: EngineKind): void {
  describe(name, () => {
    describe.skipIf(!isHere)('with two clones', () => {
      let meeting: Meeting
      let one: Engine
      let two: Engine
      beforeAll(async () => {
        meeting = await meet()
        one = await meeting.open('one')
        two = await meeting.open('two')
        await one.prepare()
      })

      const create = (name: string, more = {}): EntryChange => ({
        key: keyOf(name),
        expected: null,
        record: record(more),
      })
      const next = (entry: SharedEntry | null, more = {}): EntryChange => ({
        key: entry!.key,
        expected: entry,
        record: {
          ...(entry!.reading as { record: ReturnType<typeof record> }).record,
          nonce: record().nonce,
          ...more,
        },
      })

      test('prepare twice is once', async () => {
        await two.prepare()
        await one.prepare()
      })

      test('what nobody has written is null', async () => {
        expect(await one.read(keyOf('wrk-404'))).toBeNull()
      })

      test('what one writes, the other reads as it is', async () => {
        const change = create('wrk-1')
        expect(await one.compareAndSwap(change)).toEqual({
          kind: 'applied',
          revision: one.revisionOf(change),
        })
        expect(await two.read(keyOf('wrk-1'))).toEqual({
          key: keyOf('wrk-1'),
          revision: one.revisionOf(change),
          reading: { kind: 'record', record: change.record },
        })
      })

      test('of two that create, one wins and the other sees who', async () => {
        const mine = create('wrk-2', { session: 'a' })
        expect((await one.compareAndSwap(mine)).kind).toBe('applied')
        expect(await two.compareAndSwap(create('wrk-2', { session: 'b' }))).toMatchObject({
          kind: 'conflict',
          current: { reading: { record: { session: 'a', nonce: mine.record.nonce } } },
        })
      })

      test('a change from what is not there any more is a conflict', async () => {
        await one.compareAndSwap(create('wrk-3'))
        const old = await two.read(keyOf('wrk-3'))
        expect((await one.compareAndSwap(next(await one.read(keyOf('wrk-3')), { run: 'r' }))).kind).toBe(
          'applied',
        )
        expect(await two.compareAndSwap(next(old, { session: 'b', epoch: 2 }))).toMatchObject({
          kind: 'conflict',
          current: { reading: { record: { run: 'r' } } },
        })
      })

      test('the same change again is applied, and changes nothing', async () => {
        const change = create('wrk-4')
        const first = await one.compareAndSwap(change)
        expect(await one.compareAndSwap(change)).toEqual(first)
        expect(
          await two.compareAndSwap(next(await two.read(keyOf('wrk-4')), { run: 'later' })),
        ).toMatchObject({
          kind: 'applied',
        })
        expect((await one.compareAndSwap(change)).kind).toBe('conflict')
      })

      test('eight at once: one winner, on what is free and on what is held', async () => {
        const clones = await Promise.all(Array.from({ length: 8 }, (_, i) => meeting.open(`racer-${i}`)))
        const race = async (expected: SharedEntry | null, epoch: number) => {
          const swaps = await Promise.all(
            clones.map((clone, i) =>
              clone.compareAndSwap({
                key: keyOf('wrk-5'),
                expected,
                record: record({ session: `s${i}`, epoch }),
              }),
            ),
          )
          expect(swaps.map(({ kind }) => kind).sort()).toEqual(['applied', ...Array(7).fill('conflict')])
          const winner = swaps.findIndex(({ kind }) => kind === 'applied')
          const entry = await one.read(keyOf('wrk-5'))
          expect(entry).toMatchObject({ reading: { record: { session: `s${winner}`, epoch } } })
          for (const swap of swaps) if (swap.kind === 'conflict') expect(swap.current).toEqual(entry)
          return entry
        }
        const first = await race(null, 1)
        await race(first, 2)
        for (const clone of clones) await clone.close()
      })

      test('fifty renewals are one round, each decided by itself', async () => {
        const names = Array.from({ length: 50 }, (_, i) => `many-${i}`)
        const created = await Promise.all(names.slice(0, 4).map(name => one.compareAndSwap(create(name))))
        expect(created.every(({ kind }) => kind === 'applied')).toBe(true)
        const stale = await one.read(keyOf('many-0'))
        await two.compareAndSwap(next(await two.read(keyOf('many-0')), { session: 'thief', epoch: 2 }))
        const changes = [
          stale,
          ...(await Promise.all(['many-1', 'many-2', 'many-3'].map(n => one.read(keyOf(n))))),
        ].map(entry => next(entry, { renewed_at: '2026-02-16T20:00:00Z' }))
        expect((await one.compareAndSwapAll(changes)).map(({ kind }) => kind)).toEqual([
          'conflict',
          'applied',
          'applied',
          'applied',
        ])
      })

      test('the list holds what is open, of this queue alone', async () => {
        const other = await meeting.open('one', 'other/queue')
        await other.prepare()
        await other.compareAndSwap(create('wrk-77'))
        const names = (await two.list()).map(({ key }) => key.name)
        expect(names).toContain('wrk-1')
        expect(names).not.toContain('wrk-77')
        expect((await other.list()).map(({ key }) => key.name)).toEqual(['wrk-77'])
        await other.close()
      })

      test('a finished record keeps its epoch, also when it is out of the way', async () => {
        await one.compareAndSwap(create('wrk-6', { epoch: 5 }))
        await one.compareAndSwap(next(await one.read(keyOf('wrk-6')), { state: 'done' }))
        await one.fold?.((await one.list()).filter(({ key }) => key.name === 'wrk-6'))
        expect((await one.list()).map(({ key }) => key.name)).not.toContain('wrk-6')
        for (const clone of [one, two])
          expect(await clone.read(keyOf('wrk-6'))).toMatchObject({
            reading: { record: { state: 'done', epoch: 5 } },
          })
        // Who has not heard of it yet does not begin at epoch 1.
        expect((await two.compareAndSwap(create('wrk-6'))).kind).toBe('conflict')
        const again = next(await two.read(keyOf('wrk-6')), { state: 'held', epoch: 6 })
        expect((await two.compareAndSwap(again)).kind).toBe('applied')
        expect(await one.read(keyOf('wrk-6'))).toMatchObject({ reading: { record: { epoch: 6 } } })
      })

      test('a record of a newer version is unreadable to all, never null', async () => {
        const newer = { ...record(), v: 9 } as unknown as ReturnType<typeof record>
        await one.compareAndSwap({ key: keyOf('wrk-7'), expected: null, record: newer })
        expect(await two.read(keyOf('wrk-7'))).toMatchObject({ reading: { kind: 'unreadable' } })
        expect((await two.compareAndSwap(create('wrk-7'))).kind).toBe('conflict')
      })

      test('names with a dot, a slash or a space do not meet', async () => {
        for (const name of ['a.b-1', 'a/b-1', 'a b-1', 'a.lock-1']) {
          expect((await one.compareAndSwap(create(name))).kind).toBe('applied')
          expect((await two.read(keyOf(name)))?.key.name).toBe(name)
        }
      })

      test('a lock and a claim of one name are two entries', async () => {
        await one.compareAndSwap(create('nightly'))
        expect(await two.read({ kind: 'locks', name: 'nightly' })).toBeNull()
      })

      test('what is removed is gone', async () => {
        await one.compareAndSwap(create('trial'))
        await one.remove((await one.read(keyOf('trial')))!)
        expect(await two.read(keyOf('trial'))).toBeNull()
      })
    })
  })
}
