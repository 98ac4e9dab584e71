/**
 * The lines of an item's text below its frontmatter, as far as changes of single lines need to know them: headings and
 * boxes, not those in code or in comments. On bytes: the text may be of any encoding, and what is looked for is ASCII.
 */

export interface BodyLine {
  /** Where it begins and ends in the file, without its line end. */
  start: number
  end: number
  text: string
  /** How deep its heading is, from 1; 0 for other lines, and for those in code and in comments. */
  heading: number
  /** It is part of code or of a comment. */
  isVerbatim: boolean
}

/** @param from where the body begins in the file */
export function bodyLines(bytes: Buffer, from: number): BodyLine[] {
  const lines: BodyLine[] = []
  let fence: string | null = null
  let isComment = false
  for (let start = from; start < bytes.length; ) {
    const lineFeed = bytes.indexOf(10, start)
    const stop = lineFeed < 0 ? bytes.length : lineFeed
    const end = stop > start && bytes[stop - 1] === 13 ? stop - 1 : stop
    // Each byte is one character, so that offsets agree.
    const text = bytes.toString('latin1', start, end)
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(text)
    let isVerbatim = fence !== null || isComment
    if (fence !== null) {
      if (mark && mark[1]!.startsWith(fence) && mark[2]!.trim() === '') fence = null
    } else if (isComment) {
      if (text.includes('-->')) isComment = false
    } else if (mark && !(mark[1]![0] === '`' && mark[2]!.includes('`'))) {
      fence = mark[1]!
      isVerbatim = true
    } else if (/^ {0,3}<!--/.test(text)) {
      isVerbatim = true
      isComment = !text.includes('-->')
    }
    const heading = isVerbatim ? 0 : (/^ {0,3}(#{1,6})(?:[ \t]|$)/.exec(text)?.[1]?.length ?? 0)
    lines.push({ start, end, text, heading, isVerbatim })
    start = stop + 1
  }
  for (let i = 1; i < lines.length; i++) underline(lines[i - 1]!, lines[i]!)
  return lines
}

/** A paragraph's line above `===` or `---` is a heading as well. */
function underline(above: BodyLine, { text, isVerbatim }: BodyLine): void {
  const mark = isVerbatim || above.isVerbatim || above.heading > 0 ? null : /^ {0,3}(=+|-+)[ \t]*$/.exec(text)
  if (mark && /^ {0,3}[^\s>*+#-]/.test(above.text)) above.heading = mark[1]![0] === '=' ? 1 : 2
}

/** The words of a heading, without its marks. */
export function headingText({ text }: BodyLine): string {
  return text
    .replace(/^ {0,3}#{1,6}/, '')
    .replace(/[ \t]#+[ \t]*$/, '')
    .trim()
}

/** The lines under a heading, up to the next one that is no deeper. */
export function sectionOf(lines: readonly BodyLine[], heading: BodyLine): BodyLine[] {
  const from = lines.indexOf(heading) + 1
  const next = lines.findIndex((line, i) => i >= from && line.heading > 0 && line.heading <= heading.heading)
  return lines.slice(from, next < 0 ? undefined : next)
}
