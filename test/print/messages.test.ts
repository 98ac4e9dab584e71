/**
 * What people read: the main messages, as the built command prints them where no terminal is. Seen together, so that
 * one voice is heard; a change of words shows as a change of this file.
 *
 * `npx vitest run test/print/messages.test.ts -u` writes what is printed now.
 */
import { describe, expect, test } from 'vitest'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { makeRepository } from '../support/repository.ts'
import type { Result } from '../support/result.ts'
import type { RunOptions } from '../support/run.ts'
import { anchorOf, deadAnchor, HOST, registry, type SessionData } from '../support/sessions.ts'

/** Noon of a day; every message is of this moment. */
const NOW = '2026-03-02T12:00:00Z'
const minutesAgo = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000)

const ALIVE: SessionData = {
  id: 'claude-devbox-k3x9f2',
  anchor: anchorOf(),
  started_at: minutesAgo(90),
  heartbeat_at: minutesAgo(1),
}
const DEAD: SessionData = { ...ALIVE, anchor: deadAnchor() }

/** Output and exit code as a person meets them, without what differs from machine to machine. */
function shown({ code, stdout, stderr }: Result, ...places: string[]): string {
  const plain = (text: string) =>
    places
      .reduce((all, place) => all.replaceAll(place, '/queue'), text)
      .replaceAll(`on ${HOST}`, 'on HOST')
      .replace(/\bprocess (?:\d+)/g, 'process PID')
      .replace(/(?<=\bpid )\d+/g, 'PID')
  return `${plain(stdout)}${plain(stderr)}exit ${code}`
}

/** Runs commands on one queue at noon as the session `me`, and shows the last of them. */
async function say(queue: Queue, commands: string | string[][], options: RunOptions = {}): Promise<string> {
  const lines = typeof commands === 'string' ? [commands.split(' ')] : commands
  let result: Result | undefined
  for (const line of lines)
    result = await queue.run(line, {
      session: 'me',
      ...options,
      env: { WRK_NOW: NOW, TZ: 'UTC', ...options.env },
    })
  return shown(result!, queue.root)
}

const withHolder = (holder: SessionData, lockedAt = minutesAgo(60)) =>
  makeQueue({
    'WRK-5': heldItem('WRK-5', holder.id, lockedAt, { title: 'Fix the tide table' }),
    'session-state.yaml': registry([holder]),
  })

