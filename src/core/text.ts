/** Text from outside, made safe to print. */

/** Control characters, line separators, and marks that turn the direction of text. */
export const CONTROL = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text from outside made safe to print: control and bidirectional characters become `?`, long text is cut. */
export function printable(text: string, longest = 300): string {
  if (text.length <= longest && /^[\x20-\x7e]*$/.test(text)) return text
  const clean = text.replace(CONTROL, '?')
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}
