/**
 * Where each agent keeps the MCP servers of a project, and what is written there for `wrk mcp`. Pure. Read 2026-11-29:
 * - Claude Code: `.mcp.json` (https://code.claude.com/docs/en/mcp); its user is asked before a project's server starts
 * - Copilot in VS Code: the same file (https://code.visualstudio.com/docs/agents/reference/mcp-configuration)
 * - Codex: `.codex/config.toml` (https://developers.openai.com/codex/mcp), read in projects that are trusted
 * - Gemini CLI: `mcpServers` of `.gemini/settings.json`
 * - Cursor: `.cursor/mcp.json`; it starts servers elsewhere, so the workspace is named (https://cursor.com/docs/mcp)
 * - opencode: `mcp` of `opencode.json` (https://opencode.ai/docs/mcp-servers)
 */
import type { HookedAgent } from './agent-event.ts'

export type McpPlace =
  | {
      kind: 'json'
      file: string
      /** The member of the root that holds the servers. */
      container: string
      server: object
    }
  | { kind: 'toml'; file: string; args: readonly string[] }

/** The name under which `wrk` is installed that no other program has. */
const COMMAND = 'wrk-cli'
const USUAL_QUEUE = '.claude/work-queue'

/** @param queue where the queue is in the workspace, with slashes */
export function mcpPlace(agent: HookedAgent, queue: string): McpPlace {
  const args = queue === USUAL_QUEUE ? ['mcp'] : ['mcp', '--queue', queue]
  const container = 'mcpServers'
  switch (agent) {
    case 'claude':
    case 'copilot':
      return {
        kind: 'json',
        file: '.mcp.json',
        container,
        server: { type: 'stdio', command: COMMAND, args },
      }
    case 'gemini':
      return { kind: 'json', file: '.gemini/settings.json', container, server: { command: COMMAND, args } }
    case 'cursor': {
      const own = ['mcp', '--queue', `\${workspaceFolder}/${queue}`]
      return { kind: 'json', file: '.cursor/mcp.json', container, server: { command: COMMAND, args: own } }
    }
    case 'opencode':
      return {
        kind: 'json',
        file: 'opencode.json',
        container: 'mcp',
        server: { type: 'local', command: [COMMAND, ...args], enabled: true },
      }
    case 'codex':
      return { kind: 'toml', file: '.codex/config.toml', args }
  }
}
