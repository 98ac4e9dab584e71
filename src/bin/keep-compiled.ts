/**
 * Writes V8's compiled form of a bundle, for the next start: beside the bundle where this user may write, else into the
 * user's cache. One process at a time makes one; the others go on without. A bundle of its own, since hardly any start
 * needs it.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ALL_USUAL, cacheFolder, findCompiled, formPlaces, formText } from './compiled.ts'

export { readBundle } from './compiled.ts'

/** One that is this old was left behind by a process that was killed. */
const DRAFT_MS = 60_000
/** Older forms in the user's cache may belong to removed programs; those in use are compiled again. */
const OLD_MS = 90 * 24 * 3600_000

export interface Made {
  bundle: string
  /** The bundle's, when its source was read. */
  state: string
  /** What has run. */
  commands: readonly string[]
  /** Gives the compiled form; asked only where it will be written. */
  data: () => Buffer
}

/**
 * Never fails: what cannot be written is not kept.
 * @param refused V8 did not take the form that is there, whatever it holds
 */
export function keepCompiled(made: Made, refused: boolean): void {
  const known = refused ? null : findCompiled(made.bundle, made.state)
  if (known && made.commands.every(command => known.commands.includes(command))) return
  for (const place of formPlaces(made.bundle)) if (write(place, made)) return
}

/** The same for a build, in which all that is usual has run. */
export function keepUsual(made: Omit<Made, 'commands'>): void {
  write(formPlaces(made.bundle)[0]!, { ...made, commands: [ALL_USUAL] })
}

/** @returns whether this is the place for it, also where another process is about to write there */
function write(place: string, { state, commands, data }: Made): boolean {
  const folder = dirname(place)
  const inCache = folder === cacheFolder()
  try {
    if (inCache && !ownFolder(folder)) return false
    const draft = `${place}.new`
    const fd = createDraft(draft, inCache ? 0o600 : 0o644)
    if (fd === null) return true
    try {
      for (const part of formText(state, data(), commands)) writeSync(fd, part)
      // A power cut must not leave a name with nothing behind it: V8 would run whatever is there.
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, place)
    if (inCache) removeOld(folder)
    return true
  } catch {
    // A folder that cannot be written, a full disk: the next place, or none.
    return false
  }
}

/** Opens a new file; null where another process is at it. */
function createDraft(path: string, mode: number): number | null {
  const create = () => openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
  try {
    return create()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (Date.now() - lstatSync(path).mtimeMs < DRAFT_MS) return null
    rmSync(path)
    return create()
  }
}

/** Whether the cache is a folder of this user and no link; creates it if it is missing. */
function ownFolder(folder: string): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stats = lstatSync(folder)
  return stats.isDirectory() && (!process.getuid || stats.uid === process.getuid())
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (/\.cjs-\w+\.v/.test(name) && Date.now() - lstatSync(path).mtimeMs > OLD_MS) rmSync(path)
  }
}
