/**
 * Looks at what is staged: may this session commit it? Reads the index and the last commit, never the working
 * tree's copies; only the lock is read from the queue's own file, since that is where it really is. Of an item
 * that is deleted, the working tree shows whether it was only moved.
 */
import { realpathSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { displayOfFileName } from '../../core/items/ids.ts'
import { belongsTo } from '../../core/sessions/session.ts'
import { placeOfPath } from '../../store/items/places/item-places.ts'
import { withReaders } from '../../store/readers.ts'
import { isInHistory } from '../../system/git/committed.ts'
import { incomingCommits, type Repository } from '../../system/git/repository.ts'
import { stagedPaths } from '../../system/git/staged.ts'
import { readTruths } from '../claims/true-lock.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { type QueueInRepository, queueInRepository } from './commit-queue.ts'
import { type About, type AnyFinding, judgeChange } from './judge-staged.ts'
import { itemChanges, leftBehind, placesInCommit, readVersions } from './staged-items.ts'

export interface Verification {
  findings: AnyFinding[]
  warnings: string[]
  /** How many items were looked at. */
  checked: number
  /** Where something was found: the other staged paths, which may be committed; null during a merge, all or nothing. */
  rest: string[] | null
  /** Whether these are items alone, which `wrk commit` commits. */
  areItems: boolean
  /** Why there was nothing to look at; null when there was. */
  nothing: string | null
  /** Whether the caller is a session at all. */
  hasSession: boolean
}

export interface VerifyOptions {
  cwd: string
  /** Only what is staged at these paths, or below them. */
  paths?: readonly string[]
  /** Complete moves of which only one half is staged, in the index: in the hook pre-commit. */
  complete?: boolean
  /** Where it is known already, and of an index of one's own. */
  found?: QueueInRepository
}

/** @throws WrkError IO */
export async function verifyStaged(
  context: Context,
  { cwd, paths = [], complete = false, found: known }: VerifyOptions,
): Promise<Verification> {
  const found = known ?? queueInRepository(context, cwd)
  if (!found) return nothing(`The queue ${context.store.root} is not in this repository: nothing to verify.`)
  const { repository, folder } = found
  const here = realpathSync.native(cwd)
  const named = (path: string) => relative(here, resolve(repository.top, path)).split(sep).join('/')
  const limits = paths.map(path => relative(repository.top, resolve(here, path)).split(sep).join('/'))
  let { changes, unmerged } = itemChanges(found, limits)
  const halves = complete ? changes.filter(one => !one.before || !one.after) : []
  const completed = halves.length > 0 ? await (await moves()).completeHalfMoves(context, found, halves) : []
  if (completed.length > 0) ({ changes, unmerged } = itemChanges(found, limits))
  const warnings = [
    ...completed,
    ...unmerged.map(path => `${named(path)} has unresolved conflicts and was not verified`),
  ]
  if (changes.length === 0) return { ...nothing('No item is staged.'), warnings }

  const versions = readVersions(found, changes)
  const onlooker = await resolveCaller(context)
  const truthOf = await readTruths(context, onlooker, new Set(changes.map(({ key }) => key)))
  const places = placesInCommit(found, changes, truthOf)
  const session = onlooker.caller?.session
  const about: About = {
    context,
    isMine: holder => session !== undefined && belongsTo(holder, session),
    truthOf,
    places,
    left: leftBehind(context, found, changes, places, truthOf),
    named,
    folder,
    isOld: (blob, path) => isInHistory(repository, blob, path),
  }
  const judged = await withReaders(full =>
    changes.map((one, i) => judgeChange(one, versions[i]!, about, full)),
  )
  for (const [i, { key, after }] of changes.entries()) {
    if (after && versions[i]!.filterFailed)
      warnings.push(
        `the filter in .gitattributes for ${named(after.path)} failed, so it was read as git stores it`,
      )
    const { unreadable, readings } = truthOf(key)
    // Of what is staged itself, there is a finding already.
    if (unreadable && judged[i]!.length === 0)
      warnings.push(`cannot tell who holds ${displayOfFileName(readings[0]!.place.name)}: ${unreadable}`)
  }
  const findings = judged.flat()
  // Staged in the instant between its new status and its move, a file is in the wrong folder.
  const midMove = complete
    ? changes.filter((_, i) => judged[i]!.some(({ code }) => MID_MOVE.includes(code)))
    : []
  if (midMove.length > 0) {
    const also = await (await moves()).completeHalfMoves(context, found, midMove)
    if (also.length > 0) {
      const again = await verifyStaged(context, { cwd, paths, found })
      return { ...again, warnings: [...completed, ...also, ...again.warnings] }
    }
  }
  const refused = new Set(
    changes.flatMap(({ before, after }, i) => (judged[i]!.length > 0 ? [before?.path, after?.path] : [])),
  )
  const rest = findings.length > 0 ? restOf(repository, refused) : []
  const within = (path: string) =>
    folder === '' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null
  const areItems = rest.every(path => placeOfPath('', within(path) ?? '') !== null)
  const isWhole = findings.length > 0 && incomingCommits(repository).length > 0
  return {
    findings,
    warnings,
    checked: changes.length,
    rest: isWhole ? null : rest.map(named),
    areItems,
    nothing: null,
    hasSession: session !== undefined,
  }
}

const MID_MOVE: readonly string[] = ['status-folder', 'held', 'lock']

/** Few commits have only one half of a move. */
const moves = () => import('./complete-half-moves.ts')

function restOf(repository: Repository, refused: ReadonlySet<string | undefined>): string[] {
  return stagedPaths(repository).filter(path => !refused.has(path))
}

function nothing(why: string): Verification {
  return {
    findings: [],
    warnings: [],
    checked: 0,
    rest: [],
    areItems: false,
    nothing: why,
    hasSession: false,
  }
}
