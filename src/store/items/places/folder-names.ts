/**
 * Which names in a folder are those of one item, without listing a large folder again that did not change.
 *
 * Nearly all names follow from the id (`WRK-157.md`) and can be asked for; only the odd ones (`WRK-139-gmsh.md`,
 * `WRK-0157.md`) must be known beforehand. Of large folders those are kept in `.wrk/cache/folders`, so that a claim
 * costs the same however large the archive is.
 *
 * Guarantees: what is kept of a folder is used only while the folder has the inode, modification and change time that
 * it had before it was listed. A folder that changed within the last minute is not kept: another change within two
 * seconds might leave the same times.
 * Does not guarantee: to be there.
 */
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { MISSING, unless } from '../../../core/errno.ts'
import { type ItemKey, keyOfFileName } from '../../../core/items/ids.ts'
import { cachePath, readCache, SETTLED_MS, writeCache } from '../../files/cache-file.ts'
import type { Disk } from '../../files/disk.ts'
import { isThere, lookAt } from '../../files/look.ts'

/** Keeping takes a while too, and a folder that items are claimed in changes with each claim. */
const LARGE = 256
/** The months of the archive hardly change, and become many. */
const LARGE_MONTH = 16
/** What changed within the last minute will hardly be as it is when it is looked at again: claims come in rows. */
const AT_REST_MS = Math.max(SETTLED_MS, 60_000)
/** The first part of the file; another is of another format. */
const FORMAT = 'wrk folders 1'

/** What is known of a large folder. */
interface Kept {
  /** Of the folder when it was listed; '' when it is only known to be large. */
  stamp: string
  /** How the prefixes of ids are spelled in names that follow from the id: `WRK`. */
  prefixes: string[]
  /** The other names of items. */
  odd: string[]
  /** The folders within. */
  folders: string[]
}

export interface Found {
  /** The names of items with one of the keys, sorted. */
  names: string[]
  /** The folders within, sorted; only where they were asked for. */
  folders: readonly string[]
}

export class FolderNames {
  private readonly disk: Disk
  private readonly root: string
  private readonly path: string
  private readonly keys: readonly { key: ItemKey; number: string; digits: string }[]
  private readonly kept: Map<string, Kept>
  private readonly usual = new Map<string, string[]>()
  private changed = false

  /** @param keys the items that are looked for */
  constructor(disk: Disk, root: string, keys: readonly ItemKey[]) {
    this.disk = disk
    this.root = root
    this.keys = keys.map(key => {
      const number = key.slice(key.lastIndexOf('-') + 1)
      return { key, number, digits: number.split('.', 1)[0]! }
    })
    this.path = cachePath(join(root, '.wrk'), 'folders')
    this.kept = load(disk, this.path)
  }

  /**
   * Looks into a folder that is known to be none behind a link.
   * @param folder relative to the queue
   * @param within whether the folders in it are asked for
   */
  look(folder: string, within: boolean): Found {
    const path = folder === '' ? this.root : `${this.root}/${folder}`
    const kept = this.kept.get(folder)
    const stat = kept && lookAt(this.disk, path)
    if (kept && stat && stampOf(stat) === kept.stamp) {
      const names = this.ask(path, kept)
      if (names) return { names, folders: kept.folders }
    }
    const { names, folders } = list(this.disk, path, within)
    if (names.length >= (folder.startsWith('archive/') ? LARGE_MONTH : LARGE))
      this.keep(folder, stat ?? null, names, folders)
    return { names: this.wantedOf(names), folders }
  }

  /** Keeps what is new, if anything is. */
  save(): void {
    if (this.changed) writeCache(this.disk, this.path, Buffer.from(JSON.stringify([FORMAT, ...this.kept])))
  }

