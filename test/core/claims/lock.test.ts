/** The lock as frontmatter holds it: free, held or unreadable, and never free by mistake. */
import { describe, expect, test } from 'vitest'
import { countedSign, lockedSince, nextSign, readLock } from '../../../src/core/claims/lock.ts'
import { readFrontmatter } from '../../../src/markdown/frontmatter.ts'

const NOW = new Date('2026-02-16T19:30:05Z')
const MINUTE = 60_000
const inMs = (ms: number) => new Date(NOW.getTime() + ms)

function lockOf(fields: string) {
  const found = readFrontmatter(Buffer.from(`---\nid: WRK-1\n${fields}---\n`))
  if (found.kind !== 'ok') throw new Error(found.kind)
  const pair = (key: string) => found.map.pairs.find(one => one.key === key)
  return readLock(pair('locked_by'), pair('locked_at'))
}

describe('a lock is', () => {
  test.each([
    ['', 'no fields'],
    ['locked_by: ""\nlocked_at: ""\n', 'empty'],
    ['locked_by:\nlocked_at:\n', 'without values'],
    ['locked_at: "2026-02-16T19:30:05Z"\n', 'a time without a holder'],
  ])('free: %j (%s)', fields => {
    expect(lockOf(fields)).toEqual({ kind: 'free' })
  })

  test.each([
    ['locked_by: me\nlocked_at: "2026-02-16T19:30:05Z"\n', NOW],
    ['locked_by: me\n', null],
    ['locked_by: me\nlocked_at: ""\n', null],
    ['locked_by: me\nlocked_at: yesterday\n', null],
  ])('held: %j', (fields, at) => {
    expect(lockOf(fields)).toEqual({ kind: 'held', lock: { by: 'me', at } })
  })

  test.each([
    ['locked_by: [me]\nlocked_at: ""\n', 'locked_by'],
    ['locked_by: {me: 1}\n', 'locked_by'],
    ['locked_by: ""\nlocked_at: [1]\n', 'locked_at'],
    ['locked_at: {a: 1}\n', 'locked_at'],
  ])('unreadable, and says by which field: %j', (fields, key) => {
    expect(lockOf(fields)).toMatchObject({ kind: 'unreadable', pair: { key } })
  })
})

describe('a time that lies ahead counts', () => {
  const modified = inMs(-3 * MINUTE)

  test('up to five minutes, for clocks that differ; then the file’s own time is used', () => {
    for (const ahead of [-MINUTE, 0, 5 * MINUTE])
      expect(lockedSince({ by: 'me', at: inMs(ahead) }, modified, NOW)).toEqual(inMs(ahead))
    for (const at of [inMs(5 * MINUTE + 1), null])
      expect(lockedSince({ by: 'me', at }, modified, NOW)).toEqual(modified)
  })

  test('up to five minutes in a heartbeat as well; then it counts from when it was written', () => {
    for (const beat of [-MINUTE, 0, 5 * MINUTE])
      expect(countedSign(inMs(beat), modified, NOW)).toEqual(inMs(beat))
    expect(countedSign(inMs(5 * MINUTE + 1), modified, NOW)).toEqual(modified)
    expect(countedSign(inMs(5 * MINUTE + 1), null, NOW)).toBeNull()
    expect(countedSign(null, modified, NOW)).toBeNull()
  })

  test('up to five minutes in one’s own heartbeat: a clock that is behind does not take it back', () => {
    for (const kept of [1, 5 * MINUTE]) expect(nextSign(inMs(kept), NOW)).toEqual(inMs(kept))
    for (const last of [inMs(5 * MINUTE + 1), inMs(0), inMs(-MINUTE), null])
      expect(nextSign(last, NOW)).toEqual(NOW)
  })
})
