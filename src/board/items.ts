/** Operations' results in the form of the board's protocol. */
import { priorityRank } from '../core/items/priority.ts'
import { folderOf, isArchived, isClosed } from '../core/items/status.ts'
import type { LogEvent } from '../core/log/event.ts'
import type { WatchedHolder } from '../core/watch/watch.ts'
import type { QueueItem } from '../operations/items/queries/candidates.ts'
import { type BoardColumn, type BoardEvent, type BoardHolder, type BoardItem, COLUMNS } from './protocol.ts'

/** An item as the board shows it. @param holder who holds it, as `watch` judges that */
export function boardItem(item: QueueItem, holder: BoardHolder | null): BoardItem {
  const { key, id, title, status, priority, closed, details, problem, left, putBack } = item
  const { blockedBy, parent, repos, createdAt, notBefore } = details
  return {
    place: placeOfItem(item),
    id,
    key,
    title,
    status,
    column: columnOf(item),
    rank: priorityRank(priority),
    ...(priority !== null && { priority }),
    ...(closed && { closed: true as const }),
    ...(createdAt !== null && { created_at: createdAt }),
    ...(blockedBy.length > 0 && { blocked_by: blockedBy.map(({ key, text }) => key ?? text) }),
    ...(parent && { parent: parent.key ?? parent.text }),
    ...(repos.length > 0 && { repos }),
    ...(notBefore !== null && { not_before: notBefore }),
    ...(problem !== null && { problem }),
    ...(holder && { holder }),
    ...(left && { orphaned: left }),
    ...(putBack && { put_back: true as const }),
  }
}

/** The name of an item's file within the queue: `pending/WRK-1.md`. */
export function placeOfItem({ folder, path }: Pick<QueueItem, 'folder' | 'path'>): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return folder === '' ? name : `${folder}/${name}`
}

function columnOf({ status, folder, closed }: Pick<QueueItem, 'status' | 'folder' | 'closed'>): BoardColumn {
  const top = folder.split('/', 1)[0]!
  if (closed) return isArchived(status, folder) || top.startsWith('archive') ? 'archive' : 'done'
  const word = status === null ? top : folderOf(status)
  const column = COLUMNS.find(one => one === word)
  return column && !isClosed(undefined, column) ? column : 'pending'
}

export function boardHolder(holder: WatchedHolder): BoardHolder {
  const { session_id, locked_at, expires_at, liveness, reason, host, pid } = holder
  return { session_id, locked_at, expires_at, liveness, reason, host, pid }
}

export function boardEvent(event: LogEvent): BoardEvent {
  const { seq, time, type, item, session, previous_holder, reason, forced } = event
  return { seq, time, type, item, session, previous_holder, reason, forced }
}
