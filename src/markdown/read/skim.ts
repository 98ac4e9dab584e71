/**
 * Reads only some top-level values of simple frontmatter, by regular expressions: of thousands of items that are
 * listed, most lines are of no use, and the engine's own matcher is many times faster than a loop in code that
 * has only just been loaded. All of the text is checked: what is read here, plain.ts would have read the same,
 * and any entry that is not simple is left to it.
 */
import type { YamlList, YamlMap, YamlNode, YamlPair, YamlScalar } from '../node.ts'
import { findPair } from '../scalar.ts'

/** One entry of the root map, and where the one behind it begins. */
export interface SkimmedEntry {
  pair: YamlPair
  next: number
}

/** What no scalar may hold here: control characters, and characters taken for something else (see isOdd). */
const ODD = '\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff'
const PLAIN_START = '[A-Za-z0-9_./~$^()+;=\\\\<\\u00a0-\\u2027\\u202a-\\ufefe]'
/** No `: ` and no ` #` within; blanks at its end belong to it until it is trimmed. */
const PLAIN = `${PLAIN_START}[^${ODD}:#]*(?:(?::(?=[^ \\t\\r\\n])|(?<=[^ ])#)[^${ODD}:#]*)*`
const DOUBLE = `"[^"\\\\${ODD}]*"`
const SINGLE = `'[^'${ODD}]*(?:''[^'${ODD}]*)*'`
const FLOW_ITEM = `(?:[A-Za-z0-9_][A-Za-z0-9_./#-]*(?: [A-Za-z0-9_./]+)*|${DOUBLE})`
const FLOW_LIST = `\\[ *(?:${FLOW_ITEM}(?: *, *${FLOW_ITEM})*)? *\\]`
const END = '(?: *| +#[^\\n]*)\\r?\\n'
const PLAIN_END = '(?:(?<= )#[^\\n]*)?\\r?\\n'
const SCALAR_LINE = `(?:${PLAIN}${PLAIN_END}|(?:${DOUBLE}|${SINGLE})${END})`
const LIST = `${END}( *)- +${SCALAR_LINE}(?:\\1- +${SCALAR_LINE})*`
const BLANK_LINES = '(?: *(?:#[^\\n]*)?\\r?\\n)*'
/** Behind an entry: blank lines and comments, then neither a deeper line nor an item of a list. */
const NO_MORE = `${BLANK_LINES}(?![ -])`

interface Expressions {
  /** As many simple entries as there are that are not wanted. */
  others: RegExp
  /** One wanted entry: its key, and its plain, double-quoted or single-quoted value, or its list on one line. */
  wanted: RegExp
}

const blankLines = new RegExp(BLANK_LINES, 'y')
const expressions = new WeakMap<ReadonlySet<string>, Expressions>()

function expressionsFor(keys: ReadonlySet<string>): Expressions {
  const known = expressions.get(keys)
  if (known) return known
  const names = [...keys].map(key => key.replace(/[^A-Za-z0-9_-]/g, '\\$&')).join('|')
  // `true:` and the like are no strings; they are left to the reader that knows.
  const otherKey = `(?!(?:${names}|[Tt]rue|TRUE|[Ff]alse|FALSE|[Nn]ull|NULL) *:)[A-Za-z_][A-Za-z0-9_-]*`
  const otherValue = `(?: +(?:${SCALAR_LINE}|${FLOW_LIST}${END})|${LIST}|${END})`
  const value = `(?: +(?:(${PLAIN})${PLAIN_END}|(?:(${DOUBLE})|(${SINGLE})|(${FLOW_LIST}))${END})|${END})`
  const made = {
    others: new RegExp(`(?:${otherKey}:${otherValue}${NO_MORE})+`, 'y'),
    wanted: new RegExp(`(${names}):${value}${NO_MORE}`, 'y'),
  }
  expressions.set(keys, made)
  return made
}

/**
 * @param text YAML text that ends with a line feed
 * @param readEntry reads the entry that begins at `at`, where it is not simple; null when it is not sure
 * @returns the wanted pairs; null when an entry cannot be read, or a wanted key stands twice
 */
export function skim(
  text: string,
  keys: ReadonlySet<string>,
  readEntry: (text: string, at: number) => SkimmedEntry | null,
): YamlMap | null {
  const { others, wanted } = expressionsFor(keys)
  const map: YamlMap = { kind: 'map', pairs: [], flow: false, start: 0, end: text.length }
  blankLines.lastIndex = 0
  blankLines.test(text)
  let at = blankLines.lastIndex
  while (at < text.length) {
    // The wanted ones first: in most items they are together.
    wanted.lastIndex = at
    const found = wanted.exec(text)
    if (found) {
      const key = found[1]!
      if (findPair(map, key)) return null
      map.pairs.push({ key, keyStart: at, value: readValue(text, at + key.length + 1, found) })
      at = wanted.lastIndex
      continue
    }
    others.lastIndex = at
    if (others.test(text)) {
      at = others.lastIndex
      continue
    }
    const entry = readEntry(text, at)
    if (!entry) return null
    const { pair, next } = entry
    if (keys.has(pair.key)) {
      if (findPair(map, pair.key)) return null
      map.pairs.push(pair)
    }
    at = next
  }
  return map
}

/** @param behind the place behind the colon */
function readValue(text: string, behind: number, found: RegExpExecArray): YamlNode {
  const plain = found[2]
  if (plain !== undefined) {
    const start = text.indexOf(plain, behind)
    const trimmed = plain.endsWith(' ') ? plain.replace(/ +$/, '') : plain
    return { kind: 'scalar', style: 'plain', text: trimmed, start, end: start + trimmed.length }
  }
  if (found[5] !== undefined) return readList(found[5], text.indexOf(found[5], behind))
  const quoted = found[3] ?? found[4]
  if (quoted === undefined) return { kind: 'scalar', style: 'plain', text: '', start: behind, end: behind }
  const start = text.indexOf(quoted, behind)
  const end = start + quoted.length
  const content = quoted.slice(1, -1)
  if (found[3] !== undefined) return { kind: 'scalar', style: 'double', text: content, start, end }
  return { kind: 'scalar', style: 'single', text: content.replaceAll("''", "'"), start, end }
}

const flowItem = new RegExp(FLOW_ITEM, 'g')

/** @param start the position of the list in the text */
function readList(list: string, start: number): YamlList {
  const items: YamlScalar[] = []
  for (const { 0: item, index } of list.matchAll(flowItem)) {
    const at = start + index
    const isQuoted = item.startsWith('"')
    const text = isQuoted ? item.slice(1, -1) : item
    items.push({
      kind: 'scalar',
      style: isQuoted ? 'double' : 'plain',
      text,
      start: at,
      end: at + item.length,
    })
  }
  return { kind: 'list', items, start, end: start + list.length }
}
