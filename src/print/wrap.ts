/** Breaking text between words, to the width of the terminal. */
import { displayWidth } from './table.ts'

/**
 * A word that is longer than a line stays whole, so that a path can be copied.
 * @param indent what begins the first line, and the blanks that begin the others
 */
export function wrap(text: string, width: number, indent: { first: string; rest: string }): string[] {
  const lines: string[] = []
  let line = ''
  let start = indent.first
  for (const word of text.split(' ')) {
    const room = width - displayWidth(start)
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > room) {
      lines.push(start + line)
      start = indent.rest
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, start + line]
}
