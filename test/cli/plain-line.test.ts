/** Plain command lines are read without commander (src/plain-line.ts), and mean what commander would make of them. */

import type { Command } from 'commander'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { newProgram } from '../../src/cli.ts'
import type { CommandModule, Globals, RunCommand } from '../../src/commands/command.ts'
import { readPlainLine } from '../../src/plain-line.ts'
import type { Outcome } from '../../src/print/outcome.ts'
import { QUICK } from '../../src/quick.ts'
import { wordsBehindDashes } from '../../src/words.ts'
import { runs } from '../support/property-runs.ts'

// The build puts it in.
vi.stubGlobal('WRK_VERSION', '0.0.0')

type Name = keyof typeof QUICK
const NAMES = Object.keys(QUICK) as Name[]

/** What a command is called with: its arguments, its options, and those of every command. */
interface Call {
  args: unknown[]
  globals: Globals
}

const NOTHING: Outcome = { exitCode: 0, json: { ok: true } }

/** The command, which in place of its work only notes how it was called. */
function noting(module: CommandModule, calls: Call[]): CommandModule['configure'] {
  return (command, run) => {
    const action = command.action.bind(command)
    command.action = () =>
      action((...args: unknown[]) =>
        run(async globals => {
          // The last one is the command itself.
          calls.push({ args: args.slice(0, -1), globals })
          return NOTHING
        }),
      )
    module.configure(command, run)
  }
}

async function byPlainLine(name: Name, words: readonly string[]): Promise<Call | null> {
  const calls: Call[] = []
  const line = readPlainLine(name, words, noting(await QUICK[name](), calls))
  if (!line) return null
  await line()
  return calls[0]!
}

async function byCommander(name: Name, words: readonly string[]): Promise<Call> {
  const calls: Call[] = []
  const program = newProgram().configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
  const run: RunCommand = async work => {
    await work({ ...program.opts<Globals>(), behind: wordsBehindDashes(words) })
  }
  const command: Command = program.command(name).allowExcessArguments(false)
  noting(await QUICK[name](), calls)(command, run)
  await program.parseAsync([...words], { from: 'user' })
  return calls[0]!
}

/** Flags as the command and the program declare them. */
async function flagsOf(name: Name): Promise<string[]> {
  const program = newProgram()
  const command = program.command(name)
  ;(await QUICK[name]()).configure(command, async () => undefined)
  return [...program.options, ...command.options].flatMap(({ long, short }) =>
    [long, short].filter(one => one != null),
  )
}

describe('a plain line of', () => {
  test.each(NAMES)('%s means what commander makes of it', async name => {
    const flags = await flagsOf(name)
    const word = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...flags) },
      { weight: 4, arbitrary: fc.constantFrom('WRK-1', '7', 'text', 'pending') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('--', '-', '', '-x', '--unknown', '-1', name, 'help', 'claim'),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...flags), fc.constantFrom('a', '', '-b', 'c=d'))
          .map(([flag, value]) => `${flag}=${value}`),
      },
    )
    // The command's name mostly comes first, else hardly any line would be plain.
    const line = fc
      .tuple(
        fc.array(word, { maxLength: 2 }),
        fc.constant(name),
        fc.array(word, { maxLength: 6 }),
        fc.boolean(),
      )
      .map(([before, command, behind, first]) => [...(first ? [] : before), command, ...behind])
    let plain = 0
    await fc.assert(
      fc.asyncProperty(line, async words => {
        const call = await byPlainLine(name, words)
        if (!call) return
        plain++
        expect(call).toEqual(await byCommander(name, words))
      }),
      { numRuns: runs(1_500) },
    )
    expect(plain).toBeGreaterThan(runs(30))
  })
})

test.each([
  'claim WRK-1',
  'claim 1 --json',
  '--queue Q claim 1 --session s-1 --force --reason because --run-id=r-1',
  'release 1',
  'release --mine',
  'heartbeat',
  'show 1 --json --no-pager',
  'list',
  'list --status pending working --json',
  'status --json',
  'next --claim',
  'execute 1 --provider claude -- npm test --json',
  'verify --staged',
  'verify --commit-msg .git/COMMIT_EDITMSG',
])('%s is plain', async line => {
  const words = line.split(' ')
  const name = NAMES.find(one => words.includes(one))!
  expect(await byPlainLine(name, words)).toEqual(await byCommander(name, words))
  expect(await byPlainLine(name, words)).not.toBeNull()
})

test.each([
  'claim',
  'claim 1 2',
  'claim 1 --nope',
  'claim --help',
  'claim 1 --wait',
  'claim 1 --reason',
  'claim 1 --reason --json',
  'claim 1 --json --json',
  'claim 1 --json=yes',
  'help claim',
  '-- claim 1',
  'verify --format text',
])('%s is for commander', async line => {
  const words = line.split(' ')
  expect(await byPlainLine(NAMES.find(one => words.includes(one))!, words)).toBeNull()
})
