/**
 * Killed at each system call that changes something in the queue, for real: claims, takeovers, releases, sessions and
 * session locks. (Archiving, other changes of status and new items: in the tests of those commands.)
 *
 * After each: every file is the old or the new one; the very next command, now another session's and now the same
 * again, succeeds; in the end nothing is left in `.wrk`, and the log tells of every change that was seen, once.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { atEachCrash, expectOldOrNew, type Visible, visible } from '../support/faults/system-calls.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import type { Args } from '../support/run.ts'
import { anchorOf, deadAnchor, registry, type SessionData } from '../support/sessions.ts'

const LOCK = '.wrk/ops/locks/nightly_session.lock'
const WHO = ['tester', 'other', 'bystander']

/** What each item, lock and session was seen to be, one after the other: its holder; of a session, whether it is on. */
type Seen = Record<string, string[]>

function states(files: Visible): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, text] of Object.entries(files)) {
    const id = /(WRK-\d+)\.md$/.exec(name)?.[1]
    if (id) all[id] = /^locked_by: "?([^"\n]*)"?$/m.exec(text)?.[1] ?? ''
    else if (name === LOCK) all['lock:nightly_session'] = JSON.parse(text).run_id ?? ''
    else if (name === 'session-state.yaml')
      for (const { session_id, ended_at } of parse(text).sessions as Json[])
        all[session_id] = ended_at === null ? 'started' : 'ended'
  }
  return all
}

/** What can come to an item, a lock or a session that is not there yet is what it is when it is free, or has ended. */
const nothing = (key: string) => (/^(lock:|WRK-)/.test(key) ? '' : 'ended')

function look(seen: Seen, queue: Queue): void {
  for (const [key, state] of Object.entries(states(visible(queue)))) {
    seen[key] ??= [nothing(key)]
    if (seen[key].at(-1) !== state) seen[key].push(state)
  }
}

/** The same, as the event log tells it from where it stood before. */
function told(before: Visible, events: ReturnType<Queue['events']>): Seen {
  const all: Seen = {}
  for (const [key, state] of Object.entries(states(before))) all[key] = [state]
  for (const { type, item: id, session } of events) {
    const key = id ?? session!
    const state = {
      granted: session!,
      takenOver: session!,
      released: '',
      sessionStarted: 'started',
      sessionEnded: 'ended',
    }[type]
    if (state === undefined) continue
    all[key] ??= [nothing(key)]
    all[key].push(state)
  }
  return all
}

interface Case {
  files: Record<string, string>
  sessions?: SessionData[]
  command: Args
  session?: string
  /** What others do next, and with which exit codes. */
  next: [args: Args, session: string, codes: number[]]
  /** The command itself, once more; by another session, where its own has ended by then. */
  again?: [args: Args, session: string]
  /** Nobody has worked on the queue yet. */
  unused?: boolean
}

const recently = ago(MINUTE)
const dead: SessionData = { id: 'gone', anchor: deadAnchor(), started_at: recently }
const lockOf = (anchor: ReturnType<typeof anchorOf>, more: object = {}) =>
  JSON.stringify({
    run_id: 'run-0',
    pid: anchor.pid,
    host: anchor.host,
    started_utc: stampOf(recently),
    heartbeat_utc: stampOf(recently),
    ttl_sec: 7200,
    pid_of: 'session',
    anchor,
    ...more,
  })

const claimed = (id: string, by = 'tester') => ({
  [`pending/${id}.md`]: heldItem(id, by, recently, { title: 'Ärger  # kein Kommentar' }),
})
const claimOf = (id: string) => ({ id, claimed_at: stampOf(recently) })

