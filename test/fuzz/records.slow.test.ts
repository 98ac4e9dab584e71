/**
 * The files beside the items after accidents: each is read or refused in wrk's own words, and what wrk then writes
 * keeps everything else. Through the code that the commands use, in real folders.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMap, isSeq, Lexer, parseDocument } from 'yaml'
import { WrkError } from '../../src/core/errors.ts'
import { lockText, parseLock, releasedText, type SessionLock } from '../../src/core/locks/session-lock.ts'
import { type LogEvent, newEvent, parseEvent } from '../../src/core/log/event.ts'
import { readWorkflow } from '../../src/core/runs/workflow.ts'
import type { Session } from '../../src/core/sessions/session.ts'
import { guardHost, openContext, readSettingsFile } from '../../src/operations/context.ts'
import { realDisk } from '../../src/store/files/disk.ts'
import { readLockFile } from '../../src/store/locks/lock-file.ts'
import { lockFolder, lockPlace } from '../../src/store/locks/lock-folder.ts'
import { appendEvents, eventLines } from '../../src/store/log/event-log.ts'
import { logState, repairLog } from '../../src/store/log/log-repair.ts'
import { LOG, OLDER_LOG, readEvents, TAIL } from '../../src/store/log/read-log.ts'
import { withReaders } from '../../src/store/readers.ts'
import { changeRegistry, type RegistryChange } from '../../src/store/sessions/change-registry.ts'
import { quoted } from '../../src/store/sessions/registry-text.ts'
import { loadRegistry } from '../../src/store/sessions/session-registry.ts'
import { tempFolder } from '../support/processes.ts'
import { mutatedBytes, shown } from './bytes.ts'
import { campaign, campaignOfFiles, NO_TIMEOUT, scaled } from './campaign.ts'

const host = guardHost()
const NOW = new Date('2026-02-16T19:30:05Z')

function accidents(...texts: string[]): fc.Arbitrary<Buffer> {
  return mutatedBytes(texts.map(text => Buffer.from(text)))
}

/** What it gives, or the error that it refuses with. @throws any other error */
async function orRefusal<T>(work: () => T | Promise<T>): Promise<T | WrkError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof WrkError) return error
    throw error
  }
}

// --- session-state.yaml ----------------------------------------------------------------------------------

const REGISTRY = `# Sessions that work on this queue
session_id: "claude-devbox-k3x9f2" # the last one
orchestrator_agent: "claude"
subagents_used: []
unknown: {a: [1, 2], b: "é😀"} # kept
active_wrk: "WRK-157"
updated_at: "2026-02-16T19:45:00Z"
sessions: # all of them
  # the first
  - session_id: "claude-devbox-k3x9f2"
    orchestrator_agent: "claude" # an agent
    host: "devbox"
    anchor: { pid: 4242, started: "81423977", boot: "9f3c", pidns: "4026531836" }
    heartbeat_at: "2026-02-16T19:45:00Z"
    claims: [{ id: WRK-157, claimed_at: "2026-02-16T19:30:05Z", run_id: null }]
    notes: |
      of several
      lines
    ended_at: null
  # the second
  - session_id: other
    heartbeat_at: 2026-02-16T19:45:00Z
    claims:
      - id: WRK-1
        claimed_at: x
  - {session_id: third}
# the end
more: 'yes'
`
const REGISTRIES = [
  REGISTRY,
  REGISTRY.replace('  - {session_id: third}\n', ''),
  REGISTRY.replace('  - {session_id: third}\n', '').replaceAll('\n', '\r\n'),
  REGISTRY.replace(/^sessions[\s\S]*?^more/m, 'sessions: []\nmore'),
  REGISTRY.replace(/^sessions[\s\S]*$/m, ''),
  'session_id: "me"\norchestrator_agent: codex\nupdated_at: 2026-02-16T19:45:00Z\n',
  '{"session_id": "me", "sessions": [{"session_id": "a", "claims": []}, {"session_id": "b"}], "x": {"y": [1]}}\n',
  'sessions:\n- session_id: a\n  ended_at: ~\n- session_id: "b"\nz: 1',
]

