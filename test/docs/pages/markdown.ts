/** Pieces of markdown for the pages that are made from the program. */
import { dirname, relative } from 'node:path'

/** A cell of a table: a bar would end it. */
const cell = (text: string): string => text.replaceAll('|', '\\|')

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`.replace(/ +\|/g, ' |')
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** `docs/machines.md` in a text as a link from a page. */
export function linked(text: string, page: string): string {
  return text.replace(/\bdocs\/[\w/-]+\.md\b/g, path => {
    const name = path.slice(path.lastIndexOf('/') + 1, -'.md'.length).replaceAll('-', ' ')
    return `[${name}](${relative(dirname(page), path)})`
  })
}

/**
 * A page with its generated parts made again; the rest is written by people.
 * A part is what is between `<!-- made: NAME -->` and `<!-- end -->`.
 */
export function filled(text: string, parts: Readonly<Record<string, string>>): string {
  return text.replace(/(<!-- made: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name: string, end) => {
    const part = parts[name]
    if (part === undefined) throw new Error(`nothing makes the part "${name}"`)
    return `${begin}\n${part.trim()}\n\n${end}`
  })
}
