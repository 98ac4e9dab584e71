/**
 * Drawings that both the page and a file can hold: they are made of elements by a function that the caller gives, which
 * makes nodes of the page, or text.
 */

type Attributes = Record<string, string | number | undefined>

/** Makes one element; a string among the children is text. */
export type Draw<N> = (tag: string, attributes: Attributes, ...children: (N | string | null)[]) => N

/** An element as text, ready to be put into a file. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export const asMarkup: Draw<Markup> = (tag, attributes, ...children) => {
  const given = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : ` ${name}="${escaped(String(value))}"`,
  )
  const inside = children.map(child =>
    child === null ? '' : typeof child === 'string' ? escaped(child) : child.text,
  )
  return new Markup(`<${tag}${given.join('')}>${inside.join('')}</${tag}>`)
}

/** Text that means nothing but itself in HTML and XML. */
export function escaped(text: string): string {
  return text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Text cut to about so many pixels at 12px; characters of some scripts are twice as wide. */
export function fitting(text: string, width: number): string {
  let used = 0
  let cut = ''
  for (const character of text) {
    used += /[\u1100-\uffdc\u{1f000}-\u{3ffff}]/u.test(character) ? 13 : 6.6
    if (used > width - 8) return `${cut.trimEnd()}…`
    cut += character
  }
  return cut
}
