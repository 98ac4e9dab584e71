/** The copy that an editor gets, so that nothing half-written is ever an item. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** @returns the path of a copy in a folder of its own, which nobody else may read */
export function makeCopy(path: string, bytes: Buffer): string {
  const copy = join(mkdtempSync(join(tmpdir(), 'wrk-edit-')), basename(path))
  writeFileSync(copy, bytes, { mode: 0o600 })
  return copy
}

export function readCopy(copy: string): Buffer {
  return readFileSync(copy)
}

export function removeCopy(copy: string): void {
  rmSync(dirname(copy), { recursive: true, force: true })
}
