/**
 * Looks at what is staged: may this session commit it? Reads the index and the last commit, never the working
 * tree's copies; only the lock is read from the queue's own file, since that is where it truly stands.
 */
import { realpathSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { type FormFinding, formFindings, type NamedFile, shellWord } from '../core/form.ts'
import { displayOfFileName, type ItemKey } from '../core/ids.ts'
import type { Item, Problem } from '../core/item.ts'
import type { Lock } from '../core/lock.ts'
import { belongsTo } from '../core/session.ts'
import { judgeStaged, type StagedVerdict } from '../core/verify.ts'
import { type Frontmatter, type FullReader, placeInFile, readFrontmatter } from '../markdown/frontmatter.ts'
import { findPair } from '../markdown/scalar.ts'
import { withoutKeys } from '../markdown/without.ts'
import { interpret } from '../store/item-reader.ts'
import type { ItemPlace } from '../store/queue.ts'
import { withReaders } from '../store/readers.ts'
import type { Context } from './context.ts'
import type { HolderInfo } from './holder.ts'
import { lookIn } from './identify.ts'
import type { Superseded } from './records.ts'
import {
  type ItemChange,
  itemChanges,
  placesInIndex,
  queueInRepository,
  readVersions,
  type Versions,
} from './staged-items.ts'
import { readTruths, type Truth, type TruthOf } from './true-lock.ts'

export interface Finding {
  code: FormFinding['code'] | 'held' | 'superseded' | 'lock'
  /** Relative to where the command was called. */
  path: string
  /** Counts from 1; 0 where no place can be named. */
  line: number
  column: number
  message: string
  /** The command that mends it, or that keeps it out of the commit. */
  fix: string
  item: string
  holder: HolderInfo | null
}

/** A finding about a lock, whose message names the holder or the loss. */
export interface LockFinding extends Omit<Finding, 'message'> {
  kind: 'lock'
  verdict: Exclude<StagedVerdict, 'allowed'>
  /** What the commit would do to the item. */
  doing: 'adds' | 'changes' | 'moves' | 'deletes' | 'names'
  loss: Superseded | null
}

export type AnyFinding = (Finding & { kind: 'form' }) | LockFinding

export interface Verification {
  findings: AnyFinding[]
  warnings: string[]
  /** How many items were looked at. */
  checked: number
  /** Why there was nothing to look at; null when there was. */
  nothing: string | null
}

export interface VerifyOptions {
  cwd: string
  /** Only what is staged at these paths, or below them. */
  paths?: readonly string[]
}

/** @throws WrkError IO */
export async function verifyStaged(
  context: Context,
  { cwd, paths = [] }: VerifyOptions,
): Promise<Verification> {
  const found = queueInRepository(context, cwd)
  if (!found) return nothing(`The queue ${context.store.root} is not in this repository: nothing to verify.`)
  const { repository, folder } = found
  const here = realpathSync.native(cwd)
  const named = (path: string) => relative(here, resolve(repository.top, path)).split(sep).join('/')
  const limits = paths.map(path => relative(repository.top, resolve(here, path)).split(sep).join('/'))
  const { changes, unmerged } = itemChanges(found, limits)
  const warnings = unmerged.map(
    path => `${named(path)} has conflicts that are not resolved; it was not verified`,
  )
  if (changes.length === 0) return { ...nothing('No item is staged.'), warnings }

  const versions = readVersions(repository, changes)
  const onlooker = await lookIn(context)
  const truthOf = await readTruths(context, onlooker, new Set(changes.map(({ key }) => key)))
  const twice = placesInIndex(context, found, changes, truthOf)
  const session = onlooker.caller?.session
  const about: About = {
    context,
    isMine: holder => session !== undefined && belongsTo(holder, session),
    truthOf,
    twice,
    named,
    folder,
  }
  const findings = await withReaders(full =>
    changes.flatMap((one, i) => judge(one, versions[i]!, about, full)),
  )
  return { findings, warnings, checked: changes.length, nothing: null }
}

function nothing(why: string): Verification {
  return { findings: [], warnings: [], checked: 0, nothing: why }
}

interface About {
  context: Context
  isMine: (holder: string) => boolean
  truthOf: TruthOf
  twice: Map<ItemKey, string[]>
  /** A path from the repository's top, as the caller would type it. */
  named: (path: string) => string
  folder: string
}

const LOCK_KEYS: ReadonlySet<string> = new Set(['locked_by', 'locked_at'])
/** What can be wrong with a copy in which only the lock changed. */
const OF_LOCKS: readonly Problem['code'][] = ['half-lock', 'unreadable-lock', 'duplicate-key']

/** @throws NeedsFullReader */
function judge(
  change: ItemChange,
  versions: Versions,
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
    version: read(bytes, path === entry.path ? entry.place : before!.place),
  }))
  const isSame = ({ path, version }: (typeof committed)[number]) =>
    version && staged ? path === entry.path && version.content.equals(staged.content) : !version && !after
  const changed = !committed.some(isSame)
  const locks = committed.map(({ version }) => version?.lock ?? null) as [Lock | null, ...(Lock | null)[]]
  const truth = truthOf(key, locks[0])
  const lock = staged?.lock ?? null
  const verdict = judgeStaged({ changed, deleted: !after, lock, committed: locks }, truth, isMine)

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
  if (!after) return findings

  const file: NamedFile = {
    path,
    queue: named(about.folder),
    folder: entry.place.folder,
    name: entry.place.name,
    idPrefix: context.store.settings.idPrefix,
  }
  const form = formOf(staged, file).filter(
    ({ code }) => changed || (OF_LOCKS as readonly string[]).includes(code),
  )
  const others = (about.twice.get(key) ?? []).filter(one => one !== entry.path)
  if (changed && others.length > 0) {
    const places = [entry.path, ...others].map(named)
    form.push({
      code: 'ambiguous',
      line: 1,
      column: 1,
      message: `${item} stands in another place too: ${others.map(named).join(', ')}`,
      fix: `keep one; ${places.map(place => `git rm ${shellWord(place)}`).join(', or: ')}`,
    })
  }
  for (const finding of form) findings.push({ kind: 'form', path, item, holder: null, ...finding })
  return findings
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
  { whose, isTampered }: Truth,
  isNew: boolean,
): string {
  const names = [...new Set(paths)].map(shellWord).join(' ')
  const leaveOut = `git ${isNew ? 'rm --cached' : 'restore --staged'} ${names}`
  if (verdict === 'superseded' && whose !== 'other') return `${leaveOut} && wrk claim ${item}`
  // A staged lock that differs from the file's: the file is right, unless it was written past wrk.
  return verdict === 'superseded' || verdict === 'held' || isTampered ? leaveOut : `git add ${names}`
}
