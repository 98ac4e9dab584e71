/**
 * Files that wrk writes for others to read and never reads back: receipts.
 *
 * Guarantees: a reader sees the old or the new file, whole; a link in the file's place is replaced, not
 * followed. Does not guarantee: that the disk has it after a power failure, nor which of two writers comes last.
 */
import { mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { Disk } from './disk.ts'
import { type DraftMaker, replaceFile } from './replace-file.ts'

/** @param by who writes it */
export function writeArtifact(disk: Disk, path: string, text: string, by: DraftMaker): void {
  replaceFile(disk, path, Buffer.from(text), { by, durable: false })
}

/**
 * Makes a folder below another; links on the way may lead about within that one, but not out of it.
 * @returns its real path
 * @throws WrkError IO
 */
export function makeFolderWithin(base: string, ...parts: string[]): string {
  const root = realpathSync.native(base)
  const wanted = join(root, ...parts)
  let present = wanted
  let real: string | null = null
  while (real === null) {
    real = unless(['ENOENT'], null, () => realpathSync.native(present))
    if (real === null) present = dirname(present)
  }
  refuseOutside(root, present, real)
  mkdirSync(wanted, { recursive: true })
  const made = realpathSync.native(wanted)
  refuseOutside(root, wanted, made)
  return made
}

function refuseOutside(root: string, path: string, real: string): void {
  const way = relative(root, real)
  if (way !== '..' && !way.startsWith(`..${sep}`)) return
  throw new WrkError('IO', `${path} is a link out of ${root} (to ${real})`, {
    hint: 'Remove the link, or name a folder with --out DIR (of wrk lock: --receipt DIR).',
  })
}
