/** What git is in the middle of, by the files in its folder, and the commits that it brings together. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GitResult, git } from './git.ts'
import type { Repository } from './repository.ts'

export interface GitOperation {
  kind: 'merge' | 'cherry-pick' | 'revert' | 'rebase' | 'stash' | 'merged' | 'replayed'
  /** Names of commits or trees: what both sides came from, ours, and theirs. `base` null: nothing is known. */
  base: string | null
  ours: string
  theirs: string
  /** Of `replayed`: what the commit may have been made from. */
  origins?: readonly Origin[]
  /** What a person does when all is settled. */
  next: string
}

/** A change that may have been made again as another commit: what it was made from, and what it made. */
interface Origin {
  base: string | null
  theirs: string
}

/** The operation that is in progress, else the merge or replayed commit that HEAD is; null when there is neither. */
export function gitOperation(repository: Repository, isUnmerged: boolean): GitOperation | null {
  return inProgress(repository) ?? (isUnmerged ? stashed(repository) : justDone(repository))
}

function inProgress(repository: Repository): GitOperation | null {
  const { gitDir } = repository
  const rebasing = ['rebase-merge', 'rebase-apply'].some(name => existsSync(join(gitDir, name)))
  const picked = headIn(repository, 'REBASE_HEAD')
  if (rebasing && picked) return ofCommit(repository, 'rebase', picked, 'git rebase --continue')
  const merged = headIn(repository, 'MERGE_HEAD')
  if (merged)
    return {
      kind: 'merge',
      base: mergeBase(repository, 'HEAD', merged),
      ours: 'HEAD',
      theirs: merged,
      next: 'git commit',
    }
  const cherry = headIn(repository, 'CHERRY_PICK_HEAD')
  if (cherry) return ofCommit(repository, 'cherry-pick', cherry, 'git cherry-pick --continue')
  const reverted = headIn(repository, 'REVERT_HEAD')
  if (!reverted) return null
  return {
    kind: 'revert',
    base: reverted,
    ours: 'HEAD',
    theirs: `${reverted}^`,
    next: 'git revert --continue',
  }
}

function ofCommit(
  repository: Repository,
  kind: 'rebase' | 'cherry-pick',
  commit: string,
  next: string,
): GitOperation {
  return { kind, base: commitOr(repository, `${commit}^`), ours: 'HEAD', theirs: commit, next }
}

/**
 * A stash that was taken back and met a conflict is still there; which one it was, the base of a conflict shows. (What
 * the index has of the sides may be merged already.)
 */
function stashed(repository: Repository): GitOperation | null {
  const list = ask(repository, ['rev-list', '--walk-reflogs', '--max-count=20', 'refs/stash'])
  const unmerged = ask(repository, ['ls-files', '--unmerged', '-z']).stdout.toString('utf8')
  const base = unmerged
    .split('\0')
    .map(line => /^\d+ ([0-9a-f]+) 1\t([\s\S]+)$/.exec(line))
    .find(found => found !== null)
  for (const stash of list.code === 0 ? lines(list.stdout) : [])
    if (
      !base ||
      words(repository, ['rev-parse', '--quiet', '--verify', `${stash}^:./${base[2]}`])[0] === base[1]
    )
      return { kind: 'stash', base: `${stash}^`, ours: 'HEAD', theirs: stash, next: 'git stash drop' }
  return null
}

/** A merge that is committed already, or a commit that a rebase or cherry-pick has made again from another. */
function justDone(repository: Repository): GitOperation | null {
  const [, first, second] = words(repository, ['rev-list', '--parents', '--max-count=1', 'HEAD'])
  if (!first) return null
  const next = 'git commit'
  if (second)
    return { kind: 'merged', base: mergeBase(repository, first, second), ours: first, theirs: second, next }
  const origins = [...namedByHead(repository), ...likeHead(repository)]
  if (!origins[0]) return null
  return { kind: 'replayed', ...origins[0], ours: first, origins, next }
}

/** The commit that git's own message names: of a revert, and of `cherry-pick -x`. */
function namedByHead(repository: Repository): Origin[] {
  const message = ask(repository, ['log', '--max-count=1', '--format=%B', 'HEAD']).stdout.toString('utf8')
  return [...message.matchAll(/\b(reverts|cherry picked from) commit ([0-9a-f]{40,64})\b/g)].flatMap(
    found => {
      const [commit, before] = [found[2]!, `${found[2]}^`].map(name => commitOr(repository, name))
      if (!commit) return []
      if (found[1] !== 'reverts') return [{ base: before ?? null, theirs: commit }]
      return before ? [{ base: commit, theirs: before }] : []
    },
  )
}

/**
 * A commit that is made again keeps its author, its subject, and the second in which it was first made. Others may have
 * the same.
 */
function likeHead(repository: Repository): Origin[] {
  const format = '--format=%H%x00%P%x00%at %ae %s'
  const log = ask(repository, ['log', '--all', '--reflog', '--max-count=5000', format, 'HEAD'])
  if (log.code !== 0) return []
  const [head, ...others] = [
    ...lines(ask(repository, ['log', '--max-count=1', format, 'HEAD']).stdout),
    ...lines(log.stdout),
  ].map(line => line.split('\0') as [commit: string, parents: string, made: string])
  return others
    .filter(([commit, , made]) => commit !== head![0] && made === head![2])
    .slice(0, MOST_ORIGINS)
    .map(([commit, parents]) => ({ base: parents.split(' ')[0] || null, theirs: commit }))
}

/** How many commits of the same second and subject are compared. */
const MOST_ORIGINS = 20

function lines(output: Buffer): string[] {
  return output.toString('utf8').split('\n').filter(Boolean)
}

/** The first of the best common ancestors. With several (criss-cross) each is one that both sides have. */
function mergeBase(repository: Repository, one: string, other: string): string | null {
  return words(repository, ['merge-base', '--all', one, other])[0] ?? null
}

function commitOr(repository: Repository, name: string): string | null {
  return words(repository, ['rev-parse', '--quiet', '--verify', `${name}^{commit}`])[0] ?? null
}

function ask({ cwd }: Repository, args: readonly string[]): GitResult {
  return git(cwd, args, { scope: 'caller' })
}

function words(repository: Repository, args: readonly string[]): string[] {
  const { code, stdout } = ask(repository, args)
  return code === 0 ? stdout.toString('utf8').trim().split(/\s+/).filter(Boolean) : []
}

function headIn({ gitDir }: Repository, name: string): string | null {
  const path = join(gitDir, name)
  return existsSync(path) ? (/^[0-9a-f]{40,64}/.exec(readFileSync(path, 'utf8'))?.[0] ?? null) : null
}
