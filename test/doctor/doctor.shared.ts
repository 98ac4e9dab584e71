/** What the tests of doctor have in common. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { machineMark } from '../../src/core/sessions/place.ts'
import { ago, MINUTE } from '../support/clock.ts'
import type { Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import type { AnchorData } from '../support/sessions.ts'

/** Every file below a folder with its bytes, links as links: what must be the same when nothing was done. */
export function snapshot(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name)
    const stat = lstatSync(path)
    if (stat.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`
    else found[name] = stat.isDirectory() ? 'folder' : readFileSync(path, 'latin1')
  }
  return found
}

export const inShort = (findings: Json[]) =>
  findings
    .map(({ code, item: id, path, severity }) => `${severity} ${code} ${id ?? path?.split('/').at(-1)}`)
    .sort()

/** Makes a file or folder of `.wrk` look as if it had lain there for a minute. */
export function age(queue: Queue, name: string): void {
  const then = ago(MINUTE)
  utimesSync(queue.path(name), then, then)
}

/** The name of a guard or draft by a process. */
export function ownedBy(anchor: AnchorData): string {
  const { pid, started, boot, pidns } = anchor
  const boot8 = boot.replace(/-/g, '').slice(0, 8) || '0'
  return [pid, started, boot8, pidns || '0', machineMark(anchor), 'x1'].join('.')
}
