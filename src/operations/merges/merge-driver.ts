/**
 * `wrk merge-driver`: git asks for one file to be merged. It merges an item by its fields; what is no item, or cannot
 * be taken apart, is given to git's own merge of lines.
 *
 * Guarantees: two different items are never merged into one; of our version nothing is overwritten before the result is
 * whole.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { displayOfFileName, keyOfFileName } from '../../core/items/ids.ts'
import { differentItems, type NamedVersion } from '../../core/merges/different-items.ts'
import { mergeItem } from '../../core/merges/merge-item.ts'
import { type FullReader, loadFullReader } from '../../markdown/frontmatter.ts'
import { git } from '../../system/git/git.ts'
import { writeBlob } from '../../system/git/index-entries.ts'
import type { Repository } from '../../system/git/repository.ts'
import { readAsCheckedOut, readObjects, storeThroughFilters } from '../../system/git/staged.ts'

/** What git puts in the place of %O %A %B %L %P. */
export interface MergeRequest {
  base: string
  /** The file that the result goes into. */
  ours: string
  theirs: string
  markerSize: number
  /** Where the merged file goes in the working tree. */
  path: string
}

export type DriverResult =
  | { kind: 'merged'; item: string }
  /** `keys` is empty where only the text, or a file that is no readable item, is in conflict. */
  | { kind: 'conflict'; item: string; keys: readonly string[] }
  | { kind: 'differentItems'; named: [NamedVersion, NamedVersion] }

/** @throws WrkError USAGE, IO; system errors */
export async function mergeDriver(request: MergeRequest): Promise<DriverResult> {
  const { base, ours, theirs, path, markerSize } = request
  if (!Number.isInteger(markerSize) || markerSize < 1)
    throw new WrkError('USAGE', 'the marker size must be a number')
  const raw = [base, ours, theirs].map(file => readFileSync(file)) as [Buffer, Buffer, Buffer]
  const name = path.slice(path.lastIndexOf('/') + 1)
  const item = displayOfFileName(name)
  if (!keyOfFileName(name)) return mergeWithGit(request, item)

  const readable = asCheckedOut(raw, path)
  const [o, a, b] = readable ?? raw
  const versions = { base: o.length > 0 ? o : null, ours: a, theirs: b }
  const merge = (showBase: boolean, full?: FullReader) =>
    mergeItem(versions, { size: markerSize, showBase }, full)
  let full: FullReader | undefined
  let result = merge(false)
  if (result.kind === 'needsFull') {
    full = await loadFullReader()
    result = merge(false, full)
  }
  const named = differentItems(versions, path, full)
  if (named) return { kind: 'differentItems', named }
  if (result.kind === 'conflict' && showsBase()) result = merge(true, full)
  if (result.kind === 'needsFull' || result.kind === 'unreadable') return mergeWithGit(request, item)
  replace(ours, readable ? asStored(result.bytes, path) : result.bytes)
  return result.kind === 'merged' ? { kind: 'merged', item } : { kind: 'conflict', item, keys: result.keys }
}

/** git runs the driver at the top of the working tree. */
const here = (): Repository => {
  const cwd = process.cwd()
  return { cwd, top: cwd, gitDir: '', commonDir: '', scope: 'caller' }
}

/**
 * git hands over what it keeps: of files under a filter (git-crypt) that is no text.
 * @returns the versions as they are checked out; null where they are as they came
 */
function asCheckedOut(versions: readonly Buffer[], path: string): [Buffer, Buffer, Buffer] | null {
  if (versions.every(bytes => bytes.length === 0 || bytes.toString('utf8', 0, 6).includes('---'))) return null
  const repository = here()
  const files = versions.map(bytes => ({ id: writeBlob(repository, bytes), path }))
  const { objects, filtered } = readAsCheckedOut(repository, files)
  return filtered.size > 0 ? (files.map(({ id }) => objects.get(id)!) as [Buffer, Buffer, Buffer]) : null
}

/** @throws WrkError IO */
function asStored(bytes: Buffer, path: string): Buffer {
  const blob = storeThroughFilters(here(), bytes, path)
  const [stored] = blob === null ? [] : readObjects(here(), [blob])
  if (stored) return stored
  throw new WrkError('IO', `the filter in .gitattributes failed for ${path}`)
}

/** What git does without a driver. */
function mergeWithGit({ base, ours, theirs, markerSize }: MergeRequest, item: string): DriverResult {
  const labels = ['ours', 'base', 'theirs'].flatMap(label => ['-L', label])
  const run = git(
    process.cwd(),
    ['merge-file', `--marker-size=${markerSize}`, ...labels, ours, base, theirs],
    {
      scope: 'caller',
    },
  )
  if (run.code === 0) return { kind: 'merged', item }
  // The number of conflicts, 127 at most.
  if (run.code < 128) return { kind: 'conflict', item, keys: [] }
  throw new WrkError('IO', `git merge-file failed: ${run.stderr.trim()}`)
}

/** Whether conflicts are to show what was there before, as `merge.conflictStyle` says. */
function showsBase(): boolean {
  const { code, stdout } = git(process.cwd(), ['config', '--get', 'merge.conflictStyle'], { scope: 'caller' })
  return code === 0 && /diff3\s*$/.test(stdout.toString('utf8'))
}

/** A draft beside a file of git's own. */
const DRAFT = /^(\.merge_file_\w+)\.wrk-\d+$/

/** What drivers left that were killed: git removes its own file when the driver has ended, however it ended. */
function sweepDraftsBeside(folder: string): void {
  const names = new Set(readdirSync(folder))
  for (const name of names) {
    const base = DRAFT.exec(name)?.[1]
    if (base !== undefined && !names.has(base)) rmSync(join(folder, name), { force: true })
  }
}

function replace(path: string, bytes: Buffer): void {
  sweepDraftsBeside(dirname(path))
  const draft = `${path}.wrk-${process.pid}`
  writeFileSync(draft, bytes, { flag: 'wx', mode: 0o600 })
  renameSync(draft, path)
}