function session(id: string): Session {
  const anchor = { pid: 7, started: '1', boot: 'b', pidns: 'n', host: 'devbox' }
  return {
    id,
    agent: 'claude',
    anchors: [anchor],
    startedAt: NOW,
    heartbeatAt: NOW,
    activeWrk: null,
    claims: [],
    endedAt: null,
  }
}

/** The registry as the yaml package reads it, apart from what the change is about. */
function rest(text: string, changed: ReadonlySet<string>): unknown {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'error' })
  if (document.errors.length > 0 || (document.contents && !isMap(document.contents))) return 'no registry'
  // Maps, for a key that is a list or a map would become a string that depends on its layout.
  const top: Map<unknown, unknown> = document.toJS({ mapAsMap: true }) ?? new Map()
  const sessions = top.get('sessions')
  for (const key of ['sessions', 'updated_at', 'active_wrk']) top.delete(key)
  const list = Array.isArray(sessions) ? sessions : []
  const kept = list.filter(entry => !(entry instanceof Map) || !changed.has(String(entry.get('session_id'))))
  return { top, kept }
}

/** Of the `#` in a text, those that YAML takes for the beginning of a comment. */
const comments = (text: string) => [...new Lexer().lex(text)].filter(token => token.startsWith('#'))

/** A registry is read when something of it is asked for; this asks at once. */
function readNow(file: Parameters<typeof loadRegistry>[1], full: Parameters<typeof loadRegistry>[2]) {
  const registry = loadRegistry(realDisk, file, full)
  return registry.kind ? registry : registry
}

test(
  'session-state.yaml after accidents',
  async () => {
    const folder = tempFolder()
    const file = {
      path: join(folder, 'session-state.yaml'),
      stateDir: join(folder, '.wrk'),
      key: 'session-state',
      logDir: join(folder, '.wrk'),
    }
    let changed = 0
    const how = fc.record({ bytes: accidents(...REGISTRIES), set: fc.boolean(), remove: fc.boolean() })
    const wanted = scaled(1000)
    await campaignOfFiles(
      {
        name: 'session-state.yaml after accidents',
        tally: () => `${changed} registries were read and changed`,
        cases: how,
        isDone: cases => cases >= wanted,
        show: ({ bytes, set, remove }) => `${shown(bytes)}, set ${set}, remove ${remove}`,
      },
      async ({ bytes, set, remove }) => {
        writeFileSync(file.path, bytes)
        const before = await withReaders(full => readNow(file, full))
        const ids = before.kind === 'registry' ? before.sessions.map(({ id }) => id) : []
        const change: RegistryChange = {
          top: { updated_at: quoted('2026-02-16T20:00:00Z'), active_wrk: quoted('WRK-2') },
          add: [session('new-one')],
          set:
            set && ids[0]
              ? [{ id: ids[0], values: { heartbeat_at: quoted('now'), last_stage: 'null' } }]
              : [],
          remove: remove && ids[1] && ids[1] !== ids[0] ? [ids[1]] : [],
          rebuiltAt: null,
        }
        const outcome = await orRefusal(() =>
          changeRegistry(host, file, new Date(), () => ({ change, result: 'changed' as const })),
        )
        const after = readFileSync(file.path)
        if (outcome instanceof WrkError) {
          expect(outcome.code).toBe('IO')
          expect(after.equals(bytes)).toBe(true)
          return
        }
        changed++
        const written = await withReaders(full => readNow(file, full))
        if (written.kind !== 'registry') throw new Error(`it became ${written.kind}: ${after}`)
        const left = ids.filter(id => !change.remove.includes(id))
        expect(written.sessions.map(({ id }) => id)).toEqual([...left, 'new-one'])
        const touched = new Set(['new-one', ...change.remove, ...change.set.map(({ id }) => id)])
        const [old, now] = [bytes, after].map(one => rest(one.toString('utf8'), touched))
        if (!isDeepStrictEqual(now, old)) expect(now, after.toString('utf8')).toEqual(old)
        if (change.remove.length > 0 || !isBlock(bytes)) return
        const text = after.toString('utf8')
        const lost = comments(bytes.toString('utf8')).find(comment => !text.includes(comment))
        if (lost) throw new Error(`lost ${lost}: ${text}`)
      },
    )
    expect(changed).toBeGreaterThan(wanted / 10)
  },
  NO_TIMEOUT,
)

