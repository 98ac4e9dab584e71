/** How the board answers: the headers of every answer, bodies that have a bound, and what goes out compressed. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'

/** The page takes nothing from elsewhere, nobody frames it, and no text becomes a script. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify board',
].join('; ')

const HEADERS = {
  'Content-Security-Policy': PAGE_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

const LARGEST_BODY = 64 * 1024
const WORTH_COMPRESSING = 2_000
export const JSON_TYPE = 'application/json; charset=utf-8'

export function acceptsGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))
}

export function compressed(body: string | Buffer): Buffer {
  return gzipSync(body, { level: 4 })
}

export function begin(
  response: ServerResponse,
  status: number,
  type: string,
  more: Record<string, string> = {},
) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, ...more })
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
): void {
  if (body.length > WORTH_COMPRESSING && acceptsGzip(request)) {
    begin(response, status, type, { 'Content-Encoding': 'gzip' })
    response.end(compressed(body))
  } else {
    begin(response, status, type)
    response.end(body)
  }
}

/** What is compressed already. */
export function sendPacked(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  packed: Buffer,
): void {
  const accepts = acceptsGzip(request)
  begin(response, 200, type, accepts ? { 'Content-Encoding': 'gzip' } : {})
  response.end(accepts ? packed : gunzipSync(packed))
}

export function sendJson(request: IncomingMessage, response: ServerResponse, status: number, value: unknown) {
  send(request, response, status, JSON_TYPE, JSON.stringify(value))
}

/** A request's body; null when it is larger than any act. */
export async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
