import { Argument, type Command } from 'commander'
import block from '../../../templates/agents/block.md'
import { claudeHook } from '../../operations/agents/agent-hook.ts'
import {
  type AgentsChange,
  type AgentTexts,
  agentsStatus,
  INSTRUCTED,
  type InstructedAgent,
  installAgents,
  uninstallAgents,
} from '../../operations/agents/agents.ts'
import { ownProgram } from '../../operations/queue/installation.ts'
import { hookAnswer } from '../../print/agents/agent-hook.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `wrk agents install all
     wrk agents status
     wrk agents uninstall claude`,
  )
  install(command.command('install').summary('add instructions and hooks for an agent'), run)
  uninstall(command.command('uninstall').summary('remove what install added'), run)
  status(command.command('status').summary('what is installed where'), run)
  hook(command.command('hook').summary('answer a hook event of an agent'), run)
}

/**
 * What the hooks in the settings that a team shares run. They hold no path of one machine: the program is looked for
 * on the PATH and in the project's own packages, `wrk-cli` first, because an HTTP load tester is called wrk too. That
 * one prints its usage and fails, so only the words of a program that succeeds are passed on: Claude Code reads them.
 * Whatever it ends with, the hook gives 0: a 2 would block the agent.
 */
const SHARED_COMMAND =
  'PATH="$PATH:$CLAUDE_PROJECT_DIR/node_modules/.bin"; w=$(command -v wrk-cli || command -v wrk) && o=$("$w" agents hook claude) && printf %s "$o" || true'

/** In the settings of this machine: this very program. */
function localCommand(): string {
  const { node, script } = ownProgram()
  const quoted = (node === null ? [script] : [node, script]).map(path => `'${path.replaceAll("'", "'\\''")}'`)
  return `${quoted.join(' ')} agents hook claude || true`
}

function texts(): AgentTexts {
  return { block, commands: { shared: SHARED_COMMAND, local: localCommand() } }
}

function whichAgents(command: Command, who: string): Command {
  return command.addArgument(new Argument('<agent...>', who).choices([...INSTRUCTED, 'all']))
}

function named(words: readonly string[]): InstructedAgent[] {
  return INSTRUCTED.filter(agent => words.includes('all') || words.includes(agent))
}

function install(command: Command, run: RunCommand): void {
  whichAgents(command, 'which agents')
    .description(
      'Add a short block on how to work with wrk to CLAUDE.md, AGENTS.md or GEMINI.md, and hooks to the settings of Claude Code.',
    )
    .option('--local', 'put the hooks into .claude/settings.local.json, with the path of this wrk')
  examples(
    command,
    `wrk agents install claude
     wrk agents install codex gemini
     wrk agents install claude --local`,
  )
  command.addHelpText(
    'after',
    '\nSafe to repeat. Everything else in these files stays as it is, byte for byte, and uninstall restores them.',
  )
  command.action((words: string[], { local }: { local?: boolean }) =>
    run(async globals =>
      changed(installAgents(await open(globals), named(words), texts(), local ? 'local' : 'shared')),
    ),
  )
}

function uninstall(command: Command, run: RunCommand): void {
  whichAgents(command, 'which agents').description('Remove the block and the hooks that install added.')
  examples(command, 'wrk agents uninstall all')
  command.action((words: string[]) =>
    run(async globals => changed(uninstallAgents(await open(globals), named(words)))),
  )
}

function changed({ workspace, files }: AgentsChange): Outcome {
  const words = { created: 'made', deleted: 'deleted', unchanged: 'unchanged' } as Record<string, string>
  const lines = files.map(({ file, what, change }) => {
    const about = change in words ? words[change] : `${what} ${change}`
    return `  ${file}  ${about}\n`
  })
  return {
    exitCode: EXIT.done,
    json: { ok: true, workspace, files },
    text: `${workspace}\n${lines.join('')}`,
  }
}

function status(command: Command, run: RunCommand): void {
  command.description('Show for each agent whether its block and hooks are installed and up to date.')
  examples(command, 'wrk agents status --json')
  command.action(() =>
    run(async globals => {
      const { workspace, agents } = agentsStatus(await open(globals), texts())
      const lines = agents.flatMap(({ agent, file, block, hooks }) => [
        `  ${agent.padEnd(8)}${file}  ${block}\n`,
        ...Object.entries(hooks).map(([name, state]) => `  ${' '.repeat(8)}${name}  ${state}\n`),
      ])
      return {
        exitCode: EXIT.done,
        json: { ok: true, workspace, agents },
        text: `${workspace}\n${lines.join('')}`,
      }
    }),
  )
}

function hook(command: Command, run: RunCommand): void {
  command.addArgument(new Argument('<agent>', 'the agent').choices(['claude']))
  examples(command, `echo '{"hook_event_name":"PostToolUse","session_id":"s-1"}' | wrk agents hook claude`)
  command.addHelpText(
    'after',
    '\nReads one JSON object from stdin and answers with one, or with nothing. Always exit code 0 when called as the\nhooks call it.',
  )
  command.action(() =>
    run(async () => ({
      exitCode: EXIT.done,
      json: { ok: true },
      text: hookAnswer(await claudeHook(process.env, process.cwd())),
    })),
  )
}
