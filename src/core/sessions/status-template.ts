/**
 * The template of `wrk status --format`: text with names in braces. A part in brackets is left out when all names in it
 * are empty or 0, so that a prompt says nothing where there is nothing to say. Pure.
 */

/** The names, and what each stands for. None is a text that somebody wrote: shells and tmux read what comes out. */
export const STATUS_WORDS = {
  mine: 'ids of the items that this session holds',
  session: 'the id of this session; empty before it has worked here',
  ready: 'how many items next would choose among',
  held: 'how many items are held',
  orphaned: 'how many were begun and left, with nobody going on',
  stale: 'how many are held by a session that is dead or was silent for too long',
  sessions: 'how many sessions are alive',
  refusals: 'how many claims and changes were refused in the last 24 hours',
} as const

export type StatusWord = keyof typeof STATUS_WORDS

interface Part {
  /** Left out when all its words are empty or 0. */
  isOptional: boolean
  pieces: (string | { word: StatusWord })[]
}

export type TemplateResult =
  | { kind: 'template'; parts: Part[]; words: ReadonlySet<StatusWord> }
  | { kind: 'wrong'; why: string }

/** `{{`, `}}`, `[[` and `]]` are the signs themselves. */
export function parseStatusTemplate(text: string): TemplateResult {
  const words = new Set<StatusWord>()
  const parts: Part[] = [{ isOptional: false, pieces: [] }]
  for (const [token] of text.matchAll(/\{\{|\}\}|\[\[|\]\]|\{[^{}]*\}|[{}[\]]|[^{}[\]]+/g)) {
    const part = parts.at(-1)!
    if (token === '[' || token === ']') {
      if ((token === '[') === part.isOptional) return { kind: 'wrong', why: unpaired(token) }
      if (part.isOptional && part.pieces.every(piece => typeof piece === 'string'))
        return { kind: 'wrong', why: 'a part in brackets without a name; for the sign itself write [[' }
      parts.push({ isOptional: token === '[', pieces: [] })
    } else if (token.length > 1 && token.startsWith('{') && token !== '{{') {
      const word = token.slice(1, -1)
      if (!isStatusWord(word)) return { kind: 'wrong', why: `unknown name {${word}}` }
      words.add(word)
      part.pieces.push({ word })
    } else if (token === '{' || token === '}') return { kind: 'wrong', why: unpaired(token) }
    else part.pieces.push(/^([{}[\]])\1$/.test(token) ? token[0]! : token)
  }
  return parts.at(-1)!.isOptional ? { kind: 'wrong', why: unpaired('[') } : { kind: 'template', parts, words }
}

function unpaired(sign: string): string {
  return `${sign} without its other half; for the sign itself write ${sign}${sign}`
}

function isStatusWord(word: string): word is StatusWord {
  return Object.hasOwn(STATUS_WORDS, word)
}

/** @param values of all words of the template */
export function fillStatusTemplate(
  parts: readonly Part[],
  values: Partial<Record<StatusWord, string>>,
): string {
  const wordValue = (word: StatusWord) => values[word] ?? ''
  return parts
    .filter(
      ({ isOptional, pieces }) =>
        !isOptional ||
        pieces.some(piece => typeof piece !== 'string' && !['', '0'].includes(wordValue(piece.word))),
    )
    .flatMap(({ pieces }) => pieces.map(piece => (typeof piece === 'string' ? piece : wordValue(piece.word))))
    .join('')
}
