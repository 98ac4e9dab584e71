/**
 * Keeps a claim or a session lock while work is done under it: one mechanism for execute, review, lock run and the
 * library's withClaim.
 *
 * Guarantees: it is renewed as often as it asks for; that it was lost is seen at the next look, and `signal` fires then.
 * A look that fails is no loss: the next may show more. When the work has ended no look is under way any more.
 * Does not guarantee: that nobody else began in between; nor that the work heeds the signal.
 */
import { messageOf } from '../../core/errno.ts'

/** What a look found: still held; lost, with what is known of it; or given up by the work itself, then no look follows. */
type Look<L> = { kind: 'held'; isRenewed: boolean } | { kind: 'lost'; loss: L } | { kind: 'over' }

export interface Lease<L> {
  /** How often to look, and how often to renew, in ms. */
  everyMs: number
  renewEveryMs: number
  /** @param isDue whether to renew, even if all is well */
  look: (isDue: boolean) => Promise<Look<L>>
  /** What to say of a look that failed. */
  failed: (reason: string) => string
}

/** How it went; filled in while the work runs, so that it can be asked also when the work throws. */
export interface HoldState<L> {
  loss: L | null
  /** The work itself gave it up. */
  isOver: boolean
  warnings: string[]
}

export const newHoldState = <L>(): HoldState<L> => ({ loss: null, isOver: false, warnings: [] })

/** @returns what the work gives @throws what the work throws */
export async function holdWhile<T, L>(
  lease: Lease<L>,
  state: HoldState<L>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  let renewedAt = performance.now()
  let looking: Promise<void> | null = null
  const look = async (): Promise<void> => {
    try {
      const isDue = performance.now() - renewedAt >= lease.renewEveryMs - lease.everyMs / 2
      const found = await lease.look(isDue)
      if (found.kind === 'held' && found.isRenewed) renewedAt = performance.now()
      if (found.kind === 'over') state.isOver = true
      if (found.kind === 'lost') state.loss = found.loss
    } catch (error) {
      addOnce(state.warnings, lease.failed(messageOf(error)))
    }
    if (state.loss !== null) lost.abort(new Error('the claim was lost'))
  }
  const looks = setInterval(() => {
    if (looking || state.isOver || state.loss !== null) return
    looking = look().finally(() => {
      looking = null
    })
  }, lease.everyMs)
  try {
    return await work(lost.signal)
  } finally {
    clearInterval(looks)
    await looking
  }
}

export function addOnce(warnings: string[], warning: string): void {
  if (!warnings.includes(warning)) warnings.push(warning)
}
