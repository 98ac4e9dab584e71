/**
 * Real item files: `WRK_CORPUS=DIR` names a folder of them, with single files in `items/` and a whole queue in
 * `queue/`. Tests that need them are skipped where it is not set.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const CORPUS = folderOf(process.env.WRK_CORPUS)

function folderOf(setting: string | undefined): string | null {
  if (!setting) return null
  const folder = resolve(setting)
  if (!existsSync(folder)) throw new Error(`WRK_CORPUS: there is no folder ${folder}`)
  return folder
}

/** Every markdown file of the corpus, by its path there; none without a corpus. */
export function corpus(): { path: string; bytes: Buffer }[] {
  return CORPUS === null ? [] : markdownBelow(CORPUS)
}

/** Every markdown file below a folder, by its path there. */
export function markdownBelow(folder: string): { path: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .sort()
    .map(path => ({ path, bytes: readFileSync(join(folder, path)) }))
}
