import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { checkRunId } from '../../core/locks/session-lock.ts'
import { checkSlug } from '../../core/receipts/receipt.ts'
import { printable } from '../../core/text.ts'
import { writeReceipt } from '../../operations/receipts/receipt.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, type RunCommand } from '../command.ts'

interface Flags {
  skill: string
  status: string
  reason?: string
  inputs?: string
  commands?: string
  consumed?: string
  produced?: string
  links?: string
  runId?: string
  out?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Write a receipt of a run: latest_manifest.json and latest_log.md, and copies named by the run. Strings that look like secrets are masked.',
    )
    .requiredOption('--skill <slug>', 'the name it is filed under')
    .requiredOption('--status <status>', 'pass or fail')
    .option('--reason <text>', 'why')
    .option('--inputs <json>', 'an object')
    .option('--commands <json>', 'an array of strings')
    .option('--consumed <json>', 'paths that were read, an array of strings')
    .option('--produced <json>', 'paths that were written, an array of strings')
    .option('--links <json>', 'an object, or an array of strings')
    .option('--run-id <id>', 'the run (default: WRK_RUN_ID, else a new id)')
    .option('--out <dir>', 'where to write (default: .agents/skills/artifacts/SLUG of the repository)')
  examples(
    command,
    `wrk receipt --skill nightly-build --status pass --commands '["make all"]'
     wrk receipt --skill nightly-build --status fail --reason "two tests failed" --json`,
  )
  command.action((flags: Flags) =>
    run(async ({ queue }) => {
      const { status, reason, runId, out } = flags
      if (status !== 'pass' && status !== 'fail')
        throw new WrkError('USAGE', `--status must be "pass" or "fail", not "${printable(status, 40)}"`)
      const manifest = writeReceipt(
        {
          skill: checkSlug(flags.skill),
          status,
          reason: reason ?? null,
          inputs: object('--inputs', flags.inputs),
          commands: strings('--commands', flags.commands),
          consumed: strings('--consumed', flags.consumed),
          produced: strings('--produced', flags.produced),
          links: links(flags.links),
          ...(runId === undefined ? {} : { runId: checkRunId(runId) }),
        },
        { queue, out },
      )
      const { skill, run_id, receipt_paths } = manifest
      return {
        exitCode: EXIT.done,
        json: { ok: true, skill, run_id, status, receipt_paths },
        text: `${printable(receipt_paths.manifest, 500)}\n${printable(receipt_paths.log, 500)}\n`,
      }
    }),
  )
}

function parsed(option: string, text: string, wanted: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new WrkError('USAGE', `${option} must be JSON: ${printable(error.message, 120)}`, {
      hint: `Give ${wanted}, quoted for the shell: ${option} '…'`,
    })
  }
}

function wrong(option: string, wanted: string): WrkError {
  return new WrkError('USAGE', `${option} must be ${wanted}`, { hint: 'See: wrk receipt --help' })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(one => typeof one === 'string')

function object(option: string, text: string | undefined): Record<string, unknown> {
  const wanted = 'a JSON object'
  const value = text === undefined ? {} : parsed(option, text, wanted)
  if (isObject(value)) return value
  throw wrong(option, wanted)
}

function strings(option: string, text: string | undefined): string[] {
  const wanted = 'a JSON array of strings'
  const value = text === undefined ? [] : parsed(option, text, wanted)
  if (isStrings(value)) return value
  throw wrong(option, wanted)
}

function links(text: string | undefined): Record<string, unknown> | string[] {
  const wanted = 'a JSON object, or an array of strings'
  const value = text === undefined ? {} : parsed('--links', text, wanted)
  if (isObject(value) || isStrings(value)) return value
  throw wrong('--links', wanted)
}
