/** What the tests of folder-names have in common. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, vi } from 'vitest'
import type { ItemKey } from '../../src/core/items/ids.ts'
import { realDisk } from '../../src/store/files/disk.ts'
import { itemPlaces, placesOf } from '../../src/store/items/places/item-places.ts'

export function put(root: string, ...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
}

export const found = (root: string, ...keys: string[]) =>
  placesOf(realDisk, root, ...(keys as ItemKey[])).map(({ folder, name }) => `${folder}/${name}`)

/** What a listing of everything says. */
export const listed = (root: string, ...keys: string[]) =>
  itemPlaces(realDisk, root)
    .filter(({ key }) => keys.includes(key))
    .map(({ folder, name }) => `${folder}/${name}`)

/** Looks until large folders are known, as if nothing had changed in them for a while. */
export function settle(root: string): void {
  // As any command that writes makes it; those that look do not.
  mkdirSync(join(root, '.wrk'), { recursive: true })
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000)
  for (let look = 0; look < 2; look++) placesOf(realDisk, root, 'wrk-1' as ItemKey)
  vi.restoreAllMocks()
}

afterEach(() => {
  vi.restoreAllMocks()
})
