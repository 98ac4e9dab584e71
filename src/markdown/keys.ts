import type { YamlPair } from './node.ts'

/** Up to here a key is compared with the ones before it; a longer map keeps a set. */
const FEW_KEYS = 32

/** Tells whether a key is new in its map. */
export class Keys {
  private seen = 0
  private many: Set<string> | undefined

  /** `before` holds the map's pairs so far. */
  add(key: string, before: YamlPair[]): boolean {
    if (before.length >= FEW_KEYS) {
      this.many ??= new Set(before.map(pair => pair.key))
      return this.many.size < this.many.add(key).size
    }
    // One bit per length and letters: only keys that share a bit with an earlier one are compared.
    const last = key.length - 1
    const bit =
      1 << ((last + key.charCodeAt(0) * 5 + key.charCodeAt(last) * 3 + key.charCodeAt(last >> 1)) & 31)
    if ((this.seen & bit) !== 0) {
      for (const pair of before) if (pair.key === key) return false
    }
    this.seen |= bit
    return true
  }
}
