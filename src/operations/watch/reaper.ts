/** Chooses what a watcher reaps next, and when it tries again after a failure. */

import { isFailure, messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { WatchedItem } from '../../core/watch/watch.ts'
import { type ReapResult, reap } from '../claims/reap.ts'
import type { Context } from '../context.ts'

/** A disk that is full now may not be in a minute; what the guard showed to be held may not be for long. */
const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 60_000

export class Reaper {
  readonly #later = new Map<ItemKey, { until: number; wait: number; message: string }>()

  /** An item that a takeover would be free to take, unless it was tried a moment ago. */
  next(held: readonly WatchedItem[], at: number): WatchedItem | undefined {
    return held.find(
      ({ key, holder, problem }) =>
        problem === null &&
        (holder?.liveness === 'dead' || holder?.liveness === 'stale') &&
        (this.#later.get(key)?.until ?? 0) <= at,
    )
  }

  /** Tries to reap an item. A failure is message once; it is tried again later. */
  async reap(
    context: Context,
    { key, id }: WatchedItem,
    at: number,
  ): Promise<{ result: ReapResult | null; warnings: string[] }> {
    try {
      const result = await reap(context, id)
      if (result.kind === 'held') this.#wait(key, at, '')
      else this.#later.delete(key)
      return { result, warnings: result.warnings }
    } catch (error) {
      if (!isFailure(error)) throw error
      const message = messageOf(error)
      const known = this.#later.get(key)?.message === message
      this.#wait(key, at, message)
      const isGone = error instanceof WrkError && error.code === 'NOT_FOUND'
      return { result: null, warnings: known || isGone ? [] : [`could not release ${id}: ${message}`] }
    }
  }

  #wait(key: ItemKey, at: number, message: string): void {
    const wait = Math.min(LONGEST_WAIT_MS, (this.#later.get(key)?.wait ?? FIRST_WAIT_MS / 2) * 2)
    this.#later.set(key, { until: at + wait, wait, message })
  }
}
