/** Properties of the claim and release decisions (contract, section 5). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ClaimRequest,
  decideClaim,
  decideRelease,
  expiresAt,
  type HeldLock,
  isStale,
} from '../../../src/core/claims/claim.ts'

const NOW = new Date('2026-02-16T19:30:05Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const holder = fc.constantFrom('claude-devbox-k3x9f2', 'nightly-7', 'nightly-7/helper', 'a', 'a/b')
const age = fc.integer({ min: 0, max: 72 * HOUR })
/** An instant within the last three days; now and then in the future, or not known. */
const instant = fc.option(
  age.map(ms => new Date(NOW.getTime() - ms)),
  { nil: null, freq: 6 },
)
const verdict = fc.constantFrom('alive' as const, 'dead' as const, 'unknown' as const)

const held: fc.Arbitrary<HeldLock> = fc.record({
  lock: fc.record({ by: holder, at: instant }),
  liveness: fc.record({ verdict, reason: fc.constant('because') }),
  heartbeat: instant,
  fileModified: age.map(ms => new Date(NOW.getTime() - ms)),
})
const request: fc.Arbitrary<ClaimRequest> = fc.record({
  holder,
  ttlMs: fc.integer({ min: 0, max: 48 * HOUR }),
  takeover: fc.constantFrom('ttl' as const, 'dead-only' as const),
  force: fc.constantFrom(null, null, null, 'the machine is gone'),
})

/** The contract's own words, as short as they can be said. */
function youngest({ lock, heartbeat, fileModified }: HeldLock): number {
  const since = lock.at && lock.at.getTime() <= NOW.getTime() + 5 * MINUTE ? lock.at : fileModified
  return Math.max(since.getTime(), heartbeat?.getTime() ?? 0)
}

describe('a claim', () => {
  test('of an item without a lock is granted to anyone', () => {
    fc.assert(
      fc.property(request, ask => {
        expect(decideClaim(null, ask, NOW)).toEqual({ kind: 'granted' })
      }),
    )
  })

  test('is renewed for the same holder and for nobody else', () => {
    fc.assert(
      fc.property(held, request, (lock, ask) => {
        expect(decideClaim(lock, ask, NOW).kind === 'renewed').toBe(lock.lock.by === ask.holder)
      }),
    )
  })

  test('never displaces a holder that is not dead within its TTL, unless forced', () => {
    fc.assert(
      fc.property(held, request, (lock, ask) => {
        fc.pre(lock.lock.by !== ask.holder && ask.force === null && lock.liveness.verdict !== 'dead')
        fc.pre(NOW.getTime() - youngest(lock) < ask.ttlMs)
        expect(decideClaim(lock, ask, NOW)).toEqual({ kind: 'held' })
      }),
    )
  })

  test('treats unknown as alive, except under dead-only', () => {
    fc.assert(
      fc.property(held, request, (lock, ask) => {
        const as = (verdict: 'alive' | 'unknown') =>
          decideClaim(
            { ...lock, liveness: { ...lock.liveness, verdict } },
            { ...ask, takeover: 'ttl', force: null },
            NOW,
          )
        expect(as('unknown')).toEqual(as('alive'))
      }),
    )
  })

  test('takes a dead holder’s item at once, whatever its age', () => {
    fc.assert(
      fc.property(held, request, (lock, ask) => {
        fc.pre(lock.lock.by !== ask.holder)
        const dead = { ...lock, liveness: { verdict: 'dead' as const, reason: 'process 7 is gone' } }
        expect(decideClaim(dead, ask, NOW)).toEqual({
          kind: 'takenOver',
          because: 'dead',
          reason: expect.stringContaining('process 7 is gone'),
        })
      }),
    )
  })

  test('takes an item at the very end of its TTL and not a millisecond before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 72 * HOUR }), ttlMs => {
        const lock: HeldLock = {
          lock: { by: 'other', at: new Date(NOW.getTime() - ttlMs) },
          liveness: { verdict: 'unknown', reason: '' },
          heartbeat: null,
          fileModified: NOW,
        }
        const ask: ClaimRequest = { holder: 'me', ttlMs, takeover: 'ttl', force: null }
        expect(decideClaim(lock, ask, NOW)).toEqual({
          kind: 'takenOver',
          because: 'ttl',
          reason: expect.stringContaining('silent'),
        })
        expect(decideClaim(lock, ask, new Date(NOW.getTime() - 1)).kind).toBe('held')
      }),
    )
  })

  test('that takes an item over would do so later too', () => {
    fc.assert(
      fc.property(held, request, age, (lock, ask, later) => {
        // Instants from the future make an item older at first; they are looked at below.
        fc.pre(decideClaim(lock, ask, NOW).kind === 'takenOver')
        expect(decideClaim(lock, ask, new Date(NOW.getTime() + later)).kind).toBe('takenOver')
      }),
    )
  })

  test('leaves a living session all its items under dead-only, however old', () => {
    fc.assert(
      fc.property(held, request, (lock, ask) => {
        fc.pre(lock.lock.by !== ask.holder && ask.force === null)
        const alive = { ...lock, liveness: { verdict: 'alive' as const, reason: '' } }
        expect(decideClaim(alive, { ...ask, takeover: 'dead-only' }, NOW)).toEqual({ kind: 'held' })
      }),
    )
  })

  test('of an item whose time cannot be read, or is too far ahead, goes by the file’s own time', () => {
    fc.assert(
      fc.property(age, fc.integer({ min: 5 * MINUTE + 1, max: 1e12 }), fc.boolean(), (old, ahead, none) => {
        const lock: HeldLock = {
          lock: { by: 'other', at: none ? null : new Date(NOW.getTime() + ahead) },
          liveness: { verdict: 'unknown', reason: '' },
          heartbeat: null,
          fileModified: new Date(NOW.getTime() - old),
        }
        const ask: ClaimRequest = { holder: 'me', ttlMs: 2 * HOUR, takeover: 'ttl', force: null }
        expect(decideClaim(lock, ask, NOW).kind).toBe(old >= 2 * HOUR ? 'takenOver' : 'held')
      }),
    )
  })

  test('by force always succeeds and says that it was force only where nothing else allowed it', () => {
    fc.assert(
      fc.property(held, request, (lock, ask) => {
        const forced = decideClaim(lock, { ...ask, force: 'the machine is gone' }, NOW)
        const plain = decideClaim(lock, { ...ask, force: null }, NOW)
        if (plain.kind === 'held')
          expect(forced).toEqual({
            kind: 'takenOver',
            because: 'forced',
            reason: expect.stringContaining('the machine is gone'),
          })
        else expect(forced).toEqual(plain)
      }),
    )
  })

  test('by the holder waits for its other run at work, and for nothing else', () => {
    const run = fc.constantFrom(undefined, null, 'run-1', 'run-2')
    fc.assert(
      fc.property(held, request, run, run, (lock, ask, liveRun, runId) => {
        const more = (value: string | null | undefined, key: string) =>
          value === undefined ? {} : { [key]: value }
        const mine = { ...lock, lock: { ...lock.lock, by: ask.holder }, ...more(liveRun, 'liveRun') }
        const otherRun = liveRun && runId && liveRun !== runId
        // Force is for what another session holds: it does not start a second run beside one's own.
        expect(decideClaim(mine, { ...ask, ...more(runId, 'runId') }, NOW)).toEqual({
          kind: otherRun ? 'held' : 'renewed',
        })
      }),
    )
  })
})

