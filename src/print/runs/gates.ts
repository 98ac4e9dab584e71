/** The gates before a dispatch, in the order in which they are asked. */
import { EXIT } from '../exit-codes.ts'

export const GATES = [
  { gate: 'provider', asks: 'is the provider known', exit_code: EXIT.usage },
  { gate: 'item', asks: 'does the item exist', exit_code: EXIT.notFound },
  {
    gate: 'plan',
    asks: 'is plan_approved true (and plan_reviewed, spec_ref where wrk.yaml asks for them)',
    exit_code: EXIT.planGate,
  },
  { gate: 'session', asks: 'which session is this', exit_code: EXIT.usage },
  { gate: 'claim', asks: 'is the item free, or held by another session', exit_code: EXIT.held },
] as const

export const GATES_HELP = `Gates, in this order, with the exit code of a refusal:\n${GATES.map(
  ({ gate, asks, exit_code }) => `  ${exit_code}  ${gate.padEnd(8)}  ${asks}`,
).join('\n')}`
