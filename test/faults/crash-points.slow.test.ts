/**
 * Killed at each system call that changes something in the queue, for real: claims, takeovers, releases, sessions and
 * session locks. (Archiving, other changes of status and new items: in the tests of those commands.) Calls that only
 * read or sync are left out: a process that dies at one leaves what it leaves at the next call that changes something.
 *
 * After each: every file, record and session is the old or the new one, byte for byte but for times, and where a change
 * writes two of them, they were written in their order. The very next command, now another session's and now the same
 * again, gets the one right answer: an item has one holder, and who holds it reads it in the file. In the end nothing is
 * left in `.wrk`, doctor has nothing to say, and the log has every change that was seen, once.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import {
  atEachCrash,
  type Crash,
  expectOldOrNew,
  haveStrace,
  timeless,
  type Visible,
  visible,
} from '../support/faults/system-calls.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import type { Args } from '../support/run.ts'
import { anchorOf, deadAnchor, registry, type SessionData } from '../support/sessions.ts'

const LOCK = '.wrk/ops/locks/nightly_session.lock'
const WHO = ['tester', 'other', 'bystander']

/** What each item, lock and session was seen to be, one after the other: its holder; of a session, whether it is on. */
type Seen = Record<string, string[]>

const keyOf = (path: string) => path.slice(path.lastIndexOf('/') + 1).toLowerCase()
const lockedBy = (text: string) => /^locked_by: "?([^"\n]*)"?$/m.exec(text)?.[1] ?? ''

/**
 * Who holds an item: its record says so. One that was being given up is free as soon as its file is, since whoever comes
 * next completes its record by the note in the outbox.
 */
function holderOf(files: Visible, id: string, text: string, givenUp: readonly string[]): string {
  const record = files[`.wrk/claims/${keyOf(id)}`]
  if (record === undefined) return lockedBy(text)
  const { state, holder } = JSON.parse(record) as Json
  const isGivenUp = lockedBy(text) === '' && givenUp.includes(keyOf(id))
  return state === 'held' && !isGivenUp ? holder : ''
}

function states(files: Visible, givenUp: readonly string[] = []): Record<string, string> {
  const all: Record<string, string> = {}
  const note = ({ session_id, ended_at }: Json) => {
    all[session_id] = ended_at === null ? 'started' : 'ended'
  }
  // What a session's own file says counts more than session-state.yaml, which only shows it.
  if (files['session-state.yaml'])
    for (const session of parse(files['session-state.yaml']).sessions as Json[]) note(session)
  for (const [name, text] of Object.entries(files)) {
    const id = /(WRK-\d+)\.md$/.exec(name)?.[1]
    if (id) all[id] = holderOf(files, id, text, givenUp)
    else if (name === LOCK) all['lock:nightly_session'] = JSON.parse(text).run_id ?? ''
    else if (name.startsWith('.wrk/sessions/')) note(JSON.parse(text))
  }
  return all
}

/** The items of which a note says that they are being given up. */
function givenUpIn(queue: Queue): string[] {
  if (!queue.exists('.wrk/outbox')) return []
  return readdirSync(queue.path('.wrk/outbox')).flatMap(name => {
    const text = queue.read(`.wrk/outbox/${name}`)
    // A torn one: its writer died before it changed anything.
    const order = /^\{.*\}$/.test(text) ? JSON.parse(text).change?.order : undefined
    return order === 'item-first' ? name.slice(0, name.indexOf('~')) : []
  })
}

const statesOf = (queue: Queue) => states(visible(queue), givenUpIn(queue))

/** The items whose file and record name different holders. */
function disagreeing(queue: Queue): string[] {
  const files = visible(queue)
  return Object.entries(files).flatMap(([name, text]) => {
    const id = /(WRK-\d+)\.md$/.exec(name)?.[1]
    return id && holderOf(files, id, text, []) !== lockedBy(text) ? id : []
  })
}

/**
 * Right after the kill. A claim publishes the record first: the file never shows what no record has. What gives an item
 * up writes the file first: no record has given up what the file still shows.
 */
