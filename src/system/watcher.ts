/**
 * Watches folders, not the files in them: one watch for a folder, however many items are in it. What comes out
 * are names in folders where something happened, gathered for a moment, since editors and git write in several steps.
 *
 * Guarantees: whatever happens in a folder after `follow` has resolved is reported, as far as the system reports it.
 * Does not guarantee: that all is reported. The system drops events when too many come at once, and has a limit of
 * watches; the caller looks at everything again from time to time.
 *
 * This file and chokidar are a bundle of their own, loaded by `wrk watch` alone.
 */
import { sep } from 'node:path'
import { FSWatcher } from 'chokidar'

export type FolderChanges = Map<string, Set<string>>

export interface FoldersOptions {
  /** Names in folders, by the folder's path. */
  onChange: (changes: FolderChanges) => void
  /** A folder that cannot be watched: no watches left, no permission. */
  onError: (error: Error) => void
}

/** Nothing is reported before a folder has been quiet for so long, and nothing is kept back for longer than that. */
const QUIET_MS = 20
const LONGEST_MS = 80

/**
 * chokidar lists a folder and looks at every file in it, at the start and again whenever something happens in it:
 * in a folder of 3,700 items 100 ms of work for each claim, and 50 MB. The `raw` events tell the names without that.
 */
class OneFolder extends FSWatcher {
  override _readdirp(): undefined {
    return undefined
  }
}

/** `ignored` keeps it from watching files, should a later version list folders in another way. */
const OPTIONS = {
  depth: 0,
  ignoreInitial: true,
  followSymlinks: false,
  atomic: false,
  ignored: (_: string, stats?: { isDirectory(): boolean }) => stats !== undefined && !stats.isDirectory(),
}

export class Folders {
  readonly #watched = new Map<string, { ino: number; watcher: OneFolder }>()
  readonly #options: FoldersOptions
  #changes: FolderChanges = new Map()
  #first = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: FoldersOptions) {
    this.#options = options
  }

  /**
   * Watches these folders and no others. A folder that was removed and made again has another inode number, and
   * needs another watch.
   * @param folders inode numbers by path
   * @returns the folders that were not watched before, when they are
   */
  async follow(folders: ReadonlyMap<string, number>): Promise<string[]> {
    for (const [path, { ino, watcher }] of this.#watched)
      if (folders.get(path) !== ino) {
        this.#watched.delete(path)
        void watcher.close()
      }
    const added = [...folders].filter(([path]) => !this.#watched.has(path))
    await Promise.all(added.map(([path, ino]) => this.#add(path, ino)))
    return added.map(([path]) => path)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    const watchers = [...this.#watched.values()]
    this.#watched.clear()
    await Promise.all(watchers.map(({ watcher }) => watcher.close()))
  }

  #add(path: string, ino: number): Promise<void> {
    const watcher = new OneFolder(OPTIONS)
    this.#watched.set(path, { ino, watcher })
    // chokidar takes every backslash for a separator, which in a name on other systems it is not.
    const slashed = path.split(sep).join('/')
    if (slashed.includes('\\')) this.#options.onError(new Error(`there is a backslash in ${path}`))
    return new Promise(settle => {
      // A folder that is gone makes chokidar wait for it in the folder above, and those names are not asked for.
      watcher.on('raw', (_, name: string | null, details) => {
        if ((details as { watchedPath: string }).watchedPath === slashed) this.#note(path, name ?? '')
      })
      watcher.on('error', error => {
        this.#options.onError(error as Error)
        settle()
      })
      watcher.once('ready', settle)
      watcher.add(path)
    })
  }

  #note(folder: string, name: string): void {
    const names = this.#changes.get(folder) ?? new Set()
    this.#changes.set(folder, names.add(name))
    const now = performance.now()
    if (this.#timer) clearTimeout(this.#timer)
    else this.#first = now
    this.#timer = setTimeout(() => this.#tell(), Math.min(QUIET_MS, this.#first + LONGEST_MS - now))
  }

  #tell(): void {
    this.#timer = undefined
    const changes = this.#changes
    this.#changes = new Map()
    this.#options.onChange(changes)
  }
}
