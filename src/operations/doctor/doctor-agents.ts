/** What `wrk doctor` knows of agents' hooks: those that are installed. */
import type { AgentHookFacts } from '../../core/doctor/finding.ts'
import { WrkError } from '../../core/errors.ts'
import type { AgentTexts } from '../agents/agent-files.ts'
import { type AgentStatus, agentsStatus } from '../agents/agents-status.ts'
import type { Context } from '../context.ts'

export async function agentHookFacts(context: Context, texts: AgentTexts): Promise<AgentHookFacts[]> {
  try {
    const { agents } = await agentsStatus(context, texts)
    return agents.flatMap(agent => (agent.reachable ? [factsOf(agent, agent.reachable)] : []))
  } catch (error) {
    // A settings file that wrk cannot edit (a link that leads out) is for `wrk agents` to refuse.
    if (error instanceof WrkError && error.code === 'USAGE') return []
    throw error
  }
}

function factsOf(
  { agent, hooks, shellPart, seen }: AgentStatus,
  { problem }: NonNullable<AgentStatus['reachable']>,
): AgentHookFacts {
  const isOutdated = shellPart === 'outdated' || Object.values(hooks).includes('outdated')
  return {
    agent,
    state: shellPart === 'missing' ? 'missing' : isOutdated ? 'outdated' : 'installed',
    unreachable: problem,
    seen: Object.values(seen).some(at => at !== null),
  }
}
