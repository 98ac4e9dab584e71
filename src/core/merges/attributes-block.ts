/**
 * The lines of a queue's `.gitattributes` that give items to wrk's merge driver: put in at the end, and taken out so
 * that the rest is byte for byte what it was. Pure.
 */

const BEGIN = '# wrk: begin'
const END = '# wrk: end'
/** What was there before, so that it can be put back. */
const NEW_FILE = ', the file is new'
const JOINED = ', behind a line that had no end'

const PATTERNS = [
  '/*.md',
  ...['pending', 'working', 'blocked', 'done', 'archive', 'archive/*', 'archived'].map(
    name => `/${name}/*.md`,
  ),
]
const LINES = PATTERNS.map(pattern => `${pattern} merge=wrk\n`).join('')

const BLOCK = new RegExp(`^${BEGIN}(${NEW_FILE}|${JOINED})?\\r?\\n([\\s\\S]*?)^${END}(?:\\r?\\n|$)`, 'm')

export type AttributesState = 'none' | 'installed' | 'outdated'

export function attributesState(text: string | null): AttributesState {
  const found = BLOCK.exec(text ?? '')
  if (!found) return 'none'
  return found[2]!.replaceAll('\r', '') === LINES ? 'installed' : 'outdated'
}

/** @param text null where there is no file */
export function withAttributes(text: string | null): string {
  const found = BLOCK.exec(text ?? '')
  if (text !== null && found) {
    const own = `${BEGIN}${found[1] ?? ''}\n${LINES}${END}\n`
    return text.slice(0, found.index) + own + text.slice(found.index + found[0].length)
  }
  const block = (note: string) => `${BEGIN}${note}\n${LINES}${END}\n`
  if (text === null) return block(NEW_FILE)
  return text === '' || text.endsWith('\n') ? text + block('') : `${text}\n${block(JOINED)}`
}

/** @returns null when nothing is left of a file that was made for it */
export function withoutAttributes(text: string): string | null {
  const found = BLOCK.exec(text)
  if (!found) return text
  const after = text.slice(found.index + found[0].length)
  const before = text.slice(0, found.index)
  if (found[1] === NEW_FILE && before === '' && after === '') return null
  return (found[1] === JOINED && after === '' ? before.replace(/\r?\n$/, '') : before) + after
}
