/**
 * A markdown document as a whole: its frontmatter as data, and what is written below. Pure but for loading the full
 * reader. Never for writing: what wrk changes it splices (splice.ts).
 */
import { readFrontmatter } from './frontmatter.ts'
import type { ReadError } from './node.ts'
import { toData } from './scalar.ts'
import { bodyStart } from './split.ts'

export interface Document {
  kind: 'document'
  data: Record<string, unknown>
  /** What follows the line of the closing `---`. Bytes that are not UTF-8 read as U+FFFD. */
  content: string
}

/**
 * Reads a file's bytes: by the fast reader where that is sure, else by gray-matter with `yaml` as its engine. Both give
 * the same. Engines that run code are refused: a fence that names a language is an error.
 */
export async function readDocument(bytes: Buffer): Promise<Document | { kind: 'error'; error: ReadError }> {
  const found = readFrontmatter(bytes)
  if (found.kind === 'error') return found
  if (found.kind === 'ok') {
    const content = bytes.toString('utf8', bodyStart(bytes, found.split))
    return { kind: 'document', data: toData(found.map) as Record<string, unknown>, content }
  }
  const { readWithGrayMatter } = await import('./read/full.ts')
  const read = await readWithGrayMatter(bytes.toString('utf8'))
  return read.kind === 'matter' ? { kind: 'document', data: read.data, content: read.content } : read
}
