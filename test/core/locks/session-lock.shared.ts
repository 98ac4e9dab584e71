/** A session lock and its keeper, for the tests of session locks. */
import { grantedLock, type Keeper, type SessionLock } from '../../../src/core/locks/session-lock.ts'
import type { Anchor } from '../../../src/core/sessions/session.ts'

export const NOW = new Date('2026-11-21T09:37:02Z')

export const anchor: Anchor = { pid: 4242, started: '81423977', boot: 'b1', pidns: '17', host: 'devbox' }

export const keeper: Keeper = { sessionId: 'claude-devbox-k3x9f2', host: 'devbox', anchor, pidOf: 'session' }

export const HOUR = 3_600_000

export function lock(more: Partial<SessionLock> = {}): SessionLock {
  return { ...grantedLock({ runId: 'run-1', keeper, ttlMs: 2 * HOUR, purpose: 'nightly' }, NOW), ...more }
}
