/** The server of one connection: tools, resources, and who follows them. The same for both forms of the protocol. */
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError, Server } from '@modelcontextprotocol/server'
import { WrkError } from '../core/errors.ts'
import { callTool, contextFor, type McpOptions, toolNamed } from './call.ts'
import { ITEM_TEMPLATE, listResources, readResource } from './resources.ts'
import type { Subscriptions } from './subscriptions.ts'
import { listTools } from './tools/tools.ts'

declare const WRK_VERSION: string

const INSTRUCTIONS =
  'A queue of work items. Claim before you work: next with claim, then transition start, work, transition done. If an item is held by another session, take another; if a claim of yours is lost, stop working on that item.'

/** In protocols where a client follows one resource at a time, all that it follows is one follower's. */
const CLIENT = 'client'

/**
 * @param subscriptions who follows what; they outlive a server that only answered what the client asked first
 * @param ending fires when the client is gone
 */
export function mcpServer(options: McpOptions, subscriptions: Subscriptions, ending: AbortSignal): Server {
  const server = new Server(
    { name: 'wrk', title: 'wrk', version: WRK_VERSION },
    { capabilities: { tools: {}, resources: { subscribe: true } }, instructions: INSTRUCTIONS },
  )
  const open = () => contextFor(options)

  server.setRequestHandler('tools/list', () => ({ tools: listTools() }))
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) => {
    const tool = toolNamed(params.name)
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`)
    const signal = AbortSignal.any([mcpReq.signal, ending])
    return callTool(tool, params.arguments, mcpReq._meta ?? {}, options, signal)
  })
  server.setRequestHandler('resources/list', ({ params }) =>
    asProtocolErrors('', async () => listResources(await open(), params?.cursor)),
  )
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [ITEM_TEMPLATE] }))
  server.setRequestHandler('resources/read', ({ params: { uri } }) =>
    asProtocolErrors(uri, async () => {
      const found = await readResource(await open(), uri)
      if (!found) throw new ResourceNotFoundError(uri)
      return found
    }),
  )
  server.setRequestHandler('resources/subscribe', ({ params: { uri } }) =>
    asProtocolErrors(uri, async () => {
      if (!(await subscriptions.follow(CLIENT, [uri]))) throw new ResourceNotFoundError(uri)
      return {}
    }),
  )
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscriptions.unfollow(CLIENT, [uri])
    return {}
  })
  return server
}

/** An error in the protocol's own form; of resources there is no other. */
async function asProtocolErrors<T>(uri: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    const { code, message, hint } = error
    if (code === 'NOT_FOUND' && uri !== '') throw new ResourceNotFoundError(uri, message)
    const kind = code === 'USAGE' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError
    throw new ProtocolError(kind, hint ? `${message}. ${hint}` : message)
  }
}
