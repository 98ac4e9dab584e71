/** Commits against the engine's records: for CI, where nobody has a claim, and for a clone that is about to push. */
import { resolve } from 'node:path'
import { claimFindings } from '../../../core/commits/claim-findings.ts'
import type { RangeFinding } from '../../../core/commits/range-findings.ts'
import type { SharedReading, SharedRecord } from '../../../core/coordination/record.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { parseRange } from '../../../system/git/commit-range.ts'
import { findRepository } from '../../../system/git/repository.ts'
import { openContext } from '../../context.ts'
import { claimKey, openShared, type Shared } from '../engine/open-shared.ts'
import { type CoordinatedQueue, coordinatedQueues } from './items-of-commits.ts'

/**
 * What a range would bring in against other holders' claims.
 * @throws WrkError USAGE, NOT_FOUND, UNREACHABLE, IO
 */
export async function verifyRangeClaims(
  cwd: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RangeFinding[]> {
  const range = parseRange(cwd, text)
  const top = findRepository(cwd, env)?.top ?? cwd
  const findings: RangeFinding[] = []
  for (const queue of coordinatedQueues(top, range)) {
    if (queue.commits.length === 0) continue
    const shared = await openShared(await openContext({ queue: resolve(top, queue.folder), env }))
    try {
      findings.push(...(await findingsOf(shared, queue, () => false)))
    } finally {
      await shared.engine.close()
    }
  }
  return findings
}

/**
 * @param isFresh whether what was last seen is as the engine has it
 * @throws WrkError UNREACHABLE
 */
export async function findingsOf(
  shared: Shared,
  { commits }: Pick<CoordinatedQueue, 'commits'>,
  isMine: (record: SharedRecord) => boolean,
  isFresh = false,
): Promise<RangeFinding[]> {
  const { engine } = shared
  if (!isFresh && engine.lastSeen) await engine.list()
  const records = new Map<ItemKey, SharedReading | null>()
  for (const { items } of commits)
    for (const key of items.keys()) {
      if (records.has(key)) continue
      const entry = engine.lastSeen ? await engine.lastSeen(claimKey(key)) : await engine.read(claimKey(key))
      records.set(key, entry?.reading ?? null)
    }
  return claimFindings(commits, key => records.get(key) ?? null, isMine)
}
