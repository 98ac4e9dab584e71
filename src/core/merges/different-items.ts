/**
 * Whether what git wants merged is one item: it pairs files by likeness, and an item that was archived is three quarters
 * like a new one.
 */
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { displayOfFileName, isIdOf, keyOfField, keyOfFileName } from '../items/ids.ts'

/** An id, and in which version it is. */
export interface NamedVersion {
  version: 'base' | 'ours' | 'theirs' | 'path'
  id: string
}

const ID: ReadonlySet<string> = new Set(['id'])

/** The `id` of a file as it is written; null where it has none that can be read. */
function idInFile(bytes: Buffer, full?: FullReader): string | null {
  const found = readFrontmatter(bytes, full, true, ID)
  return found.kind === 'ok' ? (scalarText(findPair(found.map, 'id')?.value) ?? null) : null
}

/**
 * The first two versions that are of different items; null when all that have an id have the same.
 * @param path where the merged file goes; only its name is looked at
 */
export function differentItems(
  versions: Readonly<Record<'base' | 'ours' | 'theirs', Buffer | null>>,
  path: string,
  full?: FullReader,
): [NamedVersion, NamedVersion] | null {
  const named: NamedVersion[] = []
  for (const version of ['ours', 'theirs', 'base'] as const) {
    const bytes = versions[version]
    const id = bytes && idInFile(bytes, full)
    if (id) named.push({ version, id })
  }
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (keyOfFileName(name)) named.push({ version: 'path', id: displayOfFileName(name) })
  const [first, ...others] = named
  const other = first && others.find(({ id }) => !isSameItem(first.id, id))
  return first && other ? [first, other] : null
}

/** Two ids as they are written. A bare number is short for whatever has it: what for, is a setting of the queue. */
function isSameItem(one: string, other: string): boolean {
  if (one === other) return true
  const key = keyOfField(one, 'any')
  if (/^\d+$/.test(one) || /^\d+$/.test(other)) return numberOf(one) === numberOf(other)
  return key !== null && isIdOf(key, other, 'any')
}

function numberOf(id: string): number {
  return Number(/\d+$/.exec(id)?.[0])
}
