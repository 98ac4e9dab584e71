/** The processes above this call, and which of them are agents. */
import type { Ancestor, ProcessContext } from '../../core/sessions/identity.ts'
import { AGENTS, type AgentName, type Anchor } from '../../core/sessions/session.ts'
import { commandLine, here, type ProcessFacts, processFacts } from './process.ts'
import { isPassing, kindOfShell, programName } from './shells.ts'

/** Names of programs and of npm packages by which agents are known. */
const PROGRAMS = new Map<string, AgentName>([
  ...AGENTS.map(name => [name, name] as const),
  ['claude-code', 'claude'],
  ['claude-agent-sdk', 'claude'],
  ['gemini-cli', 'gemini'],
  ['cursor-agent', 'cursor'],
])
const INTERPRETERS = /^(?:node|nodejs|bun|deno|python[0-9.]*|ruby|bash|sh|dash|zsh)$/
const LONGEST_CHAIN = 64

/**
 * The agent that a command line belongs to: by the program's name, or for a script run by an
 * interpreter by the script's name or the npm package around it. A shell's `-c` text is not a name.
 */
export function agentOfCommand([program = '', script = '']: readonly string[]): AgentName | null {
  const name = programName(program)
  const direct = PROGRAMS.get(name)
  if (direct) return direct
  if (!INTERPRETERS.test(name) || script.startsWith('-')) return null
  const scriptName = programName(script).replace(/\.(?:[cm]?js|py)$/, '')
  const byPackage = /node_modules\/(?:@[^/]+\/)?([^/]+)\//.exec(script)?.[1]
  return PROGRAMS.get(scriptName) ?? (byPackage ? (PROGRAMS.get(byPackage) ?? null) : null)
}

interface Process {
  facts: ProcessFacts
  command: string[]
}

/** The chain of processes from the parent up, and the terminal's session leader. Reads the system once per call. */
export function processContext(): ProcessContext {
  const self = processFacts(process.pid)
  const above = self ? processesAbove(self) : []
  const ancestors: Ancestor[] = []
  above.forEach(({ facts, command }, i) => {
    // A subshell has its parent's command line, and is gone in a moment: the agent is the one above.
    const isSubshell = command.join('\0') === above[i + 1]?.command.join('\0')
    ancestors.push({ anchor: anchorOf(facts), agent: isSubshell ? null : agentOfCommand(command) })
  })
  return { ancestors, terminal: self && terminalOf(self, above) }
}

/** The nearest process above this call that is wanted; what is further up is not looked at. */
export function nearestAbove(isWanted: (process: Anchor) => boolean): Anchor | null {
  let { ppid } = processFacts(process.pid) ?? { ppid: 0 }
  for (let i = 0; ppid > 0 && i < LONGEST_CHAIN; i++) {
    const facts = processFacts(ppid)
    if (!facts) return null
    const anchor = anchorOf(facts)
    if (isWanted(anchor)) return anchor
    ppid = facts.ppid
  }
  return null
}

function processesAbove(self: ProcessFacts): Process[] {
  const above: Process[] = []
  let parent = processFacts(self.ppid)
  while (parent && above.length < LONGEST_CHAIN) {
    above.push({ facts: parent, command: commandLine(parent.pid) })
    parent = parent.ppid > 0 ? processFacts(parent.ppid) : null
  }
  return above
}

/**
 * The leader of the terminal's session. A pty that was made for one command (`script -c`, `ssh -t HOST COMMAND`, sudo)
 * ends with that command: there the next terminal further up counts, if there is one.
 */
function terminalOf(self: ProcessFacts, above: readonly Process[]): Anchor | null {
  for (let inner: ProcessFacts | undefined = self; inner?.hasTerminal; inner = outside(inner, above)) {
    const leader = inner.leader === null ? topOfTerminal(above) : leaderOf(inner.leader, above)
    if (leader && leader.facts.pid !== self.pid && isPlaceOfWork(leader, above)) return anchorOf(leader.facts)
    if (inner.leader === null) return null
  }
  return null
}

/** The nearest process above that belongs to another session. */
function outside({ leader }: ProcessFacts, above: readonly Process[]): ProcessFacts | undefined {
  const last = above.findLastIndex(({ facts }) => facts.leader === leader)
  return above[last + 1]?.facts
}

function leaderOf(pid: number, above: readonly Process[]): Process | null {
  if (pid === 0) return null
  const found = above.find(({ facts }) => facts.pid === pid)
  if (found) return found
  const facts = processFacts(pid)
  return facts && { facts, command: commandLine(pid) }
}

/** Where the system does not name the leader: the topmost process that has a terminal. */
function topOfTerminal(above: readonly Process[]): Process | null {
  return above.findLast(({ facts }) => facts.hasTerminal) ?? null
}

/** Whether a leader lives on after this call: it runs for more than one command, or somebody types into a shell of its. */
function isPlaceOfWork(leader: Process, above: readonly Process[]): boolean {
  if (!isPassing(leader.command)) return true
  const inSession = above.filter(({ facts }) => facts.leader === null || facts.leader === leader.facts.pid)
  return inSession.some(({ command }) => kindOfShell(command) === 'interactive')
}

function anchorOf({ pid, started }: ProcessFacts): Anchor {
  return { pid, started, ...here() }
}
