/**
 * Who follows which resource, and what happened to it. The queue is watched while somebody follows, and not else.
 *
 * Guarantees: what changes after `follow` has returned is told. That a holder died is told within ten seconds.
 * Does not guarantee: one message for each change; several at once may be one.
 */
import type { ItemKey } from '../core/items/ids.ts'
import type { Context } from '../operations/context.ts'
import { watch } from '../operations/watch/watch.ts'
import { STATUS_URI, targetOf } from './resources.ts'

/** What follows: a request, or a client of the protocols that follow one resource at a time. */
export type Follower = string | number

/** More than a client needs; a list that grows for ever is none that anybody reads. */
const MOST_URIS = 1000

export class Subscriptions {
  readonly #open: () => Promise<Context>
  readonly #tell: (uri: string) => void
  readonly #followers = new Map<Follower, Set<string>>()
  readonly #changed = new Set<string>()
  #watching: { ending: AbortController; ready: Promise<Context>; ended: Promise<void> } | null = null

  /** @param tell called with the URI of a resource that changed, as its follower wrote it */
  constructor(open: () => Promise<Context>, tell: (uri: string) => void) {
    this.#open = open
    this.#tell = tell
  }

  /**
   * @returns whether all of them are resources of this server
   * @throws WrkError NOT_FOUND (no queue), USAGE, IO
   */
  async follow(follower: Follower, uris: readonly string[]): Promise<boolean> {
    const { store } = await this.#open()
    const prefix = store.settings.idPrefix
    if (uris.length > MOST_URIS || uris.some(uri => !targetOf(uri, prefix))) return false
    const known = this.#followers.get(follower) ?? new Set()
    for (const uri of uris) known.add(uri)
    this.#followers.set(follower, known)
    await this.#watch().ready
    return true
  }

  /** @param uris all that it follows unless given */
  unfollow(follower: Follower, uris?: readonly string[]): void {
    const known = this.#followers.get(follower)
    for (const uri of uris ?? []) known?.delete(uri)
    if (!uris || known?.size === 0) this.#followers.delete(follower)
    if (this.#followers.size === 0) void this.close()
  }

  async close(): Promise<void> {
    this.#followers.clear()
    const watching = this.#watching
    this.#watching = null
    watching?.ending.abort()
    await watching?.ended
  }

  #watch() {
    if (this.#watching) return this.#watching
    const ending = new AbortController()
    let begun: (context: Context) => void = () => undefined
    let failed: (error: unknown) => void = () => undefined
    const ready = new Promise<Context>((resolve, reject) => {
      begun = resolve
      failed = reject
    })
    const forget = (error: unknown) => {
      failed(error)
      if (this.#watching?.ending === ending) this.#watching = null
    }
    const ended = this.#run(ending.signal, begun).then(() => undefined, forget)
    this.#watching = { ending, ready, ended }
    return this.#watching
  }

  async #run(signal: AbortSignal, begun: (context: Context) => void): Promise<void> {
    const context = await this.#open()
    const prefix = context.store.settings.idPrefix
    const onRead = (keys: ReadonlySet<ItemKey>) => this.#note(prefix, keys)
    for await (const event of watch(context, { signal, pace: 'calm', onRead })) {
      if (event.type === 'snapshot') begun(context)
      else if ('item' in event && 'key' in event.item) this.#note(prefix, new Set([event.item.key]))
      if (!QUIET.has(event.type)) this.#note(prefix, null)
    }
  }

  /** @param keys the items that changed; null: the status did */
  #note(prefix: string, keys: ReadonlySet<ItemKey> | null): void {
    const isFirst = this.#changed.size === 0
    for (const uri of new Set([...this.#followers.values()].flatMap(uris => [...uris]))) {
      const target = targetOf(uri, prefix)
      if (keys === null ? uri === STATUS_URI : target?.kind === 'item' && keys.has(target.id.key))
        this.#changed.add(uri)
    }
    if (isFirst && this.#changed.size > 0) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const uris = [...this.#changed]
    this.#changed.clear()
    for (const uri of uris) this.#tell(uri)
  }
}

/** What changes nothing that the status shows; a renewal happens once a minute for each item. */
const QUIET: ReadonlySet<string> = new Set(['snapshot', 'tick', 'warning', 'renewed'])
