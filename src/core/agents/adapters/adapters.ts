/** The agents that wrk can be installed for. A new one is one file here, and its payloads in fixtures/agents. */
import type { AgentAdapter, HookedAgent } from '../agent-event.ts'
import { claude } from './claude.ts'
import { codex } from './codex.ts'
import { copilot } from './copilot.ts'
import { cursor } from './cursor.ts'
import { gemini } from './gemini.ts'
import { opencode } from './opencode.ts'

export const ADAPTERS: readonly AgentAdapter[] = [claude, codex, gemini, copilot, cursor, opencode]

export const HOOKED_AGENTS: readonly HookedAgent[] = ADAPTERS.map(({ name }) => name)

export function adapterOf(name: string): AgentAdapter | undefined {
  return ADAPTERS.find(adapter => adapter.name === name)
}
