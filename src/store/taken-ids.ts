/**
 * Every number that the queue's ids ever had: in its folders, in git's history, and given out before on this
 * machine. Numbers of files that were deleted count, so that no id ever means two things.
 *
 * `.wrk/ids.json` remembers the highest ones and how far git's history was read. It only saves time and keeps what
 * was given out but never committed; without it, everything is looked up again.
 */
import { join } from 'node:path'
import { keyOfFileName } from '../core/ids.ts'
import type { Disk } from './disk.ts'
import { MISSING, unless } from './errno.ts'
import { readPlainFile } from './guarded-file.ts'
import { itemPlaces } from './queue.ts'

export interface IdMemory {
  /** Commits whose history has been read. */
  tips: string[]
  /** Numbers by prefix, in lower case. */
  taken: Record<string, number[]>
}

export function memoryPath(stateDir: string): string {
  return join(stateDir, 'ids.json')
}

/** What is remembered; nothing when the file is missing or damaged. */
export function readMemory(disk: Disk, stateDir: string): IdMemory {
  const file = unless(MISSING, null, () => readPlainFile(disk, memoryPath(stateDir)))
  try {
    const memory = file && (JSON.parse(file.bytes.toString('utf8')) as Partial<IdMemory> | null)
    if (memory && Array.isArray(memory.tips) && memory.taken && typeof memory.taken === 'object')
      return { tips: memory.tips, taken: memory.taken }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return { tips: [], taken: {} }
}

/** Adds the ids that file names stand for. */
export function remember(memory: IdMemory, names: Iterable<string>): void {
  const sets = new Map(Object.entries(memory.taken).map(([prefix, numbers]) => [prefix, new Set(numbers)]))
  for (const name of names) {
    const key = keyOfFileName(name)
    if (!key) continue
    const dash = key.lastIndexOf('-')
    const prefix = key.slice(0, dash)
    const numbers = sets.get(prefix)
    if (numbers) numbers.add(Number(key.slice(dash + 1)))
    else sets.set(prefix, new Set([Number(key.slice(dash + 1))]))
  }
  memory.taken = Object.fromEntries([...sets].map(([prefix, numbers]) => [prefix, [...numbers]]))
}

/** The numbers of a prefix that are taken: remembered, or in the folders now. */
export function takenNumbers(disk: Disk, root: string, memory: IdMemory, prefix: string): Set<number> {
  const lower = prefix.toLowerCase()
  const taken = new Set(Object.hasOwn(memory.taken, lower) ? memory.taken[lower] : [])
  for (const { key } of itemPlaces(disk, root)) {
    const dash = key.lastIndexOf('-')
    if (key.slice(0, dash) === lower) taken.add(Number(key.slice(dash + 1)))
  }
  return taken
}
