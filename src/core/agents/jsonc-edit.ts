/**
 * Changes JSON with comments where its places are known, and leaves every other character. jsonc-parser reads it; its
 * own editing is not used, since what it puts in and takes out again comes back otherwise than it was.
 */
import type { JsonArray, JsonMember, JsonNode, JsonObject } from '../../markdown/jsonc.ts'

/** The last member of that name, which is the one that counts. */
export function memberOf(node: JsonNode | undefined, key: string): JsonMember | undefined {
  return node?.kind === 'object' ? node.elements.filter(member => member.key === key).at(-1) : undefined
}

/**
 * Adds an element at the end of a container. In one that is empty it comes right before the closing bracket, so
 * that it can be distinguished later from a container that was made with its content.
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

/** Whether a container was made together with its content: then its closing bracket is on a line of its own. */
export function isMadeWhole(text: string, container: JsonObject | JsonArray): boolean {
  return /\s/.test(text[container.end - 2]!)
}
