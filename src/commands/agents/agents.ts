import { Argument, type Command } from 'commander'
import { ADAPTERS, HOOKED_AGENTS } from '../../core/agents/adapters/adapters.ts'
import type { AgentAdapter } from '../../core/agents/agent-event.ts'
import { WrkError } from '../../core/errors.ts'
import { agentHook } from '../../operations/agents/agent-hook.ts'
import { agentTexts } from '../../operations/agents/agent-texts.ts'
import { agentsStatus } from '../../operations/agents/agents-status.ts'
import { type AgentsChange, installAgents, uninstallAgents } from '../../operations/agents/install-agents.ts'
import { hookAnswer } from '../../print/agents/agent-hook.ts'
import { describeAgents } from '../../print/agents/agents-status.ts'
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
  status(command.command('status').summary('what is installed where, and whether it runs'), run)
  hook(command.command('hook').summary('answer a hook event of an agent'), run)
}

function whichAgents(command: Command, who: string): Command {
  return command.addArgument(new Argument('<agent...>', who).choices([...HOOKED_AGENTS, 'all']))
}

function named(words: readonly string[]): AgentAdapter[] {
  return ADAPTERS.filter(({ name }) => words.includes('all') || words.includes(name))
}

function install(command: Command, run: RunCommand): void {
  whichAgents(command, 'which agents')
    .description(
      'Add a short block on how to work with wrk to the file that an agent reads at its start, and hooks to its settings.',
    )
    .option(
      '--local',
      'put the hooks of Claude Code into .claude/settings.local.json, with the path of this wrk',
    )
    .option('--mcp', 'also add wrk as an MCP server to the settings of the agent')
    .option('--plugin', 'use the plugin of Claude Code in place of hooks in its settings')
  examples(
    command,
    `wrk agents install claude
     wrk agents install codex gemini
     wrk agents install claude --mcp
     wrk agents install claude --local
     wrk agents install claude --plugin`,
  )
  command.addHelpText(
    'after',
    '\nSafe to repeat. Everything else in these files stays as it is, byte for byte, and uninstall restores them.',
  )
  command.action((words: string[], { local = false, plugin = false, mcp = false }: InstallFlags) =>
    run(async globals => {
      if (local && plugin)
        throw new WrkError('USAGE', '--local and --plugin are two ways to do one thing', {
          hint: 'Give one of them.',
        })
      const how = { scope: local ? ('local' as const) : ('shared' as const), plugin, mcp }
      return changed(installAgents(await open(globals), named(words), agentTexts(), how))
    }),
  )
}

interface InstallFlags {
  local?: boolean
  plugin?: boolean
  mcp?: boolean
}

function uninstall(command: Command, run: RunCommand): void {
  whichAgents(command, 'which agents').description(
    'Remove the block, the hooks and the MCP server that install added.',
  )
  examples(command, 'wrk agents uninstall all')
  command.action((words: string[]) =>
    run(async globals => changed(uninstallAgents(await open(globals), named(words), agentTexts()))),
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
  command.description(
    'Show for each agent whether its block and hooks are installed and up to date, and when its hooks ran last.',
  )
  examples(command, 'wrk agents status --json')
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const { workspace, agents } = await agentsStatus(context, agentTexts())
      return {
        exitCode: EXIT.done,
        json: { ok: true, workspace, agents },
        text: `${workspace}\n${describeAgents(agents)}`,
      }
    }),
  )
}

function hook(command: Command, run: RunCommand): void {
  command.addArgument(new Argument('<agent>', 'the agent').choices([...HOOKED_AGENTS]))
  examples(command, `echo '{"hook_event_name":"PostToolUse","session_id":"s-1"}' | wrk agents hook claude`)
  command.addHelpText(
    'after',
    '\nReads one JSON object from stdin and answers with one, or with nothing. Always exit code 0 when called as the\nhooks call it.',
  )
  command.action((agent: string) =>
    run(async () => ({
      exitCode: EXIT.done,
      json: { ok: true },
      text: hookAnswer(await agentHook(agent, process.env, process.cwd())),
    })),
  )
}
