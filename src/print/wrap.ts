/** Breaking text between words, to the width of the terminal. */
import { displayWidth } from './table.ts'
import type { Screen } from './terminal.ts'

/** Colours take no room. */
function visibleWidth(text: string): number {
  return displayWidth(text.includes('\x1b') ? text.replace(/\x1b\[\d+m/g, '') : text)
}

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
    if (line !== '' && visibleWidth(line) + 1 + visibleWidth(word) > room) {
      lines.push(start + line)
      start = indent.rest
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, start + line]
}

/** What a terminal shows: lines that are too long for it are wrapped, below their own beginning. Elsewhere all as it is. */
export function fitted(text: string, { width, isTerminal }: Screen): string {
  if (!isTerminal || !Number.isFinite(width)) return text
  return text
    .split('\n')
    .flatMap(line => {
      if (line.length <= width || visibleWidth(line) <= width) return [line]
      const indent = /^ */.exec(line)![0]
      return wrap(line.slice(indent.length), width, { first: indent, rest: `${indent}  ` })
    })
    .join('\n')
}
