/**
 * JSON with comments and trailing commas, read for its places: where every value, key and comma stands, so that a
 * text can be changed without writing the rest anew. Pure.
 */

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
interface Element extends Placed {
  value: JsonNode
  comma: number | null
}

type JsonItem = Element

export interface JsonMember extends Element {
  key: string
}

export type JsonRead = { kind: 'ok'; root: JsonNode } | { kind: 'error'; offset: number; message: string }

class Malformed extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

const DEEPEST = 200
const BLANK = /(?:[ \t\r\n]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const WORD = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

export function readJsonc(text: string): JsonRead {
  try {
    return { kind: 'ok', root: new Reader(text).whole() }
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'error', offset: error.offset, message: error.message }
    throw error
  }
}

class Reader {
  private at: number
  private readonly text: string

  constructor(text: string) {
    this.text = text
    // A byte order mark, also as the three characters that its bytes are in latin1.
    this.at = /^(?:\ufeff|\u00ef\u00bb\u00bf)?/.exec(text)![0].length
  }

  whole(): JsonNode {
    const root = this.value(0)
    this.blank()
    if (this.at < this.text.length) this.fail('nothing may follow the value')
    return root
  }

  private value(depth: number): JsonNode {
    this.blank()
    const start = this.at
    const first = this.text[start]
    if (depth > DEEPEST) this.fail('it is nested too deeply')
    if (first === '{') {
      const elements = this.elements('}', () => this.member(depth + 1))
      return { kind: 'object', start, end: this.at, elements }
    }
    if (first === '[') {
      const elements = this.elements(']', () => this.item(depth + 1))
      return { kind: 'array', start, end: this.at, elements }
    }
    const word = first === '"' ? this.string() : (this.take(WORD) ?? this.fail('a value is expected here'))
    return { kind: 'scalar', start, end: this.at, value: JSON.parse(word) }
  }

  private elements<E extends Element>(close: string, one: () => E): E[] {
    this.at++
    const elements: E[] = []
    for (;;) {
      this.blank()
      if (this.text[this.at] === close) break
      const last = elements.at(-1)
      if (last && last.comma === null) this.fail(`a comma or ${close} is expected here`)
      const element = one()
      elements.push(element)
      this.blank()
      if (this.text[this.at] === ',') element.comma = this.at++
    }
    this.at++
    return elements
  }

  private item(depth: number): JsonItem {
    const value = this.value(depth)
    return { start: value.start, end: value.end, value, comma: null }
  }

  private member(depth: number): JsonMember {
    const start = this.at
    if (this.text[start] !== '"') this.fail('a key in double quotes is expected here')
    const key = JSON.parse(this.string()) as string
    this.blank()
    if (this.text[this.at] !== ':') this.fail('a colon is expected here')
    this.at++
    const value = this.value(depth)
    return { start, end: value.end, key, value, comma: null }
  }

  private string(): string {
    return this.take(STRING) ?? this.fail('this string is not one of JSON, or does not end')
  }

  private blank(): void {
    this.take(BLANK)
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  private fail(message: string): never {
    throw new Malformed(this.at, message)
  }
}

/** The last member of that name, which is the one that counts. */
export function memberOf(node: JsonNode | undefined, key: string): JsonMember | undefined {
  return node?.kind === 'object' ? node.elements.filter(member => member.key === key).at(-1) : undefined
}

/**
 * Adds an element at the end of a container. In one that is empty it comes right before the closing bracket, so
 * that it can be told later from a container that was made with its content.
 * @param element its text, of several lines where `newline` and `indent` are in it
 */
export function insertLast(
  text: string,
  container: JsonObject | JsonArray,
  element: string,
  lead: string,
): string {
  const close = container.end - 1
  const last = container.elements.at(-1)
  if (!last) return text.slice(0, close) + element + text.slice(close)
  // Behind the comments that belong to the last element.
  const at = text.slice(0, close).trimEnd().length
  if (last.comma !== null) return `${text.slice(0, at)}${lead}${element},${text.slice(at)}`
  return `${text.slice(0, last.end)},${text.slice(last.end, at)}${lead}${element}${text.slice(at)}`
}

/** Takes an element out of a container that keeps others, with the blanks before it and one comma. */
export function removeElement(text: string, container: JsonObject | JsonArray, index: number): string {
  const { start, end, comma } = container.elements[index]!
  const before = container.elements[index - 1]?.comma ?? null
  const opening = before ?? container.start
  const between = text.slice(opening + 1, start)
  const rest = comma === null ? text.slice(end) : text.slice(end, comma) + text.slice(comma + 1)
  // What follows may not become part of a comment before it.
  const isSwallowed = endsInLineComment(between) && !/^\s*\n/.test(rest)
  const from = comma === null && before !== null ? '' : text[opening]!
  return text.slice(0, opening) + from + (isSwallowed ? between : between.trimEnd()) + rest
}

function endsInLineComment(blanks: string): boolean {
  const last = [...blanks.matchAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g)].at(-1)
  return last?.[0].startsWith('//') ?? false
}

/** Takes all elements out of a container that was empty before; the blanks before them were there. */
export function removeContent(text: string, { elements }: JsonObject | JsonArray): string {
  const last = elements.at(-1)!
  const end = last.comma === null ? last.end : last.comma + 1
  return text.slice(0, elements[0]!.start) + text.slice(end)
}

/** Whether a container was made together with its content: then its closing bracket stands on a line of its own. */
export function isMadeWhole(text: string, container: JsonObject | JsonArray): boolean {
  return /\s/.test(text[container.end - 2]!)
}
