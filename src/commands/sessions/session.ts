import type { Command } from 'commander'
import { printable } from '../../core/text.ts'
import { parseAssignments } from '../../operations/items/fields/assignments.ts'
import { sessionEnd, sessionId, sessionShow, sessionStart } from '../../operations/sessions/session.ts'
import { sessionLabels } from '../../operations/sessions/session-labels.ts'
import { sessionName } from '../../operations/sessions/session-name.ts'
import { checkSessionKey, sessionSet } from '../../operations/sessions/session-set.ts'
import { status } from '../../operations/sessions/status.ts'
import { failureOf } from '../../print/claims/releases.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { describeSession, describeStatus } from '../../print/sessions/sessions.ts'
import { screen } from '../../print/terminal.ts'
import { examples, forced, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `export WRK_SESSION_ID=$(wrk session start --provider claude)
     wrk session id --explain
     wrk session end`,
  )
  start(command.command('start').alias('init').summary('register a session'), run)
  id(command.command('id').summary('print the id of this session'), run)
  name(command.command('name').summary('give this session a name'), run)
  list(command.command('list').summary('list the sessions of this queue'), run)
  show(command.command('show').summary('show one session and what it holds'), run)
  set(command.command('set').summary('set values at the top of session-state.yaml'), run)
  end(command.command('end').summary('end a session and release what it holds'), run)
}

function start(command: Command, run: RunCommand): void {
  command
    .description('Register a session for the agent or terminal that runs this command. Prints its id.')
    .requiredOption('--provider <name>', 'the agent: claude, codex, gemini, …')
    .option('--session-id <id>', 'use this id instead of a generated one')
  examples(
    command,
    `export WRK_SESSION_ID=$(wrk session start --provider claude)
     wrk session start --provider codex --session-id nightly-7`,
  )
  command.action(({ provider, sessionId: given }: { provider: string; sessionId?: string }) =>
    run(async globals => {
      const context = await open(globals)
      const { agent, warnings, ...session } = await sessionStart(context, { provider, sessionId: given })
      return {
        exitCode: EXIT.done,
        json: { ok: true, session: { ...session, agent } },
        text: `${session.id}\n`,
        warnings: session.anchor ? warnings : [...warnings, UNANCHORED],
      }
    }),
  )
}

const UNANCHORED = 'not started from an agent or a terminal: only wrk heartbeat keeps this session alive'

function id(command: Command, run: RunCommand): void {
  command
    .description('Print the id of the session that runs this command. Registers a new terminal.')
    .option('--explain', 'show which rule found it')
  examples(
    command,
    `wrk session id
     wrk session id --explain`,
  )
  command.action(({ explain }: { explain?: boolean }) =>
    run(async globals => {
      const { session, rules } = await sessionId(await open(globals))
      const why = rules
        .map(({ rule, found, why: not }, i) => {
          const answer = found ?? (not ? `no (${not})` : 'no')
          return `${i + 1}. ${rule}: ${printable(answer)}\n`
        })
        .join('')
      return {
        exitCode: EXIT.done,
        json: explain ? { ok: true, session, rules } : { ok: true, session },
        text: `${session.id}\n${explain ? why : ''}`,
      }
    }),
  )
}

function name(command: Command, run: RunCommand): void {
  command
    .description('Give this session a name, which status shows; without one, print it.')
    .argument('[text...]', 'the name; "" takes it away')
  examples(
    command,
    `wrk session name "api work"
     wrk session name`,
  )
  command.action((words: string[]) =>
    run(async globals => {
      const given = words.length === 0 ? undefined : words.join(' ')
      const { session, name: called, warnings } = await sessionName(await open(globals), given)
      return {
        exitCode: EXIT.done,
        json: { ok: true, session: { id: session, name: called } },
        text: called === null ? `${session} has no name.\n` : `${session} is "${printable(called)}"\n`,
        warnings,
      }
    }),
  )
}

