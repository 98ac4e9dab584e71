/** `wrk agents status` for people: one line for each file, and when the hooks ran last. */
import type { AgentStatus } from '../../operations/agents/agents-status.ts'

export function describeAgents(agents: readonly AgentStatus[], _now: Date): string {
  return agents
    .flatMap(({ agent, file, block, hooks }) => [
      `  ${agent.padEnd(9)} ${file}  ${block}\n`,
      ...Object.entries(hooks).map(([name, state]) => `  ${' '.repeat(9)} ${name}  ${state}\n`),
    ])
    .join('')
}
