/** Records for the tests of decisions over several machines. */
import fc from 'fast-check'
import { RECORD_VERSION, type SharedRecord } from '../../../src/core/coordination/record.ts'
import { stamp } from '../../../src/core/time.ts'

export const NOW = new Date('2026-02-16T19:30:05Z')
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const stampBefore = (ms: number): string => stamp(new Date(NOW.getTime() - ms))

export const RECORD: SharedRecord = {
  v: RECORD_VERSION,
  id: 'WRK-157',
  state: 'held',
  epoch: 3,
  nonce: 'k3x9f2a1',
  session: 'claude-devbox-k3x9f2',
  agent: null,
  host: 'devbox',
  clone: 'c1',
  boot: '9f3c',
  run: null,
  claimed_at: stampBefore(20 * MINUTE),
  renewed_at: stampBefore(10 * MINUTE),
  ttl_s: 7200,
  branch: 'main',
  commit: '0123456789abcdef0123456789abcdef01234567',
  anchors: [{ pid: 4242, started: '81423977', boot: '9f3c', pidns: '4026531836', host: 'devbox' }],
}

const instant = fc.integer({ min: 0, max: 72 * HOUR }).map(stampBefore)

export const anyRecord: fc.Arbitrary<SharedRecord> = fc.record({
  v: fc.constant(RECORD_VERSION),
  id: fc.constantFrom('WRK-1', 'WRK-157', 'workspace-hub#1311'),
  state: fc.constantFrom('held' as const, 'released' as const, 'done' as const),
  epoch: fc.integer({ min: 1, max: 1_000_000 }),
  nonce: fc.string({ minLength: 1 }),
  session: fc.constantFrom('a', 'b', 'claude-devbox-k3x9f2'),
  agent: fc.constantFrom(null, 'helper'),
  host: fc.constantFrom('devbox', 'laptop'),
  clone: fc.constantFrom('c1', 'c2'),
  boot: fc.constantFrom('9f3c', 'a0a0'),
  run: fc.constantFrom(null, 'run-1'),
  claimed_at: instant,
  renewed_at: instant,
  ttl_s: fc.integer({ min: 0, max: 48 * 3600 }),
  branch: fc.option(fc.string()),
  commit: fc.option(fc.string()),
  anchors: fc.constantFrom([], RECORD.anchors),
})
