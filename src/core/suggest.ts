/** Suggestions for a mistyped word or id. Pure; used only when something was not found. */
import { printable } from './text.ts'

const MOST = 3

/** Whether they are one word, or an insertion, a deletion, a change or a swap of neighbours makes them one. */
export function isNear(a: string, b: string): boolean {
  let from = 0
  while (from < a.length && a[from] === b[from]) from++
  let end = 0
  while (end < Math.min(a.length, b.length) - from && a.at(-1 - end) === b.at(-1 - end)) end++
  const [inA, inB] = [a.slice(from, a.length - end), b.slice(from, b.length - end)]
  if (inA.length <= 1 && inB.length <= 1) return true
  return inA.length === 2 && inB === `${inA[1]}${inA[0]}`
}

export function nearWords(word: string, known: readonly string[]): string[] {
  const lower = word.toLowerCase()
  return known.filter(one => isNear(one, lower) || (lower.length > 2 && one.startsWith(lower))).slice(0, MOST)
}

/** `Did you mean A or B? `, with a space at the end; empty when nothing is near. */
export function didYouMean(near: readonly string[]): string {
  return near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''
}

/**
 * The message for a word that wrk does not know.
 * @param what `status`, `priority`
 * @param known the words that wrk knows
 */
export function unknownWord(what: string, word: string, known: readonly string[]): string {
  return `unknown ${what} "${printable(word, 40)}". ${didYouMean(nearWords(word, known))}`.trimEnd()
}

/**
 * Ids that were probably meant: the same number under another prefix, then a near number or prefix, or a number with
 * another part: `wrk-222.1` for `wrk-222`.
 * @param known keys, in any order
 */
export function nearIds(key: string, known: readonly string[]): string[] {
  const [prefix, number] = parts(key)
  const same: string[] = []
  const near: string[] = []
  for (const one of new Set(known)) {
    const [otherPrefix, otherNumber] = parts(one)
    if (otherNumber === number) same.push(one)
    else if (otherPrefix === prefix && (isNear(otherNumber, number) || isPartOf(otherNumber, number)))
      near.push(one)
  }
  const byPrefix = (one: string) => (isNear(parts(one)[0], prefix) ? 0 : 1)
  const whole = (numbered: string) => Number.parseInt(numbered, 10)
  const byNumber = (one: string) => Math.abs(whole(parts(one)[1]) - whole(number))
  return [
    ...same.sort((a, b) => byPrefix(a) - byPrefix(b)),
    ...near.sort((a, b) => byNumber(a) - byNumber(b)),
  ].slice(0, MOST)
}

/** Whether one is the other with a further part. */
function isPartOf(a: string, b: string): boolean {
  return a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
}

function parts(key: string): [prefix: string, number: string] {
  const at = key.lastIndexOf('-')
  return [key.slice(0, at), key.slice(at + 1)]
}
