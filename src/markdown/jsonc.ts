/**
 * JSON with comments and trailing commas, read by jsonc-parser for its places: where every value, key and comma is, so
 * that a text can be changed without writing the rest again. Pure.
 */
import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'

export type JsonNode = JsonObject | JsonArray | JsonScalar

interface Placed {
  start: number
  end: number
}

export interface JsonObject extends Placed {
  kind: 'object'
  elements: JsonMember[]
}

export interface JsonArray extends Placed {
  kind: 'array'
  elements: JsonItem[]
}

interface JsonScalar extends Placed {
  kind: 'scalar'
  value: string | number | boolean | null
}

/** An element spans its key too; `comma` is the place of the comma behind it. */
interface JsonItem extends Placed {
  value: JsonNode
  comma: number | null
}

export interface JsonMember extends JsonItem {
  key: string
}

export type JsonRead = { kind: 'ok'; root: JsonNode } | { kind: 'error'; offset: number; message: string }

const DEEPEST = 200

const VALUE = 'expected a value; keys and strings need double quotes'
const BRACKET = 'expected a comma or a closing bracket'
const ESCAPE = 'invalid escape in this string'

/** By the parser's names for them. */
const MESSAGES: Record<string, string> = {
  InvalidSymbol: VALUE,
  ValueExpected: VALUE,
  PropertyNameExpected: 'expected a key in double quotes',
  ColonExpected: 'expected a colon',
  CommaExpected: BRACKET,
  CloseBraceExpected: BRACKET,
  CloseBracketExpected: BRACKET,
  EndOfFileExpected: 'unexpected text after the value',
  UnexpectedEndOfComment: 'unterminated comment',
  UnexpectedEndOfString: 'unterminated string',
  UnexpectedEndOfNumber: 'unterminated number',
  InvalidCharacter: 'invalid character in this string',
  InvalidEscapeCharacter: ESCAPE,
  InvalidUnicode: ESCAPE,
}

export function readJsonc(text: string): JsonRead {
  // A byte order mark, also as the three characters that its bytes are in latin1.
  const skipped = /^(?:\ufeff|\u00ef\u00bb\u00bf)?/.exec(text)![0].length
  const json = ' '.repeat(skipped) + text.slice(skipped)
  const deep = tooDeep(json)
  if (deep !== null) return { kind: 'error', offset: deep, message: 'nested too deeply' }
  const errors: ParseError[] = []
  const root = parseTree(json, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first)
    return {
      kind: 'error',
      offset: first.offset,
      message: MESSAGES[printParseErrorCode(first.error)] ?? 'not valid JSON',
    }
  if (!root) return { kind: 'error', offset: skipped, message: 'expected a value' }
  return { kind: 'ok', root: nodeOf(json, root) }
}

/** The parser calls itself for every level. */
function tooDeep(json: string): number | null {
  const scanner = createScanner(json, true)
  let depth = 0
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const first = json[scanner.getTokenOffset()]!
    if ('[{'.includes(first)) depth++
    else if (']}'.includes(first)) depth--
    if (depth > DEEPEST + 1) return scanner.getTokenOffset()
  }
  return null
}

function nodeOf(json: string, { type, offset, length, children = [], value }: Node): JsonNode {
  const place = { start: offset, end: offset + length }
  if (type === 'array')
    return { kind: 'array', ...place, elements: children.map(child => itemOf(json, child, child)) }
  if (type !== 'object') return { kind: 'scalar', ...place, value }
  const elements = children.map(child => {
    const [key, content] = child.children!
    return { key: key!.value as string, ...itemOf(json, child, content!) }
  })
  return { kind: 'object', ...place, elements }
}

function itemOf(json: string, { offset, length }: Node, value: Node): JsonItem {
  const end = offset + length
  return { start: offset, end, value: nodeOf(json, value), comma: commaBehind(json, end) }
}

function commaBehind(json: string, end: number): number | null {
  const scanner = createScanner(json, true)
  scanner.setPosition(end)
  scanner.scan()
  return json[scanner.getTokenOffset()] === ',' ? scanner.getTokenOffset() : null
}
