/**
 * Reads `.git` itself, without running git: which folder it is, what linked worktrees share, and where the main
 * working tree of a linked one is. The only place that knows these files (gitrepository-layout(5)).
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'

/** What the `.git` of one working tree says. */
export interface GitFolder {
  gitDir: string
  /** The same as `gitDir`, but of a linked worktree that of the main one: what all working trees share. */
  commonDir: string
  /** `.git` is a file that names the folder: a linked worktree, a submodule, or `--separate-git-dir`. */
  isFile: boolean
  isLinked: boolean
}

/** The `.git` of this very folder; null when it is not the top of a working tree. */
export function gitFolderIn(folder: string): GitFolder | null {
  const path = join(folder, '.git')
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return null
  const isFile = !stat.isDirectory()
  const named = isFile ? /^gitdir: (.+)$/m.exec(gitText(path) ?? '')?.[1]?.trim() : path
  if (!named) return null
  const gitDir = resolve(folder, named)
  return existsSync(join(gitDir, 'HEAD')) ? { ...commonOf(gitDir), gitDir, isFile } : null
}

/** What a repository's folder shares with those of other working trees. */
export function commonOf(gitDir: string): Pick<GitFolder, 'commonDir' | 'isLinked'> {
  const common = gitText(join(gitDir, 'commondir'))?.trim()
  return { commonDir: resolve(gitDir, common ?? '.'), isLinked: common !== undefined }
}

/**
 * The top of the main working tree when `folder` is the top of a linked one.
 * @returns null when it is not linked, or nothing says where the main one is (a bare repository, `--separate-git-dir`)
 */
export function mainTreeOf(folder: string): string | null {
  const found = gitFolderIn(folder)
  return found?.isLinked ? treeOfCommon(found.commonDir) : null
}

/** A submodule's names its tree in the settings. */
function treeOfCommon(commonDir: string): string | null {
  const core = /^[ \t]*\[core\]([^[]*)/im.exec(gitText(join(commonDir, 'config')) ?? '')?.[1] ?? ''
  const tree = /^\s*worktree\s*=\s*"?(.+?)"?\s*$/m.exec(core)?.[1]
  if (tree !== undefined) return resolve(commonDir, tree)
  return basename(commonDir) === '.git' ? dirname(commonDir) : null
}

/**
 * The same folder in the repository's main working tree, when `root` is in a linked worktree. A submodule belongs
 * to the tree that it is checked out in.
 * @returns null outside of linked worktrees; `main` is null where the main working tree has no such folder, or
 *   nothing says where it is
 */
export function inMainTree(root: string): { main: string | null } | null {
  for (let folder = root; folder !== dirname(folder); folder = dirname(folder)) {
    const found = gitFolderIn(folder)
    if (!found) continue
    if (found.isLinked) {
      const tree = treeOfCommon(found.commonDir)
      const main = tree === null ? null : join(tree, relative(folder, root))
      const isThere = main !== null && statSync(main, { throwIfNoEntry: false })?.isDirectory()
      return { main: isThere ? realpathSync.native(main) : null }
    }
    if (!found.isFile) return null
  }
  return null
}

/** The nearest `.git` at or above a folder, whether it is one that git could use or not. */
export function nearestGit(folder: string): string | null {
  const path = join(folder, '.git')
  if (existsSync(path)) return path
  return dirname(folder) === folder ? null : nearestGit(dirname(folder))
}

/** A small text file of git's; undefined when it is not there. */
export function gitText(path: string): string | undefined {
  return unless(MISSING, undefined, () => readFileSync(path, 'utf8'))
}
