/** Commit messages: what is said in the subject and what in the body, and which items each names. Pure. */
import { type ItemKey, keysIn } from '../items/ids.ts'

export interface CommitMessage {
  /** The first line that says something; '' when none does. */
  subject: string
  /** Its number in the file, counted from 1; 0 without one. */
  line: number
  body: string
}

const SCISSORS = '------------------------ >8 ------------------------'
/** More than anybody writes; what is beyond is not looked at. */
export const LONGEST_MESSAGE = 100_000

/** @param comment what begins a line that git leaves out */
export function readMessage(text: string, comment: string): CommitMessage {
  const lines = text.slice(0, LONGEST_MESSAGE).split(/\r?\n/)
  const cut = lines.indexOf(`${comment} ${SCISSORS}`)
  const kept = lines.slice(0, cut < 0 ? undefined : cut).map(line => (line.startsWith(comment) ? '' : line))
  const first = kept.findIndex(line => line.trim() !== '')
  if (first < 0) return { subject: '', line: 0, body: '' }
  return { subject: kept[first]!.trimEnd(), line: first + 1, body: kept.slice(first + 1).join('\n') }
}

/** Whether git wrote the subject, for a merge: it repeats the names of branches. */
export function isMergeSubject(subject: string): boolean {
  return /^Merge (?:branch(?:es)?|remote-tracking branch(?:es)?|tags?|commits?|pull request) /.test(subject)
}

export interface NamedItem {
  key: ItemKey
  /** Where its name begins, counted from 1. */
  column: number
}

/** The items that a text names, each once. @param isItem whether the queue has it */
export function itemsNamed(text: string, isItem: (key: ItemKey) => boolean): NamedItem[] {
  const found = new Map<ItemKey, NamedItem>()
  for (const { at, readings } of keysIn(text)) {
    const key = readings.find(isItem)
    if (key && !found.has(key)) found.set(key, { key, column: at + 1 })
  }
  return [...found.values()]
}
