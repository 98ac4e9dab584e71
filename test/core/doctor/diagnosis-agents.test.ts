/** What is said of agents' hooks that are installed. */
import { expect, test } from 'vitest'
import { diagnoseAgents } from '../../../src/core/doctor/diagnosis-agents.ts'
import type { AgentHookFacts } from '../../../src/core/doctor/finding.ts'

const said = (facts: Partial<AgentHookFacts>) =>
  diagnoseAgents([{ agent: 'codex', state: 'installed', unreachable: null, seen: true, ...facts }]).map(
    ({ code, severity, message, advice }) => [code, severity, message, advice],
  )

test('hooks that run are not mentioned', () => {
  expect(said({})).toEqual([])
  expect(diagnoseAgents([])).toEqual([])
})

test.each<[Partial<AgentHookFacts>, string, RegExp, RegExp]>([
  [{ state: 'missing' }, 'warning', /agent-hook\.sh is missing/, /^wrk agents install codex$/],
  [{ state: 'outdated' }, 'warning', /another version/, /^wrk agents install codex$/],
  [{ unreachable: 'none there\u001b[31m' }, 'warning', /find no wrk: none there\?\[31m/, /wrk agents status/],
  [{ seen: false }, 'note', /have not run here yet/, /Trust them in Codex: \/hooks/],
  [{ seen: false, agent: 'gemini' }, 'note', /^gemini: /, /Start the agent here once/],
])('%j is a %s', (facts, severity, message, advice) => {
  expect(said(facts)).toEqual([
    ['agent-hooks', severity, expect.stringMatching(message), expect.stringMatching(advice)],
  ])
})
