/**
 * Starts a new session registry in place of one that cannot be read, which is kept in `.wrk`. Only ever done when a
 * person asks for it: whoever was listed there is unknown afterwards, for locks from before.
 */
import type { BigIntStats } from 'node:fs'
import { basename, join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import type { Registry } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import { type GuardHost, withGuard } from '../files/guard.ts'
import { publish, readOpen } from '../files/guarded-file.ts'
import { withReaders } from '../readers.ts'
import { HEADER, withSessions } from './change-registry.ts'
import { quoted } from './registry-text.ts'
import { loadRegistry, type RegistryFile } from './session-registry.ts'

/**
 * @returns where the unreadable one is kept, or null when it can be read after all, or is nothing to replace
 * @throws WrkError BUSY; system errors pass
 */
export async function rebuildRegistry(
  host: GuardHost,
  file: RegistryFile,
  now: Date,
): Promise<string | null> {
  const { disk } = host
  const { path, stateDir } = file
  return withReaders(full =>
    withGuard(host, stateDir, file.key, guard => {
      const from = unless(MISSING, null, () => readOpen(disk, path))
      if (!from) return null
      try {
        const registry: Registry = loadRegistry(disk, file, full)
        if (registry.kind !== 'unreadable') return null
        const aside = keepAside(host, file, from.stat, now)
        const at = quoted(stamp(now))
        const text = `${HEADER}session_id: ""\nupdated_at: ${at}\nrebuilt_at: ${at}\nsessions: []\n`
        const conflicts = join(stateDir, 'conflicts')
        // Those that have files of their own are on it at once; only what the broken one alone listed is not known.
        const bytes = Buffer.from(withSessions(text, registry.own?.all() ?? []))
        publish(disk, guard, { bytes, from, path, durable: true, conflicts })
        return aside
      } finally {
        disk.closeSync(from.fd)
      }
    }),
  )
}

/** Gives the file a second name in `.wrk`, never that of another: a link does not replace. */
function keepAside(
  { disk }: GuardHost,
  { path, stateDir }: RegistryFile,
  stat: BigIntStats,
  now: Date,
): string {
  const name = `${basename(path)}.broken-`
  // A crash after this and before the new one was put in place has left it its second name already.
  if (stat.nlink > 1n)
    for (const other of disk.readdirSync(stateDir)) {
      const aside = join(stateDir, other)
      if (other.startsWith(name) && disk.lstatSync(aside, { bigint: true }).ino === stat.ino) return aside
    }
  const base = join(stateDir, `${name}${stamp(now).replace(/[-:]/g, '')}`)
  for (let i = 1; ; i++) {
    const aside = i === 1 ? base : `${base}-${i}`
    const isMade = unless(['EEXIST'], false, () => {
      disk.linkSync(path, aside)
      return true
    })
    if (isMade) return aside
  }
}
