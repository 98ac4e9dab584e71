/** Writes the queue's INDEX.md. Nothing else ever does, and nothing reads it. */
import { join } from 'node:path'
import { MISSING, unless } from '../store/errno.ts'
import { withGuard } from '../store/guard.ts'
import { publish, readOpen } from '../store/guarded-file.ts'
import type { Context } from './context.ts'

/**
 * Replaces INDEX.md unless it says so already.
 * @returns its path, and whether it changed
 * @throws WrkError BUSY, INVALID_ITEM (it is no plain file); system errors pass
 */
export async function writeIndex(
  { store }: Context,
  text: string,
): Promise<{ path: string; changed: boolean }> {
  const { host, stateDir, root } = store
  const { disk } = host
  const path = join(root, 'INDEX.md')
  const bytes = Buffer.from(text)
  const changed = await withGuard(host, stateDir, 'file-index', guard => {
    const from = unless(MISSING, null, () => readOpen(disk, path))
    try {
      if (from?.bytes.equals(bytes)) return false
      const conflicts = join(stateDir, 'conflicts')
      publish(disk, guard, { bytes, from: from ?? 'absent', path, durable: false, conflicts })
      return true
    } finally {
      if (from) disk.closeSync(from.fd)
    }
  })
  return { path, changed }
}
