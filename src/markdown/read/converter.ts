/** From the nodes of the `yaml` package to those of node.ts, for full.ts. */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { YamlAlias, YamlMap, YamlNode, YamlPair, YamlScalar } from '../node.ts'
import { plainValue } from '../scalar.ts'

const MAX_DEPTH = 100

/** Goes through the nodes in the order of the text, so that an alias knows its anchor. */
export class Converter {
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
    // The value as written begins with its tag or anchor; an empty one comes right after the colon.
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

  /** An empty one comes right after its dash. */
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
