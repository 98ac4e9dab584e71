/**
 * `wrk verify --range A..B`: what a branch would bring in, looked at where nobody has a session: CI, a merge queue, a
 * server's hook. Reads commits alone, so it needs no working tree. A fixed number of processes, and time that grows with
 * the number of changes.
 */
import {
  type FormProblem,
  lockProblem,
  type RangeFinding,
  readRangeItem,
} from '../../core/commits/range-findings.ts'
import { DEFAULT_SETTINGS, readSettings } from '../../core/config.ts'
import { displayOfFileName, type ItemKey } from '../../core/items/ids.ts'
import { type FullReader, loadFullReader } from '../../markdown/frontmatter.ts'
import { readPlain } from '../../markdown/read/plain.ts'
import {
  type CommitChange,
  type CommitRange,
  parseRange,
  type RangeCommit,
  rangeCommits,
} from '../../system/git/commit-range.ts'
import { treeEntries } from '../../system/git/index-entries.ts'
import type { Repository } from '../../system/git/repository.ts'
import { readAsCheckedOut, readObjects } from '../../system/git/staged.ts'
import { foreignTexts } from '../merges/foreign-text.ts'
import { byKey, type ItemEntry, itemEntries } from '../merges/merge-scene.ts'
import { queueFoldersInTree } from './queues-in-tree.ts'

export interface RangeVerification {
  findings: RangeFinding[]
  commits: number
  /** How many items the range changes. */
  checked: number
}

/** @throws WrkError USAGE, NOT_FOUND, IO */
export async function verifyRange(cwd: string, text: string): Promise<RangeVerification> {
  const range = parseRange(cwd, text)
  const repository: Repository = { cwd, top: cwd, gitDir: '', commonDir: '', scope: 'caller' }
  const folders = queueFoldersInTree(cwd, range.tip)
  const commits = folders.length === 0 ? [] : rangeCommits(cwd, range, folders)
  const findings: RangeFinding[] = []
  let checked = 0
  for (const folder of folders) {
    const queue = new QueueInRange(repository, folder, range, commits)
    let full: FullReader | undefined
    let found = queue.findings()
    if (found === null) {
      full = await loadFullReader()
      found = queue.findings(full)!
    }
    findings.push(...found)
    checked += queue.changed.length
  }
  return { findings, commits: commits.length, checked }
}

type Places = Map<ItemKey, ItemEntry[]>

class QueueInRange {
  /** The items that are not as they were where the range begins. */
  readonly changed: ItemKey[]
  private readonly base: Places
  private readonly target: Places
  private readonly tip: Places
  private readonly versions: Map<
    ItemKey,
    (ItemEntry & { from: RangeCommit; parents: readonly (string | null)[] })[]
  >
  private readonly blobs: Map<string, Buffer | null>
  private readonly idPrefix: string
  private readonly repository: Repository
  private readonly folder: string
  private readonly commits: readonly RangeCommit[]

  constructor(repository: Repository, folder: string, range: CommitRange, commits: readonly RangeCommit[]) {
    this.repository = repository
    this.folder = folder
    this.commits = commits
    const tree = (name: string | null) =>
      name === null ? new Map() : byKey(itemEntries(treeEntries(repository, name, folder), folder))
    this.base = tree(range.base)
    this.target = range.target === range.base ? this.base : tree(range.target)
    this.tip = tree(range.tip)
    const keys = new Set([...this.base.keys(), ...this.tip.keys()])
    this.changed = [...keys].filter(key => placesText(this.base.get(key)) !== placesText(this.tip.get(key)))
    this.versions = this.versionsOf(commits)
    const wanted = new Map<string, string>()
    for (const key of this.changed) {
      for (const { blob, path } of [...(this.base.get(key) ?? []), ...(this.tip.get(key) ?? [])])
        wanted.set(blob, path)
      for (const { blob, parents, path } of this.versions.get(key) ?? [])
        for (const one of [blob, ...parents]) if (one) wanted.set(one, path)
    }
    const settings = `${range.tip}:${folder === '' ? '' : `${folder}/`}wrk.yaml`
    const files = [...wanted].map(([id, path]) => ({ id, path }))
    this.blobs = readAsCheckedOut(repository, files).objects
    const [yaml] = readObjects(repository, [settings])
    const map = yaml ? readPlain(yaml.toString('utf8')) : null
    this.idPrefix = map ? readSettings(map).settings.idPrefix : DEFAULT_SETTINGS.idPrefix
  }

