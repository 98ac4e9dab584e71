/** What an unresolved merge leaves in a text. Asked only of files with unreadable frontmatter. */

const BEGINNING = /^<{7,}(?: .*)?\r?$/m
const ANY = /^(?:(?:<{7,}|>{7,}|\|{7,})(?: .*)?|={7,})\r?$/m

/**
 * The line of the first conflict marker, counted from 1; null without one.
 * @param isYaml in YAML a line of equals signs is one; in markdown it underlines a heading
 */
export function conflictLine(text: string, isYaml: boolean): number | null {
  const found = (isYaml ? ANY : BEGINNING).exec(text)
  return found && text.slice(0, found.index).split('\n').length
}
