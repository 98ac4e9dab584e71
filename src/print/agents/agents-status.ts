/** `wrk agents status` for people: what is installed, whether its hooks find wrk, when they ran, and about sub-agents. */

import { printable } from '../../core/text.ts'
import type { AgentStatus } from '../../operations/agents/agents-status.ts'

const INDENT = ' '.repeat(12)

export function describeAgents(agents: readonly AgentStatus[]): string {
  return agents.map(agent => linesOf(agent).join('')).join('')
}

function linesOf(status: AgentStatus): string[] {
  const { agent, file, block, hooks, reachable } = status
  const lines = [`  ${agent.padEnd(9)} ${file}  ${block}\n`]
  for (const [name, state] of Object.entries(hooks)) lines.push(`${INDENT}${name}  ${state}\n`)
  if (status.mcp.installed) lines.push(`${INDENT}${status.mcp.file}  MCP server\n`)
  if (status.plugin) lines.push(`${INDENT}plugin  on in .claude/settings.local.json\n`)
  if (!reachable) return lines
  const { program, problem } = reachable
  const shellPart = status.shellPart === 'installed' || status.shellPart === null ? '' : status.shellPart
  if (shellPart) lines.push(`${INDENT}agent-hook.sh  ${shellPart}: wrk agents install ${agent}\n`)
  lines.push(
    `${INDENT}reachable: ${problem === null ? `yes, ${printable(program ?? '', 200)}` : `no, ${printable(problem, 200)}`}\n`,
    `${INDENT}seen: ${describeSeen(status)}\n`,
    `${INDENT}sub-agents: ${SUBAGENTS[status.subagents]}\n`,
  )
  return lines
}

const MOMENTS = { begin: 'session start', beat: 'sign of life', look: 'before a tool', end: 'session end' }

/** The time of day of this machine, and the date: when it was another day is what matters. */
function describeSeen({ agent, seen }: AgentStatus): string {
  const times = Object.entries(MOMENTS).map(([word, name]) => {
    const at = seen[word as keyof typeof MOMENTS]
    return `${name} ${at ? local(at) : 'never'}`
  })
  if (Object.values(seen).some(at => at !== null)) return times.join(', ')
  return agent === 'codex' ? 'never; Codex skips hooks until you trust them: /hooks' : 'never on this machine'
}

function local(at: Date): string {
  const two = (number: number) => `${number}`.padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}

const SUBAGENTS: Record<AgentStatus['subagents'], string> = {
  named: 'each claims under a name of its own',
  sessions: 'each is a session of its own',
  unnamed: 'cannot be told apart; they share the claims of their session',
}
