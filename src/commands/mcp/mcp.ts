import type { Command } from 'commander'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `wrk mcp                                   in the settings of an agent, which starts it
     wrk mcp --queue /path/to/workspace`,
  )
  command.addHelpText(
    'after',
    '\nSpeaks the Model Context Protocol over stdin and stdout: tools to claim, begin,\nfinish and create items, and items and status as resources. Nothing is done until\na tool is called; each call is of the session that its agent names.',
  )
  command.action(() =>
    run(async ({ queue, session, agent }) => {
      const { serveMcp } = await import('../../mcp/serve.ts')
      await serveMcp({ queue, session, agent })
      return { exitCode: EXIT.done, json: { ok: true }, printed: true }
    }),
  )
}
