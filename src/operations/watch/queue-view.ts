/**
 * What is in the queue, kept up to date by looking only where something happened: what each file said when it was
 * last read, and by what to tell that it has changed since. Nothing is decided here.
 */
import { MISSING, unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { lookAt } from '../../store/files/look.ts'
import { readItems } from '../../store/items/item-reader.ts'
import { type ItemReading, isBlocked, isReadable } from '../../store/items/item-reading.ts'
import {
  type ItemFolder,
  type ItemPlace,
  itemPlaceOf,
  itemPlaces,
  queueFolders,
} from '../../store/items/places/item-places.ts'
import type { Store } from '../../store/store.ts'
import { type HeldReading, heldOf } from '../claims/holder.ts'

/** One file of an item, as it was last read. Small: there are thousands. */
export interface ViewedEntry extends HeldReading {
  id: string
  title: string
  status: string | null
  problem: string | null
  readable: boolean
  stamp: Stamp
}

/** Changes with every change of the file. Not enough where the clock of the file system is coarse; events come too. */
interface Stamp {
  ino: number
  size: number
  mtimeMs: number
  ctimeMs: number
}

/** Items are read in portions, so that what reading leaves behind is not all there at once. */
const PORTION = 500

export class QueueView {
  readonly #store: Store
  readonly #entries = new Map<ItemKey, ViewedEntry[]>()

  constructor(store: Store) {
    this.#store = store
  }

  /** The folders to watch; none when the queue is not there. */
  folders(): ItemFolder[] {
    return queueFolders(this.#store.host.disk, this.#store.root)
  }

  keys(): Iterable<ItemKey> {
    return this.#entries.keys()
  }

  /** All places of an item; none when it is not there. */
  entriesOf(key: ItemKey): readonly ViewedEntry[] {
    return this.#entries.get(key) ?? []
  }

  /**
   * Looks at all files, and reads those that have changed.
   * @param folder only those in this folder
   * @returns the items that were read again or are gone; null when the queue is not there
   */
  async scan(folder?: string): Promise<Set<ItemKey> | null> {
    const { host, root } = this.#store
    const places = unless(MISSING, null, () => itemPlaces(host.disk, root))
    if (!places) return null
    const here = places.filter(place => folder === undefined || place.folder === folder)
    const present = new Set(here.map(({ path }) => path))
    const gone = [...this.#entries.values()]
      .flat()
      .filter(({ place }) => (folder === undefined || place.folder === folder) && !present.has(place.path))
    return this.#update(
      here.map(place => ({ place, unlessStamp: this.#entryAt(place)?.stamp })),
      gone.map(({ place }) => place),
    )
  }

  /** Reads the items with these names in a folder. */
  look(folder: string, names: Iterable<string>): Promise<Set<ItemKey>> {
    const places = [...names].flatMap(name => itemPlaceOf(this.#store.root, folder, name) ?? [])
    return this.#update(
      places.map(place => ({ place })),
      [],
    )
  }

  #entryAt({ key, path }: ItemPlace): ViewedEntry | undefined {
    return this.#entries.get(key)?.find(({ place }) => place.path === path)
  }

  async #update(
    candidates: readonly { place: ItemPlace; unlessStamp?: Stamp | undefined }[],
    gone: readonly ItemPlace[],
  ): Promise<Set<ItemKey>> {
    const { host } = this.#store
    const changed = new Set<ItemKey>()
    for (const place of gone) this.#set(place, null, changed)
    for (let from = 0; from < candidates.length; from += PORTION) {
      const stamps = new Map<string, Stamp>()
      const places: ItemPlace[] = []
      for (const { place, unlessStamp } of candidates.slice(from, from + PORTION)) {
        // Looked at before it is read, so that what is written in between is noticed next time.
        const stat = lookAt(host.disk, place.path)
        if (!stat) {
          this.#set(place, null, changed)
          continue
        }
        const { ino, size, mtimeMs, ctimeMs } = stat
        const stamp = { ino, size, mtimeMs, ctimeMs }
        if (unlessStamp && sameStamp(stamp, unlessStamp)) continue
        stamps.set(place.path, stamp)
        places.push(place)
      }
      const readings = new Map((await readItems(this.#store, places)).map(one => [one.place.path, one]))
      for (const place of places) {
        const reading = readings.get(place.path)
        this.#set(place, reading ? entryOf(reading, stamps.get(place.path)!) : null, changed)
      }
    }
    return changed
  }

  #set(place: ItemPlace, entry: ViewedEntry | null, changed: Set<ItemKey>): void {
    const { key, path } = place
    const others = this.entriesOf(key).filter(other => other.place.path !== path)
    const known = this.#entries.has(key)
    // Not by spreading alone: an array that grew keeps room for more, and there are thousands.
    const entries = !entry ? others : others.length > 0 ? [...others, entry] : [entry]
    if (entries.length > 0) this.#entries.set(key, entries)
    else this.#entries.delete(key)
    if (known || entry) changed.add(key)
  }
}

/** A file that could not be opened is looked at again every time: its stamp does not say whether it still cannot. */
function sameStamp(one: Stamp, other: Stamp): boolean {
  return (
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs
  )
}

const NEVER: Stamp = { ino: Number.NaN, size: 0, mtimeMs: 0, ctimeMs: 0 }

/** What such problems hide is not known; anything else wrong with a file leaves its fields readable. */
const HIDING: readonly string[] = [
  'no-frontmatter',
  'unreadable',
  'merge-conflict',
  'not-a-file',
  'no-permission',
  'unreadable-lock',
]

function entryOf(reading: ItemReading, stamp: Stamp): ViewedEntry {
  const { item, problems } = reading
  const blocking = problems.find(({ blocks }) => blocks)
  return {
    id: item.id,
    title: item.title,
    status: item.status,
    ...heldOf(reading),
    problem: isBlocked(reading) ? blocking!.message : null,
    readable: !problems.some(({ code }) => HIDING.includes(code)),
    stamp: isReadable(reading) ? stamp : NEVER,
  }
}
