/**
 * Storms (driver.ts), short ones here; longer by hand: npm run test:chaos -- --seconds 600 [--wrong-verdicts].
 * And what the checker is worth: each kind of violation is planted into a recording, and it must find it.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/program.ts'
import { AFTERWARDS, check } from './checker.ts'
import type { Op, Recording } from './recording.ts'

function runStorm(args: readonly string[]): Promise<{ code: number | null; out: string }> {
  // Not detached, so that Ctrl-C reaches it too; it ends by itself when this process does.
  const child = spawn(process.execPath, [join(ROOT, 'test', 'chaos', 'run.mjs'), ...args], { stdio: 'pipe' })
  let out = ''
  child.stdout.on('data', data => {
    out += data
  })
  child.stderr.on('data', data => {
    out += data
  })
  return new Promise((settle, fail) => {
    child.on('error', fail)
    child.on('close', code => settle({ code, out }))
  })
}

async function weather(args: readonly string[]): Promise<void> {
  const { code, out } = await runStorm(['--seconds', '12', ...args])
  expect(out).toContain('nothing is wrong')
  expect(code).toBe(0)
  const count = (what: string) => Number(new RegExp(`${what} (\\d+)`).exec(out)?.[1])
  // A storm that does nothing would find nothing.
  expect(count('calls')).toBeGreaterThan(50)
  expect(count('events')).toBeGreaterThan(20)
  expect(count('workers killed')).toBeGreaterThan(0)
}

test.each([
  ['right verdicts', []],
  ['wrong verdicts about sessions and guards', ['--wrong-verdicts']],
  ['git at work in the same tree', ['--git']],
  ['git at work in the same tree, and wrong verdicts', ['--git', '--wrong-verdicts']],
])('a storm of killed and stopped workers leaves everything in order, with %s', (_, args) => weather(args))

// --- the checker ------------------------------------------------------------------------------------------

const ID = 'WRK-1'
const item = (by: string, at: string, more = '') =>
  `---\nid: ${ID}\nstatus: pending # as ever\nlocked_by: "${by}"\nlocked_at: "${at}"\n${more}---\n\nText.\n`
const time = (second: number) => `2026-02-16T19:30:${String(second).padStart(2, '0')}Z`

type Call = Partial<Op> & { verb: string; who: string; begin: number }

/** A recording of calls that each took half a second, and of the events they made. */
function record(
  calls: readonly Call[],
  events: readonly object[],
  end: { by: string; at: string },
  note = '',
) {
  const counts = new Map<string, number>()
  const op = (call: Call): Op => {
    const { who, begin } = call
    const worker = call.worker ?? who
    const n = counts.get(worker) ?? 0
    counts.set(worker, n + 1)
    return {
      ...{ worker, n, session: who, item: ID, via: 'library', clock: '+0ms', end: begin + 500, code: 0 },
      ...{
        error: null,
        kind: null,
        changed: true,
        lockedAt: null,
        holder: null,
        superseded: [],
        released: [],
      },
      ...{ value: null, warned: false, showsLater: false, said: '', ...call },
    }
  }
  const last = [
    { verb: 'claim', who: AFTERWARDS, begin: 90_000, kind: 'granted' },
    { verb: 'release', who: AFTERWARDS, begin: 91_000 },
  ]
  const lines = [
    ...events,
    ...[
      { type: 'granted', session: AFTERWARDS },
      { type: 'released', session: AFTERWARDS, previous_holder: AFTERWARDS },
    ],
    ...SESSIONS,
  ].map((event, i) => {
    const usual = { time: time(0), item: ID, previous_holder: null, reason: null, forced: false }
    return JSON.stringify({ seq: i + 1, ...usual, ...event, tx: `t${i}` })
  })
  const recording: Recording = {
    mode: 'right',
    ttlMs: 2000,
    originals: { [ID]: item('', '') },
    ops: [...calls, ...last].map(op),
    deaths: [{ worker: 'b', at: 9_000 }],
    samples: [{ from: 1_700, to: 1_701, item: ID, text: item(end.by, end.at, note) }],
    log: lines,
    logAtEnd: [...lines, ''],
    files: [{ path: `pending/${ID}.md`, text: item('', '', note) }],
    sessions: { a: true, c: false },
    leftovers: [],
  }
  return recording
}

