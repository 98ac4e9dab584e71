import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { describeCoordination, describeSteps } from '../../print/coordination/coordination.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.description(
    'Claims for all clones and machines: an engine that all of them reach decides who has an item. See docs/machines.md.',
  )
  examples(
    command,
    `wrk coordination setup --engine git --remote origin
     wrk coordination status
     wrk coordination probe`,
  )
  setup(command.command('setup').summary('try an engine, then write it into wrk.yaml'), run)
  status(command.command('status').summary('whether it is reachable, and what is still unsent'), run)
  probe(command.command('probe').summary('test every request that claims need'), run)
  off(command.command('off').summary('remove it from wrk.yaml'), run)
}

const parts = () => import('../../operations/coordination/coordination.ts')

interface SetupFlags {
  engine: string
  remote?: string
  offline: string
  name?: string
}

function setup(command: Command, run: RunCommand): void {
  command
    .description(
      'Test the engine with a trial record, show what it refuses, and write the setting into wrk.yaml. Commit that file: all clones use it.',
    )
    .option('--engine <name>', 'git or postgres', 'git')
    .option(
      '--remote <name>',
      'git: a remote or a URL (default: origin); postgres: the environment variable with the URL',
    )
    .option(
      '--offline <what>',
      'when the engine cannot be reached: refuse claims, or claim in this clone (local)',
      'refuse',
    )
    .option('--name <queue>', 'the queue’s name in the engine (default: its path in the repository)')
  examples(
    command,
    `wrk coordination setup
     wrk coordination setup --engine postgres --remote WRK_DATABASE_URL`,
  )
  command.action((flags: SetupFlags) =>
    run(async globals => {
      const { engine, offline, name } = flags
      if (engine !== 'git' && engine !== 'postgres')
        throw new WrkError('USAGE', '--engine must be git or postgres')
      if (offline !== 'refuse' && offline !== 'local')
        throw new WrkError('USAGE', '--offline must be refuse or local')
      const remote = flags.remote ?? (engine === 'git' ? 'origin' : 'WRK_DATABASE_URL')
      const options = { engine, remote, offline, queue: name ?? null } as const
      const result = await (await parts()).coordinationSetup(await open(globals), options)
      const { steps, queue, settings, written } = result
      const failed = steps.find(({ ok }) => !ok)
      if (failed) return probeFailed(steps, queue)
      return {
        exitCode: EXIT.done,
        json: { ok: true, coordination: { ...settings, queue }, steps, written },
        text: `${describeSteps(steps)}Wrote coordination into ${written}\nNext, commit that file: the other clones use it.\n`,
      }
    }),
  )
}

type Steps = Parameters<typeof describeSteps>[0]

function probeFailed(steps: Steps, queue: string) {
  const failed = steps.find(({ ok }) => !ok)!
  const message = `the engine cannot be used for claims: ${failed.step} failed: ${failed.reason}`
  const hint = 'Nothing was written. What the server must allow: docs/machines.md'
  return {
    exitCode: EXIT.failed,
    json: { ok: false, error: { code: 'FAILED', message, hint }, queue, steps },
    refusal: { message, hint, lines: describeSteps(steps).trimEnd().split('\n') },
  }
}

function status(command: Command, run: RunCommand): void {
  command.description(
    'Show which engine decides, whether it answers and how fast, what this clone holds, and what is still unsent.',
  )
  examples(command, 'wrk coordination status --json')
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const found = await (await parts()).coordinationStatus(context)
      return {
        exitCode: found.reachable ? EXIT.done : EXIT.unreachable,
        json: { ok: found.reachable, coordination: found },
        text: describeCoordination(found, context.clock()),
      }
    }),
  )
}

function probe(command: Command, run: RunCommand): void {
  command.description(
    'Create, swap, list, close and remove a trial record, and show what the engine refuses.',
  )
  examples(command, 'wrk coordination probe')
  command.action(() =>
    run(async globals => {
      const { steps, queue } = await (await parts()).coordinationProbe(await open(globals))
      if (steps.some(({ ok }) => !ok)) return probeFailed(steps, queue)
      return { exitCode: EXIT.done, json: { ok: true, queue, steps }, text: describeSteps(steps) }
    }),
  )
}

function off(command: Command, run: RunCommand): void {
  command
    .description('Remove coordination from wrk.yaml: each clone then decides claims for itself.')
    .option('--force', 'although this clone holds items')
  examples(command, 'wrk coordination off')
  command.action(({ force = false }: { force?: boolean }) =>
    run(async globals => {
      const { path, held } = await (await parts()).coordinationOff(await open(globals), force)
      return {
        exitCode: EXIT.done,
        json: { ok: true, written: path, held },
        text: `Removed coordination from ${path}\nNext, commit that file: the other clones use it.\n`,
        warnings:
          held.length > 0 ? [`others see these as held until their time is over: ${held.join(', ')}`] : [],
      }
    }),
  )
}
