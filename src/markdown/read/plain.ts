/**
 * Reads the plain part of YAML that nearly all frontmatter is written in: block maps and lists,
 * one-line flow lists and maps, one-line scalars, scalars over several lines, comments. It is a recogniser, not a YAML
 * parser: it gives a map only where the `yaml` package is sure to give the same data without an error, and null for
 * everything else: anchors, tags, quoted keys, duplicate keys, tabs, control characters, and whatever else is unusual.
 *
 * Speed is why it exists: one pass over character codes, no lines and no tokens in between. That is also why its one
 * class is long: the methods call each other at nearly every character and share the position.
 */

import type { YamlList, YamlMap, YamlNode, YamlPair, YamlScalar } from '../node.ts'
import { plainValue } from '../scalar.ts'
import { readBlockScalar } from './block-scalar.ts'
import {
  APOSTROPHE,
  CLOSE_LIST,
  CLOSE_MAP,
  COLON,
  COMMA,
  CR,
  codesOf,
  DASH,
  GREATER,
  HASH,
  isFlowMark,
  isOdd,
  KEY,
  KEY_START,
  LF,
  OPEN_LIST,
  OPEN_MAP,
  PIPE,
  PLAIN,
  PLAIN_START,
  QUOTE,
  SPACE,
} from './characters.ts'
import { Keys } from './keys.ts'
import { ONE_LINE, readQuoted } from './quoted.ts'
import { type SkimmedEntry, skim } from './skim.ts'

/**
 * Takes YAML text; gives its root map (empty for empty text), or null for "not sure".
 * With `wanted`, only these top-level pairs are sure to be given, and only of these duplicates are found;
 * all else is checked the same. With `repeated`, duplicate top-level keys are put there instead of
 * making it unsure; the map then holds all their pairs.
 */
export function readPlain(
  text: string,
  wanted?: ReadonlySet<string>,
  repeated?: RepeatedKey[],
): YamlMap | null {
  // With a line feed at the end, no loop below needs to look for the end of the text.
  if (!text.endsWith('\n')) return text.endsWith('\r') ? null : readPlain(`${text}\n`, wanted, repeated)
  return (wanted && skim(text, wanted, readEntry)) ?? new PlainReader(text, repeated).root()
}

/** For skim.ts: of a map, only the entry at `at`, where its key begins. */
function readEntry(text: string, at: number): SkimmedEntry | null {
  return new PlainReader(text, undefined).entry(at)
}

/** A key that stood before, at the place of the later one. */
export interface RepeatedKey {
  key: string
  offset: number
}

const MAX_DEPTH = 32
/** YAML allows 1,024 characters up to the colon. */
const MAX_KEY = 1000

/** `at` is where reading goes on; at the start of content, `indent` is its column; at the end of the text, -1. */
class PlainReader {
  private readonly text: string
  private readonly codes: Uint16Array
  private readonly repeated: RepeatedKey[] | undefined
  /** How deep the block around a flow collection is: its lines must be deeper. */
  private flowIndent = ONE_LINE
  private at = 0
  private indent = 0

  constructor(text: string, repeated: RepeatedKey[] | undefined) {
    this.text = text
    this.repeated = repeated
    this.codes = codesOf(text)
  }

  root(): YamlMap | null {
    this.nextLine()
    if (this.indent === -1) return { kind: 'map', pairs: [], flow: false, start: this.at, end: this.at }
    const map = this.blockMap(this.indent, 0)
    return this.indent === -1 ? map : null
  }

  entry(at: number): SkimmedEntry | null {
    this.at = at
    const key = this.key()
    if (key === null) return null
    const value = this.blockValue(0, 0)
    if (value === null || this.indent > 0) return null
    return { pair: { key, keyStart: at, value }, next: this.at }
  }

  /** From a line's start over blank and comment lines to the next content. */
  private nextLine(): void {
    const { text, codes } = this
    let line = this.at
    for (;;) {
      let i = line
      let c = codes[i]!
      while (c === SPACE) c = codes[++i]!
      if (c === LF) line = i + 1
      else if (c === CR && codes[i + 1] === LF) line = i + 2
      else if (c === HASH) line = text.indexOf('\n', i) + 1
      else {
        this.at = i
        this.indent = i < text.length ? i - line : -1
        return
      }
    }
  }

  /** Over blanks and a comment to the next content; false if there is anything else. */
  private endLine(): boolean {
    const { text, codes } = this
    let i = this.at
    let c = codes[i]!
    while (c === SPACE) c = codes[++i]!
    if (c === HASH && codes[i - 1] === SPACE) i = text.indexOf('\n', i)
    else if (c === CR) i++
    if (codes[i] !== LF) return false
    this.at = i + 1
    this.nextLine()
    return true
  }

