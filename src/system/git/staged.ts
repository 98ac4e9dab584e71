/** What git has staged: the index against the last commit, and the content of both. One process for each question. */
import { join, relative, sep } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { randomLetters } from '../random.ts'
import type { GitResult } from './git.ts'
import { gitIn, pathspecOf, type Repository } from './repository.ts'

export interface StagedEntry {
  /** From the repository's top, with `/`. */
  path: string
  /** The object of the last commit and of the index, and whether each is a regular file; null without one. */
  before: StagedObject | null
  after: StagedObject | null
  /** A conflict that is not resolved yet; then `after` is null. */
  unmerged: boolean
}

interface StagedObject {
  id: string
  isFile: boolean
}

const ENTRY = /^:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/

/**
 * What differs between the last commit and the index below a folder of the repository ('' for all of it). What is
 * only meant to be added (`git add -N`) is in no commit, and so not here.
 */
export function stagedEntries(repository: Repository, folder: string): StagedEntry[] {
  const compare = (tree: string) =>
    gitIn(repository, [
      ...[
        'diff-index',
        '--cached',
        '--ita-invisible-in-index',
        '--no-renames',
        '--no-abbrev',
        '-z',
        tree,
        '--',
      ],
      pathspecOf(folder),
    ])
  let found = compare('HEAD')
  if (found.code !== 0 && isUnborn(repository)) found = compare(emptyTree(repository))
  const parts = outputOf('diff-index', found).toString('utf8').split('\0')
  const entries: StagedEntry[] = []
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [, oldMode, newMode, oldId, newId, status] = ENTRY.exec(parts[i]!) as unknown as string[]
    const unmerged = status === 'U'
    entries.push({
      path: parts[i + 1]!,
      before: objectOf(oldMode!, oldId!),
      after: unmerged ? null : objectOf(newMode!, newId!),
      unmerged,
    })
  }
  return entries
}

/** Every path that the commit would change, anywhere in the repository. */
export function stagedPaths(repository: Repository): string[] {
  const compare = [
    'diff-index',
    '--cached',
    '--ita-invisible-in-index',
    '--no-renames',
    '--name-only',
    '-z',
    'HEAD',
  ]
  const found = gitIn(repository, compare)
  return found.code === 0 ? found.stdout.toString('utf8').split('\0').slice(0, -1) : []
}

function objectOf(mode: string, id: string): StagedObject | null {
  return mode === '000000' ? null : { id, isFile: mode.startsWith('100') }
}

