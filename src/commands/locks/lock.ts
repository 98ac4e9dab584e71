/** `wrk lock` and its six verbs: one file, as each command has one; the work of each verb is in `operations/locks/`. */
import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { checkLockName, DEFAULT_LOCK } from '../../core/locks/session-lock.ts'
import { parseDuration } from '../../core/time.ts'
import { lockClaim } from '../../operations/locks/lock-claim.ts'
import { lockCleanup } from '../../operations/locks/lock-cleanup.ts'
import { type LockContext, lockPlaceOf, openLocks } from '../../operations/locks/lock-place.ts'
import { LOCK_SKILL, type LockAct, lockReceipt } from '../../operations/locks/lock-receipt.ts'
import { lockRelease } from '../../operations/locks/lock-release.ts'
import { showRemotely } from '../../operations/locks/lock-remote.ts'
import { lockRenew } from '../../operations/locks/lock-renew.ts'
import { lockRun } from '../../operations/locks/lock-run.ts'
import { keeperOf, lockShow } from '../../operations/locks/lock-state.ts'
import { localTimesOn } from '../../print/local-time.ts'
import { failedLock } from '../../print/locks/lock-outcome.ts'
import {
  claimedLock,
  cleanedLocks,
  ranUnderLock,
  releasedLock,
  renewalOutcome,
  shownLock,
} from '../../print/locks/session-locks.ts'
import type { Outcome } from '../../print/outcome.ts'
import { screen, write } from '../../print/terminal.ts'
import { DEFAULT_WAIT, duration, examples, type Globals, JSON_BESIDE, type RunCommand } from '../command.ts'

interface Flags {
  stateDir?: string
  receipt?: string | true
  ttl?: string
  purpose?: string
  runId?: string
  wait?: string | true
  remote?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      `Hold a named lock (default: ${DEFAULT_LOCK}) of this queue, or of --state-dir: one run at a time, in any session.`,
    )
    .option(
      '--state-dir <dir>',
      'where locks are kept (default: WRK_STATE_DIR, TRI_STATE_DIR, the queue’s .wrk)',
    )
    .option('--receipt [dir]', `write a receipt of it (default: .agents/skills/artifacts/${LOCK_SKILL})`)
  examples(
    command,
    `wrk lock run nightly_session --ttl 90m -- ./nightly.sh     the usual way: held while the command runs
     wrk lock show --json
     R=$(wrk lock claim --ttl 5400 --purpose nightly_runner --json | jq -r .run_id)
     wrk lock release --run-id "$R"`,
  )
  show(command.command('show').summary('show who holds a lock, and whether the holder is alive'), run)
  claim(command.command('claim').summary('claim a lock for a run; prints its id'), run)
  renew(command.command('renew').summary('extend a lock'), run)
  release(command.command('release').summary('release a lock; only its run can'), run)
  cleanup(command.command('cleanup').summary('free locks of dead holders, set unreadable files aside'), run)
  around(command.command('run').summary('hold a lock around a command'), run)
}

const REMOTE = 'in a coordinated queue: hold it in the engine, for all clones and hosts'

const NAME = `the lock (default: ${DEFAULT_LOCK})`
const TTL =
  'seconds, or a time such as 90m: how long it lives after its last renewal (default: LOCK_TTL_SECONDS, else ttl of wrk.yaml, else 2h)'

function show(command: Command, run: RunCommand): void {
  command.description('Show who holds a lock. Exit code 0: locked or not; 5: its file cannot be read.')
  command.argument('[name]', NAME)
  command.option('--remote', 'in a coordinated queue: ask the engine who holds it')
  examples(
    command,
    `wrk lock show
     wrk lock show deploy --json
     wrk lock show nightly_session --remote`,
  )
  command.action((name: string | undefined, { remote }: Flags) =>
    run(globals =>
      withLock('show', name, command, globals, async ({ context, place }) => {
        const there = remote ? await showRemotely(context, place) : null
        return shownLock(there ?? (await lockShow(context, place)), context.clock())
      }),
    ),
  )
}

