/** A file's bytes without some of its fields: what is left when two versions are compared apart from their locks. */
import type { Frontmatter } from '../frontmatter.ts'

/**
 * Leaves out the lines of these top-level keys. Frontmatter in flow form (`{id: …}`) has no such lines and is
 * given back as it is.
 */
export function withoutKeys(bytes: Buffer, { split, map }: Frontmatter, keys: ReadonlySet<string>): Buffer {
  if (map.flow) return bytes
  const { yaml, yamlStart, yamlEnd } = split
  // `yaml` ends with a line feed, and all values end before it.
  let kept = ''
  let at = 0
  for (const { key, keyStart, value } of map.pairs) {
    if (!keys.has(key)) continue
    kept += yaml.slice(at, yaml.lastIndexOf('\n', keyStart) + 1)
    at = yaml.indexOf('\n', value.end) + 1
  }
  kept += yaml.slice(at)
  return Buffer.concat([bytes.subarray(0, yamlStart), Buffer.from(kept), bytes.subarray(yamlEnd)])
}
