/**
 * Tries everything that claims need of an engine on a record of its own, which it removes in the end: whether a server
 * takes the refs, keeps leases, and lets them be deleted, only a try shows it.
 */
import { RECORD_VERSION, type SharedRecord } from '../../../core/coordination/record.ts'
import { messageOf } from '../../../core/errno.ts'
import { WrkError } from '../../../core/errors.ts'
import { stamp } from '../../../core/time.ts'
import { claimantOf, newNonce } from './claimant.ts'
import type { Shared } from './open-shared.ts'

export interface ProbeStep {
  step: string
  ok: boolean
  ms: number
  /** What the engine said where it refused. */
  reason: string | null
}

/** @returns the steps up to the first that failed */
export async function probeEngine(shared: Shared): Promise<ProbeStep[]> {
  const { engine } = shared
  const key = { kind: 'locks' as const, name: `wrk-probe-${newNonce(shared)}` }
  const first = trialRecord(shared)
  const steps: ProbeStep[] = []
  const step = async (name: string, act: () => Promise<string | null>): Promise<void> => {
    if (steps.some(({ ok }) => !ok)) return
    const begun = performance.now()
    let reason: string | null
    try {
      reason = await act()
    } catch (error) {
      if (!(error instanceof WrkError)) throw error
      reason = error.message
    }
    steps.push({ step: name, ok: reason === null, ms: Math.round(performance.now() - begun), reason })
  }
  const said = (swap: { kind: string; reason?: string }) =>
    swap.kind === 'applied' ? null : `${swap.kind}${swap.reason ? `: ${swap.reason}` : ''}`
  const swapFrom = async (record: SharedRecord) =>
    engine.compareAndSwap({ key, expected: await engine.read(key), record })

  await step('prepare', async () => {
    await engine.prepare()
    return null
  })
  await step('create', async () => said(await engine.compareAndSwap({ key, expected: null, record: first })))
  const created = {
    key,
    revision: engine.revisionOf({ key, expected: null, record: first }),
    reading: { kind: 'record' as const, record: first },
  }
  await step('swap', async () => said(await swapFrom({ ...first, nonce: newNonce(shared) })))
  await step('refuse a stale swap', async () => {
    const swap = await engine.compareAndSwap({
      key,
      expected: created,
      record: { ...first, nonce: newNonce(shared), epoch: 2 },
    })
    return swap.kind === 'conflict' ? null : `a change from an old state was ${swap.kind}`
  })
  await step('list', async () =>
    (await engine.list()).some(({ key: { name } }) => name === key.name)
      ? null
      : 'the trial record is not listed',
  )
  await step('tombstone', async () =>
    said(await swapFrom({ ...first, state: 'released', nonce: newNonce(shared) })),
  )
  // Also after a failure: nothing is to stay behind.
  const failed = steps.some(({ ok }) => !ok)
  const begun = performance.now()
  const reason = await remove(shared, key)
  if (!failed)
    steps.push({ step: 'remove', ok: reason === null, ms: Math.round(performance.now() - begun), reason })
  return steps
}

async function remove({ engine }: Shared, key: { kind: 'locks'; name: string }): Promise<string | null> {
  try {
    const entry = await engine.read(key)
    if (entry) await engine.remove(entry)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

function trialRecord(shared: Shared): SharedRecord {
  const at = stamp(shared.context.clock())
  const caller = { session: 'wrk-coordination-probe', agent: null, anchors: [] }
  const claimant = claimantOf(shared, caller, 'trial', { nonce: newNonce(shared) })
  return { v: RECORD_VERSION, state: 'held', epoch: 1, claimed_at: at, renewed_at: at, ...claimant }
}
