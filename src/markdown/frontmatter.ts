/**
 * A file's frontmatter, read by the fast reader where that is sure and else by the full one. The full
 * reader is handed in, so that its packages are loaded only when a file needs them:
 *
 *     let found = readFrontmatter(bytes)
 *     if (found.kind === 'needsFull') found = readFrontmatter(bytes, await loadFullReader())
 */
import { conflictLine } from './conflict-markers.ts'
import type { ReadError, YamlMap } from './node.ts'
import { type RepeatedKey, readPlain } from './read/plain.ts'
import { type Split, type SplitReason, splitFrontmatter } from './split.ts'

export type FullReader = typeof import('./read/full.ts').readFull

export interface Frontmatter {
  kind: 'ok'
  split: Split
  /** Its offsets are within `split.yaml`. */
  map: YamlMap
  /** Top-level duplicate keys, with the file's line and column of the later ones. */
  duplicates: { key: string; line: number; column: number }[]
  certain: 'plain' | 'full'
}

/** `line` and `column` are the file's. */
interface FrontmatterError {
  kind: 'error'
  /** `conflict`: it holds markers of an unresolved merge, whatever else is wrong because of them. */
  error: ReadError & { reason: SplitReason | 'yaml' | 'conflict' }
}

export type FrontmatterResult = Frontmatter | { kind: 'needsFull' } | FrontmatterError

/**
 * Takes a file's bytes; with `whole` false only its head, see splitFrontmatter.
 * @param wanted the top-level keys that are needed, see readPlain; the full reader gives all of them
 * @param length how many of the bytes are the file's
 */
export function readFrontmatter(
  bytes: Buffer,
  full?: FullReader,
  whole = true,
  wanted?: ReadonlySet<string>,
  length = bytes.length,
): FrontmatterResult {
  const split = splitFrontmatter(bytes, whole, length)
  if (split.kind === 'error') {
    const { reason, message, line, column } = split
    // Of a file's head it is not known yet whether the frontmatter ends.
    const isSure = reason === 'none' || (reason === 'unclosed' && whole)
    const conflict = isSure ? unresolved(bytes.toString('utf8', 0, Math.min(length, HEAD)), 1, false) : null
    return conflict ?? { kind: 'error', error: { reason, message, line, column } }
  }
  const repeated: RepeatedKey[] = []
  const map = readPlain(split.yaml, wanted, repeated)
  if (map) {
    const duplicates: Frontmatter['duplicates'] = []
    for (const { key, offset } of repeated)
      if (!wanted || wanted.has(key)) duplicates.push({ key, ...placeInFile(split, offset) })
    return { kind: 'ok', split, map, duplicates, certain: 'plain' }
  }
  if (!full) return { kind: 'needsFull' }

  const above = split.firstLine - 1
  const result = full(split.yaml)
  if (result.kind === 'error') {
    const conflict = unresolved(split.yaml, split.firstLine, true)
    if (conflict) return conflict
    const { message, line, column } = result.error
    return { kind: 'error', error: { reason: 'yaml', message, line: line + above, column } }
  }
  const duplicates = result.duplicates.map(one => ({ ...one, line: one.line + above }))
  return { kind: 'ok', split, map: result.map, duplicates, certain: 'full' }
}

/** More than any frontmatter. */
const HEAD = 65_536

function unresolved(text: string, firstLine: number, isYaml: boolean): FrontmatterError | null {
  const at = conflictLine(text, isYaml)
  if (at === null) return null
  const line = at + firstLine - 1
  const message = `unresolved merge conflict, line ${line}`
  return { kind: 'error', error: { reason: 'conflict', message, line, column: 1 } }
}

/** The file's line and column of an offset in its YAML text, from 1; the column counts characters. */
export function placeInFile(
  { yaml, firstLine }: Pick<Split, 'yaml' | 'firstLine'>,
  offset: number,
): { line: number; column: number } {
  const lineStart = offset === 0 ? 0 : yaml.lastIndexOf('\n', offset - 1) + 1
  let line = firstLine
  for (let at = yaml.indexOf('\n'); at !== -1 && at < lineStart; at = yaml.indexOf('\n', at + 1)) line++
  return { line, column: offset - lineStart + 1 }
}

export async function loadFullReader(): Promise<FullReader> {
  return (await import('./read/full.ts')).readFull
}
