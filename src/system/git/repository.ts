/**
 * Which git repository a call is about. Looked up here rather than asked of git, which would be one more process
 * of every commit; where the environment names the repository (GIT_DIR, as hooks of linked worktrees have it),
 * git is asked. A `core.worktree` in the configuration is not seen.
 */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { type GitResult, type GitScope, git } from './git.ts'
import { commonOf, gitFolderIn, gitText } from './git-folder.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Repository {
  /** Where git is run: the caller's own folder, since a relative GIT_DIR or GIT_INDEX_FILE counts from there. */
  cwd: string
  /** Whether the caller's environment has a say in which index and objects these are. */
  scope: GitScope
  /** The index that is looked at, where that is not the usual one. */
  index?: string
  /** The working tree's real path. */
  top: string
  gitDir: string
  /** The same as `gitDir`, but in a linked worktree that of the main one: what all working trees share. */
  commonDir: string
}

/** The repository that a `git commit` in `cwd` would be of, or null. */
export function findRepository(cwd: string, env: Environment): Repository | null {
  return env.GIT_DIR || env.GIT_WORK_TREE ? askGit(cwd) : repositoryAbove(cwd, 'caller')
}

/**
 * The repository that holds a folder. One that only the environment names (GIT_DIR) counts where it says that its
 * working tree holds the folder, and there is no nearer one.
 */
export function repositoryHolding(folder: string, env: Environment): Repository | null {
  const found = repositoryAbove(folder, 'folder')
  if (found || !env.GIT_DIR || !env.GIT_WORK_TREE) return found
  const named = askGit(folder)
  return named && pathInRepository(named, folder) !== null ? named : null
}

function repositoryAbove(cwd: string, scope: GitScope): Repository | null {
  for (let folder = realpathSync.native(cwd); ; folder = dirname(folder)) {
    const found = gitFolderIn(folder)
    if (found) return { cwd, scope, top: folder, gitDir: found.gitDir, commonDir: found.commonDir }
    if (folder === dirname(folder)) return null
  }
}

function askGit(cwd: string): Repository | null {
  const asked = ['rev-parse', '--show-toplevel', '--absolute-git-dir']
  const { code, stdout } = git(cwd, asked, { scope: 'caller' })
  const [top, gitDir] = stdout.toString('utf8').split('\n')
  if (code !== 0 || !top || !gitDir) return null
  const { commonDir } = commonOf(gitDir)
  return { cwd, scope: 'caller', top: realpathSync.native(top), gitDir, commonDir }
}

/** Runs git on a repository. */
export function gitIn(
  { cwd, scope, index }: Pick<Repository, 'cwd' | 'scope' | 'index'>,
  args: readonly string[],
  input?: string | Buffer,
): GitResult {
  return git(cwd, args, { scope, index, ...(input === undefined ? {} : { input }) })
}

/** Whether older commits are missing here (`git clone --depth`), so that its history is not complete. */
export function isShallow({ commonDir }: Repository): boolean {
  return (gitText(join(commonDir, 'shallow')) ?? '') !== ''
}

/**
 * The place of a folder in the repository: its path from the top with `/`, '' for the top itself. Null when it is
 * elsewhere: outside, or in a submodule or another repository within this one.
 */
export function pathInRepository({ top }: Repository, folder: string): string | null {
  const path = relative(top, folder)
  if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) return null
  for (let above = folder; above !== top; above = dirname(above)) if (gitFolderIn(above)) return null
  return path.split(sep).join('/')
}

/** A folder of a repository, from its top, as git takes paths: whatever the folder of the call and the folder's name. */
export function pathspecOf(folder: string): string {
  return folder === '' ? ':(top)' : `:(top,literal)${folder}`
}

/** Whether two working trees are of one repository. */
export function isSameRepository(one: Repository, two: Repository): boolean {
  return realpathSync.native(one.commonDir) === realpathSync.native(two.commonDir)
}

/** Commits that are being merged into the next one: of a merge, a cherry-pick or a rebase that stopped. */
export function incomingCommits({ gitDir }: Repository): string[] {
  const rebasing = ['rebase-merge', 'rebase-apply'].some(name => existsSync(join(gitDir, name)))
  return ['MERGE_HEAD', 'CHERRY_PICK_HEAD', ...(rebasing ? ['REBASE_HEAD'] : [])].flatMap(name =>
    (gitText(join(gitDir, name)) ?? '').split('\n').filter(line => /^[0-9a-f]{40,64}$/.test(line)),
  )
}
