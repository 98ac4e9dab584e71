/**
 * Who may ask the board anything. Every request passes here first, whatever it asks for.
 *
 * Guarantees: nothing is answered to a page of another origin, to a name that leads here by way of DNS, or to a process
 * that does not know the token. Against: other web pages, and other users of this machine, who reach loopback too.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Why a request is refused, for whoever looks into it with developer tools. */
export interface Refusal {
  status: number
  message: string
}

/** What may be had without a token: it holds no data. */
const OPEN_PATHS: readonly string[] = ['/', '/board.js', '/board.css', '/layout.js', '/icon.svg']

/**
 * @param port the one that is in use
 * @returns null when the request may be answered
 */
export function refusalOf(request: IncomingMessage, port: number, token: string): Refusal | null {
  const { method = '', url = '' } = request
  const host = onlyHeader(request, 'host')
  if (![`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`].includes(host ?? ''))
    return { status: 403, message: 'this host name is not the board’s' }
  const origin = onlyHeader(request, 'origin')
  if (origin !== null && origin !== `http://${host}`)
    return { status: 403, message: 'the board answers its own page only' }
  const site = onlyHeader(request, 'sec-fetch-site')
  if (site !== null && site !== 'same-origin' && !isOpening(request, site))
    return { status: 403, message: 'the board answers its own page only' }
  if (method !== 'GET' && method !== 'POST') return { status: 405, message: 'GET or POST' }
  if (!url.startsWith('/')) return { status: 400, message: 'a path is asked for' }
  if (method === 'GET' && OPEN_PATHS.includes(url)) return null
  if (!knowsToken(onlyHeader(request, 'authorization') ?? '', url, port, token))
    return { status: 401, message: 'the token of this start of the board is needed' }
  if (
    method === 'POST' &&
    !/^application\/json(; *charset=utf-8)?$/i.test(onlyHeader(request, 'content-type') ?? '')
  )
    return { status: 415, message: 'application/json is needed' }
  return null
}

/** A page that is opened from a redirect file or by another program comes from no site, or from another. */
function isOpening(request: IncomingMessage, site: string): boolean {
  return (
    request.method === 'GET' &&
    request.url === '/' &&
    (site === 'none' || site === 'cross-site') &&
    onlyHeader(request, 'sec-fetch-mode') === 'navigate' &&
    onlyHeader(request, 'sec-fetch-dest') === 'document'
  )
}

/** A header that is there once; null without it. One that is there twice is as good as a wrong one. */
function onlyHeader({ rawHeaders }: IncomingMessage, name: string): string | null {
  const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name)
  return values.length > 1 ? '\0' : (values[0] ?? null)
}

function knowsToken(header: string, url: string, port: number, token: string): boolean {
  if (header.startsWith('Bearer ')) return isSame(header.slice('Bearer '.length), token)
  const asked = url === PROOF_PATH ? readProof(header) : null
  return asked !== null && isSame(asked.proof, proofOf(token, 'client', port, asked.nonce))
}

/** Where a second `wrk board` asks whether this is the board of its queue. */
export const PROOF_PATH = '/api/proof'

export function readProof(header: string): { nonce: string; proof: string } | null {
  const [, nonce, proof] = /^Proof ([0-9a-f]{32}):([0-9a-f]{64})$/.exec(header) ?? []
  return nonce === undefined ? null : { nonce, proof: proof! }
}

/**
 * What only those can say who know the token, without saying it: whoever listens on a port that was the board's must
 * not learn it from a second `wrk board`.
 */
export function proofOf(token: string, who: 'client' | 'server', port: number, nonce: string): string {
  return createHmac('sha256', token).update(`wrk board ${who} ${port} ${nonce}`).digest('hex')
}

/** Takes the same time wherever two texts differ. */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
