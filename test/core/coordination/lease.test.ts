/** A lease as others count it and as its holder does: the holder always stops first. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  clockMarginMs,
  freeAt,
  judgeStaleness,
  ownLeaseLeftMs,
} from '../../../src/core/coordination/lease.ts'
import { HOUR, MINUTE, NOW, RECORD, stampBefore } from './records.ts'

const TTL = 2 * HOUR
const renewedBefore = (ms: number) => ({ ...RECORD, renewed_at: stampBefore(ms) })

describe('the holder of a record elsewhere is stale', () => {
  test('when this machine saw the same object for the whole TTL, whatever the clocks say', () => {
    expect(judgeStaleness(renewedBefore(-3 * HOUR), TTL, NOW).stale).toBe(true)
    expect(judgeStaleness(renewedBefore(-3 * HOUR), TTL - 1, NOW).stale).toBe(false)
  })

  test('when its renewal is older than the TTL and a wide margin', () => {
    const margin = clockMarginMs(TTL)
    expect(margin).toBe(30 * MINUTE)
    expect(judgeStaleness(renewedBefore(TTL + margin), null, NOW).stale).toBe(false)
    expect(judgeStaleness(renewedBefore(TTL + margin + 1000), null, NOW).stale).toBe(true)
  })

  test('the margin of a short TTL is ten minutes', () => {
    expect(clockMarginMs(4 * MINUTE)).toBe(10 * MINUTE)
  })
})

test('clocks that differ by up to the margin never make a living holder stale at first sight', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 48 * 3600 }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ttl_s, apart, age) => {
        const ttlMs = ttl_s * 1000
        // The holder renewed within its TTL; its clock is `apart` of the margin away from ours;
        // a stamp is up to a second older than what it stands for.
        const written = Math.floor(age * ttlMs) + Math.floor(apart * clockMarginMs(ttlMs)) - 1000
        expect(judgeStaleness({ ttl_s, renewed_at: stampBefore(written) }, null, NOW).stale).toBe(false)
      },
    ),
  )
})

test('a holder stops before anybody who counted from the same renewal may begin', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1000, max: 48 * HOUR }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.integer({ min: 0, max: 96 * HOUR }),
      (ttlMs, travel, age) => {
        // The renewal was sent at 0 and seen by others `travel` ms later at the earliest.
        const left = ownLeaseLeftMs(ttlMs, { boot: 'a', ms: 0 }, { boot: 'a', ms: age }, 0)
        const seenFor = Math.max(0, age - travel)
        const stale = judgeStaleness({ ttl_s: ttlMs / 1000, renewed_at: stampBefore(0) }, seenFor, NOW).stale
        expect(stale && left > 0).toBe(false)
      },
    ),
  )
})

test('after a restart of the machine a lease is counted by the wall clock', () => {
  const sent = { boot: 'a', ms: 5 }
  expect(ownLeaseLeftMs(TTL, sent, { boot: 'b', ms: 1 }, HOUR)).toBe(TTL - 12 * MINUTE - HOUR)
  expect(ownLeaseLeftMs(TTL, sent, { boot: 'a', ms: 5 + HOUR }, 0)).toBe(TTL - 12 * MINUTE - HOUR)
})

test('until when a holder elsewhere keeps an item: to the end of its TTL, and past that to when its word frees it', () => {
  expect(freeAt(renewedBefore(HOUR), NOW)).toEqual(new Date(NOW.getTime() + HOUR))
  const late = renewedBefore(TTL + MINUTE)
  const free = freeAt(late, NOW)
  expect(free).toEqual(new Date(NOW.getTime() + clockMarginMs(TTL) - MINUTE))
  expect(judgeStaleness(late, null, free).stale).toBe(false)
  expect(judgeStaleness(late, null, new Date(free.getTime() + 1)).stale).toBe(true)
})
