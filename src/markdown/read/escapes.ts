/** Each name's meaning is at the same place in the second string. */
const ESCAPE_NAMES = '0abefnrtvN_LP "/\\'
const ESCAPE_MEANINGS = '\0\x07\b\x1b\f\n\r\t\v\x85\xa0\u2028\u2029 "/\\'
const SIMPLE_ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0abefnrtvNLP_ "/\\]))/g

/**
 * What is between double quotes with its escapes resolved; null where one of the `count`
 * backslashes that begin an escape does not begin one that it knows.
 */
export function unescaped(raw: string, count: number): string | null {
  let left = count
  const text = raw.replace(SIMPLE_ESCAPE, (_, x, u, simple) => {
    left--
    if (simple === undefined) return String.fromCharCode(Number.parseInt(x ?? u, 16))
    return ESCAPE_MEANINGS[ESCAPE_NAMES.indexOf(simple)]!
  })
  return left === 0 ? text : null
}
