/**
 * Where a watcher has to look: names that the system reported, folders that came and went, and from time to time
 * everything, since the system drops events when too many come at once.
 */
import { basename, dirname, join } from 'node:path'
import type { ItemKey } from '../../core/items/ids.ts'
import { lookAt } from '../../store/files/look.ts'
import type { Store } from '../../store/store.ts'
import type { FolderChanges, Folders } from '../../system/watcher.ts'
import type { QueueView } from './queue-view.ts'

export interface Seen {
  /** Items that were read again or are gone. */
  keys: Set<ItemKey>
  /** Whether the queue's folder is there. */
  there: boolean
  /** Whether the registry may have changed, so that holders are to be judged again. */
  registry: boolean
  settings: boolean
}

/** All files are looked at so often whatever the system reports; where folders cannot be watched, more often. */
const SCAN_MS = 30_000
const POLL_MS = 1000
/** Looking at all files takes no more than this part of the time. */
const SHARE = 10

/** How often everything is looked at although nothing happened. */
export type Pace = 'live' | 'calm'

/** For who watches all day: of 10,000 files, a look at all takes a tenth of a second. */
const CALM_SCAN_MS = 300_000
const CALM_SHARE = 5_000

/** So many names at once are a burst: all files are looked at, and once more when it is over. */
const BURST = 300
const AFTER_BURST_MS = 500

/** Where the records of items are; null before the first claim. */
function recordFolder({ host, stateDir }: Store): { path: string; ino: number } | null {
  const path = join(stateDir, 'claims')
  const stat = lookAt(host.disk, path)
  return stat?.isDirectory() ? { path, ino: stat.ino } : null
}

export class Look {
  readonly #store: Store
  readonly #view: QueueView
  readonly #wake: () => void
  readonly #pace: Pace
  readonly warnings: string[] = []
  #folders: Folders | undefined
  /** Inode numbers of the folders that are watched, and their names in the queue, by path. */
  #known = new Map<string, number>()
  #folderOf = new Map<string, string>()
  #names: FolderChanges = new Map()
  #polling = false
  #scanAt = 0
  #there = true

  /** @param wake called when there is something to look at */
  constructor(store: Store, view: QueueView, wake: () => void, pace: Pace) {
    this.#store = store
    this.#view = view
    this.#wake = wake
    this.#pace = pace
  }

  /** Begins to watch, then reads everything: nothing is lost in between. */
  async start(): Promise<void> {
    const { Folders } = await import('../../system/watcher.ts')
    this.#folders = new Folders({
      onChange: changes => {
        for (const [path, names] of changes)
          this.#names.set(path, new Set([...(this.#names.get(path) ?? []), ...names]))
        this.#wake()
      },
      onError: error => {
        if (!this.#polling)
          this.warnings.push(
            `not all folders can be watched (${error.message}); checking every second instead`,
          )
        this.#polling = true
        this.#scanAt = 0
        this.#wake()
      },
    })
    await this.#follow()
    await this.#scan()
  }

  async close(): Promise<void> {
    await this.#folders?.close()
  }

  /**
   * Looks where something happened.
   * @param everywhere whether it is time to look for folders, and perhaps at everything
   */
  async look(everywhere: boolean): Promise<Seen> {
    const names = this.#names
    this.#names = new Map()
    const top = new Set([...names].flatMap(([path, some]) => (path === this.#store.root ? [...some] : [])))
    const keys = new Set<ItemKey>()
    const add = (some: Iterable<ItemKey>) => {
      for (const key of some) keys.add(key)
    }

    const were = this.#there
    const upper = [...names.keys()].some(
      path => path === this.#store.root || this.#folderOf.get(path) === 'archive',
    )
    const { added, lost } = everywhere || upper ? await this.#follow() : { added: [], lost: false }
    const count = [...names.values()].reduce((sum, { size }) => sum + size, 0)
    const due = everywhere && performance.now() >= this.#scanAt
    let scanned = false
    if (this.#there && (lost || due || count > BURST || !were)) {
      add(await this.#scan())
      scanned = true
      if (count > BURST) this.#scanAt = performance.now() + AFTER_BURST_MS
    } else if (this.#there) {
      for (const folder of added) add((await this.#view.scan(folder)) ?? [])
      for (const [path, some] of names) {
        const folder = this.#folderOf.get(path)
        if (folder !== undefined) add(await this.#view.look(folder, some))
        // A claim may change the record alone.
        else if (path === recordFolder(this.#store)?.path)
          for (const key of some) add(await this.again(key as ItemKey))
      }
    }
    const { path } = this.#store.registry
    return {
      keys,
      there: this.#there,
      registry: scanned || (dirname(path) === this.#store.root && top.has(basename(path))),
      settings: scanned || top.has('wrk.yaml'),
    }
  }

  /** Reads one item again. */
  async again(key: ItemKey): Promise<Set<ItemKey>> {
    const changed = new Set<ItemKey>()
    for (const { place } of this.#view.entriesOf(key))
      for (const one of await this.#view.look(place.folder, [place.name])) changed.add(one)
    return changed
  }

  /** Watches the folders that are there now; returns which are new, and whether one is gone or another by its name. */
  async #follow(): Promise<{ added: string[]; lost: boolean }> {
    const present = this.#view.folders()
    const wanted = new Map(present.map(({ path, ino }) => [path, ino]))
    const records = recordFolder(this.#store)
    if (records && present.length > 0) wanted.set(records.path, records.ino)
    const lost = [...this.#known].some(([path, ino]) => wanted.get(path) !== ino)
    this.#known = wanted
    this.#folderOf = new Map(present.map(({ path, folder }) => [path, folder]))
    this.#there = present.length > 0
    const added = await this.#folders!.follow(wanted)
    return { added: added.flatMap(path => this.#folderOf.get(path) ?? []), lost }
  }

  async #scan(): Promise<Set<ItemKey>> {
    const began = performance.now()
    const changed = await this.#view.scan()
    const now = performance.now()
    const [every, share] = this.#pace === 'calm' ? [CALM_SCAN_MS, CALM_SHARE] : [SCAN_MS, SHARE]
    this.#scanAt = this.#polling
      ? now + Math.max(POLL_MS / 2, SHARE * (now - began))
      : now + Math.max(every, share * (now - began))
    this.#there = changed !== null
    return changed ?? new Set()
  }
}
