/** The processes above this call, and which of them are agents. */
import type { Ancestor, ProcessContext } from '../core/sessions/identity.ts'
import { AGENTS, type AgentName, type Anchor } from '../core/sessions/session.ts'
import { commandLine, here, type ProcessFacts, processFacts } from './process.ts'

/** Names of programs and of npm packages by which agents are known. */
const PROGRAMS = new Map<string, AgentName>([
  ...AGENTS.map(name => [name, name] as const),
  ['claude-code', 'claude'],
  ['gemini-cli', 'gemini'],
  ['cursor-agent', 'cursor'],
])
const INTERPRETERS = /^(?:node|nodejs|bun|deno|python[0-9.]*|ruby|bash|sh|dash|zsh)$/
const LONGEST_CHAIN = 64

/**
 * The agent that a command line belongs to: by the program's name, or for a script run by an
 * interpreter by the script's name or the npm package that it lies in. A shell's `-c` text is no name.
 */
export function agentOfCommand([program = '', script = '']: readonly string[]): AgentName | null {
  const name = baseName(program)
  const direct = PROGRAMS.get(name)
  if (direct) return direct
  if (!INTERPRETERS.test(name) || script.startsWith('-')) return null
  const scriptName = baseName(script).replace(/\.(?:[cm]?js|py)$/, '')
  const byPackage = /node_modules\/(?:@[^/]+\/)?([^/]+)\//.exec(script)?.[1]
  return PROGRAMS.get(scriptName) ?? (byPackage ? (PROGRAMS.get(byPackage) ?? null) : null)
}

function baseName(path: string): string {
  // A login shell is called "-bash"; macOS process titles may hold blanks.
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/^-/, '')
    .toLowerCase()
}

/** The chain of processes from the parent up, and the terminal's session leader. Reads the system once per call. */
export function processContext(): ProcessContext {
  const self = processFacts(process.pid)
  const ancestors: Ancestor[] = []
  let below = ''
  let topOfTerminal: ProcessFacts | null = null
  let parent = self ? processFacts(self.ppid) : null
  while (parent && ancestors.length < LONGEST_CHAIN) {
    const command = commandLine(parent.pid)
    const last = ancestors.at(-1)
    // A subshell has its parent's command line, and is gone in a moment: the agent is the one above.
    if (last?.agent && command.join('\0') === below) last.agent = null
    below = command.join('\0')
    ancestors.push({ anchor: anchorOf(parent), agent: agentOfCommand(command) })
    if (parent.hasTerminal) topOfTerminal = parent
    parent = parent.ppid > 0 ? processFacts(parent.ppid) : null
  }
  if (!self?.hasTerminal) return { ancestors, terminal: null }
  const leader = self.leader > 0 ? processFacts(self.leader) : topOfTerminal
  return { ancestors, terminal: leader ? anchorOf(leader) : null }
}

function anchorOf({ pid, started }: ProcessFacts): Anchor {
  return { pid, started, ...here() }
}
