/**
 * The transport over stdin and stdout, overheard.
 *
 * Guarantees: what the client asked before it closed its end is answered; `subscriptions/listen`, which the package
 * answers by itself, is answered when the queue is being watched.
 */
import { PassThrough } from 'node:stream'
import type { JSONRPCMessage, MessageExtraInfo, Transport } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import type { Subscriptions } from './subscriptions.ts'

type RequestId = string | number

export class OverheardTransport implements Transport {
  /** Stays open after stdin has ended, until all is answered. */
  readonly #input = new PassThrough()
  readonly #stdio = new StdioServerTransport(this.#input)
  readonly #unanswered = new Set<RequestId>()
  readonly #subscriptions: Subscriptions
  readonly #ending = new AbortController()
  /** Fires when the client has closed its end: nobody should wait for anything any more. */
  readonly ending: AbortSignal = this.#ending.signal
  /** Settles when all is answered as well. */
  readonly closed: Promise<void>
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions
    let close: () => void = () => undefined
    this.closed = new Promise(settle => {
      close = settle
    })
    this.#stdio.onclose = () => {
      this.#ending.abort()
      this.onclose?.()
      close()
    }
    this.#stdio.onerror = error => this.onerror?.(error)
    this.#stdio.onmessage = message => void this.#hear(message)
  }

  async start(): Promise<void> {
    await this.#stdio.start()
    process.stdin.pipe(this.#input, { end: false })
    const end = () => {
      this.#ending.abort()
      // What was read is heard first.
      setImmediate(() => this.#endIfAnswered())
    }
    process.stdin.on('end', end).on('error', end)
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#stdio.send(message)
    if (!('method' in message) && message.id !== undefined) this.#settled(message.id)
  }

  close(): Promise<void> {
    return this.#stdio.close()
  }

  async #hear(message: JSONRPCMessage): Promise<void> {
    const { method, id, params } = message as { method?: string; id?: RequestId; params?: Listen }
    if (method === 'notifications/cancelled' && params?.requestId !== undefined) {
      this.#subscriptions.unfollow(params.requestId)
      this.#settled(params.requestId)
    }
    if (method === 'subscriptions/listen') {
      const uris = params?.notifications?.resourceSubscriptions
      if (id !== undefined && Array.isArray(uris) && uris.every(uri => typeof uri === 'string'))
        await this.#subscriptions.follow(id, uris).catch(error => this.onerror?.(error as Error))
    } else if (method !== undefined && id !== undefined) this.#unanswered.add(id)
    this.onmessage?.(message)
  }

  #settled(id: RequestId): void {
    this.#unanswered.delete(id)
    this.#endIfAnswered()
  }

  #endIfAnswered(): void {
    if (this.ending.aborted && this.#unanswered.size === 0) this.#input.end()
  }
}

/** What is looked at of a message; a stranger wrote it, so each part may be missing or something else. */
interface Listen {
  requestId?: RequestId
  notifications?: { resourceSubscriptions?: unknown }
}
