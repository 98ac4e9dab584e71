/** What list, status and next keep of items and records: it saves reading them, and never shows what they do not say. */
import { readdirSync, readFileSync, rmSync, type Stats, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openContext } from '../../../src/operations/context.ts'
import { type Disk, realDisk } from '../../../src/store/files/disk.ts'
import type { Store } from '../../../src/store/store.ts'
import { makeQueue } from '../../support/queue.ts'
import {
  DEPTHS,
  itemText,
  makeItems,
  nextTick,
  read,
  settle,
  writeAll,
  writeRecords,
} from './caches.shared.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

async function expectTruth(store: Store): Promise<void> {
  for (const depth of DEPTHS) {
    const [kept, fresh] = [await read(store, depth, true), await read(store, depth, false)]
    // Comparing objects takes long; they are compared to show where they differ.
    if (JSON.stringify(kept) !== JSON.stringify(fresh)) expect(kept).toEqual(fresh)
    expect(kept.length).toBeGreaterThan(0)
  }
}

describe('what was kept', () => {
  test.each(DEPTHS)('saves opening items and records that did not change (%s)', async depth => {
    const { store } = await makeItems()
    await settle(store)
    const openSync = vi.fn(realDisk.openSync)
    const disk = { ...realDisk, openSync: openSync as unknown as typeof realDisk.openSync }
    await read({ ...store, host: { ...store.host, disk } }, depth, true)
    const opened = openSync.mock.calls.map(([path]) => String(path).slice(store.root.length))
    expect(opened.filter(path => !path.startsWith('/.wrk/cache/'))).toEqual([])
    expect(opened).not.toEqual([])
  })

  test.each(DEPTHS)(
    'saves even the looks at records while nothing is put into their folder (%s)',
    async depth => {
      const made = await makeItems()
      const { store } = made
      const looksAtRecords = async () => {
        const lstatSync = vi.fn(realDisk.lstatSync)
        const disk = { ...realDisk, lstatSync: lstatSync as unknown as typeof realDisk.lstatSync }
        await read({ ...store, host: { ...store.host, disk } }, depth, true)
        return lstatSync.mock.calls.filter(([path]) => made.records.includes(String(path))).length
      }
      await settle(store)
      vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000)
      expect(await looksAtRecords()).toBe(0)
      nextTick(made.items.at(-1)!)
      writeRecords({ ...made, records: made.records.slice(0, 1) }, 'd')
      expect(await looksAtRecords()).toBeGreaterThan(0)
      await expectTruth(store)
    },
  )

  test('is checked against each record while their folder has just changed: its times may not show the next change', async () => {
    const made = await makeItems()
    const now = Date.now() + 3_600_000
    vi.spyOn(Date, 'now').mockReturnValue(now)
    const times = { mtimeMs: now - 500, ctimeMs: now - 500 }
    const look = (path: string, options: object) => {
      const stat = realDisk.lstatSync(path, options) as Stats | undefined
      return stat && path.endsWith('/claims') ? Object.assign(stat, times) : stat
    }
    const disk = { ...realDisk, lstatSync: look as Disk['lstatSync'] }
    const store = { ...made.store, host: { ...made.store.host, disk } }
    for (const depth of DEPTHS) await read(store, depth, true)
    nextTick(made.items.at(-1)!)
    writeRecords(made, 'f')
    await expectTruth(store)
  })

  test('is checked against each record where their folder may not be looked at', async () => {
    const made = await makeItems()
    await settle(made.store)
    const look = (path: string, options: object) => {
      if (!path.endsWith('/claims')) return realDisk.lstatSync(path, options)
      throw Object.assign(new Error(`EACCES: ${path}`), { code: 'EACCES', syscall: 'lstat' })
    }
    const disk = { ...realDisk, lstatSync: look as Disk['lstatSync'] }
    nextTick(made.items.at(-1)!)
    writeRecords(made, 'g')
    await expectTruth({ ...made.store, host: { ...made.store.host, disk } })
  })

  test('is checked against each record where the folder is older than they are', async () => {
    const made = await makeItems()
    const folder = join(made.store.stateDir, 'claims')
    const old = new Date('2026-01-01T00:00:00Z')
    utimesSync(folder, old, old)
    nextTick(made.items.at(-1)!)
    await settle(made.store)
    const path = made.records[7]!
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('s-a', 's-e'))
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000)
    await expectTruth(made.store)
  })

  test('is not used for a file that was rewritten with the same length and its old times', async () => {
    const made = await makeItems()
    const old = new Date('2026-01-01T00:00:00Z')
    const age = () => {
      for (const path of [...made.items, ...made.records]) utimesSync(path, old, old)
    }
    age()
    nextTick(made.items.at(-1)!)
    await settle(made.store)
    writeAll(made, 'b', 'in place')
    age()
    await expectTruth(made.store)
  })

  test('is not used for another file in its place, one that is gone, or one that cannot be read', async () => {
    const made = await makeItems()
    nextTick(made.items.at(-1)!)
    await settle(made.store)
    writeAll(made, 'c', 'by rename')
    rmSync(made.items[3]!)
    rmSync(made.records[4]!)
    writeFileSync(made.items[5]!, 'no frontmatter\n')
    writeRecords({ ...made, records: [made.records[6]!] }, 'x', '{"v":1')
    await expectTruth(made.store)
  })

  test.each(['listing', 'items', 'records'])('is passed over when %s is damaged', async name => {
    const made = await makeItems()
    nextTick(made.items.at(-1)!)
    await settle(made.store)
    const file = join(made.store.stateDir, 'cache', name)
    const whole = readFileSync(file)
    for (const bytes of [
      Buffer.alloc(0),
      whole.subarray(0, whole.length / 2),
      Buffer.from('wrk listing 1 WRK 9\n'),
    ]) {
      writeFileSync(file, bytes)
      await expectTruth(made.store)
    }
  })

  test('does not outlive a title that a line cannot hold', async () => {
    const made = await makeItems()
    writeFileSync(made.items[0]!, itemText(1, 'a').replace('title: aa', 'title: "a\\tb\\nc"'))
    writeFileSync(made.items[1]!, itemText(2, 'a').replace('priority: a\n', 'priority: ""\n'))
    writeFileSync(made.items[2]!, itemText(3, 'a').replace('priority: a\n', ''))
    nextTick(made.items.at(-1)!)
    await settle(made.store)
    await expectTruth(made.store)
  })
})