test('what is called stale and until when agrees with what a claim does', () => {
  fc.assert(
    fc.property(held, request, (lock, ask) => {
      const { ttlMs, takeover } = ask
      const decision = decideClaim(lock, { ...ask, holder: 'somebody-new', force: null }, NOW)
      const byAge = decision.kind === 'takenOver' && decision.because === 'ttl'
      expect(isStale(lock, ttlMs, takeover, NOW)).toBe(byAge)
      if (lock.liveness.verdict === 'unknown')
        expect(expiresAt(lock, ttlMs, NOW).getTime() <= NOW.getTime()).toBe(byAge)
    }),
  )
})

describe('a release', () => {
  const run = fc.constantFrom(null, 'run-1', 'run-2')
  const force = fc.constantFrom(null, 'cleaning up')

  test('of an item without a lock changes nothing', () => {
    fc.assert(
      fc.property(run, holder, run, force, (claimed, by, runId, why) => {
        expect(decideRelease(null, claimed, { holder: by, runId, force: why })).toEqual({ kind: 'notLocked' })
      }),
    )
  })

  test('succeeds without force only for the holder, and only for the run that claimed where one is named', () => {
    fc.assert(
      fc.property(
        holder,
        run,
        fc.option(holder, { nil: null }),
        run,
        instant,
        (by, claimed, asking, runId, at) => {
          const { kind } = decideRelease({ by, at }, claimed, { holder: asking, runId, force: null })
          const rightRun = runId === null || runId === claimed
          expect(kind).toBe(by !== asking ? 'heldByOther' : rightRun ? 'released' : 'otherRun')
        },
      ),
    )
  })

  test('by force always succeeds, and is called forced when the lock was another’s', () => {
    fc.assert(
      fc.property(holder, run, fc.option(holder, { nil: null }), run, (by, claimed, asking, runId) => {
        const { kind } = decideRelease({ by, at: NOW }, claimed, { holder: asking, runId, force: 'why' })
        expect(kind).toBe(by === asking ? 'released' : 'forced')
      }),
    )
  })
})