function list(command: Command, run: RunCommand): void {
  command.description('List the sessions of this queue: whether they are alive, and what they hold.')
  examples(command, 'wrk session list --json')
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const { sessions, warnings } = await status(context)
      const labels = sessionLabels(context, sessions)
      return {
        exitCode: EXIT.done,
        json: { ok: true, sessions: sessions.map(one => ({ ...one, ...labels.get(one.session_id) })) },
        text: globals.json
          ? ''
          : describeStatus({ sessions, orphans: [], left: [] }, screen(context.env), context.clock(), labels),
        warnings,
      }
    }),
  )
}

function show(command: Command, run: RunCommand): void {
  command.description('Show one session: where it runs, whether it is alive, and what it holds.')
  command.argument('[session]', 'its id (default: this session)')
  examples(command, 'wrk session show claude-devbox-k3x9f2')
  command.action((wanted: string | undefined) =>
    run(async globals => {
      const context = await open(globals)
      const session = await sessionShow(context, wanted)
      const label = sessionLabels(context, [session]).get(session.session_id)
      const lines = describeSession(session, screen(context.env), context.clock(), label)
      return {
        exitCode: EXIT.done,
        json: { ok: true, session: { ...session, ...label } },
        text: `${lines.join('\n')}\n`,
      }
    }),
  )
}

function set(command: Command, run: RunCommand): void {
  command.description('Set single values at the top of session-state.yaml, for scripts. Not logged.')
  command.argument('<key=value...>', 'keys at the top of session-state.yaml, with values')
  examples(
    command,
    `wrk session set last_stage=implement_tdd active_wrk=WRK-157
     wrk session set handoff_allowed=true`,
  )
  command.addHelpText(
    'after',
    '\nlast_stage and active_wrk go into the entry of this session too. Every other line\nstays; session_id, sessions, rebuilt_at and updated_at are refused.',
  )
  command.action((words: string[]) =>
    run(async globals => {
      const fields = parseAssignments(words, checkSessionKey)
      const { session } = await sessionSet(await open(globals), fields)
      return {
        exitCode: EXIT.done,
        json: {
          ok: true,
          session: session === null ? null : { id: session },
          fields: Object.fromEntries(fields),
        },
        text: `Set ${[...fields.keys()].join(', ')}\n`,
      }
    }),
  )
}

function end(command: Command, run: RunCommand): void {
  command
    .description('End a session and release what it and its helpers hold.')
    .argument('[session]', 'its id (default: this session)')
    .option('--force', 'end it although it is or may be alive elsewhere; needs --reason')
    .option('--reason <text>', 'why, for the event log')
  examples(
    command,
    `wrk session end
     wrk session end nightly-7`,
  )
  command.addHelpText(
    'after',
    '\nA session that is or may be alive elsewhere is ended only with --force; exit code 4\notherwise.',
  )
  command.action((wanted: string | undefined, flags: { force?: boolean; reason?: string }) =>
    run(async globals => {
      const force = forced(flags)
      const ended = await sessionEnd(await open(globals), { id: wanted, force })
      const items = ended.released.filter(({ released }) => released).map(({ item }) => item.id)
      const failure = failureOf(ended.released)
      return {
        exitCode: failure?.exitCode ?? EXIT.done,
        json: {
          ok: !failure,
          session: { id: ended.session, goes_on_in: ended.goesOnIn?.pid ?? null },
          released: items,
          ...failure?.json,
        },
        refusal: failure?.refusal,
        text: ended.goesOnIn
          ? `Left ${ended.session}; it still runs in process ${ended.goesOnIn.pid} and keeps its items\n`
          : `Ended ${ended.session}${items.length > 0 ? ` and released ${items.join(', ')}` : ''}\n`,
        warnings: [...ended.warnings, ...ended.released.flatMap(({ warnings }) => warnings)],
      }
    }),
  )
}
