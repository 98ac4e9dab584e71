/** What `wrk new` reads from files and from stdin, as it comes. */
import { resolve } from 'node:path'
import { asIoError, codeOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { realDisk } from '../../store/files/disk.ts'
import { readPlainFile } from '../../store/files/guarded-file.ts'
import { readStdinBytes } from '../../system/stdin.ts'
import type { Template } from './fill-template.ts'

/** As much as an item may have. */
const LARGEST = 4 * 1024 * 1024
const PATIENCE_MS = 600_000
const MOST_TITLES = 500

/** All of stdin. @throws WrkError USAGE when it is larger than an item may be */
export async function readInput(): Promise<Buffer> {
  const bytes = await readStdinBytes(LARGEST, PATIENCE_MS)
  if (bytes) return bytes
  throw new WrkError('USAGE', `stdin has more than ${LARGEST / 1048576} MB, which is too much for an item`)
}

/** `-`: stdin. @throws WrkError USAGE, INVALID_ITEM, IO */
export async function readSource(path: string): Promise<Template> {
  if (path === '-') return { path: 'stdin', bytes: await readInput() }
  const file = resolve(path)
  try {
    return { path: file, bytes: readPlainFile(realDisk, file).bytes }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new WrkError('NOT_FOUND', `no file ${file}`)
    throw asIoError(error, `could not read ${file}`)
  }
}

/** The lines of stdin that are not empty. @throws WrkError USAGE when there are none, or too many */
export async function readTitles(): Promise<string[]> {
  const lines = (await readInput()).toString('utf8').split(/\r?\n/)
  const titles = lines.filter(line => line.trim() !== '')
  if (titles.length === 0) throw new WrkError('USAGE', 'no titles on stdin: one a line')
  if (titles.length > MOST_TITLES)
    throw new WrkError('USAGE', `${titles.length} titles on stdin; ${MOST_TITLES} at most in one call`)
  return titles
}
