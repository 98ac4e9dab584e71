/**
 * Gives out ids that no item ever had.
 *
 * Guarantees: of all that ask at once, each gets another id; no number is given again that is in a folder of the
 * queue, in git's history of it, in an item's own `id`, or was given out on this machine before. A number is written
 * down before anything is made with it: a crash loses it, and nobody gets it twice.
 * Does not guarantee: different ids in clones that share a queue through git; `coordination` and `id_ranges` do.
 */
import { SETTING_VALUES } from '../../core/config.ts'
import { messageOf } from '../../core/errno.ts'
import { displayOfFileName } from '../../core/items/ids.ts'
import { nextNumber, type Range } from '../../core/items/numbering.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { withGuard } from '../../store/files/guard.ts'
import { publish } from '../../store/files/guarded-file.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import {
  type IdMemory,
  memoryPath,
  merge,
  namesBelow,
  numbersOf,
  readMemory,
  remember,
  writtenIds,
} from '../../store/items/places/taken-ids.ts'
import type { GitResult } from '../../system/git/git.ts'
import { nearestGit } from '../../system/git/git-folder.ts'
import { gitIn, isShallow, type Repository, repositoryHolding } from '../../system/git/repository.ts'
import { sharedClaims } from '../claims/remote-claim.ts'
import { badSetting, type Context, readSettingsFile } from '../context.ts'
import { placeAndTime } from './queries/candidates.ts'

export interface GivenId {
  id: string
  warnings: string[]
}

/**
 * With coordination, the engine gives out each id once among all clones.
 * @throws WrkError USAGE (ranges that cannot be read, or are used up), BUSY, UNREACHABLE; system errors pass
 */
export async function giveId(context: Context): Promise<GivenId> {
  const shared = await sharedClaims(context)
  if (!shared) return giveIdHere(context, [])
  return shared.giveIdForAll(context, taken => giveIdHere(context, taken))
}

/** @param taken names that others are known to have given */
async function giveIdHere(context: Context, taken: readonly string[]): Promise<GivenId> {
  const { host, root, stateDir, settings } = context.store
  const { disk } = host
  const prefix = settings.idPrefix
  const ranges = await idRanges(context)
  const { machines } = placeAndTime(context)
  // What takes long is looked at before: git's history, folders that hold no items, and what the items say.
  const past = readMemory(disk, stateDir)
  const warnings = readHistory(context, past)
  const seen: IdMemory = { tips: [], taken: {} }
  remember(seen, namesBelow(disk, root))
  remember(seen, taken)
  remember(seen, writtenIds(disk, root, prefix))
  const id = await withGuard(host, stateDir, 'ids', guard => {
    const names = itemPlaces(disk, root).map(({ name }) => name)
    const memory = merge(readMemory(disk, stateDir), past)
    const known = merge(memory, seen)
    remember(known, names)
    const number = nextNumber(numbersOf(known, prefix), ranges, machines)
    const given = `${prefix}-${String(number).padStart(widthOf(names, prefix), '0')}`
    remember(memory, [`${given}.md`])
    publish(disk, guard, {
      bytes: Buffer.from(JSON.stringify(memory)),
      from: 'any',
      path: memoryPath(stateDir),
      durable: false,
      conflicts: stateDir,
    })
    return given
  })
  return { id, warnings }
}

/** How many digits an id has: three, or as many as the queue fills up with zeros. */
function widthOf(names: readonly string[], prefix: string): number {
  let width = 3
  for (const name of names) {
    const id = displayOfFileName(name)
    const digits = id.slice(id.lastIndexOf('-') + 1).split('.', 1)[0]!
    const isOurs =
      id.length === prefix.length + 1 + digits.length && id.toLowerCase().startsWith(prefix.toLowerCase())
    if (isOurs && digits.startsWith('0') && digits.length > width) width = digits.length
  }
  return width
}

