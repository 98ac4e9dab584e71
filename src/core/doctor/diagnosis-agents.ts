/** What is wrong with the hooks of agents that are installed. Pure. */
import { printable } from '../text.ts'
import { type AgentHookFacts, type Finding, newFinding } from './finding.ts'

export function diagnoseAgents(agents: readonly AgentHookFacts[]): Finding[] {
  return agents.flatMap(diagnoseAgent)
}

function diagnoseAgent({ agent, state, unreachable, seen }: AgentHookFacts): Finding[] {
  const install = `wrk agents install ${agent}`
  const finding = (severity: Finding['severity'], message: string, advice: string) =>
    newFinding('agent-hooks', severity, message, advice)
  if (state === 'missing')
    return [finding('warning', `${agent}: its hooks do nothing, since agent-hook.sh is missing`, install)]
  if (unreachable !== null)
    return [
      finding(
        'warning',
        `${agent}: its hooks do nothing, since they find no wrk: ${printable(unreachable, 200)}`,
        'Install wrk where the agent finds it, then: wrk agents status',
      ),
    ]
  if (state === 'outdated')
    return [finding('warning', `${agent}: its hooks are of another version of wrk`, install)]
  if (seen) return []
  const advice = agent === 'codex' ? 'Trust them in Codex: /hooks' : 'Start the agent here once.'
  return [finding('note', `${agent}: its hooks are installed and have not run here yet`, advice)]
}