const CASES: Record<string, Case> = {
  'a claim of a free item': {
    files: { 'pending/WRK-1.md': item('WRK-1') },
    command: 'claim WRK-1',
    next: ['claim WRK-1', 'other', [0, 4]],
  },
  'the first claim of a session': {
    files: { 'pending/WRK-1.md': item('WRK-1') },
    command: 'claim WRK-1',
    session: 'newcomer',
    next: ['claim WRK-1', 'other', [0, 4]],
  },
  'the first claim of a queue': {
    files: { 'pending/WRK-1.md': item('WRK-1') },
    command: 'claim WRK-1',
    next: ['claim WRK-1', 'other', [0, 4]],
    unused: true,
  },
  'a takeover from a dead session': {
    files: claimed('WRK-1', 'gone'),
    sessions: [{ ...dead, claims: [claimOf('WRK-1')] }],
    command: 'claim WRK-1',
    next: ['claim WRK-1', 'other', [0, 4]],
  },
  'a takeover from one that was silent for the TTL': {
    files: { 'pending/WRK-1.md': heldItem('WRK-1', 'silent', ago(3 * HOUR)) },
    sessions: [{ id: 'silent', started_at: ago(4 * HOUR), heartbeat_at: ago(3 * HOUR) }],
    command: 'claim WRK-1',
    next: ['claim WRK-1', 'other', [0, 4]],
  },
  'a release': {
    files: claimed('WRK-1'),
    sessions: [{ id: 'tester', started_at: recently, claims: [claimOf('WRK-1')] }],
    command: 'release WRK-1',
    next: ['claim WRK-1', 'other', [0, 4]],
  },
  'the start of a session': {
    files: { 'pending/WRK-1.md': item('WRK-1') },
    command: 'session start --provider claude --session-id made',
    next: ['claim WRK-1', 'other', [0]],
  },
  'the end of a session that holds two items, one by a helper': {
    files: { ...claimed('WRK-1'), ...claimed('WRK-2', 'tester/a') },
    sessions: [
      {
        id: 'tester',
        started_at: recently,
        active_wrk: 'WRK-2',
        claims: [claimOf('WRK-1'), claimOf('WRK-2')],
      },
    ],
    command: 'session end',
    next: ['claim WRK-2', 'other', [0, 4]],
    again: [['session', 'end', 'tester', '--force', '--reason', 'it is over'], 'other'],
  },
  'a claim of a session lock that nobody ever held': {
    files: {},
    command: 'lock claim --run-id run-1',
    next: ['lock claim --run-id run-2', 'other', [0, 4]],
  },
  'a release of a session lock': {
    files: { [LOCK]: lockOf(anchorOf()) },
    command: 'lock release --run-id run-0',
    next: ['lock claim --run-id run-2', 'other', [0, 4]],
  },
  'a takeover of a session lock': {
    files: { [LOCK]: lockOf(dead.anchor!) },
    command: 'lock claim --run-id run-1',
    next: ['lock claim --run-id run-2', 'other', [0, 4]],
  },
}

/** A queue that was in use already: its `.wrk` is there, its log has an event, three sessions are listed. */
async function used({ files, sessions = [], unused }: Case): Promise<Queue> {
  if (unused) return makeQueue(files)
  const listed = WHO.filter(id => !sessions.some(session => session.id === id))
  const others = listed.map(id => ({ id, started_at: recently, heartbeat_at: new Date() }))
  // Within the minute, so that nothing but the command itself is written.
  const known = sessions.map(one => (one.id === 'tester' ? { ...one, heartbeat_at: new Date() } : one))
  const top = '# Kept by hand, too.\nsession_id: ""\nmine: [1,   2] # as it is\n'
  const queue = makeQueue({ 'pending/WRK-9.md': item('WRK-9') })
  queue.write('session-state.yaml', registry([...known, ...others], top))
  expect((await queue.run('claim WRK-9', { session: 'bystander' })).code).toBe(0)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(queue.path(name)), { recursive: true })
    writeFileSync(queue.path(name), text)
  }
  return queue
}

// Skipped until it expects that a claim's record is published before the item's file: see CONTRIBUTING.md.
describe.skip('killed at each of its system calls', () => {
  test.each(Object.keys(CASES))('%s', async name => {
    const one = CASES[name]!
    const { command, session = 'tester', next, again = [command, session] } = one
    const template = await used(one)
    const start = template.events().length
    const before = visible(template)
    let changed = 0
    const crashes = await atEachCrash(
      template,
      command,
      async crash => {
        const { queue, number, done } = crash
        expectOldOrNew(queue, crash)
        const seen: Seen = {}
        for (const [key, state] of Object.entries(states(before))) seen[key] = [state]
        const act = async (args: Args, by: string, codes: number[]) => {
          look(seen, queue)
          const { code, stdout, stderr } = await queue.run(args, { session: by })
          expect([args, code, codes.includes(code!) ? '' : stdout + stderr]).toEqual([args, code, ''])
          expect(stderr).not.toMatch(/could not be|\n\s+at /)
        }
        if (JSON.stringify(states(visible(queue))) === JSON.stringify(states(done))) changed++
        // Now the one is the next, now the other; who comes second may find that the first has taken it.
        if (number % 2 === 1) await act(...again, [0])
        await act(...next)
        if (number % 2 === 0) await act(...again, [0, 4])
        // What is left of a change is completed by who meets it, and drafts in tmp/ go when somebody registers.
        for (const key of Object.keys(states(done)).filter(key => key.startsWith('WRK-')))
          await act(`claim ${key}`, 'latecomer', [0, 4])
        look(seen, queue)
        const events = queue.events()
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
        expect(told(before, events.slice(start))).toEqual(seen)
        expect(queue.leftovers()).toEqual([])
      },
      { session },
    )
    console.info(`${name}: killed at ${crashes} system calls, ${changed} of them after the change`)
    expect(crashes).toBeGreaterThan(changed)
    expect(changed).toBeGreaterThan(0)
  })
})
