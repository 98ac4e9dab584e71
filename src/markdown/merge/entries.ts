/**
 * Frontmatter cut into its top-level entries, so that each is merged by itself. All parts together, in order, are the
 * text as it was.
 */
import type { Frontmatter } from '../frontmatter.ts'
import type { YamlNode } from '../node.ts'

/** One key with all that belongs to it. */
export interface Entry {
  key: string
  node: YamlNode
  /** Comment lines above it, from the first that is not indented. */
  lead: string
  /** The key up to its value. */
  head: string
  value: string
  /** The rest of the value's last line. */
  tail: string
  /** Blank lines and indented comments below it. */
  after: string
}

export interface Entries {
  list: Entry[]
  /** What comes before the closing fence and belongs to no key. */
  end: string
}

/** Null for frontmatter that is no list of lines with keys: in flow form (`{id: …}`), or two keys on one line. */
export function entriesOf({ split, map }: Frontmatter): Entries | null {
  if (map.flow) return null
  const { yaml } = split
  const list: Entry[] = []
  let at = 0
  for (const [i, { key, keyStart, value: node }] of map.pairs.entries()) {
    const own = yaml.lastIndexOf('\n', keyStart - 1) + 1
    const next = map.pairs[i + 1]
    const limit = next ? yaml.lastIndexOf('\n', next.keyStart - 1) + 1 : yaml.length
    // An empty value of the full reader may come after blank lines; it begins where its key's line ends.
    const end = Math.max(node.end, keyStart)
    const lineEnd = lineEndFrom(yaml, end)
    if (own < at || lineEnd > limit || node.start < keyStart) return null
    const after = blanksBelow(yaml, lineEnd, limit)
    list.push({
      key,
      node,
      lead: yaml.slice(at, own),
      head: yaml.slice(own, node.start),
      value: yaml.slice(node.start, node.end),
      tail: yaml.slice(node.end, lineEnd),
      after: yaml.slice(lineEnd, after),
    })
    at = after
  }
  return { list, end: yaml.slice(at) }
}

/** The key, its value and the rest of that line. */
export function ownText({ head, value, tail }: Entry): string {
  return head + value + tail
}

export function textOfEntry(entry: Entry): string {
  return entry.lead + ownText(entry) + entry.after
}

/** Whether the value begins on the key's line, so that one value may take the place of another. */
export function isInline({ head }: Entry): boolean {
  return !head.includes('\n')
}

function lineEndFrom(yaml: string, at: number): number {
  const found = yaml.indexOf('\n', at)
  return found < 0 ? yaml.length : found + 1
}

/** Behind the blank lines and indented comments that follow. */
function blanksBelow(yaml: string, from: number, limit: number): number {
  let at = from
  while (at < limit) {
    const end = lineEndFrom(yaml, at)
    if (!/^(?:\s*|[ \t]+#.*\s*)$/.test(yaml.slice(at, end))) break
    at = end
  }
  return at
}
