/** What the tests of faults have in common. */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { haveSmallDisks, mountSmall } from '../support/faults/small-disk.ts'
import { haveStrace, type Injected } from '../support/faults/system-calls.ts'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue, Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'

export const PAGE = 4096
/** A file on which every write fails as on a full disk. */
export const HAS_FULL = existsSync('/dev/full')

export function expectCalm(result: Result): void {
  expect(result.stderr + result.stdout).not.toMatch(/\n\s+at .*\d+:\d+|node:internal|\.cjs:\d+/)
  expect([1, 70]).not.toContain(result.code)
}

// --- small disks ----------------------------------------------------------------------------------------

export const onSmallDisk = test.skipIf(!haveSmallDisks())

/** A queue with one item of 60 KB on a disk of 512 KB. */
export function queueOnSmallDisk(): { queue: Queue; disk: string } {
  const disk = tempFolder()
  mountSmall(disk, 512)
  const queue = new Queue(tempFolder())
  Object.assign(queue, { root: join(disk, 'queue') })
  for (const folder of ['pending', 'working']) mkdirSync(join(queue.root, folder), { recursive: true })
  queue.write('WRK-1', LARGE)
  return { queue, disk }
}

export const LARGE = item('WRK-1') + 'A line of an item that is larger than most.\n'.repeat(1400)

/** Fills a disk up to so many free bytes. */
export function fill(disk: string, free: number): void {
  const fd = openSync(join(disk, 'ballast'), 'w')
  const { bavail, bsize } = statfsSync(disk)
  for (let left = Math.floor((bavail * bsize - free) / PAGE); left > 0; left--)
    if (writeSync(fd, Buffer.alloc(PAGE, 1)) < PAGE) break
  expect(fstatSync(fd).size).toBeGreaterThan(0)
  closeSync(fd)
}

/** The item is untouched, or exactly as the claim of `by` leaves it; never anything else. */
export function expectWhole(queue: Queue, before: string, by: string | null): void {
  const text = queue.read('WRK-1')
  const { at } = queue.lock('WRK-1')
  const locked = (name: string) =>
    before.replace('locked_by: ""', `locked_by: "${name}"`).replace('locked_at: ""', `locked_at: "${at}"`)
  // Compared to a boolean: a difference in 60 KB is not worth printing.
  expect(text === (by === null ? before : locked(by))).toBe(true)
}

// --- failing system calls -------------------------------------------------------------------------------

export const strace = haveStrace()

/** A queue on which the session has already worked, so that a claim writes what claims always write. */
export async function usedQueue(): Promise<Queue> {
  const queue = makeQueue(['WRK-1'])
  await queue.run('claim WRK-1')
  await queue.run('release WRK-1')
  return queue
}

/**
 * Whatever failed, the answer agrees with the record and the file shows the same; afterwards everything works. A claim
 * that has its record published and its file not written is undone.
 * @param refused the exit code of a claim that was not made
 */
export async function expectConsistent(
  queue: Queue,
  { result }: Injected,
  at: Json,
  refused = 74,
): Promise<void> {
  expectCalm(result)
  const { state, epoch } = queue.record('WRK-1')!
  const held = state === 'held'
  expect({ ...at, code: result.code, held }).toEqual({ ...at, code: held ? 0 : refused, held })
  expectWhole(queue, item('WRK-1'), held ? 'tester' : null)
  // An event that could not be logged yet waits in the outbox for the next command; a refusal leaves nothing.
  if (!held) expect({ ...at, litter: queue.leftovers() }).toEqual({ ...at, litter: [] })

  const next = await queue.run('claim WRK-1 --json')
  const kind = held ? 'renewed' : 'granted'
  expect({ ...at, code: next.code, kind: next.json.kind }).toEqual({ ...at, code: 0, kind })
  expectWhole(queue, item('WRK-1'), 'tester')
  expect(queue.record('WRK-1')).toMatchObject({ state: 'held', holder: 'tester' })
  expect((await queue.run('heartbeat')).code).toBe(0)
  expect({ ...at, litter: queue.leftovers() }).toEqual({ ...at, litter: [] })
  // One event for every visible change, whatever happened on the way.
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  const types = events.filter(event => event.item === 'WRK-1').map(({ type }) => type)
  // The queue was used once before.
  const wasGivenUp = !held && epoch === 2
  const givenUp = wasGivenUp ? ['granted', 'released'] : []
  const wanted = ['granted', 'released', ...givenUp, 'granted', ...(held ? ['renewed'] : [])]
  expect({ ...at, types }).toEqual({ ...at, types: wanted })
  expect((await queue.run('doctor --json')).json.findings).toEqual([])
}
