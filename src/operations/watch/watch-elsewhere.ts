/** What other clones hold, for a watcher: all of it at first, then every change. Empty where nothing is coordinated. */
import type { ItemKey } from '../../core/items/ids.ts'
import { type ElsewhereView, type SharedView, sharedClaims, viewElsewhere } from '../claims/remote-claim.ts'
import type { Context } from '../context.ts'

/** An item that another clone holds or held. */
export interface ElsewhereChange {
  type: 'elsewhere'
  id: string
  from: SharedView | null
  to: SharedView | null
}

const PAUSE_MS = 5_000

export class ElsewhereWatch {
  readonly #context: Context
  readonly #remote: boolean
  readonly #wake: () => void
  readonly #ending = new AbortController()
  readonly warnings: string[] = []
  #view: ElsewhereView | null = null
  #reported = new Map<ItemKey, SharedView>()
  #watching: Promise<void> = Promise.resolve()
  #problem = ''

  /** @param wake called when there is something to tell */
  constructor(context: Context, remote: boolean, wake: () => void) {
    this.#context = context
    this.#remote = remote
    this.#wake = wake
  }

  /** @throws WrkError USAGE (`remote` in a queue that is not coordinated), UNREACHABLE */
  async start(): Promise<ElsewhereView | null> {
    this.#view = await viewElsewhere(this.#context, this.#remote)
    if (!this.#view) return null
    this.warnings.push(...this.#view.warnings)
    this.changes()
    const shared = await sharedClaims(this.#context)
    const news = shared?.watchAllElsewhere(this.#context, this.#remote, PAUSE_MS, this.#ending.signal)
    if (news) this.#watching = this.#follow(news)
    return this.#view
  }

  async #follow(news: AsyncIterable<{ view: ElsewhereView } | { problem: string }>): Promise<void> {
    for await (const one of news) {
      if ('view' in one) this.#view = one.view
      const problem = 'problem' in one ? one.problem : ''
      if (problem !== this.#problem && problem !== '') this.warnings.push(problem)
      this.#problem = problem
      this.#wake()
    }
  }

  /** What was not reported yet. */
  changes(): ElsewhereChange[] {
    const found: ElsewhereChange[] = []
    const now = this.#view?.items ?? new Map<ItemKey, SharedView>()
    for (const [key, to] of now) {
      const from = this.#reported.get(key) ?? null
      if (!from || isNews(from, to)) found.push({ type: 'elsewhere', id: key.toUpperCase(), from, to })
    }
    for (const [key, from] of this.#reported)
      if (!now.has(key)) found.push({ type: 'elsewhere', id: key.toUpperCase(), from, to: null })
    this.#reported = new Map(now)
    return found
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#watching
  }
}

/** A renewal is not a change. */
function isNews(from: SharedView, to: SharedView): boolean {
  return from.state !== to.state || from.epoch !== to.epoch || from.liveness !== to.liveness
}
