/**
 * Which words a reader of YAML takes for text. Readers differ: `yes`, `on`, `0o7`, `1:30` and dates are text to one and
 * something else to another (YAML 1.1, YAML 1.2), so a word counts as text only where all of them agree.
 */

const WORDS = /^(?:~|null|true|false|yes|no|on|off|y|n|<<|=|[-+]?\.(?:inf|nan))?$/i
/** Numbers of every kind, with a margin: decimal, octal, hexadecimal, with `_`, in sixties (`1:30`), with exponents. */
const NUMBER = /^[-+]?(?:[eE][-+]?[0-9]|[.0-9])[0-9a-fA-F_.,:xXoO+-]*$/
/** A day, and whatever time comes after it. */
const DATE = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt \t])/

/** Whether every reader takes these plain characters for text, and never for a number, a date, null or a boolean. */
export function isStringWord(word: string): boolean {
  return !WORDS.test(word) && !NUMBER.test(word) && !DATE.test(word)
}
