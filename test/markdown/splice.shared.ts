/** Setting values in frontmatter, for tests of splicing. */
import { type FieldValue, spliceChecked } from '../../src/markdown/edit/splice.ts'
import { loadFullReader, readFrontmatter } from '../../src/markdown/frontmatter.ts'

export const full = await loadFullReader()

export function splice(bytes: Buffer, fields: Record<string, FieldValue>) {
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') throw new Error(JSON.stringify(before))
  return spliceChecked(bytes, before, fields, full)
}

/** The new file as text; throws where the change is refused. */
export function spliced(text: string, fields: Record<string, FieldValue>): string {
  const result = splice(Buffer.from(text), fields)
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result))
  return result.bytes.toString()
}