function expectInOrder(
  queue: Queue,
  { before, done }: Pick<Crash, 'before' | 'done'>,
  isClaim: boolean,
): void {
  const now = visible(queue)
  const isNew = (name: string) => timeless(now[name]) === timeless(done[name])
  for (const name of Object.keys(done).filter(name => /WRK-\d+\.md$/.test(name))) {
    const record = `.wrk/claims/${keyOf(name).replace('.md', '')}`
    if (timeless(before[name]) === timeless(done[name])) continue
    const [first, second] = isClaim ? [record, name] : [name, record]
    expect([name, isNew(second) ? isNew(first) : true]).toEqual([name, true])
  }
}

/** What can come to an item, a lock or a session that is not there yet is what it is when it is free, or has ended. */
const nothing = (key: string) => (/^(lock:|WRK-)/.test(key) ? '' : 'ended')

function look(seen: Seen, queue: Queue): void {
  for (const [key, state] of Object.entries(statesOf(queue))) {
    seen[key] ??= [nothing(key)]
    if (seen[key].at(-1) !== state) seen[key].push(state)
  }
}

/** The same, as the event log has it, from where it stood before. */
function logged(before: Visible, events: ReturnType<Queue['events']>): Seen {
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

/** Who may be taken over from at once: dead, or silent for too long. */
const LEFT = ['', 'gone', 'silent']

describe.runIf(haveStrace())('killed at each of its system calls', () => {
  test.each(Object.keys(CASES))('%s', async name => {
    const one = CASES[name]!
    const { command, session = 'tester', next, again = [command, session] } = one
    const template = await used(one)
    const start = template.events().length
    const before = visible(template)
    const items = Object.keys(one.files).flatMap(path => /WRK-\d+/.exec(path)?.[0] ?? [])
    let changed = 0
    const crashes = await atEachCrash(
      template,
      command,
      async crash => {
        const { queue, number, done } = crash
        expectOldOrNew(queue, crash)
        expectInOrder(queue, crash, /^claim/.test(command.toString()))
        const seen: Seen = {}
        for (const [key, state] of Object.entries(states(before))) seen[key] = [state]
        const act = async (args: Args, by: string, codes: number[]) => {
          look(seen, queue)
          const claimed = /^claim (WRK-\d+)$/.exec(args.toString())?.[1]
          const holder = claimed && statesOf(queue)[claimed]!
          // A claim is refused for the sake of its holder, and for no other reason.
          const wanted = claimed ? [[...LEFT, by].includes(holder!) ? 0 : 4] : codes
          const { code, stdout, stderr } = await queue.run(args, { session: by })
          expect([args, code, wanted.includes(code!) ? '' : stdout + stderr]).toEqual([args, code, ''])
          expect(stderr).not.toMatch(/could not be|git or an editor|\n\s+at /)
          if (!claimed) return
          // One holder, before and after; who has the item reads it in the file too.
          expect([args, statesOf(queue)[claimed]]).toEqual([args, code === 0 ? by : holder])
          if (code === 0) expect(disagreeing(queue)).not.toContain(claimed)
        }
        if (JSON.stringify(statesOf(queue)) === JSON.stringify(states(done))) changed++
        // Now the one is the next, now the other; who comes second may find that the first has taken it.
        if (number % 2 === 1) await act(...again, [0])
        await act(...next)
        if (number % 2 === 0) await act(...again, [0, 4])
        // What is left of a change is completed by who meets it, and drafts in tmp/ go when somebody registers.
        for (const id of items) await act(`claim ${id}`, 'latecomer', [0, 4])
        look(seen, queue)
        const events = queue.events()
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
        expect(logged(before, events.slice(start))).toEqual(seen)
        expect(queue.leftovers()).toEqual([])
        // A refused claim leaves the file alone; doctor shows it who holds the item.
        expect((await queue.run('doctor --fix --json', { session: 'bystander' })).json.failed).toEqual([])
        expect((await queue.run('doctor --json', { session: 'bystander' })).json.findings).toEqual([])
        expect(disagreeing(queue)).toEqual([])
        look(seen, queue)
        expect(logged(before, queue.events().slice(start))).toEqual(seen)
      },
      { session },
    )
    console.info(`${name}: killed at ${crashes} system calls, ${changed} of them after the change`)
    expect(crashes).toBeGreaterThan(changed)
    expect(changed).toBeGreaterThan(0)
  })
})