  /** Null when the full reader is needed. */
  findings(full?: FullReader): RangeFinding[] | null {
    const findings: RangeFinding[] = [...this.placeFindings(), ...this.foreignFindings()]
    for (const key of this.changed)
      for (const entry of this.tip.get(key) ?? []) {
        const own = this.itemFindings(key, entry, full)
        if (own === null) return null
        findings.push(...own)
      }
    const order = (one: RangeFinding) => (one.severity === 'error' ? 0 : 1)
    return findings.sort((a, b) => order(a) - order(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  }

  private itemFindings(key: ItemKey, entry: ItemEntry, full: FullReader | undefined): RangeFinding[] | null {
    const before = this.base.get(key) ?? []
    if (before.some(({ path, blob }) => path === entry.path && blob === entry.blob)) return []
    const now = this.read(entry, full)
    const old = before.map(one => this.read(one, full))
    if (now === null || old.includes(null)) return null
    const wasThere = ({ code }: FormProblem) =>
      old.some(one => one!.problems.some(problem => problem.code === code))
    const commit = this.versions
      .get(key)
      ?.findLast(({ path, blob }) => path === entry.path && blob === entry.blob)
    const found = now.problems.map(problem =>
      this.finding(entry, problem, wasThere(problem) ? 'warning' : 'error', commit?.from.commit ?? null),
    )
    const locks = (this.versions.get(key) ?? []).map(version => ({
      lock: this.read(version, full)?.lock ?? '',
      commit: version.from.commit,
      time: version.from.time,
      parents: version.parents.map(blob => (blob ? (this.read({ ...version, blob }, full)?.lock ?? '') : '')),
    }))
    const problem = lockProblem(now, { base: old[0]?.lock ?? '', versions: locks })
    if (problem && !(now.closed && old.some(one => one!.closed && one!.lock === now.lock)))
      found.push(
        this.finding(
          entry,
          { code: 'lock', line: now.lockLine, column: 1, ...problem },
          'error',
          problem.commit,
        ),
      )
    return found
  }

  private placeFindings(): RangeFinding[] {
    return this.changed.flatMap(key => {
      const [here, base, target] = [this.tip, this.base, this.target].map(places => places.get(key) ?? [])
      const isNew = ({ path }: ItemEntry) => !base!.some(one => one.path === path)
      const [first, ...others] = here!
      if (!first) return this.removedFindings(key, base![0], target!)
      if (others.length > 0 && here!.some(isNew)) {
        const at = here!.find(isNew)!
        const where = here!.map(({ path }) => this.inRepository(path)).join(' and ')
        const message = `${displayOfFileName(at.name)} is in two places: ${where}. Keep one: wrk resolve`
        return [
          this.finding(at, { code: 'two-places', line: 1, column: 1, message }, 'error', this.adder(key, at)),
        ]
      }
      const other = target!.find(({ path }) => path !== first.path)
      if (!other || !isNew(first) || !isNew(other)) return []
      const name = displayOfFileName(first.name)
      const message =
        base!.length === 0
          ? `the id ${name} is also given to ${this.inRepository(other.path)} on the other branch. Give this one another id`
          : `${name} was moved to ${this.inRepository(other.path)} on the other branch: merged, it would be in two places. Merge that branch into this one, then: wrk resolve`
      return [
        this.finding(
          first,
          { code: 'two-places', line: 1, column: 1, message },
          'error',
          this.adder(key, first),
        ),
      ]
    })
  }

  /** An item that is gone may have been moved, with only half of the move committed. */
  private removedFindings(
    key: ItemKey,
    before: ItemEntry | undefined,
    target: readonly ItemEntry[],
  ): RangeFinding[] {
    if (!before || target.length === 0) return []
    const remover = this.removers.get(this.inRepository(before.path)) ?? null
    const message = `${displayOfFileName(before.name)} is removed. If it was moved, commit its new place too`
    const versions = this.versions.get(key) ?? []
    const at = { ...before, ...(versions.at(-1) ?? {}) }
    return [this.finding(at, { code: 'removed', line: 1, column: 1, message }, 'warning', remover)]
  }

  private foreignFindings(): RangeFinding[] {
    const suspects = this.commits.filter(
      ({ parents, changes }) =>
        parents.length === 2 &&
        changes.some(({ before, after }) => after !== null && before.filter(Boolean).length === 1),
    )
    return suspects.flatMap(({ commit, parents: [one, other] }) => {
      const side = (name: string) =>
        byKey(itemEntries(treeEntries(this.repository, name, this.folder), this.folder))
      const base = parseRange(this.repository.cwd, `${one}..${other}`).base
      const index = itemEntries(treeEntries(this.repository, commit, this.folder), this.folder)
      const sides = { base: base === null ? new Map() : side(base), ours: side(one!), theirs: side(other!) }
      const keys = foreignTexts(this.repository, index, sides)
      const mixed = index.find(({ key }) => keys.has(key))
      const lost = [...keys].find(key => key !== mixed?.key)
      const from = lost && (sides.base.get(lost)?.[0] as ItemEntry | undefined)
      if (!mixed || !from) return []
      const message = `this merge put the text of ${displayOfFileName(from.name)} into ${displayOfFileName(mixed.name)}, which git took for its new name`
      return [this.finding(mixed, { code: 'mixed-items', line: 1, column: 1, message }, 'error', commit)]
    })
  }

  private adder(key: ItemKey, entry: ItemEntry): string | null {
    return this.versions.get(key)?.find(({ path }) => path === entry.path)?.from.commit ?? null
  }

  private versionsOf(commits: readonly RangeCommit[]) {
    const versions: QueueInRange['versions'] = new Map()
    for (const from of commits) {
      const entries = this.entriesOf(from)
      const gone = new Map(
        entries.flatMap(({ entry, change }) => (change.after === null ? [[entry.key, change]] : [])),
      )
      for (const { entry, change } of entries) {
        if (change.after === null) continue
        // Of a moved file, what it was where it came from.
        const isNew = change.before.every(blob => blob === null)
        const parents = (isNew ? gone.get(entry.key)?.before : null) ?? change.before
        const list = versions.get(entry.key)
        const version = { ...entry, from, parents }
        if (list) list.push(version)
        else versions.set(entry.key, [version])
      }
      for (const { path } of gone.values()) this.removers.set(path, from.commit)
    }
    return versions
  }

  /** By path, the last commit that removed it. */
  private readonly removers = new Map<string, string>()

  private entriesOf({ changes }: RangeCommit): { entry: ItemEntry; change: CommitChange }[] {
    const prefix = this.folder === '' ? '' : `${this.folder}/`
    return changes.flatMap(change => {
      if (!change.path.startsWith(prefix)) return []
      const blob = change.after ?? ''
      const [entry] = itemEntries([{ path: change.path, mode: '100644', blob, stage: 0 }], this.folder)
      return entry ? [{ entry, change }] : []
    })
  }

  private readonly readings = new Map<string, ReturnType<typeof readRangeItem>>()

  private read({ key, path, name, blob }: ItemEntry, full: FullReader | undefined) {
    const known = this.readings.get(`${path} ${blob}`)
    if (known) return known
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    const reading = readRangeItem(
      this.blobs.get(blob) ?? Buffer.alloc(0),
      { key, folder, name },
      this.idPrefix,
      full,
    )
    this.readings.set(`${path} ${blob}`, reading)
    return reading
  }

  private inRepository(path: string): string {
    return this.folder === '' ? path : `${this.folder}/${path}`
  }

  private finding(
    entry: ItemEntry,
    { code, line, column, message }: FormProblem,
    severity: RangeFinding['severity'],
    commit: string | null,
  ): RangeFinding {
    const item = displayOfFileName(entry.name)
    const place = { line: Math.max(line, 1), column: Math.max(column, 1) }
    return { code, severity, path: this.inRepository(entry.path), ...place, message, item, commit }
  }
}

function placesText(entries: readonly ItemEntry[] | undefined): string {
  return (entries ?? []).map(({ path, blob }) => `${path} ${blob}`).join('\n')
}
