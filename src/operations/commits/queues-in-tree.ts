/** The queues that a commit has, found in its tree: a server's repository has no folders on its disk. */
import { git } from '../../system/git/git.ts'

/** Their folders from the top: each `.claude/work-queue`, and each folder with `pending` and `working` in it. */
export function queueFoldersInTree(cwd: string, commit: string): string[] {
  const { code, stdout } = git(cwd, ['ls-tree', '-r', '-d', '-z', '--name-only', '--full-tree', commit], {
    scope: 'caller',
  })
  const folders = code === 0 ? stdout.toString('utf8').split('\0').filter(Boolean) : []
  const known = new Set(folders)
  const below = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`)
  return ['', ...folders].filter(folder => {
    const isNamed = folder === '.claude/work-queue' || folder.endsWith('/.claude/work-queue')
    return isNamed || ['pending', 'working'].every(name => known.has(below(folder, name)))
  })
}
