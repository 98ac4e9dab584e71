/** Waiting until something is ready. Bounded; asks again and again, since it may become so by time alone. */
import { sleep } from '../../../system/clock.ts'
import type { Context } from '../../context.ts'
import { claimNext, type NextItem, type NextOptions, next } from './next.ts'

const POLL_MS = 500
/** Each look may ask a remote. */
const SHARED_POLL_MS = 10_000

/**
 * @param waitMs how long
 * @param options asked for at each look, since items change
 * @returns the last look's answer, where nothing became ready
 * @throws WrkError as claimNext does
 */
export async function waitForNext(
  context: Context,
  waitMs: number,
  claims: boolean,
  options: () => Promise<NextOptions>,
): Promise<NextItem> {
  const until = performance.now() + waitMs
  for (;;) {
    const found = await (claims ? claimNext : next)(context, await options())
    const left = until - performance.now()
    if (found.chosen || left <= 0) return found
    const poll = context.store.settings.isCoordinated ? SHARED_POLL_MS : POLL_MS
    await sleep(Math.min(left, poll))
  }
}