describe('a claim', () => {
  test('of a free item', async () => {
    expect(await say(makeQueue(['WRK-5']), 'claim 5')).toMatchInlineSnapshot(`
      "Claimed WRK-5  What WRK-5 is about
      Yours for 2h; each wrk call extends it. Next: wrk start WRK-5
      exit 0"
    `)
  })

  test('of an item that is held already by oneself', async () => {
    expect(
      await say(makeQueue(['WRK-5']), [
        ['claim', '5'],
        ['claim', '5'],
      ]),
    ).toMatchInlineSnapshot(`
      "Renewed WRK-5  What WRK-5 is about
      Yours for 2h; each wrk call extends it. Next: wrk start WRK-5
      exit 0"
    `)
  })

  test('of an item that a living session holds', async () => {
    expect(await say(withHolder(ALIVE), 'claim 5')).toMatchInlineSnapshot(`
      "wrk: WRK-5 is held by claude-devbox-k3x9f2 (alive), claimed 1h ago
           Take another: wrk next --claim. Wait for it: wrk claim WRK-5 --wait
      exit 4"
    `)
  })

  test('of an item with a holder that may be alive', async () => {
    expect(await say(withHolder({ ...ALIVE, anchor: null }), 'claim 5')).toMatchInlineSnapshot(`
      "wrk: WRK-5 is held by claude-devbox-k3x9f2 (may be alive), claimed 1h ago; free in 1h 59m if silent
           Take another: wrk next --claim. Wait for it: wrk claim WRK-5 --wait
      exit 4"
    `)
  })

  test('of an item with a dead holder: a takeover', async () => {
    expect(await say(withHolder(DEAD), 'claim 5')).toMatchInlineSnapshot(`
      "Took over WRK-5  Fix the tide table
      Yours for 2h; each wrk call extends it. Next: wrk start WRK-5
      wrk: warning: took over WRK-5 from claude-devbox-k3x9f2 (claimed 1h ago): its holder is dead (process PID is gone)
      exit 0"
    `)
  })

  test('of an item with an expired lock: a takeover', async () => {
    const holder = { ...ALIVE, started_at: minutesAgo(400), heartbeat_at: minutesAgo(300) }
    expect(await say(withHolder(holder, minutesAgo(300)), 'claim 5')).toMatchInlineSnapshot(`
      "Took over WRK-5  Fix the tide table
      Yours for 2h; each wrk call extends it. Next: wrk start WRK-5
      wrk: warning: took over WRK-5 from claude-devbox-k3x9f2 (claimed 5h ago): its holder was silent for longer than the TTL
      exit 0"
    `)
  })

  test('of a closed item', async () => {
    const queue = makeQueue({ 'done/WRK-5.md': item('WRK-5', { status: 'done' }) })
    expect(await say(queue, 'claim 5')).toMatchInlineSnapshot(`
      "wrk: WRK-5 is closed: its status is done
           Reopen it: wrk reopen WRK-5. Claim it closed: wrk claim WRK-5 --force --reason TEXT
      exit 5"
    `)
  })

  test('of an unknown id', async () => {
    expect(await say(makeQueue(['WRK-15']), 'claim 5')).toMatchInlineSnapshot(`
      "wrk: no item WRK-5 in /queue
           Did you mean WRK-15? See all: wrk list. Which queue: wrk where
      exit 1"
    `)
  })

  test('of an invalid id', async () => {
    expect(await say(makeQueue(['WRK-5']), 'claim ../5')).toMatchInlineSnapshot(`
      "wrk: "../5" is not an item id
           An id looks like WRK-157, 157 or workspace-hub#1311.
      exit 2"
    `)
  })

  test('of an item that cannot be read', async () => {
    const queue = makeQueue({ 'WRK-5': item('WRK-5').replace('title: ', '<<<<<<< HEAD\ntitle: ') })
    expect(await say(queue, 'claim 5')).toMatchInlineSnapshot(`
      "wrk: /queue/pending/WRK-5.md:3:1: unresolved merge conflict, line 3
           Keep one side in an editor, then: wrk resolve WRK-5
      exit 5"
    `)
  })

  test('of an item in two places', async () => {
    const queue = makeQueue({ 'WRK-5': item('WRK-5'), 'working/WRK-5.md': item('WRK-5') })
    expect(await say(queue, 'claim 5')).toMatchInlineSnapshot(`
      "wrk: WRK-5 is in 2 places: /queue/pending/WRK-5.md, /queue/working/WRK-5.md
           Compare them and keep one (git rm the others), or give each its own id.
      exit 5"
    `)
  })

  test('without a session', async () => {
    expect(await say(makeQueue(['WRK-5']), 'claim 5', { session: null })).toMatchInlineSnapshot(`
      "wrk: No session: not started from a terminal or an agent.
           Set one: export WRK_SESSION_ID=my-job (or: --session ID, wrk session start)
      exit 2"
    `)
  })

  test('without a queue', async () => {
    const queue = makeQueue()
    const result = await queue.run('claim 5', { queue: undefined, cwd: queue.home })
    expect(shown(result, queue.home)).toMatchInlineSnapshot(`
      "wrk: no queue here: no .claude/work-queue in /queue or above it
           Change to the workspace, name the queue (--queue DIR), or make one: wrk init
      exit 1"
    `)
  })
})

describe('a release', () => {
  test('of one’s own item', async () => {
    expect(
      await say(makeQueue(['WRK-5']), [
        ['claim', '5'],
        ['release', '5'],
      ]),
    ).toMatchInlineSnapshot(`
      "Released WRK-5
      exit 0"
    `)
  })

  test('of an item that nobody holds', async () => {
    expect(await say(makeQueue(['WRK-5']), 'release 5')).toMatchInlineSnapshot(`
      "Nothing to release: nobody holds WRK-5.
      exit 0"
    `)
  })

  test('of an item that another session holds', async () => {
    expect(await say(withHolder(ALIVE), 'release 5')).toMatchInlineSnapshot(`
      "wrk: WRK-5 is held by claude-devbox-k3x9f2 (alive), claimed 1h ago
           Only its holder can release it.
      exit 4"
    `)
  })
})

