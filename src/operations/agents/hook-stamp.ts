/**
 * The files by which the shell part of a hook (templates/agents/hook.sh) knows that there is nothing to do: one for each
 * session, dated to when the next sign of life is due, and one for each hook, dated to when it ran last.
 */
import {
  closeSync,
  constants,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'

/** What the shell part says of itself. */
export interface HookMark {
  /** The agent, for the file that tells when the hook ran. */
  agent: string
  word: string
  folder: string
  /** The session's file; empty where the shell does not know the session. */
  key: string
}

/** A heartbeat is written at most once a minute: until then there is nothing to do. */
const DUE_AFTER_MS = 60_000
const OLD_AFTER_MS = 24 * 3_600_000

const CANNOT_WRITE = [...MISSING, 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EISDIR', 'ELOOP']

/**
 * Never fails where the folder cannot be written: then Node starts every time. Links are not followed: a repository of a
 * stranger might have one that leads to the user's own files.
 */
export function markSeen({ agent, word, folder, key }: HookMark): void {
  // Only where the shell part of a queue looks.
  if (basename(folder) !== 'hooks' || basename(dirname(folder)) !== '.wrk') return
  unless(CANNOT_WRITE, undefined, () => {
    if (isLink(dirname(folder)) || isLink(folder)) return
    mkdirSync(folder, { recursive: true })
    const ignore = join(dirname(folder), '.gitignore')
    unless(['EEXIST'], undefined, () => writeFileSync(ignore, '*\n', { flag: 'wx' }))
    if (isName(`${agent}.${word}`)) touch(join(folder, `${agent}.${word}`), Date.now())
    if (!isName(key)) return
    if (word === 'end') rmSync(join(folder, key), { force: true })
    else touch(join(folder, key), Date.now() + DUE_AFTER_MS)
    if (word === 'begin') removeOld(folder)
  })
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}$/.test(text)
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function touch(path: string, at: number): void {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants
  // Windows has no such flag.
  const fd = openSync(path, O_WRONLY | O_CREAT | (O_NOFOLLOW ?? 0), 0o666)
  try {
    futimesSync(fd, at / 1000, at / 1000)
  } finally {
    closeSync(fd)
  }
}

/** Files of sessions that did not say that they ended. */
function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (Date.now() - lstatSync(path).mtimeMs > OLD_AFTER_MS && !/\.(begin|beat|look|end)$/.test(name))
      rmSync(path, { force: true })
  }
}

/** When each hook of an agent ran last in a workspace; null for one that never did. */
export function lastSeen(folder: string, agent: string, word: string): Date | null {
  return unless(MISSING, null, () => statSync(join(folder, `${agent}.${word}`)).mtime)
}
