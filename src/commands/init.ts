import type { Command } from 'commander'
import itemTemplate from '../../templates/item.md'
import settingsTemplate from '../../templates/wrk.yaml'
import { init } from '../operations/init.ts'
import { EXIT } from '../print/exit-codes.ts'
import { examples, type Run } from './command.ts'

export function configure(command: Command, run: Run): void {
  command.argument('[dir]', 'the queue’s folder, or a workspace (default: .claude/work-queue here)')
  examples(
    command,
    `wrk init                      .claude/work-queue in this workspace
     wrk init ~/my-queue           a queue in a folder of its own`,
  )
  command.addHelpText('after', '\nSafe to repeat: it adds what is missing and changes nothing that is there.')
  command.action((dir: string | undefined) =>
    run(async ({ queue }) => {
      const { WRK_QUEUE, WORK_ITEM_ROOT } = process.env
      const target = dir ?? queue ?? (WRK_QUEUE || WORK_ITEM_ROOT || undefined)
      const made = init(target, process.cwd(), { item: itemTemplate, settings: settingsTemplate })
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...made },
        text:
          made.created.length === 0
            ? `Nothing to do: ${made.queue} is complete.\n`
            : `Queue ${made.queue}\n${made.created.map(name => `  made ${name}\n`).join('')}Copy templates/item.md to pending/WRK-1.md, then: wrk claim WRK-1\n`,
      }
    }),
  )
}
