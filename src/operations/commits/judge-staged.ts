/** Puts together what is staged of one item with its real state, and finds what is wrong with committing it. */
import { basename, isAbsolute } from 'node:path'
import type { Lock } from '../../core/claims/lock.ts'
import {
  type FormFinding,
  formFindings,
  ignoredMove,
  leftOut,
  type NamedFile,
  shellWord,
} from '../../core/commits/form.ts'
import { judgeStaged, type StagedVerdict } from '../../core/commits/verify.ts'
import { authorOf } from '../../core/commits/wrk-written.ts'
import { displayOfFileName, type ItemKey } from '../../core/items/ids.ts'
import type { Item, Problem } from '../../core/items/item.ts'
import { withoutKeys } from '../../markdown/edit/without.ts'
import {
  type Frontmatter,
  type FullReader,
  placeInFile,
  readFrontmatter,
} from '../../markdown/frontmatter.ts'
import { findPair } from '../../markdown/scalar.ts'
import { readRecord } from '../../store/claims/record-file.ts'
import { interpret } from '../../store/items/item-reading.ts'
import type { ItemPlace } from '../../store/items/places/item-places.ts'
import type { HolderInfo } from '../claims/holder.ts'
import type { Superseded } from '../claims/lost-claims.ts'
import type { Truth, TruthOf } from '../claims/true-lock.ts'
import type { Context } from '../context.ts'
import type { LeftFile, StagedItem, StagedVersions } from './staged-items.ts'

export interface CommitFinding {
  code: FormFinding['code'] | 'held' | 'superseded' | 'lock'
  /** Relative to where the command was called. */
  path: string
  /** Counts from 1; 0 where no place can be named. */
  line: number
  column: number
  message: string
  /** The command that repairs it, or that keeps it out of the commit. */
  fix: string
  item: string
  holder: HolderInfo | null
}

/** A finding about a lock; its message names the holder or the loss. */
export interface LockFinding extends Omit<CommitFinding, 'message'> {
  kind: 'lock'
  verdict: Exclude<StagedVerdict, 'allowed'>
  /** What the commit would do to the item. */
  doing: 'adds' | 'changes' | 'moves' | 'deletes' | 'names'
  loss: Superseded | null
}

export type AnyFinding = (CommitFinding & { kind: 'form' }) | LockFinding

export interface About {
  context: Context
  isMine: (holder: string) => boolean
  truthOf: TruthOf
  /** Where the commit would have the ids. */
  places: ReadonlyMap<ItemKey, string[]>
  /** Where the files of items are that the commit deletes though they were only moved. */
  left: ReadonlyMap<ItemKey, LeftFile[]>
  /** A path from the repository's top, as the caller would type it. */
  named: (path: string) => string
  folder: string
  /** Whether a file's object is in the branch's history at that path: then it is put back. */
  isOld: (blob: string, path: string) => boolean
}

const LOCK_KEYS: ReadonlySet<string> = new Set(['locked_by', 'locked_at'])
/** What can be wrong with a copy in which only the lock changed. */
const OF_LOCKS: readonly Problem['code'][] = ['half-lock', 'unreadable-lock', 'duplicate-key']

/** @throws NeedsFullReader */
export function judgeChange(
  change: StagedItem,
  versions: StagedVersions,
  about: About,
  full: FullReader | undefined,
): AnyFinding[] {
  const { context, isMine, truthOf, named } = about
  const { key, before, after } = change
  const entry = (after ?? before)!
  const read = (bytes: Buffer | null, place: ItemPlace) => bytes && readVersion(context, bytes, place, full)
  const staged = read(versions.staged, entry.place)
  const committed = versions.committed.map(({ path, bytes }) => ({
    path,
    bytes,
    version: read(bytes, path === entry.path ? entry.place : before!.place),
  }))
  const isSame = ({ path, version }: (typeof committed)[number]) =>
    version && staged ? path === entry.path && version.content.equals(staged.content) : !version && !after
  const changed = !committed.some(isSame)
  const locks = committed.map(({ version }) => version?.lock ?? null) as [Lock | null, ...(Lock | null)[]]
  const truth = truthOf(key)
  const lock = staged?.lock ?? null
  const judged = judgeStaged({ changed, deleted: !after, lock, committed: locks }, truth, isMine)
  const isOpen = judged === 'allowed' || judged === 'superseded'
  const verdict = !isOpen && isWrks(change, versions, staged, committed, about) ? 'allowed' : judged

  const item = staged?.found ? staged.item.id : displayOfFileName(entry.place.name)
  const path = named(entry.path)
  const findings: AnyFinding[] = []
  if (verdict !== 'allowed')
    findings.push({
      kind: 'lock',
      code: verdict === 'superseded' || verdict === 'held' ? verdict : 'lock',
      ...placeOfLock(staged?.found ?? null, !after),
      path,
      item,
      verdict,
      doing: !after ? 'deletes' : !before ? 'adds' : before.path !== after.path ? 'moves' : 'changes',
      fix: lockFix(verdict, item, [...(before ? [before.path] : []), entry.path].map(named), truth, !before),
      holder: truth.holder,
      loss: truth.loss,
    })
  if (!after) {
    const left = about.left.get(key) ?? []
    if (changed && left.length > 0 && findings.length === 0) {
      const form = formOfMove(item, path, left, about)
      findings.push({ kind: 'form', path, item, holder: null, ...form })
    }
    return findings
  }

  const form = formAfter(about, { key, entry, item, path, staged, changed }, committed)
  for (const finding of form) findings.push({ kind: 'form', path, item, holder: null, ...finding })
  return findings
}

/**
 * Whether nothing is staged but what wrk wrote, and HEAD does not have that yet: anybody may commit it. Where a merge
 * brings in other versions, that is not known.
 */
