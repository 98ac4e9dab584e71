/**
 * Which git repository a call is about. Looked up here rather than asked of git, which would be one more process
 * of every commit; where the environment names the repository (GIT_DIR, as hooks of linked worktrees have it),
 * git is asked. A `core.worktree` set by hand is not seen.
 */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { git } from './git.ts'
import { commonOf, gitFolderIn, gitText } from './git-folder.ts'

export interface Repository {
  /** Where git is run: the caller's own folder, since a relative GIT_DIR or GIT_INDEX_FILE counts from there. */
  cwd: string
  /** The working tree's real path. */
  top: string
  gitDir: string
  /** The same as `gitDir`, but in a linked worktree that of the main one: what all working trees share. */
  commonDir: string
}

/** The repository whose working tree holds `cwd`, or null. */
export function findRepository(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Repository | null {
  if (env.GIT_DIR || env.GIT_WORK_TREE) return askGit(cwd)
  for (let folder = realpathSync.native(cwd); ; folder = dirname(folder)) {
    const found = gitFolderIn(folder)
    if (found) return { cwd, top: folder, gitDir: found.gitDir, commonDir: found.commonDir }
    if (folder === dirname(folder)) return null
  }
}

function askGit(cwd: string): Repository | null {
  const { code, stdout } = git(cwd, ['rev-parse', '--show-toplevel', '--absolute-git-dir'])
  const [top, gitDir] = stdout.toString('utf8').split('\n')
  if (code !== 0 || !top || !gitDir) return null
  return { cwd, top: realpathSync.native(top), gitDir, commonDir: commonOf(gitDir).commonDir }
}

/**
 * Where a folder lies in the repository: its path from the top with `/`, '' for the top itself. Null when it lies
 * elsewhere: outside, or in a submodule or another repository within this one.
 */
export function pathInRepository({ top }: Repository, folder: string): string | null {
  const path = relative(top, folder)
  if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) return null
  for (let above = folder; above !== top; above = dirname(above)) if (gitFolderIn(above)) return null
  return path.split(sep).join('/')
}

/** Whether two working trees are of one repository. */
export function isSameRepository(one: Repository, two: Repository): boolean {
  return realpathSync.native(one.commonDir) === realpathSync.native(two.commonDir)
}

/** Commits whose content is being brought into the next one: of a merge, a cherry-pick or a rebase that stopped. */
export function incomingCommits({ gitDir }: Repository): string[] {
  const rebasing = ['rebase-merge', 'rebase-apply'].some(name => existsSync(join(gitDir, name)))
  return ['MERGE_HEAD', 'CHERRY_PICK_HEAD', ...(rebasing ? ['REBASE_HEAD'] : [])].flatMap(name =>
    (gitText(join(gitDir, name)) ?? '').split('\n').filter(line => /^[0-9a-f]{40,64}$/.test(line)),
  )
}