/** All paths of the last commit below a folder; none before the first commit. */
export function committedPaths(repository: Repository, folder: string): string[] {
  const within = folder === '' ? [] : [folder]
  const found = gitIn(repository, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD', ...within])
  if (found.code !== 0 && isUnborn(repository)) return []
  return outputOf('ls-tree', found).toString('utf8').split('\0').slice(0, -1)
}

/** The rule by which git ignores a file: a line of `.gitignore`, `.git/info/exclude` or `core.excludesFile`. */
export interface IgnoreRule {
  /** As git names it: from the repository's top, or a full path. */
  file: string
  line: number
  pattern: string
}

/**
 * Which of some paths git ignores, and why. What git tracks it does not ignore.
 * @param paths from the repository's top; they need not be there
 */
export function ignoredPaths(
  repository: Pick<Repository, 'cwd' | 'scope' | 'top'>,
  paths: readonly string[],
): Map<string, IgnoreRule> {
  const rules = new Map<string, IgnoreRule>()
  if (paths.length === 0) return rules
  const { top } = repository
  const input = paths.map(path => `${join(top, path)}\0`).join('')
  const found = gitIn(repository, ['check-ignore', '--verbose', '--stdin', '-z'], input)
  // 1: none of them is ignored.
  const parts = outputOf('check-ignore', found.code === 1 ? { ...found, code: 0 } : found)
  const words = parts.toString('utf8').split('\0')
  for (let i = 0; i + 3 < words.length; i += 4) {
    const [file, line, pattern, path] = words.slice(i) as [string, string, string, string]
    // The last word on it may be that it is not ignored after all.
    if (!pattern.startsWith('!'))
      rules.set(relative(top, path).split(sep).join('/'), { file, line: Number(line), pattern })
  }
  return rules
}

/** What was deleted below a folder by these commits, and by those before them that are not in the last one's history. */
export function pathsDeletedBy(
  repository: Repository,
  commits: readonly string[],
  folder: string,
): Set<string> {
  if (commits.length === 0) return new Set()
  const within = ['--', pathspecOf(folder)]
  const list = outputOf('rev-list', gitIn(repository, ['rev-list', ...commits, '--not', 'HEAD', ...within]))
  const what = ['--stdin', '-r', '-z', '--no-renames', '--diff-filter=D', '--name-only', '--no-commit-id']
  // They themselves may be in that history: picked again after a revert.
  const input = `${commits.join('\n')}\n${list}`
  const found = outputOf('diff-tree', gitIn(repository, ['diff-tree', ...what, ...within], input))
  return new Set(found.toString('utf8').split('\0'))
}

const HEADER = /^[0-9a-f]{40,64} ([a-z]+) (\d+)$/

/**
 * The content of files by object id or `COMMIT:PATH`, in order, by one process.
 * @returns null for each that does not exist or is no file
 */
export function readObjects(repository: Repository, names: readonly string[]): (Buffer | null)[] {
  // git reads one name a line; a path with a line feed cannot be asked for.
  const asked = names.filter(name => !name.includes('\n'))
  if (asked.length === 0) return names.map(() => null)
  const output = outputOf('cat-file', gitIn(repository, ['cat-file', '--batch'], `${asked.join('\n')}\n`))
  return parseObjects(output, names)
}

export interface ReadFiles {
  /** By the objects' names; null for each that does not exist or is no file. */
  objects: Map<string, Buffer | null>
  /** Objects that a filter keeps in another form in git, and that could not be turned back. */
  failed: ReadonlySet<string>
  /** Those that were turned back. */
  filtered: ReadonlySet<string>
}

/**
 * Files by their objects, as they would be checked out: what git-crypt or LFS keep in git is not what the file says, so
 * that the filters of .gitattributes are asked of all that has no frontmatter.
 */
export function readAsCheckedOut(
  repository: Repository,
  files: readonly { id: string; path: string }[],
): ReadFiles {
  const names = files.map(({ id }) => id)
  const objects = new Map(readObjects(repository, names).map((bytes, i) => [names[i]!, bytes]))
  const odd = files.filter(
    // git takes the object's name up to the first blank, and one file a line.
    ({ id, path }) => !/\s/.test(id) && !path.includes('\n') && lacksFrontmatter(objects.get(id)),
  )
  const nothing: ReadonlySet<string> = new Set()
  if (odd.length === 0) return { objects, failed: nothing, filtered: nothing }
  const smudged = readSmudged(repository, odd)
  if (!smudged) return { objects, failed: new Set(odd.map(({ id }) => id)), filtered: nothing }
  const filtered = new Set<string>()
  for (const [i, bytes] of smudged.entries()) {
    const { id } = odd[i]!
    if (!bytes.equals(objects.get(id)!)) filtered.add(id)
    objects.set(id, bytes)
  }
  return { objects, failed: nothing, filtered }
}

function lacksFrontmatter(bytes: Buffer | null | undefined): boolean {
  return bytes instanceof Buffer && !/^(?:\ufeff)?---/.test(bytes.toString('utf8', 0, 6))
}

/**
 * What a file with these bytes is in git, through the filters of .gitattributes.
 * @param path from the repository's top
 * @returns null when a filter fails
 */
export function storeThroughFilters(
  { top, scope }: Pick<Repository, 'top' | 'scope'>,
  bytes: Buffer,
  path: string,
): string | null {
  const { code, stdout } = gitIn({ cwd: top, scope }, ['hash-object', '-w', '--stdin', '--path', path], bytes)
  return code === 0 ? stdout.toString('utf8').trim() : null
}

/**
 * How a merge of two versions of a file is set up: `merge` of .gitattributes, such as `wrk`, `unset`, `unspecified`.
 * @param path from the repository's top
 */
export function mergeAttribute({ top, scope }: Pick<Repository, 'top' | 'scope'>, path: string): string {
  const { stdout } = gitIn({ cwd: top, scope }, ['check-attr', '-z', 'merge', '--', path])
  return stdout.toString('utf8').split('\0')[2] ?? 'unspecified'
}

/**
 * Through the filters that .gitattributes names (git-crypt, LFS).
 * @returns null when a filter fails
 */
function readSmudged(
  repository: Repository,
  files: readonly { id: string; path: string }[],
): Buffer[] | null {
  // git shows the size before the filter, so each end is marked by an object that there cannot be.
  const mark = `wrk-end-${randomLetters(16)}`
  const input = files.map(({ id, path }) => `${id} ${path}\n${mark} -\n`).join('')
  const { code, stdout } = gitIn(repository, ['cat-file', '--batch', '--filters'], input)
  if (code !== 0) return null
  const found: Buffer[] = []
  const end = Buffer.from(`\n${mark} missing\n`)
  for (let at = 0; at < stdout.length; ) {
    const start = stdout.indexOf(10, at) + 1
    const next = stdout.indexOf(end, start)
    if (next < 0) return null
    found.push(stdout.subarray(start, next))
    at = next + end.length
  }
  return found.length === files.length ? found : null
}

function parseObjects(output: Buffer, names: readonly string[]): (Buffer | null)[] {
  let at = 0
  return names.map(name => {
    if (name.includes('\n')) return null
    const lineEnd = output.indexOf(10, at)
    const header = HEADER.exec(output.toString('utf8', at, lineEnd))
    at = lineEnd + 1
    if (!header) return null
    const content = output.subarray(at, at + Number(header[2]))
    at += content.length + 1
    return header[1] === 'blob' ? content : null
  })
}

/** The characters that begin a comment in a commit message. */
export function commentMark(repository: Repository): string {
  const { code, stdout } = gitIn(repository, ['config', '--get-regexp', '^core\\.comment(char|string)$'])
  const mark = code === 0 ? /^\S+ (.+)$/.exec(stdout.toString('utf8').trim().split('\n').at(-1)!)?.[1] : null
  return !mark || mark === 'auto' ? '#' : mark
}

/** A repository without a commit has no HEAD to compare with. */
function isUnborn(repository: Repository): boolean {
  return gitIn(repository, ['rev-parse', '--quiet', '--verify', 'HEAD']).code !== 0
}

function emptyTree(repository: Repository): string {
  return outputOf('hash-object', gitIn(repository, ['hash-object', '-t', 'tree', '--stdin']))
    .toString('utf8')
    .trim()
}

/** @throws WrkError IO */
function outputOf(command: string, { code, stdout, stderr }: GitResult): Buffer {
  if (code === 0) return stdout
  const [first = `it ended with ${code}`] = stderr.trim().split('\n').filter(Boolean)
  throw new WrkError('IO', `git ${command} failed: ${first.replace(/^fatal: /, '')}`, {
    hint: 'See what keeps git from working: git status',
  })
}
