/** Short names for long ones; no secrets. */

/** FNV-1a, 32 bits in hex. */
export function shortHash(text: string): string {
  return fnv(text, 0x811c9dc5)
}

/** 64 bits in hex: two of them, from different starts. */
export function longHash(text: string): string {
  return fnv(text, 0x811c9dc5) + fnv(text, 0x01000193)
}

function fnv(text: string, start: number): string {
  let hash = start
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}
