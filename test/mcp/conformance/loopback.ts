/**
 * The server of `wrk mcp` behind an address of this machine, for the conformance tests, which speak to addresses only. The
 * protocol over HTTP is that of the package; tools, resources and answers are wrk's. Ends with its stdin.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server'
import { contextFor } from '../../../src/mcp/call.ts'
import { mcpServer } from '../../../src/mcp/server.ts'
import { Subscriptions } from '../../../src/mcp/subscriptions.ts'

const options = { queue: process.argv[2]!, session: 'conformance' }
const handler = createMcpHandler(() => {
  const subscriptions = new Subscriptions(
    () => contextFor(options),
    uri => handler.notify.resourceUpdated(uri),
  )
  return mcpServer(options, subscriptions, new AbortController().signal)
})

const server = createServer(async (asked, answer) => {
  const hasBody = asked.method === 'POST'
  const request = new Request(`http://${asked.headers.host}${asked.url}`, {
    method: asked.method!,
    headers: asked.headers as Record<string, string>,
    ...(hasBody && { body: Readable.toWeb(asked) as ReadableStream, duplex: 'half' }),
  } as RequestInit)
  const response =
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    originValidationResponse(request, localhostAllowedOrigins()) ??
    (await handler.fetch(request))
  answer.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body) Readable.fromWeb(response.body as never).pipe(answer)
  else answer.end()
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