function claim(command: Command, run: RunCommand): void {
  command
    .description(
      'Claim a lock for a run. Exit code 0: it is held; 4: another run holds it; 5: its file cannot be read.',
    )
    .argument('[name]', NAME)
    .option('--ttl <seconds>', TTL)
    .option('--purpose <text>', 'what it is for; others see it')
    .option('--run-id <id>', 'claim it for this run; renews it if this run holds it')
    .option('--remote', REMOTE)
  examples(
    command,
    `wrk lock claim --ttl 5400 --purpose nightly_runner
     wrk lock claim deploy --run-id "$GITHUB_RUN_ID" --json`,
  )
  command.action((name: string | undefined, { ttl, purpose, runId, remote }: Flags) =>
    run(globals => {
      const ttlMs = timeToLive(ttl)
      return withLock('claim', name, command, globals, async ({ context, place }) =>
        claimedLock(await lockClaim(context, place.name, { ttlMs, purpose, runId, remote }), context.clock()),
      )
    }),
  )
}

function renew(command: Command, run: RunCommand): void {
  command
    .description('Extend a lock that a run holds. Exit code 4: the run has lost it.')
    .argument('[name]', NAME)
    .requiredOption('--run-id <id>', 'the run that holds it')
    .option('--ttl <seconds>', 'set another TTL')
  examples(
    command,
    `wrk lock renew --run-id "$R"
     while sleep 300; do wrk lock renew --run-id "$R" || break; done &     during a long job`,
  )
  command.action((name: string | undefined, { ttl, runId = '' }: Flags) =>
    run(globals => {
      const ttlMs = timeToLive(ttl)
      return withLock('renew', name, command, globals, async ({ context, place }) => {
        const keeper = await keeperOf(context, 'session')
        return renewalOutcome(
          await lockRenew(context, place, { runId, ttlMs, keeper }),
          runId,
          context.clock(),
        )
      })
    }),
  )
}

function release(command: Command, run: RunCommand): void {
  command
    .description(
      'Release a lock. Only the run that holds it can: exit code 4 for any other, and 0 when nothing is held.',
    )
    .argument('[name]', NAME)
    .option('--run-id <id>', 'the run that claimed it')
  examples(
    command,
    `wrk lock release --run-id "$R"
     wrk lock release deploy --run-id "$GITHUB_RUN_ID" --json`,
  )
  command.action((name: string | undefined, { runId = '' }: Flags) =>
    run(globals =>
      withLock('release', name, command, globals, async ({ context, place }) =>
        releasedLock(await lockRelease(context, place, { runId }), runId, context.clock()),
      ),
    ),
  )
}

function cleanup(command: Command, run: RunCommand): void {
  command
    .description(
      'Free the locks that expired or belong to dead holders, and set lock files that cannot be read aside once they are older than the TTL.',
    )
    .argument('[name]', 'the lock (default: all locks)')
    .option('--ttl <seconds>', 'also free locks that were silent for this long, even if the holder is alive')
  examples(
    command,
    `wrk lock cleanup
     wrk lock cleanup --ttl 21600 --json`,
  )
  command.action((name: string | undefined, { ttl }: Flags) =>
    run(globals => {
      const olderThanMs = ttl === undefined ? undefined : duration('--ttl', ttl)
      return withLock('cleanup', name, command, globals, async ({ context, place }) =>
        cleanedLocks(await lockCleanup(context, { name, olderThanMs }), {
          name: name ?? null,
          path: name === undefined ? context.locks.path : place.file,
          ttlSec: olderThanMs === undefined ? null : olderThanMs / 1000,
        }),
      )
    }),
  )
}