/** `id_ranges: { devbox: 1000-1999 }`. @throws WrkError USAGE, with line and column */
async function idRanges({ store }: Context): Promise<Map<string, Range>> {
  const file = await readSettingsFile(store.root)
  const pair = file && findPair(file.fields, 'id_ranges')
  const ranges = new Map<string, Range>()
  if (!pair || (pair.value.kind === 'scalar' && scalarText(pair.value) === undefined)) return ranges
  const bad = (key: string, offset: number, expected = SETTING_VALUES.id_ranges) =>
    badSetting(file, { key, offset, expected })
  if (pair.value.kind !== 'map') throw bad('id_ranges', pair.keyStart)
  for (const { key, keyStart, value } of pair.value.pairs) {
    const parts = /^(\d{1,9})\s*-\s*(\d{1,9})$/.exec(scalarText(value) ?? '')
    const [first, last] = [Number(parts?.[1]), Number(parts?.[2])]
    if (!parts || first < 1 || last < first) throw bad(`id_ranges.${key}`, keyStart)
    const other = [...ranges].find(([, range]) => first <= range.last && range.first <= last)
    if (other) throw bad(`id_ranges.${key}`, keyStart, `a range apart from that of ${other[0]}`)
    ranges.set(key, { first, last })
  }
  return ranges
}

/**
 * Reads the names that git's history has in the queue, as far as it was not read before. A queue outside of git has
 * none.
 * @returns warnings
 */
function readHistory({ store, env }: Context, memory: IdMemory): string[] {
  const { root } = store
  const notFetched = (why: string) => [
    `git could not list earlier ids, so only those in the folders count: ${why}`,
  ]
  const repository = repositoryHolding(root, env)
  if (!repository) {
    const broken = nearestGit(root)
    return broken === null ? [] : notFetched(`${broken} is not a repository`)
  }
  let tips: GitResult
  try {
    tips = gitIn(repository, ['rev-parse', '--all', 'HEAD'])
  } catch (error) {
    return notFetched(messageOf(error))
  }
  // Without any commit there is no HEAD to speak of.
  if (tips.code !== 0 && !/ambiguous argument 'HEAD'|unknown revision/.test(tips.stderr))
    return notFetched(tips.stderr.trim().split('\n')[0]!)
  const now = tips.stdout
    .toString('utf8')
    .split('\n')
    .filter(line => OBJECT_NAME.test(line))
  // What a shallow clone lacks may be fetched later, below commits that were read; so none of them counts as read.
  const cut = isShallow(repository)
  const known = cut ? [] : memory.tips
  const isNew = now.filter(tip => !known.includes(tip))
  const warnings = cut && now.length > 0 ? [HISTORY_IS_CUT] : []
  if (isNew.length === 0) return warnings
  // Commits that were known may be gone since; then everything is read again.
  const log = namesIn(repository, isNew, known)
  const names = log.code === 0 ? log : namesIn(repository, now, [])
  if (names.code !== 0) return notFetched(names.stderr.trim().split('\n')[0]!)
  remember(
    memory,
    names.stdout
      .toString('utf8')
      .split('\0')
      .map(path => path.slice(path.lastIndexOf('/') + 1).trim()),
  )
  memory.tips = cut ? [] : [...new Set(now)]
  return warnings
}

const HISTORY_IS_CUT =
  'this clone is shallow, so ids of deleted items may be used again. Fetch the history: git fetch --unshallow'

const OBJECT_NAME = /^[0-9a-f]{40,64}$/

/** Names of all files of the queue that these commits added, less what others had. The user's settings are kept out. */
function namesIn(repository: Repository, tips: readonly string[], known: readonly string[]): GitResult {
  const revisions = [...tips, ...known.map(tip => `^${tip}`)].join('\n')
  const settings = ['-c', 'log.showRoot=true', '-c', 'log.follow=false', '-c', 'log.showSignature=false']
  const args = [
    '--stdin',
    '--format=',
    '--name-only',
    '--no-renames',
    '--diff-filter=A',
    '-m',
    '-z',
    '--',
    '.',
  ]
  return gitIn(repository, [...settings, 'log', ...args], `${revisions}\n`)
}