describe('the next item', () => {
  const queue = () =>
    makeQueue({
      'WRK-5': item('WRK-5', { title: 'Fix the tide table', priority: 'high' }),
      'WRK-6': item('WRK-6', { title: 'Print the tide table', blocked_by: '[WRK-5]' }),
    })

  test('and why it is next', async () => {
    expect(await say(queue(), 'next')).toMatchInlineSnapshot(`
      "WRK-5  Fix the tide table
      The only ready item: priority high, blocks 1 item, no creation date.
      Take it: wrk claim WRK-5
      exit 0"
    `)
  })

  test('claimed', async () => {
    expect(await say(queue(), 'next --claim')).toMatchInlineSnapshot(`
      "Claimed WRK-5  Fix the tide table
      The only ready item: priority high, blocks 1 item, no creation date.
      Next: wrk start WRK-5
      exit 0"
    `)
  })

  test('where there is none', async () => {
    expect(await say(queue(), [['next', '--claim'], ['next']], { env: {} })).toMatchInlineSnapshot(`
      "wrk: nothing is ready: 2 open items have to wait
           WRK-5: held by me. See all: wrk next --explain
      exit 1"
    `)
  })
})

describe('an item is', () => {
  test('made', async () => {
    expect(await say(makeQueue(['WRK-5']), [['new', 'Fix the tide table']])).toMatchInlineSnapshot(`
      "Created WRK-006  /queue/pending/WRK-006.md
      Next: wrk start WRK-006
      exit 0"
    `)
  })

  test('started', async () => {
    expect(await say(makeQueue(['WRK-5']), 'start 5')).toMatchInlineSnapshot(`
      "Started WRK-5  What WRK-5 is about
      exit 0"
    `)
  })

  test('blocked', async () => {
    expect(
      await say(makeQueue(['WRK-5']), [
        ['start', '5'],
        ['block', '5', '--reason', 'no tide data'],
      ]),
    ).toMatchInlineSnapshot(`
      "Blocked WRK-5  What WRK-5 is about
      exit 0"
    `)
  })

  test('done', async () => {
    const queue = makeQueue({ 'WRK-5': item('WRK-5'), 'WRK-6': item('WRK-6', { blocked_by: '[WRK-5]' }) })
    expect(
      await say(queue, [
        ['start', '5'],
        ['done', '5'],
      ]),
    ).toMatchInlineSnapshot(`
      "Done WRK-5  What WRK-5 is about
      Unblocked:
        WRK-6  What WRK-6 is about
      exit 0"
    `)
  })

  test('changed', async () => {
    expect(await say(makeQueue(['WRK-5']), 'set 5 priority=high')).toMatchInlineSnapshot(`
      "WRK-5 priority: medium -> high
      exit 0"
    `)
  })

  test('archived', async () => {
    expect(
      await say(makeQueue(['WRK-5']), [
        ['claim', '5'],
        ['archive', '5'],
      ]),
    ).toMatchInlineSnapshot(`
      "Archived WRK-5  /queue/archive/2026-03/WRK-5.md
      exit 0"
    `)
  })
})

