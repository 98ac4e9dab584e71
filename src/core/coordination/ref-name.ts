/**
 * Names of refs: of a claim `refs/wrk/claims/<queue>/<id>`. Everything but letters, digits, `_` and `-` is written
 * as %XX, so a name holds no separator and no dot, every name is allowed by git, and no two ids share one.
 */

export const REFS = 'refs/wrk/'

/** The name of a queue that is the repository's top folder itself. */
export const TOP_QUEUE = 'queue'

/** What is kept by compare-and-swap: claims of items, and named locks. */
type EntryKind = 'claims' | 'locks'

/** Names an entry in the engine. */
export interface EntryKey {
  kind: EntryKind
  /** An item's key such as `wrk-157`, or a lock's name. */
  name: string
}

export function encodeName(name: string): string {
  return [...new TextEncoder().encode(name)]
    .map(byte => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9_-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** The name that was encoded; null for what encodeName never gives. */
export function decodeName(encoded: string): string | null {
  let name: string
  try {
    name = decodeURIComponent(encoded)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    return null
  }
  return name !== '' && encodeName(name) === encoded ? name : null
}

export function refOf(queue: string, { kind, name }: EntryKey): string {
  return `${REFS}${kind}/${encodeName(queue)}/${encodeName(name)}`
}

/** The key of an item by its ref in this queue; null for any other ref. */
export function keyOfRef(queue: string, ref: string): EntryKey | null {
  const [kind, folder, encoded, ...more] = ref.startsWith(REFS) ? ref.slice(REFS.length).split('/') : []
  if ((kind !== 'claims' && kind !== 'locks') || folder !== encodeName(queue) || !encoded || more.length > 0)
    return null
  const name = decodeName(encoded)
  return name === null ? null : { kind, name }
}

/** Where closed records of a queue are kept together. */
export function archiveRefOf(queue: string): string {
  return `${REFS}archive/${encodeName(queue)}/closed`
}
