/** What git has staged: the index against the last commit, and the content of both. One process for each question. */
import { WrkError } from '../core/errors.ts'
import { type GitResult, git } from './git.ts'
import type { Repository } from './repository.ts'

export interface StagedEntry {
  /** From the repository's top, with `/`. */
  path: string
  /** The object of the last commit and of the index, and whether each is a regular file; null where there is none. */
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

/** What differs between the last commit and the index below a folder of the repository ('' for all of it). */
export function stagedEntries(repository: Repository, folder: string): StagedEntry[] {
  const compare = (tree: string) =>
    git(repository.cwd, [
      ...['diff-index', '--cached', '--no-renames', '--no-abbrev', '-z', tree, '--'],
      inFolder(folder),
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

function objectOf(mode: string, id: string): StagedObject | null {
  return mode === '000000' ? null : { id, isFile: mode.startsWith('100') }
}

/** All paths of the index below a folder. */
export function indexedPaths(repository: Repository, folder: string): string[] {
  return listedFiles(repository, folder, '--cached')
}

/** The files of the working tree below a folder that are neither in the index nor ignored. */
export function untrackedPaths(repository: Repository, folder: string): string[] {
  return listedFiles(repository, folder, '--others', '--exclude-standard')
}

function listedFiles({ cwd }: Repository, folder: string, ...which: string[]): string[] {
  const found = git(cwd, ['ls-files', ...which, '--full-name', '-z', '--', inFolder(folder)])
  return outputOf('ls-files', found).toString('utf8').split('\0').slice(0, -1)
}

/** What was deleted below a folder by these commits, and by those before them that are not in the last one's history. */
export function pathsDeletedBy({ cwd }: Repository, commits: readonly string[], folder: string): Set<string> {
  if (commits.length === 0) return new Set()
  const within = ['--', inFolder(folder)]
  const list = outputOf('rev-list', git(cwd, ['rev-list', ...commits, '--not', 'HEAD', ...within]))
  const what = ['--stdin', '-r', '-z', '--no-renames', '--diff-filter=D', '--name-only', '--no-commit-id']
  // They themselves may be in that history: picked anew after a revert.
  const input = `${commits.join('\n')}\n${list}`
  const found = outputOf('diff-tree', git(cwd, ['diff-tree', ...what, ...within], input))
  return new Set(found.toString('utf8').split('\0'))
}

const HEADER = /^[0-9a-f]{40,64} ([a-z]+) (\d+)$/

/**
 * The content of files by object id or `COMMIT:PATH`, in order, by one process.
 * @returns null for each that does not exist or is no file
 */
export function readObjects({ cwd }: Repository, names: readonly string[]): (Buffer | null)[] {
  // git reads one name a line; a path with a line feed cannot be asked for.
  const asked = names.filter(name => !name.includes('\n'))
  if (asked.length === 0) return names.map(() => null)
  const output = outputOf('cat-file', git(cwd, ['cat-file', '--batch'], `${asked.join('\n')}\n`))
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
export function commentMark({ cwd }: Repository): string {
  const { code, stdout } = git(cwd, ['config', '--get-regexp', '^core\\.comment(char|string)$'])
  const mark = code === 0 ? /^\S+ (.+)$/.exec(stdout.toString('utf8').trim().split('\n').at(-1)!)?.[1] : null
  return !mark || mark === 'auto' ? '#' : mark
}

function inFolder(folder: string): string {
  return folder === '' ? ':(top)' : `:(top,literal)${folder}`
}

/** A repository without a commit has no HEAD to compare with. */
function isUnborn({ cwd }: Repository): boolean {
  return git(cwd, ['rev-parse', '--quiet', '--verify', 'HEAD']).code !== 0
}

function emptyTree({ cwd }: Repository): string {
  return outputOf('hash-object', git(cwd, ['hash-object', '-t', 'tree', '--stdin']))
    .toString('utf8')
    .trim()
}

/** @throws WrkError IO */
function outputOf(command: string, { code, stdout, stderr }: GitResult): Buffer {
  if (code === 0) return stdout
  const [first = `it ended with ${code}`] = stderr.trim().split('\n').filter(Boolean)
  throw new WrkError('IO', `git ${command} failed: ${first.replace(/^fatal: /, '')}`, {
    hint: 'Run git status there: what keeps git from working has to be mended first.',
  })
}