describe('the queue at a glance', () => {
  const queue = () =>
    makeQueue({
      'working/WRK-5.md': heldItem('WRK-5', ALIVE.id, minutesAgo(60), {
        title: 'Fix the tide table',
        status: 'working',
      }),
      'WRK-6': item('WRK-6', { title: 'Print the tide table', blocked_by: '[WRK-5]' }),
      'session-state.yaml': registry([ALIVE]),
    })

  test('by wrk list', async () => {
    expect(await say(queue(), 'list')).toMatchInlineSnapshot(`
      "ID     STATUS   PRIORITY  HELD BY                       TITLE
      WRK-6  pending  medium    -                             Print the tide table
      WRK-5  working  medium    claude-devbox-k3x9f2 (alive)  Fix the tide table
      exit 0"
    `)
  })

  test('by wrk status', async () => {
    expect(await say(queue(), 'status')).toMatchInlineSnapshot(`
      "claude-devbox-k3x9f2  alive: process PID is running, last seen 1m ago
        WRK-5  Fix the tide table  (since 1h ago)
      exit 0"
    `)
  })

  test('by wrk show', async () => {
    expect(await say(queue(), 'show 5')).toMatchInlineSnapshot(`
      "WRK-5  Fix the tide table
        file      /queue/working/WRK-5.md
        status    working
        priority  medium
        related   -
        lock      held by claude-devbox-k3x9f2 (process PID on HOST); alive: process PID is running
        since     2026-03-02T11:00:00Z (1h ago); free in 1h 59m if silent

      # WRK-5

      Text that nobody but its author changes.
      exit 0"
    `)
  })

  test('by wrk log', async () => {
    expect(await say(queue(), [['claim', '6'], ['release', '6'], ['log']])).toMatchInlineSnapshot(`
      "    1  2026-03-02T12:00:00Z  sessionStarted  -  by me  env: WRK_SESSION_ID
          2  2026-03-02T12:00:00Z  granted         WRK-6  by me
          3  2026-03-02T12:00:00Z  released        WRK-6  by me
      exit 0"
    `)
  })

  test('by wrk session list', async () => {
    expect(await say(queue(), 'session list')).toMatchInlineSnapshot(`
      "claude-devbox-k3x9f2  alive: process PID is running, last seen 1m ago
        WRK-5  Fix the tide table  (since 1h ago)
      exit 0"
    `)
  })
})

test('a session that lost an item to a takeover', async () => {
  const queue = makeQueue(['WRK-5'])
  await queue.run('claim 5', { session: 'me', env: { WRK_NOW: minutesAgo(300).toISOString() } })
  await queue.run('claim 5', { session: 'other', env: { WRK_NOW: minutesAgo(10).toISOString() } })
  expect(await say(queue, 'heartbeat')).toMatchInlineSnapshot(`
    "wrk: WRK-5 was taken over by other at 2026-03-02T11:50:00Z (its holder was silent for longer than the TTL)
         Stop working on it, then: wrk release WRK-5
    exit 4"
  `)
})

test('a commit of an item that another session holds', async () => {
  const repository = await makeRepository(['WRK-5', 'WRK-6'])
  repository.sessions(ALIVE)
  await repository.wrk('claim 5', { session: ALIVE.id, env: { WRK_NOW: NOW } })
  repository.append('WRK-5')
  await repository.git('add -A')
  const result = await repository.wrk('verify --staged', { session: 'me', env: { WRK_NOW: NOW, TZ: 'UTC' } })
  expect(shown(result, repository.top)).toMatchInlineSnapshot(`
    "wrk: Commit refused: WRK-5 belongs to another session.
    .claude/work-queue/pending/WRK-5.md:7:1: this commit changes WRK-5, which is held by claude-devbox-k3x9f2 (alive), claimed just now
         git restore --staged .claude/work-queue/pending/WRK-5.md
         Nothing else is staged; the holder commits it.
    exit 4"
  `)
})

test('wrk doctor', async () => {
  const queue = makeQueue({
    'pending/WRK-5.md': item('WRK-5', { status: 'done' }),
    'pending/WRK-6.md': item('WRK-6', { blocked_by: '[WRK-99]' }),
    'WRK-7': heldItem('WRK-7', DEAD.id, minutesAgo(60)),
    'session-state.yaml': registry([DEAD]),
  })
  expect(await say(queue, 'doctor')).toMatchInlineSnapshot(`
    "/queue: 3 items, 3 warnings; --fix repairs 2

    warning: statuses that do not fit the folder (1)
      pending/WRK-5.md:4:1: the status done does not belong in pending/
         --fix: move it to done/

    warning: locks of dead holders (1)
      pending/WRK-7.md: locked by claude-devbox-k3x9f2, but its holder is dead (process PID is gone)
         --fix: release it

    warning: dependencies that do not exist (1)
      pending/WRK-6.md:9:1: waits for WRK-99, which is not in the queue
         The item is never ready until you correct or remove that id.
    exit 1"
  `)
  expect(await say(queue, 'doctor --fix')).toMatchInlineSnapshot(`
    "/queue: 3 items, 1 warning

    repaired: 2
      pending/WRK-5.md:4:1: the status done does not belong in pending/
         -> moved it to done/
      pending/WRK-7.md: locked by claude-devbox-k3x9f2, but its holder is dead (process PID is gone)
         -> released it from claude-devbox-k3x9f2

    warning: dependencies that do not exist (1)
      pending/WRK-6.md:9:1: waits for WRK-99, which is not in the queue
         The item is never ready until you correct or remove that id.
    exit 1"
  `)
})

