/**
 * `.wrk/board.json`: which process serves a queue's board, on which port, and the token that its page needs. Only the
 * queue's own user may read it.
 */
import { join } from 'node:path'
import { lookAt } from '../../store/files/look.ts'
import { readMarker, removeMarker, writeMarker } from '../../store/files/marker.ts'
import { withFolders } from '../../store/state-folders.ts'
import { here, lookAtProcess } from '../../system/processes/process.ts'
import { type Context, ownAnchor } from '../context.ts'

export interface BoardFile {
  pid: number
  started: string
  boot: string
  pidns: string
  host: string
  port: number
  token: string
}

const pathOf = ({ store }: Context) => join(store.stateDir, 'board.json')

/** The file of a running board; null without one, or if another user could have written it. */
export function readBoardFile(context: Context): BoardFile | null {
  const { disk } = context.store.host
  const path = pathOf(context)
  const stat = lookAt(disk, path)
  const uid = process.getuid?.()
  if (!stat?.isFile() || (stat.mode & 0o077 && process.platform !== 'win32')) return null
  // What root made belongs to the folder's owner (see store/files/disk.ts).
  if (uid !== undefined && uid !== 0 && stat.uid !== uid) return null
  const found = readMarker<Partial<BoardFile>>(disk, path)
  const { pid, started, boot, pidns, host, port, token } = found ?? {}
  if (typeof pid !== 'number' || typeof port !== 'number' || !/^[\w-]{43}$/.test(token ?? '')) return null
  const place = here()
  if (host !== place.host || boot !== place.boot || pidns !== place.pidns) return null
  const look = lookAtProcess(pid)
  return look.kind === 'running' && look.started === started ? (found as BoardFile) : null
}

/** @throws WrkError IO; system errors pass */
export function writeBoardFile(context: Context, port: number, token: string): void {
  const { host, stateDir } = context.store
  const path = pathOf(context)
  // A new file, so that it belongs to nobody else and its mode is ours.
  removeMarker(host.disk, path)
  withFolders(host.disk, stateDir, () =>
    writeMarker(host.disk, path, { ...ownAnchor(host), port, token } satisfies BoardFile, 'wx'),
  )
}

/** Removes it, if it has this token: a board that was started since has one of its own. */
export function removeBoardFile(context: Context, token: string): void {
  const { disk } = context.store.host
  const path = pathOf(context)
  if (readMarker<Partial<BoardFile>>(disk, path)?.token === token) removeMarker(disk, path)
}
