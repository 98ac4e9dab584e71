/** Commits made from an index of their own, by git's plumbing: no hook, no file of the working tree and no index but theirs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import type { GitResult } from './git.ts'
import { gitIn, type Repository } from './repository.ts'

export interface Head {
  /** `refs/heads/main`. */
  branch: string
  /** Null before the first commit. */
  commit: string | null
}

/** Null when no branch is checked out. @throws WrkError IO */
export function headBranch(repository: Repository): Head | null {
  const branch = gitIn(repository, ['symbolic-ref', '--quiet', 'HEAD'])
  if (branch.code !== 0) return null
  const commit = gitIn(repository, ['rev-parse', '--quiet', '--verify', 'HEAD^{commit}'])
  return { branch: lineOf(branch), commit: commit.code === 0 ? lineOf(commit) : null }
}

/** What somebody is in the middle of, and how it is ended; a commit of another would become part of it. */
export function operationInProgress({ gitDir }: Repository): { name: string; end: string } | null {
  const found = IN_PROGRESS.find(({ files }) => files.some(file => existsSync(join(gitDir, file))))
  return found ?? null
}

const IN_PROGRESS = [
  { name: 'rebase', files: ['rebase-merge', 'rebase-apply'], end: 'git rebase --continue' },
  { name: 'merge', files: ['MERGE_HEAD'], end: 'git commit' },
  { name: 'cherry-pick', files: ['CHERRY_PICK_HEAD'], end: 'git cherry-pick --continue' },
  { name: 'revert', files: ['REVERT_HEAD'], end: 'git revert --continue' },
  { name: 'bisect', files: ['BISECT_LOG'], end: 'git bisect reset' },
]

/** Fills an index with a commit's files; empty without one. @throws WrkError IO */
export function readTree(repository: Repository, commit: string | null): void {
  checked('read-tree', gitIn(repository, ['read-tree', commit ?? '--empty']))
}

/** @throws WrkError IO */
export function writeTree(repository: Repository): string {
  return lineOf(checked('write-tree', gitIn(repository, ['write-tree'])))
}

/** Null when the commit has this tree already. @throws WrkError IO */
export function treeOf(repository: Repository, commit: string): string {
  return lineOf(checked('rev-parse', gitIn(repository, ['rev-parse', `${commit}^{tree}`])))
}

/** A message without blanks at line ends and blank lines too many, as `git commit -m` makes it. @throws WrkError IO */
export function cleanMessage(repository: Repository, text: string): string {
  return checked('stripspace', gitIn(repository, ['stripspace'], text)).stdout.toString('utf8')
}

/** Signed where `commit.gpgsign` asks for it. @throws WrkError IO */
export function commitTree(
  repository: Repository,
  { tree, parent, message }: { tree: string; parent: string | null; message: string },
): string {
  const signing = gitIn(repository, ['config', '--type=bool', '--get', 'commit.gpgsign'])
  const args = [
    ...['commit-tree', tree],
    ...(parent === null ? [] : ['-p', parent]),
    ...(lineOf(signing) === 'true' ? ['-S'] : []),
  ]
  return lineOf(checked('commit-tree', gitIn(repository, [...args, '-F', '-'], message)))
}

/**
 * Moves a branch to a commit that was made on its last one.
 * @returns false when it has moved meanwhile @throws WrkError IO, BUSY
 */
export function moveBranch(
  repository: Repository,
  { branch, commit: before }: Head,
  commit: string,
  subject: string,
): boolean {
  const nothing = '0'.repeat(commit.length)
  const what = `commit${before === null ? ' (initial)' : ''}: ${subject}`
  const run = gitIn(repository, ['update-ref', '-m', what, branch, commit, before ?? nothing])
  if (run.code === 0) return true
  const now = gitIn(repository, ['rev-parse', '--quiet', '--verify', branch])
  if ((now.code === 0 ? lineOf(now) : null) !== before) return false
  if (/\.lock'?: File exists|Unable to create/.test(run.stderr))
    throw new WrkError('BUSY', `another git command is changing ${branch}`, {
      hint: 'Wait until it has ended, then run the command again.',
    })
  checked('update-ref', run)
  return false
}

/** Paths below a folder that are not as HEAD has them, in the index or in the working tree. @throws WrkError IO */
export function changedPaths(repository: Repository, pathspec: string): string[] {
  const args = ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--', pathspec]
  const { stdout } = checked('status', gitIn(repository, args))
  return stdout
    .toString('utf8')
    .split('\0')
    .flatMap(line => (line.length > 3 ? [line.slice(3)] : []))
}

function lineOf({ stdout }: GitResult): string {
  return stdout.toString('utf8').trim()
}

/** @throws WrkError IO */
function checked(command: string, result: GitResult): GitResult {
  if (result.code === 0) return result
  const why = result.stderr.trim().replace(/^(?:fatal|error): /, '')
  throw new WrkError('IO', `git ${command} failed: ${why || `it ended with ${result.code}`}`)
}
