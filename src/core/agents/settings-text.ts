/** Reading and changing the text of a settings file, where nothing else in it may change. Pure. */
import { type JsonArray, type JsonNode, type JsonObject, readJsonc } from '../../markdown/jsonc.ts'
import { insertLast } from './jsonc-edit.ts'
import { newlineOf } from './marked-block.ts'

export type Edited =
  | { kind: 'ok'; text: string }
  /** Nothing is left of a file that was made for the hooks. */
  | { kind: 'empty' }
  | { kind: 'error'; offset: number; message: string }

/** Where a text is not what settings are. */
export class Unexpected extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** Runs an edit whose result may be that nothing is left of the file. */
export function guarded(edit: () => string | null): Edited {
  try {
    const text = edit()
    return text === null ? { kind: 'empty' } : { kind: 'ok', text }
  } catch (error) {
    if (error instanceof Unexpected) return { kind: 'error', offset: error.offset, message: error.message }
    throw error
  }
}

export function rootOf(text: string): JsonObject {
  const read = readJsonc(text)
  if (read.kind === 'error') throw new Unexpected(read.offset, read.message)
  if (read.root.kind !== 'object') throw new Unexpected(read.root.start, 'the settings must be an object')
  return read.root
}

/** The value of a text, a number, a truth. */
export const settingValue = (node: JsonNode | undefined): unknown =>
  node?.kind === 'scalar' ? node.value : undefined

/** In ASCII, which is the same in every encoding that the file may have. */
export function settingsJson(value: unknown, indent: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, indent).replace(/[\u007f-\uffff]/g, escaped)
}

/** Adds a member to an object, or an element to a list, in the file's own form. */
export function insertValue(
  text: string,
  container: JsonObject | JsonArray,
  key: string | null,
  value: unknown,
): string {
  const unit = indentUnit(text)
  const indent = memberIndent(text, container, unit)
  const newline = newlineOf(text)
  const lines = settingsJson(value, unit).replaceAll('\n', `${newline}${indent}`)
  return insertLast(text, container, key === null ? lines : `"${key}": ${lines}`, `${newline}${indent}`)
}

/** What stands before the first member of the root: the file's own indentation. */
function indentUnit(text: string): string {
  const first = rootOf(text).elements[0]
  return (first && ownLine(text, first.start)) || '  '
}

function memberIndent(text: string, container: JsonObject | JsonArray, unit: string): string {
  const first = container.elements[0]
  return (first && ownLine(text, first.start)) ?? lineStart(text, container.start) + unit
}

/** The blanks before a place, when nothing else stands before it on its line; null otherwise. */
function ownLine(text: string, at: number): string | null {
  return /\n([ \t]*)$/.exec(text.slice(0, at))?.[1] ?? null
}

function lineStart(text: string, at: number): string {
  const from = text.lastIndexOf('\n', at) + 1
  return /^[ \t]*/.exec(text.slice(from, at))![0]
}
