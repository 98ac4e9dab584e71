/** What differs between two versions of an item, in the words of its fields. Pure. */
import { type Frontmatter, type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { scalarText, toData } from '../../markdown/scalar.ts'

export interface FieldChange {
  key: string
  /** As text where it is a single value; null for none, and for lists and maps, which are only said to differ. */
  from: string | null
  to: string | null
}

export interface VersionChange {
  fields: FieldChange[]
  /** The text below the fields. */
  body: boolean
}

/** @returns null when the full reader is needed */
export function changesBetween(
  before: Buffer | null,
  after: Buffer | null,
  full?: FullReader,
): VersionChange | null {
  const [old, now] = [before, after].map(bytes => (bytes ? readFrontmatter(bytes, full) : null))
  if (old?.kind === 'needsFull' || now?.kind === 'needsFull') return null
  const [a, b] = [old, now].map(found => (found?.kind === 'ok' ? found : null)) as [
    Frontmatter | null,
    Frontmatter | null,
  ]
  const values = (found: Frontmatter | null) =>
    new Map(found?.map.pairs.map(({ key, value }) => [key, value]) ?? [])
  const [from, to] = [values(a), values(b)]
  const fields: FieldChange[] = []
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const [one, other] = [from.get(key), to.get(key)]
    if (JSON.stringify(one && toData(one)) === JSON.stringify(other && toData(other))) continue
    fields.push({ key, from: scalarText(one) ?? null, to: scalarText(other) ?? null })
  }
  const body = (bytes: Buffer | null, found: Frontmatter | null) =>
    bytes && (found ? bytes.subarray(found.split.yamlEnd) : bytes)
  const [oldBody, newBody] = [body(before, a), body(after, b)]
  const isSame = oldBody && newBody ? oldBody.equals(newBody) : true
  return { fields, body: !isSame }
}
