/**
 * What is wrong with a queue and what would repair it: findings from facts. Pure, so that what is planned can be
 * tested and printed; whoever applies a fix looks and decides again under the guard.
 *
 * A fix is planned only where there is one safe answer. For everything else `advice` says what a person must decide.
 */
import { diagnoseAgents } from './diagnosis-agents.ts'
import { diagnoseDependencies } from './diagnosis-dependencies.ts'
import { diagnoseItems } from './diagnosis-items.ts'
import { diagnoseState } from './diagnosis-state.ts'
import { diagnoseSurroundings } from './diagnosis-surroundings.ts'
import type { Facts, Finding } from './finding.ts'

/** @returns findings in the order of repair: what others are judged by comes first */
export function diagnose(facts: Facts): Finding[] {
  return [
    ...diagnoseSurroundings(facts),
    ...diagnoseAgents(facts.agents),
    ...diagnoseState(facts),
    ...diagnoseItems(facts),
    ...diagnoseDependencies(facts),
  ]
}
