/** What the board answers to each request that has passed the gate. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { WrkError } from '../core/errors.ts'
import { jsonLine, outcomeOfError } from '../print/outcome.ts'
import { acceptsGzip, begin, bodyOf, compressed, JSON_TYPE, sendJson, sendPacked } from './answer.ts'
import type { Feed } from './feed.ts'
import { PROOF_PATH, proofOf, readProof, refusalOf } from './gate.ts'
import { PAGE_FILES } from './page-files.ts'
import type { ActAnswer, ItemPage, Message } from './protocol.ts'

export interface Routes {
  token: string
  port: () => number
  feed: Feed
  itemPage: (id: string) => Promise<ItemPage>
  act: (asked: unknown) => Promise<{ status: number; answer: ActAnswer }>
}

/** A follower that does not read is dropped when so much waits for it. */
const MOST_WAITING = 4 * 1024 * 1024
const MOST_FOLLOWERS = 64

/** Answers one request; never fails. */
export async function answerRequest(
  routes: Routes,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const port = routes.port()
  const refusal = refusalOf(request, port, routes.token)
  if (refusal) {
    begin(response, refusal.status, 'text/plain; charset=utf-8', { Connection: 'close' })
    response.end(`${refusal.message}\n`)
    return
  }
  const { method, url = '/' } = request
  const file = PAGE_FILES[url]
  if (method === 'GET' && file) {
    sendPacked(request, response, file.type, file.packed)
    return
  }
  try {
    const { pathname, searchParams } = new URL(url, 'http://board')
    const route = `${method} ${pathname}`
    if (route === 'GET /api/state') sendState(routes.feed, request, response)
    else if (route === 'GET /api/changes')
      changes(routes.feed, response, Number(searchParams.get('after') ?? Number.NaN))
    else if (route === 'GET /api/item')
      sendJson(request, response, 200, await routes.itemPage(searchParams.get('id') ?? ''))
    else if (route === `GET ${PROOF_PATH}`) {
      const { nonce } = readProof(request.headers.authorization ?? '') ?? { nonce: '' }
      sendJson(request, response, 200, { proof: proofOf(routes.token, 'server', port, nonce) })
    } else if (route === 'POST /api/act') await act(routes.act, request, response)
    else
      sendJson(request, response, 404, { ok: false, error: { code: 'NOT_FOUND', message: 'no such path' } })
  } catch (error) {
    const { json } = outcomeOfError(error, false)
    const status = error instanceof WrkError ? (error.code === 'NOT_FOUND' ? 404 : 400) : 500
    if (!response.headersSent) sendJson(request, response, status, json)
    else response.destroy()
  }
}

/** The last state that was sent compressed: twenty tabs of one moment cost no more than one. */
const states = new WeakMap<Feed, { n: number; bytes: Buffer }>()

function sendState(feed: Feed, request: IncomingMessage, response: ServerResponse): void {
  if (!acceptsGzip(request)) {
    sendJson(request, response, 200, feed.state())
    return
  }
  let kept = states.get(feed)
  if (kept?.n !== feed.n) {
    kept = { n: feed.n, bytes: compressed(JSON.stringify(feed.state())) }
    states.set(feed, kept)
  }
  sendPacked(request, response, JSON_TYPE, kept.bytes)
}

async function act(
  perform: Routes['act'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request)
  if (body === null) {
    sendJson(request, response, 413, { ok: false, id: null, message: 'the request is too large' })
    return
  }
  let asked: unknown
  try {
    asked = JSON.parse(body)
  } catch {
    asked = null
  }
  const { status, answer } = await perform(asked)
  sendJson(request, response, status, answer)
}

const followers = new WeakMap<Feed, number>()

/** Every change as a line of JSON, as long as the follower reads. */
function changes(feed: Feed, response: ServerResponse, after: number): void {
  const count = followers.get(feed) ?? 0
  if (!Number.isSafeInteger(after) || count >= MOST_FOLLOWERS) {
    begin(response, count >= MOST_FOLLOWERS ? 503 : 400, 'text/plain; charset=utf-8')
    response.end('after=N, and not too many of these at once\n')
    return
  }
  followers.set(feed, count + 1)
  begin(response, 200, 'application/x-ndjson; charset=utf-8', { 'X-Accel-Buffering': 'no' })
  response.flushHeaders()
  const tell = (message: Message) => {
    if (response.writableLength > MOST_WAITING) response.destroy()
    else response.write(jsonLine({ ...message }))
    if (message.type === 'bye') response.end()
  }
  const stop = feed.follow(after, tell)
  response.on('close', () => {
    stop()
    followers.set(feed, (followers.get(feed) ?? 1) - 1)
  })
}