test('wrk doctor where nothing is wrong', async () => {
  expect(await say(makeQueue(['WRK-5']), 'doctor')).toMatchInlineSnapshot(`
    "/queue: 1 item, nothing is wrong
    exit 0"
  `)
})

test('a session lock that another run holds', async () => {
  const queue = makeQueue()
  await queue.run('lock claim --run-id nightly-1', {
    session: 'other',
    env: { WRK_NOW: minutesAgo(10).toISOString() },
  })
  expect(await say(queue, 'lock claim --run-id nightly-2')).toMatchInlineSnapshot(`
    "wrk: lock nightly_session is held by nightly-1 (on HOST), session other, since 2026-03-02T11:50:00Z (10m ago), until 2026-03-02T13:50:00Z unless renewed; unknown: no process known; only its age counts
         Wait for it: wrk lock run nightly_session --wait 5m -- COMMAND
    exit 4"
  `)
})

describe('a command line', () => {
  test('with a command that does not exist', async () => {
    expect(await say(makeQueue(), 'clam 5')).toMatchInlineSnapshot(`
      "wrk: unknown command "clam". Did you mean claim?
           See: wrk --help
      exit 2"
    `)
  })

  test('with an unknown option', async () => {
    expect(await say(makeQueue(), 'claim 5 --forse')).toMatchInlineSnapshot(`
      "wrk: unknown option --forse. Did you mean --force?
           See: wrk claim --help
      exit 2"
    `)
  })

  test('without what it needs', async () => {
    expect(await say(makeQueue(), 'claim')).toMatchInlineSnapshot(`
      "wrk: missing argument: wrk claim <id>
           See: wrk claim --help
      exit 2"
    `)
  })
})

describe('a usage error', () => {
  test.each([
    ['of an unknown command', 'clam 5'],
    ['of an unknown option', 'claim 5 --wiat'],
    ['of a missing argument', 'claim'],
    ['of a value that is not one of the choices', 'completion tcsh'],
    ['of a missing subcommand', 'session'],
  ])('%s is in two lines, the second a command', async (_, line) => {
    const [first, second, end] = (await say(makeQueue(['WRK-5']), line)).split('\n')
    expect(first).toMatch(/^wrk: (unknown|missing) /)
    expect(second).toMatch(/^ {5}See: wrk( \w+)* --help$/)
    expect(end).toBe('exit 2')
  })
})

test('a verb that has nothing to do', async () => {
  const queue = makeQueue(['WRK-5'])
  expect(
    await say(queue, [
      ['start', '5'],
      ['done', '5'],
      ['done', '5'],
    ]),
  ).toMatchInlineSnapshot(`
    "Nothing to do: WRK-5 is already done.
    exit 0"
  `)
  expect(await say(queue, 'release --mine')).toMatchInlineSnapshot(`
    "Nothing to release: you hold no items.
    exit 0"
  `)
  expect(await say(queue, 'set 5 priority=medium')).toMatchInlineSnapshot(`
    "Nothing to do: WRK-5 already has these values.
    exit 0"
  `)
})

test('the help begins with what a day is made of, and ends without the exit codes', async () => {
  const { stdout } = await makeQueue().run('--help')
  const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]*)(?: |$).* {2,}\S/gm)].map(([, name]) => name)
  expect(commands.slice(5, 10)).toEqual(['init', 'new', 'next', 'start', 'done'])
  expect(stdout).toMatch(/wrk init .*\n.*wrk new .*\n.*wrk next --claim .*\n.*wrk start 1 .*\n.*wrk done 1 /)
  expect(stdout.trimEnd().split('\n').at(-1)).toContain('wrk help exit-codes')
  expect(stdout).not.toMatch(/^ +\d+ {2}/m)
})
