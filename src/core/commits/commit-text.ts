/** What a commit of the queue says: which item, and what happened to it. Pure. */
import { isArchived, isBegun, isClosed, isPending } from '../items/status.ts'
import type { VersionChange } from './item-changes.ts'

/** One item of a commit. */
export interface CommittedChange {
  id: string
  /** Whether it is the committer's to speak of: the subject may not name what another session holds. */
  isOwn: boolean
  /** Folders below the queue; null: it was not there, or is no more. */
  from: string | null
  to: string | null
  change: VersionChange
}

const SUBJECT = 72

/** Subject, and a body with a line for each item where there are several. */
export function commitText(changes: readonly CommittedChange[]): string {
  const own = changes.filter(({ isOwn }) => isOwn)
  const subject = own.length === 0 ? ofOthers(changes.length) : listed(own)
  if (changes.length === 1 && own.length === 1) return `${subject}\n`
  return `${subject}\n\n${changes.map(one => `- ${one.id}: ${whatHappened(one)}${moved(one)}\n`).join('')}`
}

function ofOthers(count: number): string {
  return `Queue: ${count} ${count === 1 ? 'item' : 'items'}`
}

/** As many as there is room for. */
function listed(own: readonly CommittedChange[]): string {
  const texts = own.map(one => `${one.id}: ${whatHappened(one)}`)
  for (let shown = texts.length; shown > 0; shown--) {
    const rest = texts.length - shown
    const text = `${texts.slice(0, shown).join('; ')}${rest > 0 ? `; ${rest} more` : ''}`
    if (text.length <= SUBJECT) return text
  }
  return own.length === 1 ? own[0]!.id : `Queue: ${own.length} items`
}

/** In a word or a few: `started`, `done`, `claimed by X`, `priority`. */
function whatHappened({ from, to, change }: CommittedChange): string {
  if (from === null) return 'new'
  if (to === null) return 'removed'
  const status = change.fields.find(({ key }) => key === 'status')
  const lock = change.fields.find(({ key }) => key === 'locked_by')
  const others = change.fields.filter(({ key }) => !FOLLOWING.includes(key)).map(({ key }) => key)
  const parts = [
    ...(status
      ? [statusChange(status.from ?? '', status.to ?? '')]
      : lock
        ? [lockChange(lock.from, lock.to)]
        : []),
    ...(others.length > 2 ? [`${others.length} fields`] : others),
    ...(change.body ? ['text'] : []),
  ]
  return parts.join(', ') || (from === to ? 'fields' : 'moved')
}

/** What changes along with a status or a claim, and needs no word of its own. */
const FOLLOWING = [
  ...['status', 'locked_by', 'locked_at', 'completed_at', 'blocked_reason', 'updated_at', 'updated'],
]

function statusChange(from: string, to: string): string {
  if (isArchived(to, '')) return 'archived'
  if (isClosed(to, '')) return to
  if (isBegun(to, '')) return 'started'
  if (to === 'blocked') return 'blocked'
  if (isPending(to, '')) return isClosed(from, '') ? 'reopened' : from === 'blocked' ? 'unblocked' : to
  return to === '' ? 'no status' : to
}

function lockChange(from: string | null, to: string | null): string {
  if (!to) return 'released'
  return from ? `taken over by ${to}` : `claimed by ${to}`
}

function moved({ from, to }: CommittedChange): string {
  if (from === null || to === null || from === to) return ''
  return ` (${from || '.'}/ -> ${to || '.'}/)`
}
