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

/**
 * A file's bytes without the values of these top-level keys: what is left when two versions are compared apart from
 * them. Comments stay. Null in flow form, of which no part can be told from the rest.
 * @param lines keys whose whole lines go: the other version does not have them
 */
export function withoutValues(
  bytes: Buffer,
  { split, map }: Frontmatter,
  keys: ReadonlySet<string>,
  lines: ReadonlySet<string>,
): Buffer | null {
  if (map.flow) return null
  const { yaml, yamlStart, yamlEnd } = split
  let kept = ''
  let at = 0
  for (const { key, keyStart, value } of map.pairs) {
    if (lines.has(key)) {
      kept += yaml.slice(at, yaml.lastIndexOf('\n', keyStart) + 1)
      at = yaml.indexOf('\n', value.end) + 1
    } else if (keys.has(key)) {
      // Between the colon and an empty value there may be no blank.
      kept += yaml.slice(at, value.start).replace(/[ \t]+$/, '')
      at = value.end
    }
  }
  kept += yaml.slice(at)
  return Buffer.concat([bytes.subarray(0, yamlStart), Buffer.from(kept), bytes.subarray(yamlEnd)])
}
