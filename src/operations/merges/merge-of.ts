/** Whether a file is what git makes of three others. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { git } from '../../system/git/git.ts'
import type { Repository } from '../../system/git/repository.ts'
import { readObjects } from '../../system/git/staged.ts'

/** @param blobs their ids; `ours` and `theirs` may be swapped @throws WrkError IO */
export function isMergeOf(
  repository: Repository,
  result: string,
  { base, ours, theirs }: { base: string; ours: string; theirs: string },
): boolean {
  const [merged, ...versions] = readObjects(repository, [result, base, ours, theirs])
  if (!merged || versions.includes(null)) return false
  const folder = mkdtempSync(join(tmpdir(), 'wrk-merge-'))
  try {
    for (const [i, name] of ['base', 'ours', 'theirs'].entries())
      writeFileSync(join(folder, name), versions[i]!)
    const { code, stdout } = git(folder, ['merge-file', '-p', 'ours', 'base', 'theirs'], { scope: 'folder' })
    return code === 0 && stdout.equals(merged)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
