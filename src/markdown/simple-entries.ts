/**
 * Passes over simple top-level entries that nobody wants, by one regular expression: of thousands of items,
 * most lines are of this kind, and the engine's own matcher is many times faster than a loop in code that has
 * only just been loaded. What it passes over, plain.ts would have read without complaint; it stops before
 * anything else.
 */

/** What no scalar may hold here: control characters, and characters taken for something else (see isOdd). */
const ODD = '\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff'
const PLAIN_START = '[A-Za-z0-9_./~$^()+;=\\\\<\\u00a0-\\u2027\\u202a-\\ufefe]'
/** No `: ` and no ` #` within. */
const PLAIN = `${PLAIN_START}[^${ODD}:#]*(?:(?::(?=[^ \\t\\r\\n])|(?<=[^ ])#)[^${ODD}:#]*)*`
const QUOTED = `(?:"[^"\\\\${ODD}]*"|'[^'${ODD}]*(?:''[^'${ODD}]*)*')`
const FLOW_ITEM = `(?:[A-Za-z0-9_][A-Za-z0-9_./#-]*(?: [A-Za-z0-9_./]+)*|"[^"\\\\${ODD}]*")`
const FLOW_LIST = `\\[ *(?:${FLOW_ITEM}(?: *, *${FLOW_ITEM})*)? *\\]`
const END = '(?: *| +#[^\\n]*)\\r?\\n'
const PLAIN_END = '(?:(?<= )#[^\\n]*)?\\r?\\n'
const SCALAR_LINE = `(?:${PLAIN}${PLAIN_END}|${QUOTED}${END})`
const KEY = '[A-Za-z_][A-Za-z0-9_-]*'
/** The line that follows is not deeper, no item of a list, and neither blank nor a comment, behind which such may come. */
const NOTHING_MORE = '(?![ \\r\\n#-])'

const expressions = new WeakMap<ReadonlySet<string>, RegExp>()

function expressionFor(wanted: ReadonlySet<string>): RegExp {
  const known = expressions.get(wanted)
  if (known) return known
  const names = [...wanted].map(name => name.replace(/[^A-Za-z0-9_-]/g, '\\$&')).join('|')
  const list = `${END}( *)- +${SCALAR_LINE}(?:\\1- +${SCALAR_LINE})*`
  // `true:` and the like are no strings; they are left to the reader that knows.
  const entry = `(?!(?:${names}|[Tt]rue|TRUE|[Ff]alse|FALSE|[Nn]ull|NULL) *:)${KEY}:(?: +(?:${SCALAR_LINE}|${FLOW_LIST}${END})|${list}|${END})${NOTHING_MORE}`
  const made = new RegExp(`(?:${entry})+`, 'y')
  expressions.set(wanted, made)
  return made
}

/**
 * @param text YAML text that ends with a line feed
 * @param at the start of a top-level entry, at column 0
 * @returns where the first entry begins that is wanted or not simple
 */
export function passSimpleEntries(text: string, at: number, wanted: ReadonlySet<string>): number {
  const expression = expressionFor(wanted)
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}