/** A file system that knows times to two seconds only: what is written within them looks the same. */
function withCoarseTimes({ host, ...store }: Store): Store {
  const coarse = (stat: Stats | undefined) =>
    stat &&
    Object.assign(stat, {
      mtimeMs: stat.mtimeMs - (stat.mtimeMs % 2_000),
      ctimeMs: stat.ctimeMs - (stat.ctimeMs % 2_000),
    })
  const disk = {
    ...realDisk,
    lstatSync: ((path, options) => coarse(realDisk.lstatSync(path, options) as Stats)) as Disk['lstatSync'],
    fstatSync: (fd => coarse(realDisk.fstatSync(fd))) as Disk['fstatSync'],
  }
  return { ...store, host: { ...host, disk } }
}

test.each(['in place', 'by rename'] as const)(
  'files that change %s many times within one tick of the clock are never shown as they were',
  async how => {
    const made = await makeItems()
    const store = withCoarseTimes(made.store)
    for (let round = 0; round < 12; round++) {
      writeAll(made, 'abcdefgh'[round % 8]!, how)
      await expectTruth(store)
    }
  },
)

test('looking makes no .wrk where nobody has worked', async () => {
  const files = Array.from({ length: 30 }, (_, i) => [
    `pending/WRK-${i + 1}.md`,
    itemText(4, 'a').replace('WRK-4', `WRK-${i + 1}`),
  ])
  const queue = makeQueue(Object.fromEntries(files))
  rmSync(join(queue.root, '.wrk'), { recursive: true, force: true })
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000)
  const { store } = await openContext({ queue: queue.root, env: {} })
  for (const depth of DEPTHS) await read(store, depth, true)
  vi.restoreAllMocks()
  for (const line of ['list', 'status', 'next']) await queue.run(line)
  expect(readdirSync(queue.root)).not.toContain('.wrk')
})
