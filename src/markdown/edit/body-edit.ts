/**
 * Changes of an item's text below its frontmatter: a line more under a heading, a box that is checked. Every other byte
 * stays as it is, whatever its encoding; line ends are those of the file.
 */
import { bodyLines, headingText, sectionOf } from './body-lines.ts'

/** A criterion: a checkbox in the text, in the text's order. */
export interface Criterion {
  /** Counts from 1. */
  number: number
  text: string
  checked: boolean
}

interface Box extends Criterion {
  /** The position in the file of the character between the brackets. */
  at: number
}

const BOX = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[([ xX])\](?:[ \t]+(.*))?$/

/** Headings under which an item says when it is done. */
export const CRITERIA = /^(?:acceptance )?criteri(?:a|on)\b|^definition of done\b|^done when\b/i

/**
 * The boxes under the headings that name criteria; all boxes of a text that has no such heading.
 * @param from where the body begins in the file
 */
export function readCriteria(bytes: Buffer, from: number): Criterion[] {
  return boxes(bytes, from).map(({ at: _, ...criterion }) => criterion)
}

function boxes(bytes: Buffer, from: number): Box[] {
  const lines = bodyLines(bytes, from)
  const headings = lines.filter(line => line.heading > 0 && CRITERIA.test(headingText(line)))
  // A heading within the section of another would list its boxes twice.
  const among = headings.length === 0 ? lines : [...new Set(headings.flatMap(one => sectionOf(lines, one)))]
  return among
    .filter(({ isVerbatim }) => !isVerbatim)
    .flatMap(({ start, text }) => {
      const found = BOX.exec(text)
      if (!found) return []
      const bytesOfText = Buffer.from(found[2] ?? '', 'latin1')
      return {
        at: start + text.indexOf('[') + 1,
        text: bytesOfText.toString('utf8').trim(),
        checked: found[1] !== ' ',
      }
    })
    .map((box, i) => ({ number: i + 1, ...box }))
}

/**
 * Checks boxes, or takes the checks away.
 * @param numbers as readCriteria counts them; others change nothing
 * @returns the new file; null when all were so already
 */
export function checkCriteria(
  bytes: Buffer,
  from: number,
  numbers: readonly number[],
  checked: boolean,
): Buffer | null {
  const wanted = boxes(bytes, from).filter(box => numbers.includes(box.number) && box.checked !== checked)
  if (wanted.length === 0) return null
  const made = Buffer.from(bytes)
  for (const { at } of wanted) made[at] = (checked ? 'x' : ' ').charCodeAt(0)
  return made
}

/**
 * Adds an entry at the end of the section of a heading, which is added at the end of the text if it is missing.
 * @param entry one line or several; it becomes an entry of a list
 * @param eol how the file ends its lines where the text has none
 */
export function appendEntry(
  bytes: Buffer,
  from: number,
  heading: string,
  entry: string,
  eol: '\n' | '\r\n',
): Buffer {
  const lines = bodyLines(bytes, from)
  const ending = endingOf(bytes, from) ?? eol
  const text = `- ${entry.split(/\r?\n/).join(`${ending}  `)}`
  // That of the first level is the item's title.
  const found = lines.findLast(
    line => line.heading > 1 && headingText(line).toLowerCase() === heading.toLowerCase(),
  )
  if (!found) return newSection(bytes, heading, text, ending)
  const last = sectionOf(lines, found).findLast(line => line.text.trim() !== '')
  const { end } = last ?? found
  // Whatever is no list is parted from the entry by a blank line.
  const isList = last !== undefined && !last.isVerbatim && LIST.test(last.text)
  const before = ending + (isList ? '' : ending)
  return inserted(bytes, end, `${before}${text}${end === bytes.length ? ending : ''}`)
}

const LIST = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|^[ \t]+\S/

/** How the first line of the text ends. */
function endingOf(bytes: Buffer, from: number): '\n' | '\r\n' | null {
  const at = bytes.indexOf(10, from)
  return at < 0 ? null : bytes[at - 1] === 13 ? '\r\n' : '\n'
}

/** Adds a section at the end of the text. */
export function newSection(bytes: Buffer, heading: string, text: string, eol: string): Buffer {
  const section = `## ${heading}${eol}${eol}${text}${eol}`
  return inserted(bytes, bytes.length, blankLine(bytes, eol) + section)
}

/** What is missing at the end of the file: the end of its last line, a blank line. */
function blankLine(bytes: Buffer, eol: string): string {
  const tail = bytes.toString('latin1', Math.max(0, bytes.length - 4))
  if (!tail.endsWith('\n')) return eol + eol
  return /\n\r?\n$/.test(tail) ? '' : eol
}

export function inserted(bytes: Buffer, at: number, text: string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)])
}
