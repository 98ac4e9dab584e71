/**
 * From nodes to data, by YAML 1.2's core schema: plain words may be null, booleans or numbers, and
 * everything else, dates too, is a string.
 */
import type { YamlMap, YamlNode, YamlPair, YamlScalar } from './node.ts'

const NULL = /^(?:~|[Nn]ull|NULL)?$/
const BOOLEAN = /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/
const DECIMAL = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const BASED = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/
const NAN = /^\.(?:nan|NaN|NAN)$/

/** The value of a scalar; only plain ones can be other than a string. */
export function scalarValue(scalar: YamlScalar): string | number | boolean | null {
  return scalar.style === 'plain' ? plainValue(scalar.text) : scalar.text
}

/** The value of plain characters. */
export function plainValue(text: string): string | number | boolean | null {
  if (!mayBeSpecial(text)) return text
  if (NULL.test(text)) return null
  if (BOOLEAN.test(text)) return text[0] === 't' || text[0] === 'T'
  if (DECIMAL.test(text)) return Number.parseFloat(text)
  if (BASED.test(text)) return Number.parseInt(text.slice(2), text[1] === 'x' ? 16 : 8)
  if (INFINITE.test(text)) return text[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return NAN.test(text) ? Number.NaN : text
}

/** The first letter alone rules out null, booleans and numbers for most words. */
function mayBeSpecial(text: string): boolean {
  if (text === '') return true
  const c = text.charCodeAt(0)
  if (c >= 43 && c <= 57) return true // + , - . / 0-9
  return c === 126 || ((text.length === 4 || text.length === 5) && 'nNtTfF'.includes(text[0]!))
}

/** A scalar's characters; undefined for nothing, null, a list or a map. */
export function scalarText(node: YamlNode | undefined): string | undefined {
  if (node?.kind !== 'scalar' || node.text === '') return undefined
  return scalarValue(node) === null ? undefined : node.text
}

/** A copy of its own: a piece of a larger text would keep all of that in memory, once for every item that is listed. */
export function detached(text: string): string {
  // Shorter ones are copied by the engine as it is.
  return text.length < 13 ? text : ` ${text}`.slice(1)
}

/** The first pair with that key, or undefined. Asked for every field of every item: an iterator would be garbage. */
export function findPair({ pairs }: YamlMap, key: string): YamlPair | undefined {
  for (let i = 0; i < pairs.length; i++) if (pairs[i]!.key === key) return pairs[i]
  return undefined
}

/** Plain data. Of duplicate keys, the later one counts. */
export function toData(node: YamlNode): unknown {
  if (node.kind === 'scalar') return scalarValue(node)
  if (node.kind === 'list') return node.items.map(toData)

  const data: Record<string, unknown> = {}
  for (const { key, value } of node.pairs) {
    // Assigning to `__proto__` would set the prototype; defining it makes an ordinary property.
    if (key !== '__proto__') data[key] = toData(value)
    else
      Object.defineProperty(data, key, {
        value: toData(value),
        writable: true,
        enumerable: true,
        configurable: true,
      })
  }
  return data
}
