/** Many claims of one item at the same instant. */
import { expect } from 'vitest'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { together } from '../support/together.ts'

export function claims(count: number, args = 'claim WRK-157 --json') {
  return Array.from({ length: count }, (_, i) => ({ args, session: `racer-${i}` }))
}

/** Checks that one of them won and the others learned by whom; gives the winner's answer. */
export function expectOneWinner(results: readonly Result[]): Result {
  expect(results.filter(({ code }) => code !== 0 && code !== 4).map(({ stdout }) => stdout)).toEqual([])
  const winners = results.filter(({ code }) => code === 0)
  expect(winners).toHaveLength(1)
  const winner = winners[0]!.json.session.id
  for (const { json } of results.filter(({ code }) => code === 4)) {
    expect(json).toMatchObject({ ok: false, error: { code: 'LOCKED' }, holder: { session_id: winner } })
    expect(json.error.message).toContain(winner)
  }
  return winners[0]!
}

/** Checks that only the values of the two lock lines differ from the text before, and that the log is whole. */
export function expectIntact(queue: Queue, before: string, winner: string): void {
  const lock = queue.lock('WRK-157')
  expect(lock.by).toBe(winner)
  expect(queue.read('WRK-157')).toBe(
    before
      .replace(/^locked_by: .*$/m, `locked_by: "${winner}"`)
      .replace(/^locked_at: .*$/m, `locked_at: "${lock.at}"`),
  )
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  expect(queue.leftovers()).toEqual([])
}

/** So many sessions claim a free item at the same instant; one gets it, and the file and the log say so. */
export async function expectOneOfManyOnFreeItem(count: number): Promise<void> {
  const queue = makeQueue(['WRK-157'])
  const before = queue.read('WRK-157')
  const winner = expectOneWinner(await together(claims(count), { queue }))
  expect(winner.json.kind).toBe('granted')
  expectIntact(queue, before, winner.json.session.id)
  expect(queue.events().filter(({ type }) => type === 'granted')).toHaveLength(1)
}
