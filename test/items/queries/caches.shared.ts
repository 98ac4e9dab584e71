/** What the tests of the caches have in common: items and records that are read with and without what was kept. */
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { vi } from 'vitest'
import type { ItemRecord } from '../../../src/core/claims/record.ts'
import { openContext } from '../../../src/operations/context.ts'
import { readQueue } from '../../../src/store/items/item-reader.ts'
import { cacheOf } from '../../../src/store/items/reading-cache.ts'
import type { Store } from '../../../src/store/store.ts'
import { tempFolder } from '../../support/processes.ts'

export type Depth = 'usual' | 'choosing'
export const DEPTHS: readonly Depth[] = ['usual', 'choosing']
/** Enough that a cache is worth writing. */
const COUNT = 40
const FOLDERS = ['pending', 'working', 'done', 'archive/2026-01'] as const
const STATUS = ['pending', 'working', 'done', 'archived'] as const

export interface Made {
  store: Store
  /** Paths of the items, in turn in each folder. */
  items: string[]
  records: string[]
}

/** An item and its record, of the same length whatever the letter: only their times tell that they changed. */
export const itemText = (i: number, letter: string): string =>
  `---\nid: WRK-${i}\ntitle: ${letter}${letter}\nstatus: ${STATUS[i % STATUS.length]}\npriority: ${letter}\nlocked_by: "s-${letter}"\nlocked_at: "2026-01-01T00:00:00Z"\n---\n`
const recordText = (id: string, letter: string): string =>
  `${JSON.stringify({
    v: 1,
    id,
    state: 'held',
    holder: `s-${letter}`,
    run: null,
    epoch: 1,
    rev: 1,
    claimed_at: '2026-01-01T00:00:00Z',
    locked_at: '2026-01-01T00:00:00Z',
    renewed_at: '2026-01-01T00:00:00Z',
    left: null,
    shown: { [`s-${letter}`]: 'tp8et8' },
    snapshots: [],
  })}\n`

export async function makeItems(): Promise<Made> {
  const root = tempFolder()
  for (const folder of [...FOLDERS, 'archive', '.wrk/claims'])
    mkdirSync(join(root, folder), { recursive: true })
  const ids = Array.from({ length: COUNT }, (_, i) => i + 1)
  const items = ids.map(i => join(root, FOLDERS[i % FOLDERS.length]!, `WRK-${i}.md`))
  const records = ids.map(i => join(root, '.wrk/claims', `wrk-${i}`))
  const made = { store: (await openContext({ queue: root, env: {} })).store, items, records }
  writeAll(made, 'a', 'in place')
  return made
}

/**
 * Every item and every record in another version. Items are written in place or put there by a rename; records, which
 * only wrk writes, always by a rename from another folder.
 */
export function writeAll(made: Made, letter: string, how: 'in place' | 'by rename'): void {
  const { items } = made
  for (const [i, path] of items.entries())
    if (how === 'in place') writeFileSync(path, itemText(i + 1, letter))
    else put(path, `${path}.new`, itemText(i + 1, letter))
  writeRecords(made, letter)
}

/** @param text what each of them is to say in place of a record */
export function writeRecords({ store, records }: Made, letter: string, text?: string): void {
  for (const path of records)
    put(path, join(store.stateDir, 'new-record'), text ?? recordText(basename(path).toUpperCase(), letter))
}

function put(path: string, draft: string, text: string): void {
  writeFileSync(draft, text)
  renameSync(draft, path)
}

/** What all items say, and who holds them. */
export function read(store: Store, depth: Depth, isCached: boolean): Promise<unknown[]> {
  return readQueue(
    store,
    ({ place, item, inFile, lock, byRecord, record, problems, details }) => ({
      path: place.path,
      // Of closed items choosing asks nothing; what a listing shows of them is compared.
      item: item.closed && depth === 'choosing' ? 'closed' : item,
      locks:
        item.closed && depth === 'choosing'
          ? null
          : { inFile, lock, byRecord, record: record && whole(record) },
      // Of what need not be repaired, choosing keeps nothing.
      problems: problems.filter(({ blocks }) => blocks || depth === 'usual'),
      details,
    }),
    depth,
    isCached ? cacheOf(store, depth) : undefined,
  )
}

/** All that a record says, wherever it comes from. */
function whole(record: ItemRecord): ItemRecord {
  const { id, state, holder, run, epoch, rev, claimedAt, lockedAt, renewedAt } = record
  const { left, shown, snapshots, madeOn } = record
  return {
    id,
    state,
    holder,
    run,
    epoch,
    rev,
    claimedAt,
    lockedAt,
    renewedAt,
    left,
    shown,
    snapshots,
    madeOn,
  }
}

/** Waits until a file that is written now gets other times, which is some milliseconds; nothing is written meanwhile. */
export function nextTick(path: string): void {
  const before = statSync(path).ctimeMs
  const probe = `${path}.probe`
  do writeFileSync(probe, '')
  while (statSync(probe).ctimeMs === before)
}

/** Looks as if nothing had changed for a while, so that all is kept. */
export async function settle(store: Store): Promise<void> {
  const now = Date.now() + 3_600_000
  vi.spyOn(Date, 'now').mockReturnValue(now)
  try {
    for (const depth of DEPTHS) await read(store, depth, true)
  } finally {
    vi.restoreAllMocks()
  }
}