  private blockMap(indent: number, depth: number): YamlMap | null {
    if (depth > MAX_DEPTH) return null
    const pairs: YamlPair[] = []
    const unique = new Keys()
    const start = this.at
    let end = start
    do {
      const keyStart = this.at
      const key = this.key()
      if (key === null) return null
      if (!unique.add(key)) {
        if (depth > 0 || !this.repeated) return null
        this.repeated.push({ key, offset: keyStart })
      }
      const value = this.blockValue(indent, depth)
      if (value === null) return null
      pairs.push({ key, keyStart, value })
      end = value.end
    } while (this.indent === indent)
    // Should a deeper line follow, no caller takes it up, and the root ends before the text does.
    return { kind: 'map', pairs, flow: false, start, end }
  }

  private blockList(indent: number, depth: number): YamlList | null {
    if (depth > MAX_DEPTH) return null
    const items: YamlNode[] = []
    const start = this.at
    let end = start
    do {
      const dash = this.at++
      const item = this.listItem(indent, dash, depth)
      if (item === null) return null
      items.push(item)
      end = item.end
    } while (this.indent === indent && this.atDash())
    return { kind: 'list', items, start, end }
  }

  private listItem(indent: number, dash: number, depth: number): YamlNode | null {
    this.skipSpaces()
    if (this.atLineEnd()) {
      if (!this.endLine()) return null
      return this.indent > indent ? this.block(depth + 1) : emptyScalar(dash + 1)
    }
    if (this.colonOfKey() !== -1) {
      this.indent = indent + this.at - dash
      return this.blockMap(this.indent, depth + 1)
    }
    const item = this.inline(false, depth)
    return this.endLine() ? item : null
  }

  /** What follows the colon: on the line, or below it. */
  private blockValue(indent: number, depth: number): YamlNode | null {
    const behindColon = this.at
    this.skipSpaces()
    if (!this.atLineEnd()) {
      const first = this.codes[this.at]!
      if (first === PIPE || first === GREATER) return this.blockScalar(indent)
      this.flowIndent = indent
      const value = first === QUOTE || first === APOSTROPHE ? this.quoted(indent) : this.inline(false, depth)
      this.flowIndent = ONE_LINE
      const end = this.at
      if (value === null || !this.endLine()) return null
      if (this.indent <= indent || value.kind !== 'scalar') return value
      return first === QUOTE || first === APOSTROPHE ? null : this.continued(value, end, indent)
    }
    if (!this.endLine()) return null
    if (this.indent > indent) return this.block(depth + 1)
    if (this.indent === indent && this.atDash()) return this.blockList(indent, depth + 1)
    return emptyScalar(behindColon)
  }

  /** A plain scalar that goes on in deeper lines, without a comment or a blank line in between. */
  private continued(first: YamlScalar, firstEnd: number, indent: number): YamlScalar | null {
    let { text, end } = first
    let lineEnd = firstEnd
    while (this.indent > indent) {
      const { codes, at } = this
      const lineStart = at - this.indent
      if (lineStart !== lineEnd + (codes[lineEnd] === CR ? 2 : 1)) return null
      const part = this.plain(false)
      lineEnd = this.at
      if (part === null || !this.endLine()) return null
      text += ` ${part.text}`
      end = part.end
    }
    return { ...first, text, end }
  }

  private blockScalar(indent: number): YamlScalar | null {
    const found = readBlockScalar(this.text, this.codes, this.at, indent)
    if (found === null) return null
    const { text, end, next } = found
    const start = this.at
    this.at = next
    this.nextLine()
    return { kind: 'scalar', style: 'block', text, start, end }
  }

  private block(depth: number): YamlNode | null {
    const c = this.codes[this.at]!
    if (c === OPEN_LIST || c === OPEN_MAP) {
      const flow = this.inline(false, depth)
      return this.endLine() ? flow : null
    }
    return this.atDash() ? this.blockList(this.indent, depth) : this.blockMap(this.indent, depth)
  }

  /** A scalar or a flow collection, which must end on the same line. */
  private inline(inFlow: boolean, depth: number): YamlNode | null {
    switch (this.codes[this.at]!) {
      case QUOTE:
      case APOSTROPHE:
        return this.quoted(ONE_LINE)
      case OPEN_LIST:
        return this.flowList(depth + 1)
      case OPEN_MAP:
        return this.flowMap(depth + 1)
      default:
        return this.plain(inFlow)
    }
  }

