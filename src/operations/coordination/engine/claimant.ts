/** Who asks the engine, and what its record says of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Claimant, SharedHolder } from '../../../core/coordination/decide.ts'
import { MISSING, unless } from '../../../core/errno.ts'
import type { Anchor } from '../../../core/sessions/session.ts'
import { draftPath } from '../../../store/drafts.ts'
import type { Shared } from './open-shared.ts'

/** What the local operations know of the caller. */
export interface SharedCaller {
  session: string
  /** The helper within the session. */
  agent: string | null
  /** The session's processes, by which others on this machine judge it. */
  anchors: readonly Anchor[]
}

export function holderHere(
  shared: Shared,
  { session, agent }: Pick<SharedCaller, 'session' | 'agent'>,
): SharedHolder {
  const { host, boot } = shared.context.store.host.self.place
  return { session, agent, host, boot, clone: cloneId(shared) }
}

export function claimantOf(
  shared: Shared,
  caller: SharedCaller,
  id: string,
  { run = null, nonce }: { run?: string | null; nonce: string },
): Claimant {
  const { branch, commit } = headOf(shared)
  return {
    ...holderHere(shared, caller),
    id,
    nonce,
    run,
    ttl_s: shared.context.store.settings.ttlMs / 1000,
    branch,
    commit,
    // After a restart only the TTL decides (see observe.ts), so others need no mark of this machine.
    anchors: caller.anchors.map(({ machine: _, ...anchor }) => anchor),
  }
}

/** A name for a write that no other has. */
export function newNonce({ context }: Shared): string {
  return context.store.host.randomLetters(16)
}

/** This clone's own name, made when it is first asked for; the folder and the host belong to it, so a copy gets another. */
function cloneId({ context }: Shared): string {
  const { host, stateDir } = context.store
  const { disk } = host
  const folder = join(stateDir, 'coordination')
  const path = join(folder, 'clone')
  const place = `${host.self.place.host}:${context.store.root}`
  const [id, noted] = unless(MISSING, '', () => readFileSync(path, 'utf8')).split('\n')
  if (id && noted === place) return id
  const made = host.randomLetters(12)
  const draft = draftPath(host, stateDir)
  for (const one of [path, draft]) disk.mkdirSync(join(one, '..'), { recursive: true })
  const fd = disk.openSync(draft, 'wx', 0o600)
  try {
    const text = Buffer.from(`${made}\n${place}\n`)
    disk.writeSync(fd, text, 0, text.length)
  } finally {
    disk.closeSync(fd)
  }
  // Of two that make it at once, the first stays.
  if (id) disk.renameSync(draft, path)
  else {
    unless(['EEXIST'], undefined, () => disk.linkSync(draft, path))
    disk.unlinkSync(draft)
  }
  return readFileSync(path, 'utf8').split('\n')[0]!
}

/** The branch and the commit that are checked out, read without git; null where that does not tell. */
export function headOf({ repository }: Shared): { branch: string | null; commit: string | null } {
  if (!repository) return { branch: null, commit: null }
  const text = (path: string) => unless(MISSING, null, () => readFileSync(path, 'utf8'))
  const head = text(join(repository.gitDir, 'HEAD'))?.trim() ?? ''
  const ref = /^ref: (refs\/.+)$/.exec(head)?.[1]
  if (!ref) return { branch: null, commit: /^[0-9a-f]{40,64}$/.test(head) ? head : null }
  const own = text(join(repository.commonDir, ref))?.trim()
  const packed = own ?? text(join(repository.commonDir, 'packed-refs'))?.match(lineOf(ref))?.[1] ?? null
  return { branch: ref.replace(/^refs\/heads\//, ''), commit: packed }
}

const lineOf = (ref: string): RegExp =>
  new RegExp(`^([0-9a-f]{40,64}) ${ref.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm')
