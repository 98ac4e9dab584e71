/** Looks again and again at what other clones hold, until it is stopped. */
import { WrkError } from '../../../core/errors.ts'
import type { ElsewhereView } from '../../claims/remote-claim.ts'
import type { Context } from '../../context.ts'
import { sharedOf } from '../engine/open-shared.ts'
import { viewAllElsewhere } from './view-elsewhere.ts'

/** A view, or why there is none. */
export type ElsewhereNews = { view: ElsewhereView } | { problem: string }

/**
 * Gives a view at once, then one at every pause, and one at each change that the engine reports.
 * @param remote ask the engine; without it, what other commands of this clone last saw
 */
export async function* watchAllElsewhere(
  context: Context,
  remote: boolean,
  pauseMs: number,
  signal: AbortSignal,
): AsyncGenerator<ElsewhereNews> {
  const { engine } = await sharedOf(context)
  const waker = new Waker(pauseMs, signal)
  const hearing = remote && engine.watch ? hear(engine.watch(signal), waker) : null
  try {
    while (!signal.aborted) {
      yield await look(context, remote)
      await waker.rung()
    }
  } finally {
    await hearing
    await engine.close()
  }
}

async function look(context: Context, remote: boolean): Promise<ElsewhereNews> {
  try {
    return { view: await viewAllElsewhere(context, remote) }
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    return { problem: error.message }
  }
}

/** An engine that reports no more changes is asked at every pause all the same. */
async function hear(changes: AsyncIterable<void>, waker: Waker): Promise<void> {
  try {
    for await (const _ of changes) waker.ring()
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
  }
}

/** Wakes who waits: when it is rung, when a pause is over, or at the end. */
class Waker {
  readonly #pauseMs: number
  #isRung = false
  #wake: () => void = () => undefined

  constructor(pauseMs: number, signal: AbortSignal) {
    this.#pauseMs = pauseMs
    signal.addEventListener('abort', () => this.ring())
  }

  ring(): void {
    this.#isRung = true
    this.#wake()
  }

  async rung(): Promise<void> {
    if (!this.#isRung)
      await new Promise<void>(settle => {
        const timer = setTimeout(settle, this.#pauseMs)
        this.#wake = () => {
          clearTimeout(timer)
          settle()
        }
      })
    this.#isRung = false
  }
}
