/**
 * V8's compiled forms of bundles: which file holds one, and whether that is of the bundle as it is now. V8 itself looks
 * at its version, its flags and the length of the source only, so a form says of which file it was made: by size, times
 * and inode, of which the change time cannot be set by a program that puts another file in place.
 *
 * Guaranteed: a form of another state of the bundle, of another user's making, or of which a part is missing is not
 * used. Not guaranteed: that there is one; without it, the source is compiled as at any start of Node.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'

/** A form's first line: its kind, the bundle's state, its length and the commands that had run when it was made. */
const KIND = 'wrk-compiled-1'
/** In place of commands: all that are usual have run. */
export const ALL_USUAL = '*'

export interface CompiledForm {
  data: Buffer
  commands: readonly string[]
}

/** A bundle's source, as a function of what a CommonJS module has, and what distinguishes this state of its file from others. */
export function readBundle(path: string): { source: string; state: string } {
  const { bytes, stats } = readWhole(path, constants.O_RDONLY)
  const source = `(function(exports,require,module,__filename,__dirname){${bytes.toString('latin1')}\n})`
  const { size, mtimeMs, ctimeMs, ino } = stats
  return { source, state: `${size}:${mtimeMs}:${ctimeMs}:${ino}` }
}

function readWhole(path: string, flags: number): { bytes: Buffer; stats: Stats } {
  const fd = openSync(path, flags)
  try {
    const stats = fstatSync(fd)
    const bytes = Buffer.allocUnsafeSlow(stats.size)
    let length = 0
    for (let read = -1; read !== 0 && length < stats.size; length += read)
      read = readSync(fd, bytes, length, stats.size - length, null)
    return { bytes: bytes.subarray(0, length), stats }
  } finally {
    closeSync(fd)
  }
}

/** Where a bundle's compiled form for this Node may be: beside it, else in the user's own cache. */
export function formPlaces(bundle: string): string[] {
  const ending = `${process.version}-${process.arch}`
  const folder = cacheFolder()
  return [
    `${bundle}.${ending}`,
    ...(folder ? [join(folder, `${basename(bundle)}-${shortHash(bundle)}.${ending}`)] : []),
  ]
}

/** `wrk` in the user's cache folder; null where none is known. */
export function cacheFolder(): string | null {
  const { XDG_CACHE_HOME: cache, HOME: home, LOCALAPPDATA: local } = process.env
  if (process.platform === 'win32') return local ? join(local, 'wrk', 'cache') : null
  if (cache && isAbsolute(cache)) return join(cache, 'wrk')
  return home && isAbsolute(home) ? join(home, '.cache', 'wrk') : null
}

/** The compiled form of a bundle in this state; null if no usable one exists. */
export function findCompiled(bundle: string, state: string): CompiledForm | null {
  const [beside, cached] = formPlaces(bundle)
  return readForm(beside!, state, false) ?? (cached ? readForm(cached, state, true) : null)
}

function readForm(path: string, state: string, mustBeOwn: boolean): CompiledForm | null {
  try {
    const { bytes, stats } = readWhole(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    // In a folder of the user's, what another has put there would run as this user.
    if (mustBeOwn && process.getuid && (stats.uid !== process.getuid() || stats.mode & 0o022)) return null
    const end = bytes.indexOf(10)
    const [kind, ofState, length, commands] = bytes.toString('latin1', 0, end).trimEnd().split(' ')
    const data = bytes.subarray(end + 1)
    if (kind !== KIND || ofState !== state || Number(length) !== data.length) return null
    return { data, commands: commands?.split(',') ?? [] }
  } catch {
    // Missing or unreadable: the source works too.
    return null
  }
}

/** A compiled form as its file holds it. */
export function formText(state: string, data: Buffer, commands: readonly string[]): Buffer[] {
  const line = `${KIND} ${state} ${data.length} ${commands.join()}`
  // V8 copies data that does not begin at a multiple of eight.
  return [Buffer.from(`${line.padEnd(line.length + 7 - (line.length % 8))}\n`, 'latin1'), data]
}

/** Tells one installation from another, without a module for it. */
function shortHash(text: string): string {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return (hash >>> 0).toString(36)
}
