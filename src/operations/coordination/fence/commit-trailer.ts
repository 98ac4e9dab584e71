/** Adds to a commit message under which claims its items are changed: `Wrk-Claim: WRK-157 epoch=7 by=ann`. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { itemsNamed, LONGEST_MESSAGE, readMessage } from '../../../core/commits/commit-message.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { itemPlaces } from '../../../store/items/places/item-places.ts'
import { git } from '../../../system/git/git.ts'
import { commentMark } from '../../../system/git/staged.ts'
import { queueInRepository } from '../../commits/commit-queue.ts'
import { itemChanges } from '../../commits/staged-items.ts'
import type { Context } from '../../context.ts'
import { checkOwnClaims, claimTrailers } from './own-claims.ts'

/**
 * Looks whether the items that are staged are held for all clones still.
 * @returns warnings
 * @throws WrkError LOCKED when the time of a claim is over
 */
export async function checkStagedClaims(context: Context, cwd: string): Promise<string[]> {
  return checkOwnClaims(context, stagedKeys(context, cwd))
}

/** @param file the message, as the commit-msg hook is given it @throws WrkError as checkStagedClaims, IO */
export async function addClaimTrailers(context: Context, cwd: string, file: string): Promise<string[]> {
  const repository = queueInRepository(context, cwd)?.repository
  if (!repository) return []
  const path = resolve(cwd, file)
  const text = readFileSync(path, 'utf8')
  const { subject } = readMessage(text, commentMark(repository))
  const staged = stagedKeys(context, cwd)
  const keys = new Set([...staged, ...namedKeys(context, subject)])
  const warnings = await checkOwnClaims(context, keys)
  const lines = await claimTrailers(context, keys, text.slice(0, LONGEST_MESSAGE))
  if (lines.length === 0 || subject === '') return warnings
  const trailers = lines.flatMap(line => ['--trailer', line])
  git(cwd, ['interpret-trailers', '--in-place', '--if-exists', 'addIfDifferent', ...trailers, '--', path], {
    scope: 'caller',
  })
  return warnings
}

function stagedKeys(context: Context, cwd: string): ItemKey[] {
  const found = queueInRepository(context, cwd)
  return found ? itemChanges(found, []).changes.map(({ key }) => key) : []
}

function namedKeys({ store }: Context, subject: string): ItemKey[] {
  const there = new Set(itemPlaces(store.host.disk, store.root).map(({ key }) => key))
  return itemsNamed(subject, key => there.has(key)).map(({ key }) => key)
}
