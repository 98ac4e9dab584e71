/**
 * What an item must be to be committed: readable frontmatter with the fields that everything relies on, a whole
 * lock, one place, and that its status's. Each finding carries its fix. Pure.
 */
import { type Frontmatter, placeInFile } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { isBareNumber, keyOfField } from '../items/ids.ts'
import type { Item, Problem } from '../items/item.ts'
import { folderOf, isClosed } from '../items/status.ts'

export interface FormFinding {
  code: Problem['code'] | 'missing-field' | 'left-out' | 'ignored'
  line: number
  column: number
  message: string
  /** The command that fixes it. */
  fix: string
}

/** The item's file as people name it, for messages and commands. */
export interface NamedFile {
  /** Relative to where the command was called. */
  path: string
  /** The queue, in the same way; '' when that is where the command was called. */
  queue: string
  folder: string
  name: string
  idPrefix: string
}

const REQUIRED = ['id', 'title', 'status'] as const

export interface MissingField {
  key: (typeof REQUIRED)[number]
  line: number
  column: number
  message: string
}

/** The fields that everything relies on and that have no value; an id that is a list or a map is a problem of its own. */
export function missingFields({ map, split }: Frontmatter): MissingField[] {
  return REQUIRED.flatMap(key => {
    const pair = findPair(map, key)
    if (scalarText(pair?.value) !== undefined || (key === 'id' && pair && pair.value.kind !== 'scalar'))
      return []
    const { line, column } = pair ? placeInFile(split, pair.keyStart) : { line: 1, column: 1 }
    const message = pair ? `the field ${key} has no value` : `the field ${key} is missing`
    return [{ key, line, column, message }]
  })
}

/** @param found null when the frontmatter could not be read, which `problems` report */
export function formFindings(
  item: Item,
  problems: readonly Problem[],
  found: Frontmatter | null,
  file: NamedFile,
): FormFinding[] {
  const findings: FormFinding[] = problems.map(({ code, line, column, message }) => {
    return { code, line, column, message, fix: fixOf(code, line, item, found, file) }
  })
  if (!found) return findings
  for (const { key, ...missing } of missingFields(found)) {
    const set = setterOf(key, item.id, file.folder)
    const fix = set ? `${set} && ${add(file)}` : `add the line "id: ${item.id}", then: ${add(file)}`
    findings.push({ code: 'missing-field', ...missing, fix })
  }
  return findings
}

/**
 * Of an item that was moved, of which the commit has only the deletion.
 * @param left where its file is
 * @param byPath whether only some paths are committed, so that staging the file is not enough
 */
export function leftOut(item: string, path: string, left: readonly string[], byPath: boolean): FormFinding {
  const fixes = left.map(shellWord).map(place => {
    return byPath ? `git add ${place} && git commit ${shellWord(path)} ${place}` : `git add ${place}`
  })
  const message = `this commit deletes ${item}; its file is now ${left.join(' and ')}, which is not in the commit`
  return { code: 'left-out', line: 0, column: 0, message, fix: fixes.join(', or: ') }
}

/**
 * Of an item that was moved to where git ignores it: it would leave git, and `git clean -X` would delete it.
 * @param rule the rule's place and text: `.gitignore:3: archive/`
 */
export function ignoredMove(
  item: string,
  path: string,
  place: string,
  rule: string,
  byPath: boolean,
): FormFinding {
  const add = `git add -f ${shellWord(place)}`
  const fix = byPath ? `${add} && git commit ${shellWord(path)} ${shellWord(place)}` : add
  const message = `this commit removes ${item} from git: its file is now ${place}, which git ignores (${rule})`
  return { code: 'ignored', line: 0, column: 0, message, fix: `${fix}, or remove that rule and git add it` }
}

/** The command that gives a field its value; the id is part of the file's name and is changed by hand. */
export function setterOf(key: MissingField['key'], id: string, folder: string): string | null {
  return key === 'id' ? null : `wrk set ${id} ${key}=${key === 'status' ? statusFor(folder) : '"…"'}`
}

function fixOf(
  code: Problem['code'],
  line: number,
  item: Item,
  found: Frontmatter | null,
  file: NamedFile,
): string {
  const { queue, name, path } = file
  const to = (folder: string, as = name) =>
    `git mv ${shellWord(path)} ${shellWord([queue, folder, as].filter(Boolean).join('/'))}`
  if (code === 'merge-conflict') return `keep one side in an editor, then: ${add(file)}`
  if (code === 'no-frontmatter') return `give it frontmatter (templates/item.md has one), then: ${add(file)}`
  if (code === 'not-a-file') return `replace the link by the file itself, then: ${add(file)}`
  if (code === 'half-lock') return `wrk claim ${item.id} && ${add(file)}`
  if (code === 'id-mismatch') {
    const id = found && scalarText(findPair(found.map, 'id')?.value)
    const named = id && keyOfField(id, file.idPrefix) && (isBareNumber(id) ? `${file.idPrefix}-${id}` : id)
    if (named) return to(file.folder, `${named.replace('#', '-')}.md`)
  }
  if (code === 'status-folder' && item.status !== null) {
    if (isClosed(item.status, file.folder)) return `wrk archive ${item.id}`
    const repair = `wrk set ${item.id} status=${statusFor(file.folder)} && ${add(file)}`
    const folder = folderOf(item.status)
    return folder ? `${to(folder)}, or: ${repair}` : repair
  }
  return `correct line ${line} in an editor, then: ${add(file)}`
}

/** The status that items of a folder have. */
function statusFor(folder: string): string {
  const top = folder.split('/')[0]!
  return top === '' ? 'pending' : top === 'archive' ? 'archived' : top
}

function add({ path }: NamedFile): string {
  return `git add ${shellWord(path)}`
}

/** A word as a shell reads it back. */
export function shellWord(word: string): string {
  if (/^[\p{L}\p{N}_./@%+=:,][\p{L}\p{N}_./@%+=:,-]*$/u.test(word)) return word
  return `'${word.startsWith('-') ? './' : ''}${word.replaceAll("'", "'\\''")}'`
}
