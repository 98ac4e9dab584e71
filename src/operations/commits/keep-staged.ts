/**
 * The index that sessions share, after a commit that did not go through it: without this the next plain `git commit`
 * would take the commit back.
 */
import { type ItemForm, withWrksFields } from '../../core/commits/wrk-written.ts'
import { readFrontmatter } from '../../markdown/frontmatter.ts'
import { changeIndex, type GitEntry, writeBlob } from '../../system/git/index-entries.ts'
import { gitIn, type Repository } from '../../system/git/repository.ts'
import { readObjects } from '../../system/git/staged.ts'
import type { PlannedItem } from './commit-plan.ts'

/**
 * Paths that are staged as the last commit had them get what is committed now. What somebody has staged of another
 * session's item stays, with the fields that were committed; of an item that was committed whole, the file is newer than
 * anything that is staged of it.
 * @throws WrkError IO
 */
export function keepStaged(index: Repository, items: readonly PlannedItem[]): void {
  const staged = stagedNow(index, items)
  const remove: string[] = []
  const add: GitEntry[] = []
  for (const item of items) {
    const { from, to } = item
    const [old, now] = [from && staged.get(from.path), to && staged.get(to.path)]
    const other = [old, now].find(entry => entry && entry.blob !== from?.blob && entry.blob !== to?.blob)
    if (from) remove.push(from.path)
    if (to) add.push({ ...to, blob: (other && withFields(index, item, other)) ?? to.blob, stage: 0 })
  }
  changeIndex(index, remove, add)
}

function stagedNow(index: Repository, items: readonly PlannedItem[]): Map<string, GitEntry> {
  const paths = items.flatMap(({ from, to }) => [from, to].flatMap(entry => entry?.path ?? []))
  const found = gitIn(index, [
    'ls-files',
    '--stage',
    '-z',
    '--',
    ...paths.map(path => `:(top,literal)${path}`),
  ])
  const entries = found.stdout.toString('utf8').split('\0')
  return new Map(
    entries.flatMap(line => {
      const [, mode, blob, stage, path] = /^(\d+) ([0-9a-f]+) (\d)\t([\s\S]+)$/.exec(line) ?? []
      return path ? [[path, { mode: mode!, blob: blob!, stage: Number(stage), path }] as const] : []
    }),
  )
}

/** Null where it cannot be said, or nothing but what is committed was staged. */
function withFields(index: Repository, { written }: PlannedItem, { blob }: GitEntry): string | null {
  if (!written) return null
  const [bytes] = readObjects(index, [blob])
  // What is only meant to be added (git add -N) has nothing in it.
  if (!bytes?.length) return null
  const found = readFrontmatter(bytes)
  if (found.kind !== 'ok') return blob
  const form: ItemForm = { path: written.working.path, bytes, found }
  const made = withWrksFields(form, written.snapshot, written.working)
  return made === null || made === 'needsFull' ? blob : writeBlob(index, made)
}