function isBlock(bytes: Buffer): boolean {
  const { contents } = parseDocument(bytes.toString('utf8'), { uniqueKeys: false, logLevel: 'error' })
  if (!isMap(contents) || contents.flow) return false
  const sessions = contents.get('sessions')
  return !isSeq(sessions) || (!sessions.flow && sessions.items.every(item => isMap(item) && !item.flow))
}

// --- wrk.yaml --------------------------------------------------------------------------------------------

const SETTINGS = `# settings
id_prefix: WRK # short
ttl: 2h
takeover: dead-only
unlisted: 'unknown'
worktrees: "own"
providers:
  claude: [claude, -p, "Work on {file}"]
  codex: { execute: [codex, exec, "{file}"], review: [codex, review, "{file}"] }
  other:
    execute:
      - sh
      - -c
gates:
  plan_reviewed: [moderate, complex]
  spec_ref: true
`

test(
  'wrk.yaml after accidents',
  async () => {
    const queue = tempFolder()
    mkdirSync(join(queue, 'pending'))
    const wanted = scaled(2000)
    let read = 0
    await campaignOfFiles(
      {
        name: 'wrk.yaml after accidents',
        cases: accidents(
          SETTINGS,
          SETTINGS.replaceAll('\n', '\r\n'),
          '{ttl: 90m, gates: {complex: [spec_ref]}}',
          '',
        ),
        isDone: cases => cases >= wanted,
        show: shown,
      },
      async bytes => {
        writeFileSync(join(queue, 'wrk.yaml'), bytes)
        const context = await orRefusal(() => openContext({ queue, env: {} }))
        if (context instanceof WrkError) {
          expect(context.code).toBe('USAGE')
          expect(context.message).toMatch(/wrk\.yaml:[1-9]\d*:[1-9]\d*: ./)
          return
        }
        read++
        const { settings } = context.store
        expect(settings.idPrefix).toMatch(/^[A-Za-z][A-Za-z0-9_-]*$/)
        expect(settings.ttlMs).toBeGreaterThanOrEqual(0)
        const { takeover, unlisted, worktrees } = settings
        expect(`${takeover} ${unlisted} ${worktrees}`).toMatch(
          /^(ttl|dead-only) (dead|unknown) (shared|own)$/,
        )
        const file = await readSettingsFile(queue)
        const { workflow } = readWorkflow(file!.fields)
        for (const [name, commands] of workflow.providers)
          for (const argv of Object.values(commands))
            if (!argv[0]) throw new Error(`the provider ${name} has no command`)
      },
    )
    expect(read).toBeGreaterThan(wanted / 10)
  },
  NO_TIMEOUT,
)

// --- the event log ---------------------------------------------------------------------------------------

function event(seq: number): LogEvent {
  return {
    ...newEvent(`2026-02-16T19:30:${String(seq % 60).padStart(2, '0')}Z`, seq % 2 ? 'granted' : 'released'),
    seq,
    item: `WRK-${seq}`,
    session: 'claude-é😀/helper',
    reason: seq % 3 ? null : 'said "so"\n',
    tx: `tx-${seq}`,
  }
}
const events = (from: number, to: number) =>
  eventLines(Array.from({ length: to - from + 1 }, (_, i) => event(from + i)))
const orNone = (bytes: fc.Arbitrary<Buffer>, weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: bytes })

