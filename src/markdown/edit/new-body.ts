/** The text of a new item: a body in place of the template's, and criteria. On bytes, which may be of any encoding. */
import { CRITERIA, inserted, newSection } from './body-edit.ts'
import { bodyLines, headingText, sectionOf } from './body-lines.ts'

/**
 * Puts a body in place of the template's. Its title stays above it, if the template has one and the body does not.
 * @param from where the body begins
 * @param title what a heading of the template calls the item; undefined where it has none
 */
export function withBody(
  bytes: Buffer,
  from: number,
  title: string | undefined,
  body: Buffer,
  eol: string,
): Buffer {
  const hasTitle = title !== undefined && bodyLines(bytes, from).some(line => isTitle(line, title))
  const ownTitle = /^\s*# /.test(body.toString('latin1', 0, HEAD))
  const start = bytes[from - 1] === 10 ? '' : eol
  const heading = hasTitle && !ownTitle ? `# ${title}${eol}${eol}` : ''
  const end = body.length === 0 || body.at(-1) === 10 ? '' : eol
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(start + eol + heading), body, Buffer.from(end)])
}

const HEAD = 200

function isTitle(line: Parameters<typeof headingText>[0] & { heading: number }, title: string): boolean {
  return line.heading === 1 && Buffer.from(headingText(line), 'latin1').toString('utf8') === title
}

/** The first heading of the first level; undefined without one. */
export function titleHeading(bytes: Buffer, from: number): string | undefined {
  const found = bodyLines(bytes, from).find(line => line.heading === 1)
  return found && Buffer.from(headingText(found), 'latin1').toString('utf8')
}

/** Adds boxes to be checked: in place of the empty one under a heading for criteria, else below it, else at the end. */
export function withCriteria(
  bytes: Buffer,
  from: number,
  texts: readonly string[],
  eol: '\n' | '\r\n',
): Buffer {
  const boxes = texts.map(text => `- [ ] ${text}`).join(eol)
  const lines = bodyLines(bytes, from)
  const heading = lines.find(line => line.heading > 0 && CRITERIA.test(headingText(line)))
  if (!heading) return newSection(bytes, 'Acceptance criteria', boxes, eol)
  const section = sectionOf(lines, heading).filter(line => line.text.trim() !== '')
  const empty = section.find(
    ({ text, isVerbatim }) => !isVerbatim && /^[ \t]*[-*+][ \t]+\[ \][ \t]*$/.test(text),
  )
  if (empty)
    return Buffer.concat([bytes.subarray(0, empty.start), Buffer.from(boxes), bytes.subarray(empty.end)])
  const last = section.at(-1)
  return inserted(
    bytes,
    (last ?? heading).end,
    last && /^[ \t]*[-*+][ \t]/.test(last.text) ? eol + boxes : eol + eol + boxes,
  )
}
