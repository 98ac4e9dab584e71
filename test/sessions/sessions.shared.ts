/** What the tests of sessions have in common. */
import { stampOf } from '../support/clock.ts'
import type { Queue } from '../support/queue.ts'

export const T = Date.parse('2026-02-16T19:30:05Z')
export const later = (ms: number) => stampOf(new Date(T + ms))
/** Runs a command as a session at T and so much. */
export const as = (queue: Queue, session: string, ms: number, args: string) =>
  queue.run(args, { session, env: { WRK_NOW: later(ms) } })
