/** Looks at a commit message: are the items that it names this session's to work on? */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  isMergeSubject,
  itemsNamed,
  LONGEST_MESSAGE,
  readMessage,
} from '../../core/commits/commit-message.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { displayOfFileName, type ItemKey, keyOfField, keysIn } from '../../core/items/ids.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import { findRepository, incomingCommits } from '../../system/git/repository.ts'
import { commentMark } from '../../system/git/staged.ts'
import { readTruths, type Truth } from '../claims/true-lock.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import type { AnyFinding, LockFinding } from './judge-staged.ts'
import { verifyStaged } from './verify.ts'

export interface NamedElsewhere {
  item: string
  /** `unheld`: the subject names it and nobody living holds it. `unreadable`: unknown. */
  kind: 'held' | 'unheld' | 'unreadable'
  truth: Truth
}

export interface MessageVerification {
  /** About the message. */
  findings: LockFinding[]
  /** About what is staged: a claim may have been lost since pre-commit, while the message was written. */
  staged: AnyFinding[]
  /** See Verification. */
  rest: string[] | null
  areItems: boolean
  hasSession: boolean
  warnings: NamedElsewhere[]
  /** How many items of the queue the message names. */
  checked: number
}

/**
 * The subject says what a commit is about, so it may not name an item that another living session holds. The
 * subject of a merge, or of a commit that is replayed, says what was done before: there it is a warning. What is
 * staged is looked at once more.
 * @throws WrkError NOT_FOUND (the file), IO
 */
export async function verifyMessage(
  context: Context,
  cwd: string,
  file: string,
): Promise<MessageVerification> {
  const named = await verifyNamed(context, cwd, file)
  const { findings: staged, rest, areItems, hasSession } = await verifyStaged(context, { cwd })
  return { ...named, staged, rest, areItems, hasSession: named.hasSession || hasSession }
}

async function verifyNamed(
  context: Context,
  cwd: string,
  file: string,
): Promise<Omit<MessageVerification, 'staged' | 'rest' | 'areItems'>> {
  const { store } = context
  const text = unless(MISSING, null, () => readFileSync(resolve(cwd, file), 'utf8'))
  if (text === null)
    throw new WrkError('NOT_FOUND', `there is no commit message at ${file}`, {
      hint: 'Pass on the path that git gives the commit-msg hook.',
    })
  const mentioned = new Set(keysIn(text.slice(0, LONGEST_MESSAGE)).flatMap(({ readings }) => readings))
  const keys = new Set(
    mentioned.size === 0
      ? []
      : itemPlaces(store.host.disk, store.root).flatMap(({ key }) => (mentioned.has(key) ? [key] : [])),
  )
  if (keys.size === 0) return { findings: [], warnings: [], checked: 0, hasSession: false }

  const repository = findRepository(cwd, context.env)
  const message = readMessage(text, repository ? commentMark(repository) : '#')
  const isItem = (key: ItemKey) => keys.has(key)
  const inSubject = itemsNamed(message.subject, isItem)
  const inBody = itemsNamed(message.body, isItem).filter(
    ({ key }) => !inSubject.some(named => named.key === key),
  )
  const onlooker = await resolveCaller(context)
  const truthOf = await readTruths(context, onlooker, keys)
  const ofOthers =
    isMergeSubject(message.subject) || (repository !== null && incomingCommits(repository).length > 0)

  const findings: LockFinding[] = []
  const warnings: NamedElsewhere[] = []
  for (const { key, column } of inSubject) {
    const truth = truthOf(key)
    const item = displayOf(truth)
    if (truth.ownership === 'other' && !ofOthers)
      findings.push(finding(file, message.line, column, item, truth))
    else if (truth.ownership === 'other') warnings.push({ item, kind: 'held', truth })
    else if (truth.unreadable) warnings.push({ item, kind: 'unreadable', truth })
    else if (truth.ownership !== 'mine' && !ofOthers && truth.readings.some(({ item }) => !item.closed))
      warnings.push({ item, kind: 'unheld', truth })
  }
  for (const { key } of inBody) {
    const truth = truthOf(key)
    if (truth.ownership === 'other') warnings.push({ item: displayOf(truth), kind: 'held', truth })
  }
  return {
    findings,
    warnings,
    checked: inSubject.length + inBody.length,
    hasSession: onlooker.caller !== null && onlooker.caller !== undefined,
  }
}

function displayOf({ readings: [reading] }: Truth): string {
  if (!reading) return ''
  return keyOfField(reading.item.id, '') ? reading.item.id : displayOfFileName(reading.place.name)
}

function finding(path: string, line: number, column: number, item: string, truth: Truth): LockFinding {
  return {
    kind: 'lock',
    code: truth.lost ? 'superseded' : 'held',
    path,
    line,
    column,
    verdict: truth.lost ? 'superseded' : 'held',
    doing: 'names',
    fix: 'name the item of this commit instead, or leave that item to its holder',
    item,
    holder: truth.holder,
    loss: truth.loss,
  }
}