  /** Null when only a listing can tell: two spellings of one id may be one file, where letter case does not matter. */
  private ask(path: string, { prefixes, odd }: Kept): string[] | null {
    const found = odd.length > 0 ? this.wantedOf(odd) : []
    for (const { key, number } of this.keys) {
      const there = this.usualNames(prefixes, key, number).filter(name =>
        isThere(this.disk, `${path}/${name}`),
      )
      if (there.length > 1) return null
      found.push(...there)
    }
    return found.sort()
  }

  /** How an item is called in most cases; a folder has the same prefixes as the one before it, mostly. */
  private usualNames(prefixes: readonly string[], key: ItemKey, number: string): string[] {
    const spelled = `${prefixes.join()} ${key}`
    const names =
      this.usual.get(spelled) ??
      prefixes.map(prefix => `${prefix}-${number}.md`).filter(name => keyOfFileName(name) === key)
    this.usual.set(spelled, names)
    return names
  }

  private isWanted(name: string): boolean {
    for (const { key } of this.keys) if (keyOfFileName(name) === key) return true
    return false
  }

  /**
   * Looks for the digits in all names as one text: folders may hold thousands, and a program that has just started
   * takes far longer for a function call on each. No name holds a slash.
   */
  private wantedOf(names: readonly string[]): string[] {
    const text = `/${names.join('/')}/`
    // Zeros before a number belong to it: WRK-0157.
    const before = text.includes('-0') ? '' : '-'
    const found = new Set<string>()
    for (const { digits } of this.keys) {
      const start = before + digits
      for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1)) {
        if (isDigit(text.charCodeAt(at + start.length))) continue
        const name = text.slice(text.lastIndexOf('/', at) + 1, text.indexOf('/', at))
        if (this.isWanted(name)) found.add(name)
      }
    }
    return [...found].sort()
  }

  /** The first time a folder is seen to be large, only that is kept: it must be known how it was before the listing. */
  private keep(folder: string, before: Stats | null, names: string[], folders: string[]): void {
    if (!before) {
      this.kept.set(folder, { stamp: '', prefixes: [], odd: [], folders: [] })
      this.changed = true
      return
    }
    if (Date.now() - Math.max(before.mtimeMs, before.ctimeMs) < AT_REST_MS) return
    const prefixes = new Set<string>()
    const odd: string[] = []
    for (const name of names) {
      const key = keyOfFileName(name)
      if (!key) continue
      const prefix = name.slice(0, key.lastIndexOf('-'))
      if (name === `${prefix}${key.slice(prefix.length)}.md`) prefixes.add(prefix)
      else odd.push(name)
    }
    this.kept.set(folder, { stamp: stampOf(before), prefixes: [...prefixes], odd, folders })
    this.changed = true
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** None, when the folder went away meanwhile. Only Node gives names in an order of their own. */
function list(disk: Disk, path: string, within: boolean): { names: string[]; folders: string[] } {
  if (!within) return { names: unless(MISSING, [], () => disk.readdirSync(path)), folders: [] }
  const entries = unless(MISSING, [], () => disk.readdirSync(path, { withFileTypes: true }))
  return {
    names: entries.map(({ name }) => name),
    folders: entries
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  }
}

/** Whole milliseconds do: a later change is seconds away from the one that was kept. */
function stampOf({ ino, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${Math.trunc(mtimeMs)} ${Math.trunc(ctimeMs)}`
}

/** Nothing when there is no file, or none that this wrk has written whole. */
function load(disk: Disk, path: string): Map<string, Kept> {
  const bytes = readCache(disk, path)
  if (bytes.length === 0) return new Map()
  try {
    const [format, ...kept] = JSON.parse(bytes.toString('utf8'))
    return new Map(format === FORMAT && kept.every(isEntry) ? kept : [])
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return new Map()
    throw error
  }
}

function isEntry([folder, { stamp, prefixes, odd, folders }]: [string, Kept]): boolean {
  return [folder, stamp, ...prefixes, ...odd, ...folders].every(text => typeof text === 'string')
}
