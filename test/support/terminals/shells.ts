/** What agents and terminals have in common: a long-lived process that runs shell commands. */
import { agentOfCommand } from '../../../src/system/processes/ancestors.ts'
import { commandLine, processFacts } from '../../../src/system/processes/process.ts'
import type { Result } from '../result.ts'

/** A long-lived process that runs shell commands one after another: an agent, or what is like one. */
export interface Shell {
  /** Its pid: what a session is anchored to. */
  pid: number
  /** Runs a command in a fresh shell below the process. */
  run(command: string): Promise<Result>
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>
}

/** A word for a shell. */
export const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** The agents above a process, nearest first, as pid and program. */
export function agentsAbove(pid: number): string[] {
  const found: string[] = []
  for (let facts = processFacts(pid); facts; facts = processFacts(facts.ppid)) {
    const command = commandLine(facts.pid)
    if (agentOfCommand(command)) found.push(`${facts.pid} ${command[0]}`)
  }
  return found
}
