/** Pure, and next to nothing: the launcher asks too. */

/** Whether the ids of a command line are one, and no range such as `3-7` or `WRK-3-7`. */
export function isOneItem(words: readonly string[]): boolean {
  return words.length === 1 && !/(?:^|[-#])[0-9]{1,9}-[0-9]{1,9}$/.test(words[0]!)
}
