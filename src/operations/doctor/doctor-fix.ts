/**
 * Applies what `wrk doctor` planned. The plan only says where to look: each fix decides again on what the guard shows,
 * and does nothing when it is no longer so.
 */
import { dirname } from 'node:path'
import type { Fix } from '../../core/doctor/finding.ts'
import { WrkError } from '../../core/errors.ts'
import { homeOf } from '../../core/items/home.ts'
import { type ItemId, type ItemKey, parseId } from '../../core/items/ids.ts'
import { fitsFolder } from '../../core/items/status.ts'
import type { Run } from '../../core/runs/run.ts'
import { setRecordAside } from '../../store/claims/set-record-aside.ts'
import { sweepDrafts } from '../../store/drafts.ts'
import { isThere } from '../../store/files/look.ts'
import { readMarker, removeMarker } from '../../store/files/marker.ts'
import { readUnderGuard, removeCopies, removePutBack } from '../../store/items/item-copies.ts'
import { isBlocked } from '../../store/items/item-reading.ts'
import { changeItem } from '../../store/items/item-store.ts'
import { findItem } from '../../store/items/places/find-item.ts'
import { moveItem } from '../../store/items/places/item-move.ts'
import { readMove, removeMove } from '../../store/items/places/moves.ts'
import { removeGuard } from '../../store/leftovers.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { repairLog } from '../../store/log/log-repair.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { completeSessionEvents } from '../../store/sessions/change-session.ts'
import { rebuildRegistry } from '../../store/sessions/registry-rebuild.ts'
import { repositoryHolding } from '../../system/git/repository.ts'
import { sessionJudge } from '../claims/holder.ts'
import { reap } from '../claims/reap.ts'
import type { Context } from '../context.ts'
import type { HookProgram } from '../hooks/hook-text.ts'
import { hooksInstall } from '../hooks/hooks-install.ts'
import { completeMove } from '../items/transitions/complete-moves.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { isOver } from './doctor-facts.ts'

/**
 * @returns what was done, in words; null when there was nothing to do any more
 * @throws WrkError, system errors: nothing was changed then
 */
export async function applyFix(context: Context, fix: Fix, program: HookProgram): Promise<string | null> {
  const { host, stateDir, root, registry } = context.store
  switch (fix.kind) {
    case 'release': {
      const result = await reap(context, fix.id)
      return result.kind === 'reaped' ? `released it from ${result.from.session_id}` : null
    }
    case 'write-lock':
      return (await writeLockLines(context, fix.id)) ? 'corrected the lock lines' : null
    case 'remove-put-back':
      return removePutBackCopies(context, fix.id)
    case 'set-record-aside':
      return setAside(context, fix.key)
    case 'clear-half-lock':
      return (await clearHalfLock(context, fix.id)) ? 'emptied locked_at' : null
    case 'move':
      return moveHome(context, fix.id)
    case 'remove-copy':
      return removeStray(context, fix.id)
    case 'completeMove': {
      const moved = await completeMove(context, { key: fix.key, display: fix.key })
      if (moved) return `moved it to ${moved.to.slice(root.length + 1)}`
      return (await forgetMove(context, fix.key)) ? 'removed the note' : null
    }
    case 'complete-event':
      await completeEvent(context, fix.key)
      return 'completed the event log'
    case 'remove-run':
      return (await removeRunMarker(context, fix.key, fix.path)) ? 'removed it' : null
    case 'remove-guard':
      return removeGuard(host, stateDir, fix.key) ? 'removed it' : null
    case 'remove-drafts':
      sweepDrafts(host, stateDir)
      return 'removed it'
    case 'repair-log':
      return (await repairLog(host, stateDir)) ? 'repaired the event log' : null
    case 'rebuild-registry': {
      const aside = await rebuildRegistry(host, registry, context.clock())
      return aside && `set the old one aside as ${aside}, and started a new one`
    }
    case 'install-hooks': {
      const { changed } = hooksInstall(root, program, repositoryHolding(root, context.env)?.scope)
      return changed.length > 0 ? `installed ${changed.join(' and ')}` : null
    }
  }
}

/** Whoever holds the guard of what was changed logs what was left behind, also when nothing is to be changed. */
async function completeEvent({ store }: Context, key: ItemKey | null): Promise<void> {
  const { warnings } =
    key === null
      ? { warnings: await completeSessionEvents(store.host, store.stateDir) }
      : await changeItem(store, { key, display: key }, [], () => ({ kind: 'leave', result: null }))
  // Nothing else was to be done here, so what is a warning elsewhere is the failure.
  if (warnings.length > 0) throw new WrkError('IO', warnings.join('; '))
}

function idOf({ store }: Context, text: string): ItemId {
  return parseId(text, store.settings.idPrefix)
}

