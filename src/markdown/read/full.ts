/**
 * Reads all of YAML with the `yaml` package, and whole files with gray-matter. Loaded only when
 * plain.ts is not sure, because loading these packages takes longer than the rest of a command.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import type { ReadError, YamlAlias, YamlMap, YamlNode, YamlPair, YamlScalar } from '../node.ts'
import { plainValue } from '../scalar.ts'

/** A top-level key that stood before; `line` and `column` are those of the later one. */
export interface Duplicate {
  key: string
  line: number
  column: number
}

export type FullResult = { kind: 'map'; map: YamlMap; duplicates: Duplicate[] } | Failure

const MAX_DEPTH = 100
const MAX_ALIASES = 100
const NAMES = { frontmatter: 'the frontmatter', file: 'the file' }

/**
 * Takes YAML text, a file's frontmatter or a whole YAML file (`source`, for the messages). Keys that
 * stand twice are reported, not refused. Aliases are never expanded: one to a scalar reads as that
 * scalar, any other as an empty list or map, each at the place of the alias.
 */
export function readFull(text: string, options: { source?: 'frontmatter' | 'file' } = {}): FullResult {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    uniqueKeys: false,
    keepSourceTokens: true,
    prettyErrors: false,
    lineCounter: lines,
    // Not 'silent': then it would not tell of a second document.
    logLevel: 'error',
  })
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

/** From the package's nodes to ours, in the order of the text, so that an alias knows its anchor. */
class Converter {
  problem: { message: string; offset: number } | undefined
  readonly aliases: YamlAlias[] = []
  private readonly text: string
  private readonly anchors = new Map<string, YamlNode>()

  constructor(text: string) {
    this.text = text
  }

  map(node: YAMLMap, depth: number): YamlMap {
    const [start, end] = node.range!
    const map: YamlMap = {
      kind: 'map',
      pairs: [],
      flow: node.flow === true,
      start,
      end,
    }
    if (node.anchor) this.anchors.set(node.anchor, map)
    for (const pair of node.items as Pair<Node, Node | null>[]) map.pairs.push(this.pair(pair, depth))
    if (!map.flow) map.end = map.pairs.at(-1)?.value.end ?? end
    return map
  }

  private pair(pair: Pair<Node, Node | null>, depth: number): YamlPair {
    // Before the value, which an alias in the key may not name.
    const key = this.node(pair.key, depth + 1)
    const sep = pair.srcToken?.sep ?? []
    const colon = sep.find(token => token.type === 'map-value-ind')
    const behindColon = colon ? colon.offset + 1 : key.end
    const value = pair.value ? this.node(pair.value, depth + 1) : emptyAt(behindColon)
    // The value as written begins with its tag or anchor; an empty one stands right behind the colon.
    const first = sep.find(token => token.type === 'anchor' || token.type === 'tag')
    const last = sep.findLast(token => token.type === 'anchor' || token.type === 'tag')
    const empty = value.start === value.end
    if (first) value.start = first.offset
    if (empty) value.end = last && 'source' in last ? last.offset + last.source.length : behindColon
    if (empty && !first) value.start = behindColon
    return { key: this.keyText(key), keyStart: key.start, value }
  }

  private keyText(key: YamlNode): string {
    if (key.kind === 'scalar') return key.style === 'plain' ? String(plainValue(key.text) ?? '') : key.text
    return this.text.slice(key.start, key.end)
  }

  private node(node: Node, depth: number): YamlNode {
    if (isAlias(node)) return this.alias(node)
    if (isScalar(node)) return this.scalar(node)
    const [start, end] = node.range!
    if (depth > MAX_DEPTH) {
      this.problem ??= { message: `values are nested more than ${MAX_DEPTH} deep`, offset: start }
      return emptyAt(start)
    }
    if (isMap(node)) return this.map(node, depth)
    const list: YamlNode = { kind: 'list', items: [], start, end }
    if (node.anchor) this.anchors.set(node.anchor, list)
    if (isSeq(node)) {
      for (const item of node.items as Node[]) list.items.push(this.item(item, depth + 1))
      if (!node.flow) list.end = list.items.at(-1)?.end ?? end
    }
    return list
  }

  /** An empty one stands right behind its dash. */
  private item(node: Node, depth: number): YamlNode {
    const item = this.node(node, depth)
    if (item.start < item.end) return item
    while (' \t'.includes(this.text[item.start - 1]!)) item.start--
    return { ...item, end: item.start }
  }

  private scalar(node: Scalar): YamlScalar {
    const [start, end] = node.range!
    const scalar: YamlScalar = {
      kind: 'scalar',
      ...this.content(node),
      start,
      end: this.trimmed(start, end),
    }
    if (node.anchor) this.anchors.set(node.anchor, scalar)
    return scalar
  }

  /** Style and text that mean the value, also where a tag says what plain characters do not. */
  private content(node: Scalar): Pick<YamlScalar, 'style' | 'text'> {
    const { value } = node
    if (typeof value === 'string') {
      if (node.type === 'QUOTE_SINGLE') return { style: 'single', text: value }
      if (node.type === 'QUOTE_DOUBLE') return { style: 'double', text: value }
      if (node.type !== 'PLAIN') return { style: 'block', text: value }
      return { style: plainValue(value) === value ? 'plain' : 'double', text: value }
    }
    const source = node.source ?? ''
    const text = Object.is(plainValue(source), value) ? source : String(value)
    return { style: 'plain', text }
  }

  private alias(node: Alias): YamlNode {
    const [start, end] = node.range!
    const target = this.anchors.get(node.source)
    if (target === undefined) {
      this.problem ??= { message: `the alias *${node.source} has no anchor before it`, offset: start }
      return emptyAt(start)
    }
    if (target.kind === 'scalar') return { ...target, start, end }
    this.aliases.push({ at: start, target })
    if (target.kind === 'list') return { kind: 'list', items: [], start, end }
    return { kind: 'map', pairs: [], flow: true, start, end }
  }

  /**
   * The end of a scalar's last line that is not blank, be it the one with a block scalar's mark. The package counts
   * the line end and some of the blank lines that follow to a block scalar; no other ends in blanks.
   */
  private trimmed(start: number, end: number): number {
    let at = end
    for (let i = end; i > start && ' \t\r\n'.includes(this.text[i - 1]!); i--)
      if (this.text[i - 1] === '\n') at = this.text[i - 2] === '\r' ? i - 2 : i - 1
    return at
  }
}

function emptyAt(at: number): YamlScalar {
  return { kind: 'scalar', style: 'plain', text: '', start: at, end: at }
}

export type MatterResult = { kind: 'matter'; data: Record<string, unknown>; content: string } | Failure

/**
 * All of a file's frontmatter as plain data, and its body, split by gray-matter and read by `yaml`.
 * Dates stay strings, of a key that stands twice the later one counts, no code is ever run.
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
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
  })
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
  // A key that stands twice within an entry stays so; a document with an error could not be written.
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