  private flowList(depth: number): YamlList | null {
    if (depth > MAX_DEPTH) return null
    const items: YamlNode[] = []
    const start = this.at++
    for (this.skipBreaks(); this.codes[this.at] !== CLOSE_LIST; this.skipBreaks()) {
      const item = this.inline(true, depth)
      if (item === null || !this.endFlowItem(CLOSE_LIST)) return null
      items.push(item)
    }
    return { kind: 'list', items, start, end: ++this.at }
  }

  private flowMap(depth: number): YamlMap | null {
    if (depth > MAX_DEPTH) return null
    const pairs: YamlPair[] = []
    const unique = new Keys()
    const start = this.at++
    for (this.skipBreaks(); this.codes[this.at] !== CLOSE_MAP; this.skipBreaks()) {
      const keyStart = this.at
      const key = this.key()
      if (key === null || !unique.add(key)) return null
      this.skipSpaces()
      const value = this.inline(true, depth)
      if (value === null || !this.endFlowItem(CLOSE_MAP)) return null
      pairs.push({ key, keyStart, value })
    }
    return { kind: 'map', pairs, flow: true, start, end: ++this.at }
  }

  /** Over the comma behind an item, or up to the closing mark. */
  private endFlowItem(close: number): boolean {
    this.skipBreaks()
    const c = this.codes[this.at]
    if (c === COMMA) this.at++
    return c === COMMA || c === close
  }

  /** Over blanks within a flow collection, and over line breaks where the next line is deep enough to belong to it. */
  private skipBreaks(): void {
    const { codes } = this
    for (;;) {
      this.skipSpaces()
      const lineFeed = codes[this.at] === CR ? this.at + 1 : this.at
      if (codes[lineFeed] !== LF) return
      let next = lineFeed + 1
      while (codes[next] === SPACE) next++
      if (next - lineFeed - 1 <= this.flowIndent) return
      this.at = next
    }
  }

  /** A key and its colon; null also for keys that YAML reads as numbers, booleans or null. */
  private key(): string | null {
    const colon = this.colonOfKey()
    if (colon === -1) return null
    const key = this.text.slice(this.at, colon)
    this.at = colon + 1
    return typeof plainValue(key) === 'string' ? key : null
  }

  private colonOfKey(): number {
    const { codes, at } = this
    let c = codes[at]!
    if (c > 127 || KEY_START[c] === 0) return -1
    let i = at
    while (c < 128 && KEY[c] === 1) c = codes[++i]!
    if (c !== COLON || codes[i - 1] === SPACE || i - at > MAX_KEY) return -1
    c = codes[i + 1]!
    return c === SPACE || c === LF || c === CR ? i : -1
  }

  private plain(inFlow: boolean): YamlScalar | null {
    const { text, codes, at: start } = this
    let i = start
    let c = codes[i]!
    if (c > 127 ? isOdd(c) : PLAIN_START[c] === 0) {
      // `-5` and `-x` are scalars, `- ` and `-,` are not.
      if (c !== DASH || PLAIN_START[codes[i + 1]!] === 0) return null
    }
    for (; ; c = codes[++i]!) {
      if (c > 127 ? !isOdd(c) : PLAIN[c] === 1) continue
      if (c === LF || c === CR) break
      if (c === HASH) {
        if (codes[i - 1] === SPACE) break
      } else if (c === COLON) {
        const next = codes[i + 1]!
        if (next === SPACE || next === LF || next === CR) return null
        if (inFlow && isFlowMark(next)) return null
      } else if (!isFlowMark(c)) return null
      else if (inFlow) break
    }
    this.at = i
    while (codes[i - 1] === SPACE) i--
    return { kind: 'scalar', style: 'plain', text: text.slice(start, i), start, end: i }
  }

  private quoted(indent: number): YamlScalar | null {
    const scalar = readQuoted(this.text, this.codes, this.at, indent)
    if (scalar !== null) this.at = scalar.end
    return scalar
  }

  private skipSpaces(): void {
    const { codes } = this
    while (codes[this.at] === SPACE) this.at++
  }

  private atLineEnd(): boolean {
    const c = this.codes[this.at]!
    return c === LF || c === CR || c === HASH
  }

  private atDash(): boolean {
    if (this.codes[this.at] !== DASH) return false
    const next = this.codes[this.at + 1]!
    return next === SPACE || next === LF || next === CR
  }
}

function emptyScalar(at: number): YamlScalar {
  return { kind: 'scalar', style: 'plain', text: '', start: at, end: at }
}