/** a claims and is stopped; b takes over by age, is killed while it sets a value; c takes over, sets a value, and ends. */
const CALLS: readonly Call[] = [
  { verb: 'claim', who: 'a', begin: 1_000, kind: 'granted', lockedAt: time(1) },
  { verb: 'claim', who: 'c', begin: 2_000, code: 4, error: 'LOCKED', changed: false, holder: 'a' },
  { verb: 'claim', who: 'b', begin: 5_000, kind: 'takenOver', lockedAt: time(5) },
  { verb: 'set', who: 'a', begin: 6_000, code: 4, error: 'LOCKED', changed: false, holder: 'b' },
  { verb: 'heartbeat', who: 'a', item: null, begin: 7_000, code: 4, changed: false, superseded: [ID] },
  { verb: 'set', who: 'b', begin: 8_000, end: null, code: null, value: 'b-1' },
  { verb: 'claim', who: 'c', begin: 10_000, kind: 'takenOver', lockedAt: time(10) },
  { verb: 'set', who: 'c', begin: 11_000, value: 'c-1' },
  { verb: 'release', who: 'c', begin: 12_000 },
]
const EVENTS: readonly Record<string, string>[] = [
  { type: 'granted', session: 'a', time: time(1) },
  { type: 'takenOver', session: 'b', time: time(5), previous_holder: 'a', reason: 'longer than the TTL' },
  { type: 'takenOver', session: 'c', time: time(10), previous_holder: 'b', reason: 'its holder is dead' },
  { type: 'changed', session: 'c', reason: 'note' },
  { type: 'released', session: 'c', previous_holder: 'c' },
]
const SESSIONS: readonly object[] = [
  { type: 'sessionStarted', session: 'a', item: null },
  { type: 'sessionStarted', session: 'c', item: null },
  { type: 'sessionEnded', session: 'c', item: null },
]
const AS_A_HELD_IT = { by: 'a', at: time(1) }
const NOTE = 'note: c-1\n'

const found = (recording: Recording) => [...new Set(check(recording).map(({ kind }) => kind))]
const lawful = () => record(CALLS, EVENTS, AS_A_HELD_IT, NOTE)

