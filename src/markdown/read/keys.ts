/** Up to here a key is compared with the ones before it; a longer map keeps a set. */
const FEW_KEYS = 32

/** Tells whether a key is new in its map. */
export class Keys {
  private readonly keys: string[] = []
  private bits = 0
  private many: Set<string> | undefined

  add(key: string): boolean {
    if (this.keys.length >= FEW_KEYS) {
      this.many ??= new Set(this.keys)
      return this.many.size < this.many.add(key).size
    }
    // One bit per length and letters: only keys that share a bit with an earlier one are compared.
    const last = key.length - 1
    const bit =
      1 << ((last + key.charCodeAt(0) * 5 + key.charCodeAt(last) * 3 + key.charCodeAt(last >> 1)) & 31)
    if ((this.bits & bit) !== 0 && this.keys.includes(key)) return false
    this.bits |= bit
    this.keys.push(key)
    return true
  }
}
