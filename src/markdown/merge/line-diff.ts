/** What differs between two texts, line by line (Myers, "An O(ND) Difference Algorithm"). */

/** `oldLength` lines from `oldStart` on were replaced by `newLength` lines from `newStart` on. */
export interface Hunk {
  oldStart: number
  oldLength: number
  newStart: number
  newLength: number
}

/** More differences than this are not looked for one by one: what is between is one hunk then, which is true too. */
const MOST_EDITS = 2_000

/** Lines with their ends; the last one may have none. */
export function linesOfText(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}

/** The hunks in order. Between two of them is at least one line that both have. */
export function diffLines(old: readonly string[], now: readonly string[]): Hunk[] {
  let start = 0
  while (start < old.length && start < now.length && old[start] === now[start]) start++
  let oldEnd = old.length
  let newEnd = now.length
  while (oldEnd > start && newEnd > start && old[oldEnd - 1] === now[newEnd - 1]) {
    oldEnd--
    newEnd--
  }
  if (start === oldEnd && start === newEnd) return []
  const pairs = commonLines(old.slice(start, oldEnd), now.slice(start, newEnd))

  const hunks: Hunk[] = []
  let [i, j] = [0, 0]
  for (const [x, y] of [...pairs, [oldEnd - start, newEnd - start] as const]) {
    if (x > i || y > j)
      hunks.push({ oldStart: start + i, oldLength: x - i, newStart: start + j, newLength: y - j })
    i = x + 1
    j = y + 1
  }
  return hunks
}

/** Pairs of places with equal lines, rising in both: a longest such list, or none when the texts are too different. */
function commonLines(a: readonly string[], b: readonly string[]): [number, number][] {
  const most = Math.min(a.length + b.length, MOST_EDITS)
  const middle = most + 1
  const furthest = new Int32Array(2 * most + 3)
  const steps: Int32Array[] = []
  for (let d = 0; d <= most; d++) {
    steps.push(furthest.slice(middle - d, middle + d + 1))
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && furthest[middle + k - 1]! < furthest[middle + k + 1]!)
      let x = down ? furthest[middle + k + 1]! : furthest[middle + k - 1]! + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      furthest[middle + k] = x
      if (x >= a.length && x - k >= b.length) return walkBack(steps, a.length, b.length)
    }
  }
  return []
}

/** @param steps of each number of edits, how far each diagonal had come before: from -d to d */
function walkBack(steps: readonly Int32Array[], endX: number, endY: number): [number, number][] {
  const pairs: [number, number][] = []
  let [x, y] = [endX, endY]
  for (let d = steps.length - 1; d >= 0; d--) {
    const at = (k: number) => (k < -d || k > d ? -1 : steps[d]![k + d]!)
    const k = x - y
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1))
    const before = down ? k + 1 : k - 1
    const fromX = d === 0 ? 0 : at(before)
    const fromY = fromX - before
    const stop = d === 0 ? 0 : down ? fromX : fromX + 1
    while (x > stop && y > 0) pairs.push([--x, --y])
    ;[x, y] = d === 0 ? [0, 0] : [fromX, fromY]
  }
  return pairs.reverse()
}