function isWrks(
  { key, before, after }: StagedItem,
  { staged: bytes }: StagedVersions,
  staged: Version | null,
  committed: readonly { version: Version | null; bytes: Buffer | null }[],
  { context, truthOf, folder, isOld }: About,
): boolean {
  const [head, ...incoming] = committed
  if (!before || !after?.after || !bytes || !staged?.found || !head?.bytes || !head.version?.found)
    return false
  if (incoming.length > 0) return false
  const { host, stateDir } = context.store
  const known = truthOf(key).readings.find(({ record }) => record)?.record
  const reading = known ? null : readRecord(host.disk, stateDir, key).reading
  const record = known ?? (reading?.kind === 'record' ? reading.record : null)
  const within = (path: string) => path.slice(folder === '' ? 0 : folder.length + 1)
  const author = authorOf(
    { path: within(before.path), bytes: head.bytes, found: head.version.found },
    { path: within(after.path), bytes, found: staged.found },
    record?.snapshots ?? [],
  )
  return author === 'wrk' || (author === 'wrkOrRevert' && !isOld(after.after.id, after.path))
}

/** An item's staged version, under its name for people. */
interface StagedForm {
  key: ItemKey
  entry: NonNullable<StagedItem['after']>
  item: string
  path: string
  staged: Version | null
  changed: boolean
}

/** What is wrong with the form of an item's staged version, and that the commit would have it twice. */
function formAfter(
  about: About,
  { key, entry, item, path, staged, changed }: StagedForm,
  committed: readonly { version: Version | null }[],
): FormFinding[] {
  const { named } = about
  const file: NamedFile = {
    path,
    queue: named(about.folder),
    folder: entry.place.folder,
    name: entry.place.name,
    idPrefix: about.context.store.settings.idPrefix,
  }
  // What a merge brings together may have been wrong before: that is not this session's doing.
  const known = new Set(
    committed.length > 1 ? committed.flatMap(({ version }) => version?.problems.map(({ code }) => code)) : [],
  )
  const form = formOf(staged, file).filter(
    ({ code }) =>
      (changed || (OF_LOCKS as readonly string[]).includes(code)) && !known.has(code as Problem['code']),
  )
  const others = (about.places.get(key) ?? []).filter(one => one !== entry.path)
  if (changed && others.length > 0) {
    const places = [entry.path, ...others].map(named)
    form.push({
      code: 'ambiguous',
      line: 1,
      column: 1,
      message: `${item} is also in another place: ${others.map(named).join(', ')}`,
      fix: `keep one; ${places.map(place => `git rm ${shellWord(place)}`).join(', or: ')}`,
    })
  }
  return form
}

/** The commit has only one half of a move: the file that went, and not the one that came. */
function formOfMove(item: string, path: string, left: readonly LeftFile[], about: About): FormFinding {
  const { context, named } = about
  const [first] = left
  const places = left.map(({ path }) => named(path))
  if (!first?.ignored) return leftOut(item, path, places, isByPath(context))
  const { file, line, pattern } = first.ignored
  const rule = `${isAbsolute(file) ? file : named(file)}:${line}: ${pattern}`
  return ignoredMove(item, path, places[0]!, rule, isByPath(context))
}

interface Version {
  item: Item
  lock: Lock | null
  problems: Problem[]
  found: Frontmatter | null
  /** The file without its lock. */
  content: Buffer
}

function readVersion(
  { store }: Context,
  bytes: Buffer,
  place: ItemPlace,
  full: FullReader | undefined,
): Version {
  const found = readFrontmatter(bytes, full)
  const { item, lock, problems } = interpret(store, place, found)
  if (found.kind !== 'ok') return { item, lock, problems, found: null, content: bytes }
  return { item, lock, problems, found, content: withoutKeys(bytes, found, LOCK_KEYS) }
}

function formOf(staged: Version | null, file: NamedFile): FormFinding[] {
  if (staged) {
    const problems = staged.problems.map(one => (one.line > 0 ? one : { ...one, line: 1, column: 1 }))
    return formFindings(staged.item, problems, staged.found, file)
  }
  const message = 'it is a link or a submodule, not a file'
  const problem: Problem = { code: 'not-a-file', message, line: 1, column: 1, blocks: true }
  const item = { id: displayOfFileName(file.name), title: '', status: null, priority: null, closed: false }
  return formFindings(item, [problem], null, file)
}

/** For a commit of some paths (`git commit PATH…`) git makes an index of those alone. */
function isByPath({ env }: Context): boolean {
  return basename(env.GIT_INDEX_FILE ?? '').startsWith('next-index-')
}

function placeOfLock(found: Frontmatter | null, deleted: boolean): { line: number; column: number } {
  if (deleted) return { line: 0, column: 0 }
  const pair = found && (findPair(found.map, 'locked_by') ?? findPair(found.map, 'locked_at'))
  return pair ? placeInFile(found.split, pair.keyStart) : { line: 1, column: 1 }
}

/** Never the command that would break a living holder's lock. */
function lockFix(
  verdict: StagedVerdict,
  item: string,
  paths: readonly string[],
  { ownership, isTampered }: Truth,
  isNew: boolean,
): string {
  const names = [...new Set(paths)].map(shellWord).join(' ')
  const leaveOut = `git ${isNew ? 'rm --cached' : 'restore --staged'} ${names}`
  if (verdict === 'superseded' && ownership !== 'other') return `${leaveOut} && wrk claim ${item}`
  // A staged lock that differs from the file's: the file is right, unless it was written past wrk.
  return verdict === 'superseded' || verdict === 'held' || isTampered ? leaveOut : `git add ${names}`
}
