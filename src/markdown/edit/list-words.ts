/** The words that a field holds which may be a list, in all the ways in which people write one. */
import type { YamlNode } from '../node.ts'
import { detached, scalarText } from '../scalar.ts'

/**
 * A list's single values, also of lists within it (`[[WRK-1]]`, as some editors link notes), or one value; each may hold
 * several with commas between. A map is no word but not nothing either: who waits for what cannot be read, waits.
 * Done for thousands of items.
 */
export function listWords(node: YamlNode, texts: string[] = []): string[] {
  if (node.kind === 'list') for (const item of node.items) listWords(item, texts)
  else if (node.kind === 'scalar') addWords(texts, scalarText(node))
  else if (node.pairs.length > 0) texts.push('{…}')
  return texts
}

function addWords(texts: string[], text: string | undefined): void {
  if (text?.includes(',')) for (const part of text.split(',')) addWord(texts, part.trim())
  else addWord(texts, text?.trim())
}

function addWord(texts: string[], text: string | undefined): void {
  if (text && !isNothing(text)) texts.push(detached(text))
}

/** What people write where there is nothing: `blocked_by: None`. In quotes even YAML's own words for it are text. */
const NOTHING = new Set(['none', 'null', 'nil', 'n/a', '~', '-', '–', '—'])

function isNothing(text: string): boolean {
  return text.length < 5 && NOTHING.has(text.toLowerCase())
}
