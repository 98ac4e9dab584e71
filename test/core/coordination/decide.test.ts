/** Decisions on a record that all clones share. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Claimant,
  decideSharedClaim,
  decideSharedEnd,
  type HolderFacts,
  isSameHolder,
} from '../../../src/core/coordination/decide.ts'
import type { SharedReading, SharedRecord } from '../../../src/core/coordination/record.ts'
import { anyRecord, HOUR, NOW, RECORD, stampBefore } from './records.ts'

const ME: Claimant = {
  id: 'WRK-157',
  nonce: 'mine',
  session: 'me',
  agent: null,
  host: 'laptop',
  clone: 'mine',
  boot: 'b00t',
  run: null,
  ttl_s: 7200,
  branch: 'work',
  commit: null,
  anchors: [],
}
const UNKNOWN: HolderFacts = { seenForMs: null, liveness: { verdict: 'unknown', reason: 'another host' } }
const readable = (record: SharedRecord): SharedReading => ({ kind: 'record', record })
const claim = (
  reading: SharedReading | null,
  facts = UNKNOWN,
  more: { force?: string; claimant?: Claimant } = {},
) =>
  decideSharedClaim(
    reading,
    { claimant: more.claimant ?? ME, force: more.force ?? null, takeover: 'ttl' },
    facts,
    NOW,
  )
const anyFacts: fc.Arbitrary<HolderFacts> = fc.record({
  seenForMs: fc.option(fc.integer({ min: 0, max: 72 * HOUR })),
  liveness: fc.record({
    verdict: fc.constantFrom('alive' as const, 'dead' as const, 'unknown' as const),
    reason: fc.constant('because'),
  }),
})

describe('a claim', () => {
  test('of an item without a record begins at epoch 1', () => {
    expect(claim(null)).toMatchObject({ kind: 'granted', record: { epoch: 1, state: 'held', session: 'me' } })
  })

  test('of a released item goes on from the epoch that the tombstone kept', () => {
    expect(claim(readable({ ...RECORD, state: 'released' }))).toMatchObject({
      kind: 'granted',
      record: { epoch: 4, claimed_at: stampBefore(0) },
    })
  })

  test('of a finished item is refused', () => {
    expect(claim(readable({ ...RECORD, state: 'done' })).kind).toBe('done')
    expect(claim(readable({ ...RECORD, state: 'done' }), UNKNOWN, { force: 'again' })).toMatchObject({
      kind: 'granted',
      record: { epoch: 4 },
    })
  })

  test('that only reopens takes nothing from a holder', () => {
    const request = { claimant: ME, force: null, reopens: true, takeover: 'ttl' as const }
    expect(decideSharedClaim(readable(RECORD), request, UNKNOWN, NOW).kind).toBe('held')
    expect(decideSharedClaim(readable({ ...RECORD, state: 'done' }), request, UNKNOWN, NOW)).toMatchObject({
      kind: 'granted',
      record: { epoch: 4 },
    })
  })

  test('of an item that somebody else holds is refused', () => {
    expect(claim(readable(RECORD))).toMatchObject({ kind: 'held', by: RECORD })
  })

  test('of a dead holder on the same host takes over at once', () => {
    const facts: HolderFacts = { seenForMs: 0, liveness: { verdict: 'dead', reason: 'process 4242 is gone' } }
    expect(claim(readable(RECORD), facts)).toMatchObject({
      kind: 'takenOver',
      because: 'dead',
      record: { epoch: 4 },
      from: RECORD,
    })
  })

  test('after the whole TTL by this machine’s own clock takes over', () => {
    const facts = { ...UNKNOWN, seenForMs: 2 * HOUR }
    expect(claim(readable(RECORD), facts)).toMatchObject({ kind: 'takenOver', because: 'ttl' })
    expect(claim(readable(RECORD), { ...UNKNOWN, seenForMs: 2 * HOUR - 1 }).kind).toBe('held')
  })

  test('a living holder keeps its item whatever its age under takeover: dead-only', () => {
    const facts: HolderFacts = { seenForMs: 9 * HOUR, liveness: { verdict: 'alive', reason: 'it runs' } }
    const request = { claimant: ME, force: null, takeover: 'dead-only' as const }
    expect(decideSharedClaim(readable(RECORD), request, facts, NOW).kind).toBe('held')
    expect(claim(readable(RECORD), facts).kind).toBe('takenOver')
  })

  test('by the holder renews: same epoch, same start, a new heartbeat', () => {
    const mine = { ...RECORD, session: 'me', clone: 'mine' }
    expect(claim(readable(mine))).toMatchObject({
      kind: 'renewed',
      record: { epoch: 3, claimed_at: mine.claimed_at, renewed_at: stampBefore(0), nonce: 'mine' },
    })
  })

  test('by the same name on another machine is another holder, though the hosts share a name', () => {
    expect(claim(readable({ ...RECORD, session: 'me', host: 'laptop' })).kind).toBe('held')
  })

  test('by the same session in another clone of the machine is its own', () => {
    expect(claim(readable({ ...RECORD, session: 'me', boot: 'b00t' })).kind).toBe('renewed')
  })

  test('a renewal by a clock that was set back does not make the record older', () => {
    const mine = { ...RECORD, session: 'me', clone: 'mine', renewed_at: stampBefore(-HOUR) }
    expect(claim(readable(mine))).toMatchObject({
      kind: 'renewed',
      record: { renewed_at: stampBefore(-HOUR) },
    })
  })

  test('of an unreadable record is never granted, not by force either', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(undefined, 'reason'), (facts, force) => {
        const decision = claim({ kind: 'unreadable', why: 'newer' }, facts, force ? { force } : {})
        expect(decision.kind).toBe('unreadable')
      }),
    )
  })

  test('never lowers the epoch, and raises it with every new holder', () => {
    fc.assert(
      fc.property(anyRecord, anyFacts, fc.constantFrom(undefined, 'reason'), (old, facts, force) => {
        const decision = claim(readable(old), facts, force ? { force } : {})
        if (!('record' in decision)) return
        const { record } = decision
        expect(record.epoch).toBe(decision.kind === 'renewed' ? old.epoch : old.epoch + 1)
        expect(record).toMatchObject({ state: 'held', session: 'me', host: 'laptop', nonce: 'mine' })
      }),
    )
  })

  test('without proof, age or force, never takes what another holds', () => {
    fc.assert(
      fc.property(anyRecord, old => {
        const fresh = { ...old, state: 'held' as const, renewed_at: stampBefore(0), ttl_s: 600 }
        for (const verdict of ['alive', 'unknown'] as const) {
          const facts = { seenForMs: 599_999, liveness: { verdict, reason: '' } }
          expect(claim(readable(fresh), facts).kind).toBe('held')
        }
      }),
    )
  })
})

describe('a release', () => {
  const { session, agent, host, clone, boot } = RECORD
  const holder = { session, agent, host, clone, boot }
  const end = (reading: SharedReading | null, more: Partial<Parameters<typeof decideSharedEnd>[1]> = {}) =>
    decideSharedEnd(
      reading,
      {
        holder,
        state: 'released',
        nonce: 'n',
        commit: null,
        first: null,
        epoch: null,
        force: false,
        ...more,
      },
      NOW,
    )

  test('leaves a tombstone that keeps the epoch', () => {
    expect(end(readable(RECORD))).toMatchObject({
      kind: 'write',
      record: { state: 'released', epoch: 3, nonce: 'n' },
    })
  })

  test('done keeps the commit that finished it', () => {
    expect(end(readable(RECORD), { state: 'done', commit: 'abc' })).toMatchObject({
      kind: 'write',
      record: { state: 'done', commit: 'abc', epoch: 3 },
    })
  })

  test('is refused to everybody but the holder', () => {
    const other = { ...holder, clone: 'other', boot: 'other' }
    expect(end(readable(RECORD), { holder: other })).toMatchObject({ kind: 'heldByOther' })
    expect(end(readable(RECORD), { holder: other, force: true }).kind).toBe('write')
  })

  test('by an epoch that is behind is refused: it was taken over and claimed again since', () => {
    expect(end(readable(RECORD), { epoch: 2 }).kind).toBe('heldByOther')
    expect(end(readable(RECORD), { epoch: 3 }).kind).toBe('write')
  })

  test('twice changes nothing the second time', () => {
    expect(end(null)).toEqual({ kind: 'already', state: 'none' })
    expect(end(readable({ ...RECORD, state: 'released' }))).toEqual({ kind: 'already', state: 'released' })
  })

  test('an item that was released is finished by whoever finishes it; a finished one is not released', () => {
    expect(end(readable({ ...RECORD, state: 'released' }), { state: 'done' }).kind).toBe('write')
    expect(end(readable({ ...RECORD, state: 'done' }))).toEqual({ kind: 'already', state: 'done' })
  })

  test('an unreadable record is left alone', () => {
    expect(end({ kind: 'unreadable', why: 'newer' }, { force: true }).kind).toBe('unreadable')
  })
})

test('a helper of a session is not the session', () => {
  expect(isSameHolder({ ...RECORD, agent: 'helper' }, RECORD)).toBe(false)
})
