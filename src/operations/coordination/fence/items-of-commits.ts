/** Which items the commits of a range change or name, and under which claims they were made. */
import { type CommitAndItems, trailersIn } from '../../../core/commits/claim-findings.ts'
import { isMergeSubject, itemsNamed } from '../../../core/commits/commit-message.ts'
import { DEFAULT_SETTINGS, readSettings } from '../../../core/config.ts'
import { type CoordinationSettings, readCoordination } from '../../../core/coordination/settings.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { readPlain } from '../../../markdown/read/plain.ts'
import { type CommitRange, commitMessages, rangeCommits } from '../../../system/git/commit-range.ts'
import { treeEntries } from '../../../system/git/index-entries.ts'
import type { Repository } from '../../../system/git/repository.ts'
import { readObjects } from '../../../system/git/staged.ts'
import { queueFoldersInTree } from '../../commits/queues-in-tree.ts'
import { itemEntries } from '../../merges/merge-scene.ts'

/** A coordinated queue, as the last commit of a range has it. */
export interface CoordinatedQueue {
  /** From the repository's top. */
  folder: string
  settings: CoordinationSettings
  commits: CommitAndItems[]
}

type Ends = Pick<CommitRange, 'tip' | 'target'>

/**
 * @param without what else the commits are not: `--not --all`
 * @throws WrkError IO; USAGE when wrk.yaml has a malformed setting, which is never "not coordinated"
 */
export function coordinatedQueues(
  cwd: string,
  range: Ends,
  without: readonly string[] = [],
): CoordinatedQueue[] {
  return queueFoldersInTree(cwd, range.tip).flatMap(folder => {
    const found = settingsIn(cwd, range.tip, folder)
    if (!found) return []
    return [
      { folder, settings: found.settings, commits: commitsOf(cwd, range, without, folder, found.idPrefix) },
    ]
  })
}

const repositoryAt = (cwd: string): Repository => ({
  cwd,
  top: cwd,
  gitDir: '',
  commonDir: '',
  scope: 'caller',
})

function settingsIn(cwd: string, tip: string, folder: string) {
  const path = folder === '' ? 'wrk.yaml' : `${folder}/wrk.yaml`
  const [bytes] = readObjects(repositoryAt(cwd), [`${tip}:${path}`])
  const fields = bytes ? readPlain(bytes.toString('utf8')) : null
  if (!fields) return null
  const reading = readCoordination(fields)
  if (reading.kind === 'off') return null
  if (reading.kind === 'wrong')
    throw new WrkError('USAGE', `${path}: ${reading.key} should be ${reading.expected}`)
  const { idPrefix } = readSettings(fields).settings ?? DEFAULT_SETTINGS
  return { settings: reading.settings, idPrefix }
}

function commitsOf(
  cwd: string,
  range: Ends,
  without: readonly string[],
  folder: string,
  idPrefix: string,
): CommitAndItems[] {
  const all = rangeCommits(cwd, { ...range, base: null }, [folder], without)
  // A merge brings what its parents say; those are looked at themselves.
  const commits = all.filter(({ parents }) => parents.length < 2)
  const messages = commitMessages(
    cwd,
    commits.map(({ commit }) => commit),
  )
  const places = new Map<ItemKey, string>()
  for (const { key, path } of itemEntries(treeEntries(repositoryAt(cwd), range.tip, folder), folder))
    places.set(key, inRepository(folder, path))
  const found: CommitAndItems[] = []
  for (const { commit, changes } of commits) {
    const message = messages.get(commit) ?? ''
    const items = new Map<ItemKey, string>()
    for (const { path } of changes) {
      const isBelow = folder === '' || path.startsWith(`${folder}/`)
      const entry = { path, mode: '100644', blob: '', stage: 0 }
      const [item] = isBelow ? itemEntries([entry], folder) : []
      if (item) items.set(item.key, path)
    }
    const subject = message.split('\n', 1)[0]!
    if (!isMergeSubject(subject))
      for (const { key } of itemsNamed(subject, one => places.has(one)))
        if (!items.has(key)) items.set(key, places.get(key)!)
    if (items.size > 0) found.push({ commit, items, trailers: trailersIn(message, idPrefix) })
  }
  return found
}

const inRepository = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`)
