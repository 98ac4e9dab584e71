/** What set refuses or doubts of the fields that are given to it. */
import { shellWord } from '../../../core/commits/form.ts'
import { WrkError } from '../../../core/errors.ts'
import { judgeNewField } from '../../../core/items/fields.ts'
import { knownRank, unknownPriority } from '../../../core/items/priority.ts'
import { fitsFolder, folderOf, isArchived, isClosed, unknownStatus } from '../../../core/items/status.ts'
import type { Current } from '../../../store/items/current-item.ts'
import type { ListChanges } from './change-lists.ts'

/**
 * The fields that an item is to get and that mean nothing to wrk.
 * @throws WrkError USAGE for one that looks like another
 */
export function newFields(
  { fields, kindOf }: Current,
  id: string,
  changes: ReadonlyMap<string, string>,
  lists: ListChanges,
): string[] {
  const own = fields.pairs.map(({ key }) => key)
  const wanted = [
    ...[...changes].map(([key, value]) => [key, `${key}=${value}`] as const),
    ...[...lists].flatMap(([key, { add }]) => (add.length > 0 ? [[key, `${key}+=${add[0]}`] as const] : [])),
  ]
  return wanted.flatMap(([key, typed]) => {
    if (kindOf(key) !== null) return []
    const judged = judgeNewField(key, own)
    if (judged.kind === 'near')
      throw new WrkError('USAGE', `unknown field ${key}. Did you mean ${judged.meant}?`, {
        hint: `To add it as a new field: wrk set ${id} --new-field ${shellWord(typed)}`,
      })
    return judged.kind === 'new' ? [key] : []
  })
}

/**
 * What is written as it was typed, and may yet not be what was meant.
 * @param folder where the item stays, whatever its status
 */
export function doubtsAbout(
  fields: ReadonlyMap<string, string>,
  id: string,
  folder: string | null,
): string[] {
  const doubts: string[] = []
  const status = fields.get('status') ?? ''
  if (status !== '' && !folderOf(status)) doubts.push(unknownStatus(status))
  if (status !== '' && folder !== null && !fitsFolder(status, folder))
    doubts.push(`${id} is in ${folder}/, which does not fit ${status}. Move it: ${mover(status, folder, id)}`)
  const priority = fields.get('priority') ?? ''
  if (priority !== '' && knownRank(priority) === null) doubts.push(unknownPriority(priority))
  return doubts
}

/** The command that brings an item of this status to its folder. */
function mover(status: string, folder: string, id: string): string {
  if (isArchived(status, '')) return `wrk archive ${id}`
  if (isClosed(status, '')) return `wrk done ${id}`
  if (!isClosed(undefined, folder)) return 'wrk doctor --fix'
  // That leaves it to a person whether an open status or the folder of what is closed is meant.
  const home = folderOf(status)
  return `wrk ${home === 'pending' ? 'reopen' : home === 'working' ? 'start' : 'block'} ${id}`
}
