/**
 * Which session a call belongs to. One server may speak for many: an app that has several threads starts it once. So
 * each call is asked by itself: what it says of its thread, then the session that is anchored to the agent above, then
 * the environment. A server makes up no session: two threads that it cannot tell apart would share their claims.
 */
import { WrkError } from '../core/errors.ts'
import { checkSessionId, listedSession } from '../core/sessions/session.ts'
import { type Context, currentRegistry } from '../operations/context.ts'
import { register, resolveCaller } from '../operations/sessions/caller.ts'

/**
 * What agents put into `_meta` of a call, and who they are.
 * - Codex, `threadId`: https://github.com/openai/codex/pull/18093, April 2026
 * - opencode, `sessionID`: https://github.com/anomalyco/opencode/pull/46008, August 2026
 * - Copilot in VS Code, `vscode.conversationId`: https://github.com/openai/codex/issues/7951, December 2025
 */
const THREADS: readonly (readonly [key: string, agent: string])[] = [
  ['threadId', 'codex'],
  ['sessionID', 'opencode'],
  ['vscode.conversationId', 'copilot'],
]

/** Variables that name a session, which a server inherits from wherever it was started. */
const SESSION_VARIABLE = /^(?:WRK_SESSION_ID|[A-Z_]+_(?:SESSION|THREAD|CONVERSATION)_ID|WRK_GUARDS_SHELL)$/

export interface McpCaller {
  /** With the session, as operations take it from `--session`. */
  context: Context & { session: string }
  /** The agent that runs the session, where the call tells it; then the session may be new. */
  agent: string | null
}

/**
 * Registers nobody; of a listed session it is a heartbeat, as any call is.
 * @param meta `_meta` of the call
 * @returns null where nothing tells the session
 * @throws WrkError USAGE (an invalid id), IO
 */
export async function mcpCaller(
  context: Context,
  meta: Readonly<Record<string, unknown>>,
): Promise<McpCaller | null> {
  const as = (session: string, agent: string | null) => ({ context: { ...context, session }, agent })
  // `wrk mcp --session ID`: whoever writes that means every call.
  if (context.session !== undefined) return as(context.session, null)
  for (const [key, agent] of THREADS) {
    const id = meta[key]
    if (typeof id === 'string' && id !== '') return as(checkSessionId(id, `_meta.${key}`), agent)
  }
  const env = Object.fromEntries(Object.entries(context.env).filter(([name]) => !SESSION_VARIABLE.test(name)))
  const { identity: above } = await resolveCaller({ ...context, env })
  if (above?.source === 'anchor') return as(above.id!, null)
  const { identity } = await resolveCaller(context)
  if (identity?.id == null) return null
  return identity.source === 'env' || identity.source === 'agent' ? as(identity.id, identity.agent) : null
}

/**
 * Makes sure that an agent's session is listed: one that is new lives as long as the agent above, where one is known.
 * @throws WrkError BUSY, IO
 */
export async function registerMcpCaller({ context, agent }: McpCaller): Promise<void> {
  if (agent !== null && !listedSession(await currentRegistry(context), context.session))
    await register(context, { sessionId: context.session, agent })
}

/** The three ways to give a session. */
export function noMcpSession(): WrkError {
  return new WrkError('NO_SESSION', 'No session: nothing tells which one this call belongs to.', {
    hint: 'Give one: name the thread in _meta of the call (threadId or sessionID); or run in the agent: wrk session start --provider NAME; or set WRK_SESSION_ID for the server.',
  })
}