describe('the checker', () => {
  test('finds nothing in what is lawful', () => {
    expect(check(lawful())).toEqual([])
  })

  test('accepts that what was cut short happened or not', () => {
    const happened = [...EVENTS.slice(0, 2), { type: 'changed', session: 'b' }, ...EVENTS.slice(2)]
    expect(check(record(CALLS, happened, AS_A_HELD_IT, NOTE))).toEqual([])
  })

  test('finds two holders: a second grant in the log', () => {
    const calls = [
      ...CALLS.slice(0, 1),
      { verb: 'claim', who: 'd', begin: 2_000, kind: 'granted' },
      ...CALLS.slice(1),
    ]
    const events = [EVENTS[0]!, { type: 'granted', session: 'd' }, ...EVENTS.slice(1)]
    expect(found(record(calls, events, AS_A_HELD_IT, NOTE))).toContain('two-holders')
  })

  test('finds two holders that the log shows one after the other', () => {
    const claim = (who: string, begin: number): Call => ({ verb: 'claim', who, begin, kind: 'granted' })
    const calls = [
      claim('a', 1_000),
      claim('d', 2_000),
      { verb: 'release', who: 'a', begin: 4_000 },
      { verb: 'release', who: 'd', begin: 5_000 },
    ]
    const events = [
      { type: 'granted', session: 'a' },
      { type: 'released', session: 'a', previous_holder: 'a' },
      { type: 'granted', session: 'd' },
      { type: 'released', session: 'd', previous_holder: 'd' },
    ]
    const recording = record(calls, events, { by: 'a', at: time(0) })
    expect(found(recording)).toEqual(['two-holders'])
  })

  test('finds a takeover that the log does not tell of', () => {
    const recording = record(CALLS, EVENTS.toSpliced(1, 1), AS_A_HELD_IT, NOTE)
    expect(found(recording)).toEqual(expect.arrayContaining(['two-holders', 'lost-event']))
  })

  test('finds a write by one who was superseded, on an item that another holds and on a free one', () => {
    const write = { verb: 'set', who: 'a', begin: 6_000, value: 'a-1' }
    const event = { type: 'changed', session: 'a' }
    const held = record(CALLS.with(3, write), EVENTS.toSpliced(2, 0, event), AS_A_HELD_IT, NOTE)
    expect(found(held)).toEqual(['foreign-write', 'write-after-takeover'])
    const calls = [...CALLS, { ...write, begin: 13_000 }]
    const free = record(calls, [...EVENTS, event], AS_A_HELD_IT, 'note: a-1\n')
    expect(found(free)).toEqual(['write-after-takeover'])
  })

  test('finds a heartbeat that does not tell of the loss', () => {
    const calls = CALLS.with(4, { ...CALLS[4]!, code: 0, superseded: [] })
    expect(found(record(calls, EVENTS, AS_A_HELD_IT, NOTE))).toEqual(['not-reported'])
  })

  test('finds a release by another', () => {
    const events = EVENTS.with(4, { type: 'released', session: 'a', previous_holder: 'c' })
    expect(found(record(CALLS, events, AS_A_HELD_IT, NOTE))).toContain('foreign-write')
  })

  test('finds a number that is missing, and one that stands twice', () => {
    const gap = lawful()
    gap.log = gap.logAtEnd = gap.log.map((line, i) =>
      i < 3 ? line : line.replace(/"seq":(\d)/, (_, n) => `"seq":${+n + 1}`),
    )
    expect(found(gap)).toEqual(['gap'])
    const repeat = lawful()
    repeat.log = repeat.logAtEnd = [...repeat.log, repeat.log.at(-1)!]
    expect(found(repeat)).toEqual(['repeat'])
  })

  test('finds an event that is missing, one that stands twice under two numbers, and a line changed later', () => {
    expect(found(record(CALLS, EVENTS.toSpliced(3, 1), AS_A_HELD_IT))).toEqual(['lost-event'])
    expect(found(record(CALLS, EVENTS.toSpliced(3, 0, EVENTS[3]!), AS_A_HELD_IT, NOTE))).toEqual([
      'extra-event',
    ])
    const changed = lawful()
    changed.logAtEnd = changed.log.map(line => line.replace('"t3"', '"t9"'))
    expect(found(changed)).toEqual(['torn'])
  })

  test('finds a byte that changed, at the end and in between', () => {
    const end = lawful()
    end.files[0]!.text = end.files[0]!.text.replace('Text.', 'text.')
    expect(found(end)).toEqual(['outside-fields'])
    const between = lawful()
    between.samples[0]!.text = between.samples[0]!.text.replace('# as ever', '#as ever')
    expect(found(between)).toEqual(['outside-fields'])
  })

  test('finds a file that says what its events do not', () => {
    const locked = lawful()
    locked.files[0]!.text = item('c', time(10), NOTE)
    expect(found(locked)).toEqual(['final'])
    const moved = lawful()
    moved.files[0]!.path = `working/${ID}.md`
    expect(found(moved)).toEqual(['final'])
    const twice = lawful()
    twice.files.push({ path: `done/${ID}.md`, text: item('', '') })
    expect(found(twice)).toEqual(['final'])
    const lost = lawful()
    lost.files[0]!.text = item('', '', 'note: b-1\n')
    expect(found(lost)).toEqual(['lost-update'])
  })

  test('finds an onlooker and a refusal that name who cannot have been the holder', () => {
    const seen = lawful()
    seen.samples[0]!.text = item('b', time(5))
    expect(found(seen)).toEqual(['wrong-holder'])
    const calls = CALLS.with(1, { ...CALLS[1]!, holder: 'b' })
    expect(found(record(calls, EVENTS, AS_A_HELD_IT, NOTE))).toEqual(['wrong-holder'])
  })

  test('finds a takeover of what is young, and one from the living where no verdict is wrong', () => {
    const young = { ...EVENTS[1]!, time: time(1) }
    const calls = CALLS.with(2, { ...CALLS[2]!, lockedAt: time(1) })
    expect(found(record(calls, EVENTS.with(1, young), AS_A_HELD_IT, NOTE))).toEqual(['early-takeover'])
    const alive = lawful()
    alive.deaths = []
    expect(found(alive)).toEqual(['false-death'])
    expect(found({ ...alive, mode: 'wrong' })).toEqual([])
  })

  test('finds a takeover soon after a renewal that has no event, whatever the clock of that was', () => {
    const renewedBy = (clock: string, begin: number) => {
      const renewal = { verb: 'lock renew', who: 'a', begin, end: begin + 40, clock }
      return record([...CALLS.slice(0, 2), renewal, ...CALLS.slice(2)], EVENTS, AS_A_HELD_IT, NOTE)
    }
    for (const clock of ['+0ms', '-400ms', '+10m'])
      expect(found(renewedBy(clock, 4_000))).toEqual(['early-takeover'])
    // By the clock that it went by it is long ago, and so is one that was made long before.
    expect(found(renewedBy('-2m', 4_950))).toEqual([])
    expect(found(renewedBy('+0ms', 3_400))).toEqual([])
  })

  test('accepts one of a lock that counts from when its file was written, as the clock of its holder was far ahead', () => {
    const claim = { ...CALLS[0]!, lockedAt: time(4), clock: '+3s' }
    const renewal = { verb: 'lock renew', who: 'a', begin: 2_500, clock: '+10m' }
    const calls = [claim, CALLS[1]!, renewal, ...CALLS.slice(2)]
    const events = EVENTS.with(0, { ...EVENTS[0]!, time: time(4) })
    const sample = { by: 'a', at: time(4) }
    expect(found(record(calls, events, sample, NOTE))).toEqual([])
    expect(found(record(calls.toSpliced(2, 1), events, sample, NOTE))).toEqual(['early-takeover'])
  })

  test('accepts a file that does not show a claim yet only where that was said, and not after the next change', () => {
    const unshown = (showsLater: boolean, from: number) => {
      const calls = CALLS.with(0, { ...CALLS[0]!, showsLater })
      const recording = record(calls, EVENTS, { by: '', at: '' }, NOTE)
      Object.assign(recording.samples[0]!, { from, to: from + 1 })
      return { ...recording, mode: 'wrong' as const }
    }
    expect(found(unshown(true, 1_700))).toEqual([])
    expect(found(unshown(true, 4_900))).toEqual([])
    expect(found(unshown(true, 5_600))).toEqual(['wrong-holder'])
    expect(found(unshown(false, 1_700))).toEqual(['wrong-holder'])
    expect(found({ ...unshown(true, 1_700), mode: 'right' })).toEqual(['not-shown'])
  })

  test('finds a session whose start or end was not logged, or twice', () => {
    expect(found({ ...lawful(), sessions: { a: false, c: false } })).toEqual(['session'])
    expect(found({ ...lawful(), sessions: { a: true, c: false, d: true } })).toEqual(['session'])
    const twice = lawful()
    const next = { ...JSON.parse(twice.log.at(-1)!), seq: twice.log.length + 1, tx: 'again' }
    twice.log = [...twice.log, JSON.stringify(next)]
    twice.logAtEnd = [...twice.log, '']
    expect(found(twice)).toEqual(['session'])
  })

  test('finds an item that nobody can claim, litter, and exit codes that nothing explains', () => {
    const stuck = lawful()
    Object.assign(stuck.ops.at(-2)!, { code: 4, error: 'LOCKED', changed: false })
    expect(found(stuck)).toContain('unclaimable')
    expect(found({ ...lawful(), leftovers: ['guards/wrk-1'] })).toEqual(['litter'])
    // Git leaves two of an item, or none where a stash had its removal in it; only then, and only of that item.
    const gone = { ...lawful(), git: true, files: [], leftovers: ['outbox/wrk-1~7'] }
    Object.assign(gone.ops.at(-2)!, { code: 1, error: 'NOT_FOUND', changed: false })
    const rest = { ...gone, log: gone.log.filter(line => !line.includes(AFTERWARDS)) }
    const one = (more: object) => found({ ...rest, ...more }).filter(kind => kind !== 'gap')
    expect(one({ stashed: [ID] })).not.toContain('unclaimable')
    expect(one({ stashed: [ID] })).not.toContain('litter')
    expect(one({ stashed: [] })).toEqual(expect.arrayContaining(['unclaimable', 'litter']))
    expect(one({ stashed: [ID], files: lawful().files })).toContain('unclaimable')
    expect(one({ stashed: [ID], leftovers: ['outbox/wrk-2~7'] })).toContain('litter')
    const broken = lawful()
    Object.assign(broken.ops[1]!, { code: 74, error: 'IO', holder: null })
    expect(found(broken)).toEqual(['exit-code'])
  })
})
