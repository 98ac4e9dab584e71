/**
 * Every number that the queue's ids ever had: in its folders, in git's history, and given out before on this
 * machine. Numbers of files that were deleted count, so that no id ever means two things.
 *
 * `.wrk/ids.json` remembers those of the past and how far git's history was read. Without it, what was given out but
 * never committed is forgotten, and the rest looked up again.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../../../core/errno.ts'
import { conflictCopyOf } from '../../../core/items/conflict-copy.ts'
import { keyOfField, keyOfFileName, numberOfKey } from '../../../core/items/ids.ts'
import type { Disk } from '../../files/disk.ts'
import { readMarker } from '../../files/marker.ts'
import { readHeadOf } from '../read-item-file.ts'
import { itemPlaces } from './item-places.ts'

export interface IdMemory {
  /** Commits with their history read. */
  tips: string[]
  /** Numbers by prefix, in lower case. */
  taken: Record<string, number[]>
}

export function memoryPath(stateDir: string): string {
  return join(stateDir, 'ids.json')
}

/** What is remembered; nothing when the file is missing, and of a damaged one what can be used. */
export function readMemory(disk: Disk, stateDir: string): IdMemory {
  return usable(readMarker(disk, memoryPath(stateDir)))
}

function usable(memory: Partial<Record<keyof IdMemory, unknown>> | null): IdMemory {
  const { tips, taken } = memory ?? {}
  const isTips = Array.isArray(tips) && tips.every(tip => /^[0-9a-f]{40,64}$/.test(tip))
  const lists = Object.entries(taken ?? {}).filter(
    (entry): entry is [string, number[]] => Array.isArray(entry[1]) && entry[1].every(Number.isSafeInteger),
  )
  // Commits count as read only where everything that was read is there.
  const isWhole = isTips && lists.length === Object.keys(taken ?? {}).length
  return { tips: isWhole ? tips : [], taken: Object.fromEntries(lists) }
}

/** What either of two has. Commits are those of the second, which has looked. */
export function merge(one: IdMemory, other: IdMemory): IdMemory {
  const taken: Record<string, number[]> = { ...one.taken }
  for (const [prefix, numbers] of Object.entries(other.taken))
    taken[prefix] = [...new Set([...(taken[prefix] ?? []), ...numbers])]
  return { tips: other.tips.length > 0 ? other.tips : one.tips, taken }
}

/** Adds the ids in file names. */
export function remember(memory: IdMemory, names: Iterable<string>): void {
  const sets = new Map(Object.entries(memory.taken).map(([prefix, numbers]) => [prefix, new Set(numbers)]))
  for (const name of names) {
    // The copy of an item that is gone holds its number all the same.
    const key = keyOfFileName(name) ?? keyOfFileName(`${conflictCopyOf(name)?.id}.md`)
    if (!key) continue
    const prefix = key.slice(0, key.lastIndexOf('-'))
    const number = numberOfKey(key)
    const numbers = sets.get(prefix)
    if (numbers) numbers.add(number)
    else sets.set(prefix, new Set([number]))
  }
  memory.taken = Object.fromEntries([...sets].map(([prefix, numbers]) => [prefix, [...numbers]]))
}

/** The numbers of a prefix. */
export function numbersOf({ taken }: IdMemory, prefix: string): readonly number[] {
  const lower = prefix.toLowerCase()
  return Object.hasOwn(taken, lower) ? taken[lower]! : []
}

/** Names of all files below a folder, also where no items are looked for; links and hidden folders are passed over. */
export function* namesBelow(disk: Disk, folder: string): Generator<string> {
  for (const entry of unless(MISSING, [], () => disk.readdirSync(folder, { withFileTypes: true })))
    if (!entry.isDirectory()) yield entry.name
    else if (!entry.name.startsWith('.')) yield* namesBelow(disk, join(folder, entry.name))
}

/** The ids that items give themselves, as file names: one that is not its file's name is taken all the same. */
export function writtenIds(disk: Disk, root: string, prefix: string): string[] {
  return itemPlaces(disk, root).flatMap(({ path }) => {
    const id = /^id:[ \t]*["']?([^"'\s]+)/m.exec(readHeadOf(disk, path))?.[1]
    const key = id && keyOfField(id, prefix)
    return key ? `${key}.md` : []
  })
}
