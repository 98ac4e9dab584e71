/** An item's bytes as something to compare: with its fields read. */
import type { ItemForm } from '../../core/commits/wrk-written.ts'
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { NeedsFullReader } from '../../store/readers.ts'

/** @param path within the queue @returns null for what cannot be read @throws NeedsFullReader */
export function formOf(path: string, bytes: Buffer, full: FullReader | undefined): ItemForm | null {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') throw new NeedsFullReader()
  return found.kind === 'ok' ? { path, bytes, found } : null
}
