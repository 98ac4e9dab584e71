/**
 * Serves the board of one queue until it is ended or the queue is gone.
 *
 * Guarantees: what gate.ts says; one board a queue, as far as `.wrk/board.json` can be read and written: a second
 * call gives the address of the first, if that proves to be it.
 */
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { hostname } from 'node:os'
import { hostLabel } from '../core/sessions/session.ts'
import { readBoardFile, removeBoardFile, writeBoardFile } from '../operations/board/board-file.ts'
import type { Context } from '../operations/context.ts'
import { Acts } from './acts.ts'
import { queueFacts } from './facts.ts'
import { Feed } from './feed.ts'
import { isSame, PROOF_PATH, proofOf } from './gate.ts'
import { itemPage } from './item-page.ts'
import { listen } from './listen.ts'
import { ALIVE_EVERY_MS } from './protocol.ts'
import { answerRequest } from './routes.ts'

export { exportBoard } from './export.ts'

export interface BoardAddress {
  port: number
  token: string
}

/** The address that a browser opens. What is behind `#` is never sent to a server. */
export function boardUrl({ port, token }: BoardAddress): string {
  return `http://127.0.0.1:${port}/#token=${token}`
}

/** A branch switch may take the queue away for a moment. */
const GONE_MS = 10_000

export interface ServeOptions {
  port?: number | undefined
  /** Ends it. */
  signal: AbortSignal
  /** Called when requests are answered. */
  onReady: (address: BoardAddress) => void | Promise<void>
}

export interface ServeEnd {
  why: 'ended' | 'gone'
  /** Ids of the items that the board held and gave up. */
  released: string[]
}

/**
 * @throws WrkError IO, USAGE, NOT_FOUND
 */
export async function serveBoard(given: Context, options: ServeOptions): Promise<ServeEnd> {
  const token = randomBytes(32).toString('base64url')
  const session = `board-${hostLabel(hostname())}-${given.store.host.randomLetters(6)}`
  const context = { ...given, session, store: { ...given.store } }
  const facts = await queueFacts(context, session)
  const feed = new Feed(context, facts)
  const acts = new Acts(context, feed)
  const ending = new AbortController()
  options.signal.addEventListener('abort', () => ending.abort())
  const routes = {
    token,
    port: () => listening.port,
    feed,
    itemPage: (id: string) => itemPage(context, id),
    act: (asked: unknown) => acts.perform(asked),
  }
  const listening = await listen(
    (asked, response) => void answerRequest(routes, asked, response),
    options.port,
    context.store.root,
  )
  let goneSince: number | null = null
  const pulse = setInterval(() => {
    feed.say('alive')
    goneSince = feed.isThere ? null : (goneSince ?? performance.now())
    if (goneSince !== null && performance.now() - goneSince >= GONE_MS) ending.abort()
  }, ALIVE_EVERY_MS)
  let why: ServeEnd['why'] = 'gone'
  try {
    await feed.run(ending.signal, () => {
      writeBoardFile(context, listening.port, token)
      void options.onReady({ port: listening.port, token })
    })
    if (options.signal.aborted) why = 'ended'
  } finally {
    clearInterval(pulse)
    feed.say('bye')
    listening.close()
    removeBoardFile(context, token)
  }
  // Nobody can ask for anything any more.
  return { why, released: why === 'gone' ? [] : await acts.end() }
}

const ASK_MS = 3_000

/**
 * The board that another process serves for this queue; null without one, or if what answers there does not know
 * the token, which is not shown to it.
 */
export async function runningBoard(context: Context): Promise<BoardAddress | null> {
  const running = readBoardFile(context)
  if (!running) return null
  const { port, token } = running
  const nonce = randomBytes(16).toString('hex')
  const proof = await new Promise<string | null>(settle => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: PROOF_PATH,
        timeout: ASK_MS,
        headers: { Authorization: `Proof ${nonce}:${proofOf(token, 'client', port, nonce)}` },
      },
      response => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text = `${text}${chunk.toString('latin1')}`.slice(0, 1000)
        })
        response.on('end', () => settle(/"proof":"([0-9a-f]{64})"/.exec(text)?.[1] ?? null))
        response.on('error', () => settle(null))
      },
    )
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => settle(null))
    asked.end()
  })
  return proof !== null && isSame(proof, proofOf(token, 'server', port, nonce)) ? { port, token } : null
}
