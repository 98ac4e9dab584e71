/** Writes the queue's INDEX.md. No other command ever does, and none reads it. */
import { join } from 'node:path'
import { MISSING, unless } from '../../../core/errno.ts'
import { WrkError } from '../../../core/errors.ts'
import { withGuard } from '../../../store/files/guard.ts'
import { publish, readOpen } from '../../../store/files/guarded-file.ts'
import type { Context } from '../../context.ts'

/** How each page begins that wrk made. */
export const INDEX_MARK = '<!-- Made by `wrk index --write` from the items; changes made here are lost. -->'

/**
 * Replaces INDEX.md unless it says so already.
 * @param force also one that somebody else wrote
 * @returns its path, and whether it changed
 * @throws WrkError USAGE (it is somebody else's), BUSY, INVALID_ITEM (it is no plain file); system errors pass
 */
export async function writeIndex(
  { store }: Context,
  text: string,
  force: boolean,
): Promise<{ path: string; changed: boolean }> {
  const { host, stateDir, root } = store
  const { disk } = host
  const path = join(root, 'INDEX.md')
  const bytes = Buffer.from(text)
  const changed = await withGuard(host, stateDir, 'file-index', guard => {
    const from = unless(MISSING, null, () => readOpen(disk, path))
    try {
      if (from?.bytes.equals(bytes)) return false
      if (from && !force && !isOurs(from.bytes))
        throw new WrkError('USAGE', `${path} was not written by wrk`, {
          hint: 'See the page: wrk index. Replace the file: wrk index --write --force',
        })
      const conflicts = join(stateDir, 'conflicts')
      publish(disk, guard, { bytes, from: from ?? 'absent', path, durable: false, conflicts })
      return true
    } finally {
      if (from) disk.closeSync(from.fd)
    }
  })
  return { path, changed }
}

/** A page that wrk made, or nothing. */
function isOurs(bytes: Buffer): boolean {
  return bytes.length === 0 || bytes.subarray(0, Buffer.byteLength(INDEX_MARK)).toString() === INDEX_MARK
}
