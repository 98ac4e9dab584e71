/**
 * Reads all of YAML with the `yaml` package, and whole files with gray-matter. Loaded only when
 * plain.ts is not sure, because loading these packages takes longer than the rest of a command.
 */
import {
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml'
import type { ReadError, YamlMap } from '../node.ts'
import { Converter } from './converter.ts'

/** A top-level key that stood before; `line` and `column` are those of the later one. */
export interface Duplicate {
  key: string
  line: number
  column: number
}

export type FullResult = { kind: 'map'; map: YamlMap; duplicates: Duplicate[] } | Failure

const MAX_ALIASES = 100
const NAMES = { frontmatter: 'the frontmatter', file: 'the file' }

/**
 * Takes YAML text, a file's frontmatter or a whole YAML file (`source`, for the messages). Keys that
 * stand twice are reported, not refused. Aliases are never expanded: one to a scalar reads as that
 * scalar, any other as an empty list or map, each at the place of the alias.
 */
export function readFull(text: string, options: { source?: 'frontmatter' | 'file' } = {}): FullResult {
  const lines = new LineCounter()
  const document = parsed(text, lines)
  const [error] = document.errors
  if (error) return failure(lines, error.message, error.pos[0])

  const root = document.contents
  if (isNothing(root)) {
    const map: YamlMap = { kind: 'map', pairs: [], flow: false, start: text.length, end: text.length }
    return { kind: 'map', map, duplicates: [] }
  }
  if (!isMap(root)) return notAMap(lines, root, options.source)

  const converter = new Converter(text)
  const map = converter.map(root, 0)
  if (converter.problem) return failure(lines, converter.problem.message, converter.problem.offset)
  if (converter.aliases.length > 0) map.aliases = converter.aliases
  return { kind: 'map', map, duplicates: duplicatesIn(map, lines) }
}

function parsed(text: string, lineCounter: LineCounter) {
  // Not 'silent': then it would not report a second document.
  return parseDocument(text, {
    uniqueKeys: false,
    keepSourceTokens: true,
    prettyErrors: false,
    lineCounter,
    logLevel: 'error',
  })
}

interface Failure {
  kind: 'error'
  error: ReadError
}

function failure(lines: LineCounter, message: string, offset: number): Failure {
  const { line, col } = lines.linePos(offset)
  return { kind: 'error', error: { message, line, column: col } }
}

function notAMap(lines: LineCounter, root: ParsedNode, source: keyof typeof NAMES = 'frontmatter'): Failure {
  return failure(lines, `${NAMES[source]} is not a mapping of keys to values`, root.range[0])
}

/** Whether there is no value at all: at most comments, an anchor or a tag. */
function isNothing(root: ParsedNode | null): root is null | (Scalar.Parsed & { value: null }) {
  return root === null || (isScalar(root) && root.value === null && !root.source)
}

function duplicatesIn(map: YamlMap, lines: LineCounter): Duplicate[] {
  const seen = new Set<string>()
  const duplicates: Duplicate[] = []
  for (const { key, keyStart } of map.pairs) {
    if (seen.has(key)) {
      const { line, col } = lines.linePos(keyStart)
      duplicates.push({ key, line, column: col })
    }
    seen.add(key)
  }
  return duplicates
}

export type MatterResult = { kind: 'matter'; data: Record<string, unknown>; content: string } | Failure

/**
 * All of a file's frontmatter as plain data, and its body, split by gray-matter and read by `yaml`.
 * Dates stay strings, of duplicate keys the later one counts, no code is ever run.
 */
export async function readWithGrayMatter(fileText: string): Promise<MatterResult> {
  // A word behind the fence names one of gray-matter's engines, or of Object.prototype's functions.
  if (/^\uFEFF?---[ \t]*[^-\s]/.test(fileText)) {
    return {
      kind: 'error',
      error: { message: 'the opening fence names a language; wrk reads only YAML', line: 1, column: 4 },
    }
  }
  let error: ReadError | undefined
  const refuse = (): never => {
    throw new Error('wrk reads only YAML')
  }
  const parse = (text: string): Record<string, unknown> => {
    // gray-matter leaves the first half of the line end in front of the closing fence.
    const result = dataOf(text.replace(/\r$/, ''))
    if (result.kind === 'data') return result.data
    error = result.error
    throw new Error(error.message)
  }
  // Loaded only here: it takes as long to load as `yaml`, and readFull does without it.
  const { default: matter } = await import('gray-matter')
  try {
    // An options object, because without one gray-matter keeps and hands out what it read before.
    const engines = { yaml: { parse }, json: { parse: refuse }, javascript: { parse: refuse } }
    const { data, content } = matter(fileText, { engines })
    return { kind: 'matter', data, content }
  } catch (cause) {
    return { kind: 'error', error: error ?? { message: messageOf(cause), line: 1, column: 1 } }
  }
}

function dataOf(text: string): { kind: 'data'; data: Record<string, unknown> } | Failure {
  const lines = new LineCounter()
  const document = parsed(text, lines)
  const [error] = document.errors
  if (error) return failure(lines, error.message, error.pos[0])
  const root = document.contents
  if (isNothing(root)) return { kind: 'data', data: {} }
  if (!isMap(root)) return notAMap(lines, root)
  try {
    return { kind: 'data', data: document.toJS({ maxAliasCount: MAX_ALIASES }) }
  } catch (cause) {
    // toJS refuses aliases without an anchor, and too many of them.
    return failure(lines, messageOf(cause), root.range[0])
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/**
 * The same YAML with one key or entry a line, as places for single values to be changed in. Comments stay;
 * collections within an entry of a list (a session's anchor and claims) stay on their line.
 */
export function toBlockForm(text: string): string {
  // A duplicate key within an entry stays; a document with an error could not be written.
  const document = parseDocument(text, { uniqueKeys: false })
  visit(document, {
    Scalar: (where, node) => {
      if (where === 'key') delete node.type
    },
    Collection: (_, node, path) => {
      const lists = path.filter(parent => isSeq(parent)).length
      const inEntry = lists > 1 || (lists === 1 && isPair(path.at(-1)))
      node.flow = inEntry || node.items.length === 0
    },
  })
  return document.toString({ lineWidth: 0 })
}
