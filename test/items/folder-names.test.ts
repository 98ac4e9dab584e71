/** Finding an item in large folders: what is kept of them never hides a file or shows one that is not there. */
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { ItemKey } from '../../src/core/items/ids.ts'
import { realDisk } from '../../src/store/files/disk.ts'
import { placesOf } from '../../src/store/items/places/item-places.ts'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import { found, listed, put, settle } from './folder-names.shared.ts'

const cache = (root: string) => join(root, '.wrk', 'cache', 'folders')
const MANY = Array.from({ length: 300 }, (_, i) => `WRK-${i + 1}.md`)

describe('in a large folder that was listed before', () => {
  const root = () => {
    const queue = tempFolder()
    put(
      queue,
      ...MANY.map(name => `archive/2026-01/${name}`),
      'archive/2026-01/WRK-7-odd.md',
      'pending/WRK-400.md',
    )
    settle(queue)
    return queue
  }

  test('names that follow from the id and odd ones are found, and what is kept is used', () => {
    const queue = root()
    const readdirSync = vi.fn(realDisk.readdirSync)
    const disk = { ...realDisk, readdirSync: readdirSync as unknown as typeof realDisk.readdirSync }
    const names = (key: string) => placesOf(disk, queue, key as ItemKey).map(({ name }) => name)
    expect(names('wrk-8')).toEqual(['WRK-8.md'])
    expect(names('wrk-7')).toEqual(['WRK-7-odd.md', 'WRK-7.md'])
    expect(names('wrk-400')).toEqual(['WRK-400.md'])
    expect(names('wrk-999')).toEqual([])
    expect(readdirSync.mock.calls.map(([path]) => String(path).slice(queue.length))).not.toContain(
      '/archive/2026-01',
    )
  })

  test('a copy that comes later is seen at once', () => {
    const queue = root()
    put(queue, 'archive/2026-01/WRK-8-copy.md')
    expect(found(queue, 'wrk-8')).toEqual(['archive/2026-01/WRK-8-copy.md', 'archive/2026-01/WRK-8.md'])
  })

  test('an odd name that goes is no longer there', () => {
    const queue = root()
    unlinkSync(join(queue, 'archive/2026-01/WRK-7-odd.md'))
    expect(found(queue, 'wrk-7')).toEqual(['archive/2026-01/WRK-7.md'])
  })

  test('another folder in its place, or a link, is read again', () => {
    const queue = root()
    const month = join(queue, 'archive/2026-01')
    renameSync(month, join(queue, 'aside'))
    put(queue, 'archive/2026-01/WRK-8-new.md')
    expect(found(queue, 'wrk-8')).toEqual(['archive/2026-01/WRK-8-new.md'])
    rmSync(month, { recursive: true })
    symlinkSync(join(queue, 'aside'), month)
    expect(found(queue, 'wrk-8')).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '["wrk folders 1",["pending"'],
    ['another format', '["wrk folders 0",["archive/2026-01",{}]]'],
    ['not what was written', '["wrk folders 1",7]'],
    ['half of it', '["wrk folders 1",["archive/2026-01",{"stamp":"1 2 3"}]]'],
    [
      'strange things',
      '["wrk folders 1",["archive/2026-01",{"stamp":"","prefixes":[1],"odd":[],"folders":[]}]]',
    ],
  ])('when the cache holds %s, it is ignored', (_, text) => {
    const queue = root()
    writeFileSync(cache(queue), text)
    expect(found(queue, 'wrk-7')).toEqual(listed(queue, 'wrk-7'))
  })
})

test('a folder that changed a moment ago is not kept', () => {
  const queue = tempFolder()
  put(queue, ...MANY.map(name => `pending/${name}`), '.wrk/.gitignore')
  for (let look = 0; look < 3; look++) found(queue, 'wrk-1')
  expect(JSON.parse(readFileSync(cache(queue), 'utf8'))[1]).toMatchObject(['pending', { stamp: '' }])
})

test('nothing is kept of small folders', () => {
  const queue = tempFolder()
  put(queue, 'pending/WRK-1.md')
  settle(queue)
  expect(() => readFileSync(cache(queue))).toThrow('ENOENT')
})

test('of the archive’s months, which are many, also smaller ones are kept', () => {
  const queue = tempFolder()
  const few = MANY.slice(0, 20)
  put(queue, ...few.map(name => `pending/${name}`), ...few.map(name => `archive/2026-01/${name}`))
  put(queue, 'archive/2026-02/WRK-30.md')
  settle(queue)
  const [, ...kept] = JSON.parse(readFileSync(cache(queue), 'utf8'))
  expect(kept).toMatchObject([['archive/2026-01', { prefixes: ['WRK'], odd: [] }]])
  expect(found(queue, 'wrk-3')).toEqual(['pending/WRK-3.md', 'archive/2026-01/WRK-3.md'])
})

test('what a killed process had begun to keep goes when something is kept, and not what one is writing', () => {
  const queue = tempFolder()
  put(queue, ...MANY.map(name => `pending/${name}`), '.wrk/cache/items.4711', '.wrk/cache/folders.4712')
  const longAgo = new Date(Date.now() - 3_600_000)
  utimesSync(join(queue, '.wrk/cache/items.4711'), longAgo, longAgo)
  found(queue, 'wrk-1')
  expect(readdirSync(join(queue, '.wrk/cache')).sort()).toEqual(['folders', 'folders.4712'])
})

test('through the command: claimed by what is kept, ambiguous as soon as a copy is there', async () => {
  const queue = makeQueue(Object.fromEntries(MANY.map(name => [`pending/${name}`, item(name.slice(0, -3))])))
  settle(queue.root)
  expect(readFileSync(cache(queue.root), 'utf8')).toContain('"prefixes":["WRK"]')
  expect((await queue.run('claim WRK-8')).code).toBe(0)
  writeFileSync(join(queue.root, 'pending/WRK-8-copy.md'), item('WRK-8'))
  const { code, stderr } = await queue.run('claim WRK-8')
  expect(code).toBe(5)
  expect(stderr).toContain('is in 2 places')
})