function around(command: Command, run: RunCommand): void {
  command
    .description(
      `Hold a lock while a command runs. The lock is renewed meanwhile and released at the end; the exit code is that of the command, or 4 if the lock was held or lost. The command gets WRK_LOCK_NAME, WRK_LOCK_PATH and WRK_RUN_ID in its environment. ${JSON_BESIDE}`,
    )
    .usage('[options] [name] -- <command...>')
    .argument('[name...]', NAME)
    .option('--ttl <seconds>', TTL)
    .option('--purpose <text>', 'what it is for; others see it')
    .option('--run-id <id>', 'use this id for the run')
    .option('--wait [time]', `wait until a held lock is free (default: ${DEFAULT_WAIT})`)
    .option('--remote', REMOTE)
  examples(
    command,
    `wrk lock run -- ./nightly.sh
     wrk lock run deploy --ttl 10m --wait 5m -- sh -c 'make && make deploy'
     wrk lock run --remote -- ./nightly.sh     one nightly run over all hosts of a coordinated queue`,
  )
  command.action((words: string[], { ttl, purpose, runId, wait, remote }: Flags) =>
    run(globals => {
      const argv = globals.behind ?? []
      const names = words.slice(0, words.length - argv.length)
      // `--wait NAME`: a name behind --wait is not its value.
      const isTime = typeof wait === 'string' && (names.length > 0 || parseDuration(wait) !== null)
      if (typeof wait === 'string' && !isTime) names.push(wait)
      if (argv.length === 0 || names.length > 1)
        throw new WrkError(
          'USAGE',
          argv.length === 0 ? 'missing command' : 'too many arguments: wrk lock run takes one name',
          {
            hint: `Put the command after --: wrk lock run ${names[0] ?? DEFAULT_LOCK} -- COMMAND`,
          },
        )
      const waitMs = wait === undefined ? undefined : duration('--wait', isTime ? String(wait) : DEFAULT_WAIT)
      const ttlMs = timeToLive(ttl)
      return withLock('run', names[0], command, globals, async ({ context, place }) => {
        const options = { command: argv, cwd: process.cwd(), ttlMs, purpose, runId, waitMs, remote }
        const result = await lockRun(context, place.name, {
          ...options,
          stdout: globals.json ? 'stderr' : 'inherit',
          onWarning: warning => write(2, `wrk: warning: ${warning}\n`),
        })
        return ranUnderLock(result, argv, context.clock())
      })
    }),
  )
}

function timeToLive(ttl: string | undefined): number | undefined {
  return ttl === undefined ? undefined : duration('--ttl', ttl)
}

/** What the JSON of a verb has when it failed before there was a result. */
const NOT_DONE: Record<string, Record<string, unknown>> = {
  claim: { acquired: false },
  renew: { renewed: false },
  release: { released: false },
  cleanup: { reclaimed: [] },
  run: { acquired: false, released: false, exit_code: null, signal: null },
}

/** Runs a verb; errors take the flat form of the locks' JSON, and a receipt is written where one is wanted. */
async function withLock(
  verb: string,
  name: string | undefined,
  command: Command,
  globals: Globals,
  work: (on: { context: LockContext; place: ReturnType<typeof lockPlaceOf> }) => Promise<Outcome>,
): Promise<Outcome> {
  const flags = command.optsWithGlobals<Flags>()
  const lockName = checkLockName(name ?? DEFAULT_LOCK)
  const { queue, session, agent } = globals
  let path: string | null = null
  try {
    const context = await openLocks({ queue, session, agent, stateDir: flags.stateDir })
    const place = lockPlaceOf(context, lockName)
    path = place.file
    const startedAt = context.clock()
    const outcome = withLocalText(await work({ context, place }), context)
    if (flags.receipt === undefined) return outcome
    const out = flags.receipt === true ? undefined : flags.receipt
    return withReceipt(outcome, { verb, name: lockName, flags, startedAt, context, globals }, out)
  } catch (error) {
    const outcome = failedLock(error, { name: lockName, path }, NOT_DONE[verb] ?? {})
    if (!outcome) throw error
    return outcome
  }
}

function withLocalText(outcome: Outcome, { env, clock }: LockContext): Outcome {
  return outcome.text ? { ...outcome, text: localTimesOn(screen(env), outcome.text, clock) } : outcome
}

/** The lock has been dealt with by now: a receipt that cannot be written is a warning. */
function withReceipt(outcome: Outcome, act: LockAct, out: string | undefined): Outcome {
  const { json } = outcome
  try {
    return {
      ...outcome,
      json: { ...json, receipt_paths: lockReceipt(act, json, outcome.exitCode === 0, out) },
    }
  } catch (error) {
    const failure = failedLock(error, { name: act.name, path: null }, {})
    if (!failure) throw error
    const warning = `the receipt could not be written: ${failure.json.error}`
    return {
      ...outcome,
      json: { ...json, receipt_paths: null, warning: [json.warning, warning].filter(Boolean).join('; ') },
      warnings: [...(outcome.warnings ?? []), warning],
    }
  }
}
