import { type Command, Option } from 'commander'
import githubCi from '../../../templates/ci/github.yaml'
import gitlabCi from '../../../templates/ci/gitlab.yaml'
import itemTemplate from '../../../templates/item.md'
import settingsTemplate from '../../../templates/wrk.yaml'
import { type InitResult, init } from '../../operations/queue/init.ts'
import { CI_HOSTS, type CiHost, type InstalledCi, installCi } from '../../operations/queue/install-ci.ts'
import { type InstalledScripts, installScripts } from '../../operations/queue/install-scripts.ts'
import { templatesFolder } from '../../operations/queue/installation.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .argument(
      '[dir]',
      'the queue’s folder; for a folder with .git or .claude, its .claude/work-queue (default: --queue, WRK_QUEUE, WORK_ITEM_ROOT, else .claude/work-queue here, or this folder if it is a queue)',
    )
    .option('--separate', 'make a second queue below the workspace of another')
    .option('--scripts', 'also put shell scripts into the workspace: scripts/agents/')
    .addOption(
      new Option('--ci <host>', 'also add a workflow that runs wrk verify --range').choices(CI_HOSTS),
    )
  examples(
    command,
    `wrk init                      .claude/work-queue in this workspace
     wrk init ~/my-queue           a queue in a folder of its own
     wrk init --scripts            and execute.sh, review.sh, lib/workflow-guards.sh
     wrk init --ci github          and .github/workflows/work-items.yml`,
  )
  command.addHelpText(
    'after',
    '\nSafe to repeat: it adds what is missing, and a line to an existing .gitignore, and\nchanges nothing else.',
  )
  command.action((dir: string | undefined, flags: { scripts?: boolean; separate?: boolean; ci?: CiHost }) =>
    run(async ({ queue }) => {
      const { WRK_QUEUE, WORK_ITEM_ROOT } = process.env
      const target = dir ?? queue ?? (WRK_QUEUE || WORK_ITEM_ROOT || undefined)
      const texts = { item: itemTemplate, settings: settingsTemplate }
      const { warnings, ...made } = init(target, process.cwd(), texts, flags.separate)
      const scripts = flags.scripts ? installScripts(made.queue, templatesFolder()) : null
      const workflow = flags.ci === 'github' ? githubCi : gitlabCi
      const ci = flags.ci ? installCi(made.queue, flags.ci, workflow, WRK_VERSION) : null
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...made, ...(scripts ? { scripts } : {}), ...(ci ? { ci } : {}) },
        text: describeQueue(made) + (scripts ? describeScripts(scripts) : '') + (ci ? describeCi(ci) : ''),
        warnings: [
          ...warnings,
          ...(ci?.state === 'different'
            ? [`${ci.path} differs from that of this version and is not changed`]
            : []),
          ...(scripts?.different ?? []).map(
            name => `${name} differs from that of this version and is not changed`,
          ),
        ],
      }
    }),
  )
}

function describeQueue({ queue, created, added_to }: Omit<InitResult, 'warnings'>): string {
  if (created.length === 0) return `Nothing to do: ${queue} is complete.\n`
  const lines = created.map(name => `  ${added_to.includes(name) ? 'added to' : 'made'} ${name}\n`).join('')
  return `Created queue ${queue}\n${lines}Next: wrk new "What is to be done"\n`
}

function describeCi({ path, state, next }: InstalledCi): string {
  const words = { made: 'made', kept: 'unchanged:', different: 'kept' }
  return `CI\n  ${words[state]} ${path}\n${next ? `  ${next}\n` : ''}`
}

function describeScripts({ workspace, created, kept, different }: InstalledScripts): string {
  const lines = [
    ...created.map(name => `  made ${name}\n`),
    ...kept.map(name => `  unchanged: ${name}\n`),
    ...different.map(name => `  kept ${name}, which differs\n`),
  ]
  return `Scripts in ${workspace}\n${lines.join('')}`
}
