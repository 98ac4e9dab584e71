/**
 * `wrk mcp`: the queue as tools and resources of the Model Context Protocol, over stdin and stdout.
 *
 * Guarantees: nothing happens before the first call, and nothing between calls but looking, while something is
 * followed. A server that its agent forgot gives no sign of life.
 */
import type { Server } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { write } from '../print/terminal.ts'
import { contextFor, type McpOptions } from './call.ts'
import { mcpServer } from './server.ts'
import { Subscriptions } from './subscriptions.ts'
import { OverheardTransport } from './transport.ts'

/** Serves until the client closes its end and has its answers. */
export async function serveMcp(options: McpOptions): Promise<void> {
  let server: Server | undefined
  const tell = (uri: string) => void server?.sendResourceUpdated({ uri }).catch(() => undefined)
  const subscriptions = new Subscriptions(() => contextFor(options), tell)
  const transport = new OverheardTransport(subscriptions)
  const make = () => {
    server = mcpServer(options, subscriptions, transport.ending)
    return server
  }
  serveStdio(make, { transport, onerror: error => write(2, `wrk: ${error.message}\n`) })
  await transport.closed
  await subscriptions.close()
}
