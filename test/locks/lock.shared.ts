/** What the tests of lock have in common. */
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { ago, MINUTE, stampOf } from '../support/clock.ts'
import type { Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { anchorOf, deadAnchor } from '../support/sessions.ts'

export const MANY = 32
const LOCKS = '.wrk/ops/locks'

export const fileOf = (queue: Queue, name = 'nightly_session') => join(queue.root, LOCKS, `${name}.lock`)
export const textOf = (queue: Queue, name?: string) => readFileSync(fileOf(queue, name), 'utf8')
export const dataOf = (queue: Queue, name?: string): Json => JSON.parse(textOf(queue, name))

/** Puts something into a lock's place, last changed at `modified`. */
export function put(queue: Queue, content: string | Buffer, modified = new Date(), name?: string): string {
  const file = fileOf(queue, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  utimesSync(file, modified, modified)
  return file
}

/** A lock as the file holds it. */
export function heldLock(more: Record<string, unknown> = {}): string {
  const { pid, host, ...anchor } = anchorOf()
  return JSON.stringify({
    run_id: 'run-0',
    pid,
    host,
    started_utc: stampOf(ago(10 * MINUTE)),
    purpose: 'earlier',
    ttl_sec: 7200,
    session_id: null,
    heartbeat_utc: stampOf(ago(10 * MINUTE)),
    pid_of: 'session',
    anchor,
    ...more,
  })
}

export const ofDead = () => {
  const { pid, started, boot, pidns } = deadAnchor()
  return { pid, anchor: { started, boot, pidns } }
}

export const claims = (count: number, args = 'lock claim --json') =>
  Array.from({ length: count }, (_, i) => ({ args, session: `racer-${i}` }))

/** One of them got the lock and the file says so; the others were refused, with its name. Gives the winner's answer. */
export function expectOneWinner(queue: Queue, results: readonly Result[]): Json {
  expect(results.filter(({ code }) => code !== 0 && code !== 4).map(({ stdout }) => stdout)).toEqual([])
  const winners = results.filter(({ json }) => json.acquired)
  expect(winners.map(({ code }) => code)).toEqual([0])
  const winner = winners[0]!.json
  expect(dataOf(queue)).toMatchObject({ run_id: winner.run_id, session_id: winner.lock.session_id })
  for (const { code, json } of results.filter(one => one !== winners[0])) {
    expect(code).toBe(4)
    expect(json).toMatchObject({
      ok: false,
      acquired: false,
      error_code: 'locked',
      lock: { run_id: winner.run_id },
    })
    expect(json.run_id).not.toBe(winner.run_id)
  }
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  expect(events.filter(({ type }) => ['granted', 'takenOver', 'renewed'].includes(type))).toMatchObject([
    { type: winner.kind, item: 'lock:nightly_session', session: winner.run_id },
  ])
  expect(queue.leftovers()).toEqual([])
  return winner
}