function eventOf({ store, clock }: Context, type: 'changed' | 'moved', item: string, reason: string) {
  return pendingEvent(store.host, clock(), type, { item, reason: `doctor: ${reason}` })
}

async function clearHalfLock(context: Context, idText: string): Promise<boolean> {
  const { store } = context
  const id = idOf(context, idText)
  const { result } = await changeItem(store, id, findItem(store, id), ({ lock, item, text }) => {
    if (lock || text('locked_at') === undefined) return { kind: 'leave', result: false }
    const event = eventOf(context, 'changed', item.id, 'locked_at without locked_by')
    return { kind: 'change', fields: { locked_at: '' }, event, result: true }
  })
  return result
}

async function removePutBackCopies(context: Context, idText: string): Promise<string | null> {
  const { store } = context
  const id = idOf(context, idText)
  const gone = await removePutBack(store, id)
  if (gone.length === 0) return null
  const where = gone.map(path => path.slice(store.root.length + 1)).join(' and ')
  const event = eventOf(context, 'changed', id.display, `removed the copy that git put back: ${where}`)
  await appendEvents(store.host, store.stateDir, [event])
  return `removed ${where}`
}

async function setAside({ store, clock }: Context, key: ItemKey): Promise<string | null> {
  const { host, stateDir } = store
  const aside = await setRecordAside(host, stateDir, key, clock())
  if (aside === null) return null
  const reason = 'doctor: set its unreadable record aside'
  const event = pendingEvent(host, clock(), 'changed', { item: key.toUpperCase(), reason })
  await appendEvents(host, stateDir, [event])
  return `set the record aside as ${aside}`
}

/** Puts lock lines right that git or an editor changed; who holds the item stays the same. */
async function writeLockLines(context: Context, idText: string): Promise<boolean> {
  const { store } = context
  const id = idOf(context, idText)
  const { result } = await changeItem(
    store,
    id,
    findItem(store, id),
    ({ item, record, takenOut, inFile, lock, foreign }) => {
      const differs = takenOut ? foreign === null : record !== null && inFile !== null && !lock
      if (!differs) return { kind: 'leave', result: false }
      return {
        kind: 'change',
        fields: {},
        event: eventOf(context, 'changed', item.id, 'lock lines'),
        result: true,
      }
    },
  )
  return result
}

/** The folder follows from the status as it is now, and only of an item that nobody else holds. */
async function moveHome(context: Context, idText: string): Promise<string | null> {
  const { store } = context
  const { caller } = await resolveCaller(context)
  const id = idOf(context, idText)
  const moved = await moveItem(store, id, ({ item, lock, place, text }) => {
    const { status } = item
    if (status === null || fitsFolder(status, place.folder)) return null
    if (lock && lock.by !== caller?.holder) return null
    return homeOf(status, place.folder, text('completed_at'))
  })
  if (!moved) return null
  const to = dirname(moved.to).slice(store.root.length + 1)
  const event = eventOf(context, 'moved', id.display, `to ${to}, by its status`)
  await appendEvents(store.host, store.stateDir, [event])
  return `moved it to ${to}/`
}

/** Only of copies that are still the same byte for byte, held by nobody, and that fit their folders all but one. */
async function removeStray(context: Context, idText: string): Promise<string | null> {
  const { store } = context
  const id = idOf(context, idText)
  const gone = await removeCopies(store, id.key, copies => {
    const isFree = copies.every(copy => copy.item.status !== null && !copy.lock && !isBlocked(copy))
    const fitting = copies.filter(({ item, place }) => fitsFolder(item.status ?? '', place.folder))
    return isFree && fitting.length === 1 ? fitting[0]! : null
  })
  if (gone.length === 0) return null
  const where = gone.map(path => path.slice(store.root.length + 1)).join(' and ')
  const event = eventOf(context, 'changed', id.display, `removed the same file in ${where}`)
  await appendEvents(store.host, store.stateDir, [event])
  return `removed ${where}`
}

/** Removes the note of a run that is over, or never began, and by which nothing is held any more. */
function removeRunMarker({ store }: Context, key: ItemKey, path: string): Promise<boolean> {
  const judge = sessionJudge(store, { kind: 'missing' })
  const { disk } = store.host
  return readUnderGuard(store, key, copies => {
    if (!isThere(disk, path)) return false
    const run = readMarker<Run>(disk, path)
    const holds = run?.owns && copies.some(({ lock }) => lock?.by === run.holder)
    if (run && (holds || !isOver(run.process, judge))) return false
    removeMarker(disk, path)
    return true
  })
}

/** Forgets the note of a move that cannot be made: it is torn, or its item is gone. */
function forgetMove({ store }: Context, key: ItemKey): Promise<boolean> {
  const { host, stateDir } = store
  return readUnderGuard(store, key, copies => {
    if (copies.length > 0 && readMove(host.disk, stateDir, key) !== null) return false
    removeMove(host.disk, stateDir, key)
    return true
  })
}
