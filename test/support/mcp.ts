/** Clients of `wrk mcp`: the protocol's own package, over the pipes of the built command in a real process. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import {
  type CallToolResult,
  Client,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/client'
import { afterEach } from 'vitest'
import { start } from './processes.ts'
import { FIRST, PROGRAM } from './program.ts'
import type { Queue } from './queue.ts'
import type { Json } from './result.ts'
import { envOf, type RunOptions } from './run.ts'

/** The forms of the protocol: as of 2026-07-28, and with `initialize`. */
export const ERAS = ['modern', 'legacy'] as const
export type Era = (typeof ERAS)[number]

const open: McpClient[] = []
afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})

export interface McpClient {
  client: Client
  pid: number
  /** URIs of resources that were said to have changed. */
  updates: string[]
  stderr: () => string
  /** Calls a tool; gives its answer as data. `meta` is what an agent says besides. */
  call(name: string, args?: Json, meta?: Json): Promise<Json>
  /** The same with all that the protocol says of it. */
  callRaw(name: string, args?: Json, meta?: Json): Promise<CallToolResult>
  close(): Promise<number | null>
}

export interface McpStart extends RunOptions {
  era?: Era
  args?: readonly string[]
  /** The name of an agent that starts it. */
  agent?: string
}

/** Starts the server; it is closed, at the latest, when the test ends. No session is known unless given. */
export async function startMcp(queue: Queue, how: McpStart = {}): Promise<McpClient> {
  const { era = 'modern', args = [], agent, session = null } = how
  const env = envOf({ queue, ...how, session }, queue.home)
  const line = [...FIRST, 'mcp', ...args]
  const cwd = how.cwd ?? queue.home
  // `; :` keeps the shell from becoming the server itself.
  const child = agent
    ? start('bash', ['-c', '"$@"; :', agent, PROGRAM, ...line], { cwd, env, argv0: agent })
    : start(PROGRAM, line, { cwd, env })
  let stderr = ''
  child.stderr!.on('data', chunk => {
    stderr += chunk
  })
  const ended = new Promise<number | null>(settle => child.on('close', settle))
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } },
  )
  const updates: string[] = []
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    updates.push(params.uri)
  })
  await client.connect(new PipeTransport(child))
  const callRaw = async (name: string, args: Json = {}, meta?: Json) =>
    (await client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) })) as CallToolResult
  const made: McpClient = {
    client,
    pid: child.pid!,
    updates,
    stderr: () => stderr,
    callRaw,
    call: async (name, args, meta) => (await callRaw(name, args, meta)).structuredContent as Json,
    close: async () => {
      await client.close()
      return ended
    },
  }
  open.push(made)
  return made
}

/** One message a line. */
class PipeTransport implements Transport {
  readonly #child: ChildProcess
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void

  constructor(child: ChildProcess) {
    this.#child = child
  }

  async start(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdout! })
    lines.on('line', line => this.onmessage?.(JSON.parse(line) as JSONRPCMessage))
    this.#child.on('close', () => this.onclose?.())
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#child.stdin!.write(`${JSON.stringify(message)}\n`)
  }

  async close(): Promise<void> {
    this.#child.stdin!.end()
  }
}