test(
  'the event log after accidents',
  async () => {
    const stateDir = join(tempFolder(), '.wrk')
    const logs = fc.record({
      log: accidents(events(8, 14), events(8, 14).slice(0, -30), events(8, 8), '', '\0\0\0\0', '\n\n'),
      older: orNone(accidents(events(1, 7)), 2),
      tail: orNone(accidents(events(14, 14), events(15, 16)), 1),
    })
    const wanted = scaled(500)
    let tx = 0
    await campaignOfFiles(
      {
        name: 'the event log after accidents',
        cases: logs,
        isDone: cases => cases >= wanted,
        show: ({ log, older, tail }) =>
          `log ${shown(log)}, older ${older && shown(older)}, tail ${tail && shown(tail)}`,
      },
      async ({ log, older, tail }) => {
        rmSync(stateDir, { recursive: true, force: true })
        mkdirSync(stateDir)
        writeFileSync(join(stateDir, LOG), log)
        if (older) writeFileSync(join(stateDir, OLDER_LOG), older)
        if (tail) writeFileSync(join(stateDir, TAIL), tail)
        const before = readEvents(realDisk, stateDir)
        // What is left whole of a line is an event, and is reported.
        for (const line of log.toString('utf8').split('\n')) {
          const seq = parseEvent(line)?.seq
          if (seq !== undefined && !before.some(one => one.seq === seq))
            throw new Error(`not reported: ${line}`)
        }
        await repairLog(host, stateDir)
        expect(logState(realDisk, stateDir).state).toBe('whole')
        expect(await repairLog(host, stateDir)).toBe(false)
        expect(readEvents(realDisk, stateDir)).toEqual(before)

        const news = [0, 1].map(() => ({ ...newEvent('2026-02-16T19:31:00Z', 'granted'), tx: `new-${++tx}` }))
        await appendEvents(host, stateDir, news)
        await appendEvents(host, stateDir, news)
        const after = readEvents(realDisk, stateDir)
        expect(logState(realDisk, stateDir).state).toBe('whole')
        const own = readFileSync(join(stateDir, LOG), 'utf8').trimEnd().split('\n').slice(-2).map(parseEvent)
        expect(own.map(one => one?.tx)).toEqual(news.map(one => one.tx))
        expect(own[1]!.seq).toBe(own[0]!.seq + 1)
        // A number that an accident made large may be in the middle, where appending does not look.
        if (before.some(one => one.seq >= own[0]!.seq)) return
        expect(after).toEqual([...before, ...own])
      },
    )
  },
  NO_TIMEOUT,
)

// --- session locks ---------------------------------------------------------------------------------------

const LOCK: SessionLock = {
  runId: 'run-20260216T193005Z-k3x9f2',
  pid: 4242,
  host: 'devbox',
  startedAt: NOW,
  heartbeatAt: NOW,
  purpose: 'nightly é😀',
  ttlMs: 7_200_000,
  sessionId: 'claude-devbox-k3x9f2',
  pidOf: 'run',
  anchor: { started: '81423977', boot: '9f3c', pidns: '4026531836' },
}
const LOCKS = [
  lockText(LOCK),
  lockText({ ...LOCK, pid: null, anchor: null, ttlMs: null, purpose: null, pidOf: 'session' }),
  releasedText('run-1', 'holder', NOW),
  '{"run_id":"r1","pid":1,"host":"h","started_utc":"2026-02-16T19:30:05+01:00","purpose":"","ttl_sec":"7200"}',
  '\ufeff{"run_id": "r1"}\r\n',
]

test(
  'session locks after accidents',
  async () => {
    const place = lockPlace(lockFolder(tempFolder()), 'nightly')
    mkdirSync(place.path, { recursive: true })
    const wanted = scaled(4000)
    await campaign(
      {
        name: 'session locks after accidents',
        cases: accidents(...LOCKS),
        isDone: cases => cases >= wanted,
        show: shown,
      },
      bytes => {
        writeFileSync(place.file, bytes)
        const reading = readLockFile(realDisk, place)!
        let data: { run_id?: unknown } | undefined
        try {
          data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
        } catch {
          data = undefined
        }
        const isHeld = typeof data?.run_id === 'string' && data.run_id !== '' && !Array.isArray(data)
        expect(reading.kind === 'held').toBe(isHeld)
        if (reading.kind === 'corrupt') expect(reading.why).not.toBe('')
        if (reading.kind !== 'held') return
        // What is read can be written, and reads the same again.
        const again = parseLock(lockText(reading.lock))
        const lock = reading.lock.pid === null ? { ...reading.lock, pidOf: 'session' } : reading.lock
        expect(again).toEqual({ kind: 'held', lock })
      },
    )
  },
  NO_TIMEOUT,
)
