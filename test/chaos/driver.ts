/**
 * Makes a storm: workers (processes of their own, most of them below an agent to which their sessions are anchored)
 * work on one small queue, while this process kills some with all that they started, and stops others, past the TTL
 * too. It writes down what happened and what an onlooker sees, for checker.ts.
 *
 * What is killed and stopped, and what the workers do, follows from the seed; how it interleaves does not.
 * Nothing stays behind: every process is in a group that is killed, every file in one folder that is removed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AFTERWARDS, check, type Violation } from './checker.ts'
import type { Op, Recording, Sample } from './recording.ts'

export interface Storm {
  /** The checkout; its dist/ is what is tested. */
  root: string
  seconds: number
  seed: string
  /** The share of looks at other processes and at guards that give a wrong verdict; 0 for none. */
  wrong: number
  /** Somebody runs git stash, stash pop, reset --hard and checkout in the same tree. */
  git?: boolean
  workers?: number
}

export interface Report {
  violations: Violation[]
  recording: Recording
  counts: Record<string, number>
}

const TTL_SECONDS = 2
const LOCKS = ['deploy', 'nightly']
const now = () => Number(process.hrtime.bigint()) / 1e6

/** Items in the forms that people write: other line endings, comments, no lock yet, a byte order mark. */
const ITEMS: Record<string, string> = {
  'WRK-1': item('WRK-1'),
  'WRK-2': item('WRK-2').replaceAll('\n', '\r\n'),
  'WRK-3': item('WRK-3').replace('locked_by: ""', 'locked_by: ""   # who'),
  'WRK-4': item('WRK-4').replace(/locked_(?:by|at): ""\n/g, ''),
  'WRK-5': `\ufeff${item('WRK-5').replace('status: pending', "status: 'pending' # as ever")}`,
  'WRK-6': item('WRK-6').replace('related: []', 'related:\n  - WRK-1\n  - {id: WRK-2, why: "a: b"}'),
}

function item(id: string): string {
  return `---
id: ${id}
title: "What ${id} is about"
status: pending
# a comment of its author's
related: []
locked_by: ""
locked_at: ""
priority:   high
---

# ${id}

Text that nobody but its author changes.
locked_by: "not in the frontmatter"
`
}

interface Worker {
  name: string
  child: ChildProcess
  gone: Promise<void>
  /** What is to let it go on; ends with it. */
  stops: ChildProcess[]
}

export async function storm({
  root,
  seconds,
  seed,
  wrong,
  git = false,
  workers = 6,
}: Storm): Promise<Report> {
  const home = realpathSync.native(mkdtempSync(join(tmpdir(), 'wrk-chaos-')))
  const children = new Set<ChildProcess>()
  const keep = (child: ChildProcess) => {
    children.add(child)
    child.on('exit', () => children.delete(child))
    return child
  }
  const clear = () => {
    for (const child of children) killGroup(child)
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  const parent = process.ppid
  const orphaned = setInterval(() => process.ppid !== parent && process.exit(1), 500)
  const interrupted = () => process.exit(130)
  process.on('exit', clear)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted)
  try {
    return await run()
  } finally {
    clearInterval(orphaned)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupted)
    process.off('exit', clear)
    clear()
  }

  async function run(): Promise<Report> {
    const queue = makeQueue(home)
    const gitter = git ? keep(startGit(queue)) : null
    const random = randomOf(seed)
    const recording: Recording = {
      mode: wrong > 0 ? 'wrong' : 'right',
      git,
      ttlMs: TTL_SECONDS * 1000,
      originals: ITEMS,
      ops: [],
      deaths: [],
      samples: [],
      log: [],
      logAtEnd: [],
      files: [],
      sessions: {},
      leftovers: [],
    }
    const log = new LogReader(queue)
    const until = now() + seconds * 1000
    const common = { home, queue, root, wrong, until }
    let born = 0
    let stops = 0
    const alive: Worker[] = []
    const bear = () => {
      const n = born++
      const worker = startWorker({ ...common, name: `w${n}`, seed: `${seed}/${n}`, anchored: n % 3 !== 2, n })
      keep(worker.child)
      alive.push(worker)
    }
    while (alive.length < workers) bear()

    let nextBlow = now() + 500
    while (now() < until) {
      await pause(20)
      log.read()
      sample(queue, recording.samples, Object.keys(ITEMS)[Math.floor(random() * 6)]!)
      if (now() < nextBlow) continue
      nextBlow = now() + 100 + random() * 700
      const victim = alive[Math.floor(random() * alive.length)]!
      const blow = random()
      if (blow < 0.4) {
        recording.deaths.push({ worker: victim.name, at: now() })
        kill(victim)
        alive.splice(alive.indexOf(victim), 1)
        await victim.gone
        bear()
      } else if (blow < 0.9 && victim.child.exitCode === null) {
        stops++
        const past = random() < 0.35
        victim.stops.push(
          keep(stop(victim.child, past ? TTL_SECONDS + 0.3 + random() * 1.5 : 0.03 + random() * 0.4)),
        )
      }
    }
    for (const worker of alive) {
      recording.deaths.push({ worker: worker.name, at: now() })
      kill(worker)
    }
    await Promise.all(alive.map(({ gone }) => gone))
    for (const { child } of alive) await emptied(child.pid!)
    if (gitter) {
      await endGit(gitter, queue)
      recording.stashed = Object.keys(ITEMS).filter(id => removedByGit(queue).includes(`/${id}.md`))
    }
    log.read()

    const blowsOfWorkers = readJournals(home, recording.ops)
    if (blowsOfWorkers.length > 0) throw new Error(`a worker broke:\n${blowsOfWorkers.join('\n')}`)
    await afterwards(common, recording)
    log.read()
    recording.log = log.lines
    recording.logAtEnd = log.whole()
    recording.files = filesOf(queue)
    recording.sessions = sessionsOf(queue)
    recording.leftovers = ['tmp', 'guards', 'outbox', 'runs', 'moves', 'conflicts'].flatMap(folder =>
      namesIn(join(queue, '.wrk', folder)).map(name => `${folder}/${name}`),
    )
    const { ops, deaths, samples } = recording
    const inLog = (type: string) => recording.log.filter(line => line.includes(`"type":"${type}"`)).length
    return {
      violations: check(recording),
      recording,
      counts: {
        calls: ops.length,
        'refused (4)': ops.filter(({ code }) => code === 4).length,
        'busy (75)': ops.filter(({ code }) => code === 75).length,
        'calls cut short': ops.filter(({ code }) => code === null).length,
        workers: born,
        'workers killed': deaths.length,
        stops,
        looks: samples.length,
        events: recording.log.length - PREFILLED,
        takeovers: inLog('takenOver'),
        'git commands': git ? readFileSync(join(queue, '.git', 'calls'), 'utf8').length : 0,
        rotated: existsSync(join(queue, '.wrk', 'events.1.jsonl')) ? 1 : 0,
      },
    }
  }
}

/** The log begins so long that it is rotated within the storm: at a megabyte. */
const PREFILLED = 5200
const PREFILLED_BYTES = 1024 * 1024 - 4096

function makeQueue(home: string): string {
  const queue = join(home, 'queue')
  for (const folder of ['pending', 'working', 'blocked', 'done', 'archive', '.wrk'])
    mkdirSync(join(queue, folder), { recursive: true })
  for (const [id, text] of Object.entries(ITEMS)) writeFileSync(join(queue, 'pending', `${id}.md`), text)
  const lines = Array.from({ length: PREFILLED }, (_, i) => {
    const event = { seq: i + 1, time: '2026-01-01T00:00:00Z', type: 'refused', item: null, session: 'before' }
    const rest = { previous_holder: null, reason: '', forced: false, tx: `before${i}` }
    const line = JSON.stringify({ ...event, ...rest })
    const reason = '.'.repeat(Math.floor(PREFILLED_BYTES / PREFILLED) - line.length - 1)
    return `${JSON.stringify({ ...event, ...rest, reason })}\n`
  })
  writeFileSync(join(queue, '.wrk', 'events.jsonl'), lines.join(''))
  symlinkSync('/bin/bash', join(home, 'claude'))
  mkdirSync(join(home, 'journals'))
  return queue
}

/**
 * What git does in the tree while others work: each command is one letter in `.git/calls`. A stash that was taken after
 * wrk had moved an item holds its removal from where it was; what popping such a stash may remove is in `.git/removed`.
 */
const GIT_AT_WORK = `while :; do
  case $((RANDOM % 4)) in
    0) git stash -q ;;
    1) git diff --name-only --diff-filter=D 'stash@{0}^1' 'stash@{0}' >>.git/removed
       git stash pop -q ;;
    2) git reset -q --hard ;;
    3) git checkout -q -- . ;;
  esac >/dev/null 2>&1
  printf x >>.git/calls
  sleep 0.$((RANDOM % 4))$((RANDOM % 10))
done`

function startGit(queue: string): ChildProcess {
  writeFileSync(join(queue, '.gitignore'), '.wrk/\nsession-state.yaml\n')
  const env = { ...cleanEnv(queue), GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  const as = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    [...as, 'commit', '-q', '-m', 'the queue'],
  ]) {
    const { status, stderr } = spawnSync('git', args, { cwd: queue, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  }
  const name = { GIT_AUTHOR_NAME: 't', GIT_AUTHOR_EMAIL: 't@example.org' }
  const committer = { GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@example.org' }
  for (const name of ['calls', 'removed']) writeFileSync(join(queue, '.git', name), '')
  return spawn('/bin/bash', ['-c', GIT_AT_WORK], {
    cwd: queue,
    env: { ...env, ...name, ...committer },
    stdio: 'ignore',
    detached: true,
  })
}

async function endGit(child: ChildProcess, queue: string): Promise<void> {
  killGroup(child)
  await emptied(child.pid!)
  rmSync(join(queue, '.git', 'index.lock'), { force: true })
}

const removedByGit = (queue: string) => readFileSync(join(queue, '.git', 'removed'), 'utf8')

interface Common {
  home: string
  queue: string
  root: string
  wrong: number
  until: number
}

/** The built command, or the standalone executable that WRK_TEST_EXE names (1: in its usual place). */
function commandOf(root: string): readonly [program: string, ...first: string[]] {
  const exe = process.env.WRK_TEST_EXE
  if (!exe) return [process.execPath, join(root, 'dist', 'wrk.cjs')]
  return [resolve(root, exe === '1' ? `dist-exe/wrk-${process.platform}-${process.arch}` : exe)]
}

function startWorker(about: Common & { name: string; seed: string; anchored: boolean; n: number }): Worker {
  const { home, root, wrong, n, name } = about
  const here = join(root, 'test', 'chaos')
  const journal = join(home, 'journals', name)
  const config = {
    ...about,
    here,
    dist: join(root, 'dist'),
    command: commandOf(root),
    items: Object.keys(ITEMS),
    locks: LOCKS,
    ttlSeconds: TTL_SECONDS,
    helper: n % 4 === 3 ? 'helper' : null,
    skewMs: [0, 400, -400, 0, 900][n % 5],
    journal: `${journal}.jsonl`,
  }
  const hook = wrong > 0 ? ['--require', join(here, 'wrong-verdicts.cjs')] : []
  const program = [process.execPath, ...hook, join(here, 'worker.mjs'), JSON.stringify(config)]
  const errors = openSync(`${journal}.err`, 'w')
  // The agent: a process that outlives each call, and to which sessions are anchored.
  const child = spawn(
    join(home, 'claude'),
    ['--norc', '--noprofile', '-c', '"$@"; exit $?', 'claude', ...program],
    {
      cwd: home,
      env: { ...cleanEnv(home), ...(wrong > 0 ? { CHAOS_WRONG_VERDICTS: String(wrong) } : {}) },
      stdio: ['ignore', errors, errors],
      detached: true,
    },
  )
  closeSync(errors)
  return { name, child, stops: [], gone: new Promise(settle => child.on('close', () => settle())) }
}

const cleanEnv = (home: string) => ({
  PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
  HOME: home,
  LANG: 'C.UTF-8',
})

/**
 * Kills a child with its group. Only while it has not been collected: after that, its number may be given to a
 * process that is not ours.
 */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function kill({ child, stops }: Worker): void {
  for (const stop of stops) killGroup(stop)
  killGroup(child)
}

/** Stops a group for a while. By a process of its own, so that it goes on even if this one is killed. */
function stop({ pid }: ChildProcess, seconds: number): ChildProcess {
  const line = `kill -STOP -- -${pid}; sleep ${seconds.toFixed(2)}; kill -CONT -- -${pid}`
  return spawn('/bin/sh', ['-c', line], { stdio: 'ignore', detached: true })
}

/** Waits until nothing of a group runs; zombies that nobody collects do not. */
async function emptied(group: number): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '--no-headers', '-g', String(group)], {
      encoding: 'utf8',
    })
    if (!/^[^Z\s]/m.test(stdout)) return
    await pause(5)
  }
}

/** Follows the log as it grows, through its rotations. */
class LogReader {
  readonly lines: string[] = []
  private readonly files: string[]
  private readonly read_ = new Map<bigint, number>()

  constructor(queue: string) {
    this.files = ['events.1.jsonl', 'events.jsonl'].map(name => join(queue, '.wrk', name))
  }

  read(): void {
    // Opened first: a rotation between the two would otherwise hide what was written last.
    const [older, newer] = this.files.map(open)
    // Rotated between the two: its last lines come first all the same.
    const later = older === null || newer === null ? open(this.files[0]!) : null
    for (const fd of [older, newer, later]) if (fd != null) this.follow(fd)
  }

  private follow(fd: number): void {
    const { ino, size } = fstatSync(fd, { bigint: true })
    const from = this.read_.get(ino) ?? 0
    const buffer = Buffer.alloc(Math.max(0, Number(size) - from))
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, from))
    closeSync(fd)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) return
    this.lines.push(
      ...text
        .slice(0, end - 1)
        .split('\n')
        .filter(line => line !== ''),
    )
    this.read_.set(ino, from + Buffer.byteLength(text.slice(0, end)))
  }

  whole(): string[] {
    return this.files.flatMap(path => (existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []))
  }
}

function open(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

/** The files of the queue's folders, by their paths below it. */
function filesOf(queue: string): { path: string; text: string }[] {
  const under = (folder: string): string[] =>
    readdirSync(join(queue, folder), { withFileTypes: true }).flatMap(entry =>
      entry.isDirectory() ? under(join(folder, entry.name)) : [join(folder, entry.name)],
    )
  return ['pending', 'working', 'blocked', 'done', 'archive']
    .flatMap(under)
    .map(path => ({ path, text: readFileSync(join(queue, path), 'utf8') }))
}

/** Of each entry of the list: its id, and whether it has no end. */
/** Sessions by their own files, which are the truth. */
function sessionsOf(queue: string): Recording['sessions'] {
  const folder = join(queue, '.wrk', 'sessions')
  const files = namesIn(folder).map(name => readFileSync(join(folder, name), 'utf8'))
  const sessions = files.map(text => JSON.parse(text) as { session_id: string; ended_at: string | null })
  return Object.fromEntries(sessions.map(({ session_id, ended_at }) => [session_id, ended_at === null]))
}

/** Looks at an item's file, wherever it is; passes over one that is just being moved. */
function sample(queue: string, samples: Sample[], id: string): void {
  const months = namesIn(join(queue, 'archive')).map(name => `archive/${name}`)
  for (const folder of ['pending', 'working', 'blocked', 'done', ...months]) {
    const from = now()
    const fd = open(join(queue, folder, `${id}.md`))
    if (fd === null) continue
    const text = readFileSync(fd, 'utf8')
    closeSync(fd)
    samples.push({ from, to: now(), item: id, text })
    return
  }
}

/** Reads what the workers wrote down. @returns what broke them */
function readJournals(home: string, ops: Op[]): string[] {
  const folder = join(home, 'journals')
  const broken: string[] = []
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    if (name.endsWith('.err')) {
      if (text.trim() !== '') broken.push(`${name}: ${text}`)
      continue
    }
    const calls = new Map<number, Op>()
    for (const line of text.split('\n'))
      try {
        const op = JSON.parse(line) as Op
        calls.set(op.n, op)
      } catch (error) {
        // The worker was killed while it wrote its last line.
        if (!(error instanceof SyntaxError)) throw error
      }
    ops.push(...calls.values())
  }
  return broken
}

/** A stranger whose clock is ahead claims and releases everything, and writes once more to each item. */
async function afterwards({ home, queue, root }: Common, recording: Recording): Promise<void> {
  const env = {
    ...cleanEnv(home),
    WRK_QUEUE: queue,
    WRK_SESSION_ID: AFTERWARDS,
    WRK_NOW: '+6h',
    LOCK_TTL_SECONDS: String(TTL_SECONDS),
  }
  let n = 0
  const call = (verb: string, target: string, who: string, args: string[]): Op => {
    const begin = now()
    const [program, ...first] = commandOf(root)
    const { status, stdout, stderr } = spawnSync(program, [...first, ...args, '--json'], {
      cwd: home,
      env,
      encoding: 'utf8',
    })
    const json = JSON.parse(stdout)
    const op: Op = {
      ...{
        worker: AFTERWARDS,
        n: n++,
        session: AFTERWARDS,
        who,
        item: target,
        verb,
        via: 'command',
        clock: '+6h',
      },
      ...{ begin, end: now(), code: status, error: json.error?.code ?? null, kind: json.kind ?? null },
      ...{ changed: status === 0 && json.changed !== false && json.released !== false },
      ...{ lockedAt: json.lock?.locked_at ?? null, holder: null, superseded: [], released: [], value: null },
      ...{ warned: false, showsLater: /does not show it yet/.test(stderr), said: stderr },
    }
    recording.ops.push(op)
    return op
  }
  for (const id of Object.keys(ITEMS)) {
    if (call('claim', id, AFTERWARDS, ['claim', id]).error === 'CLOSED') {
      call('reopen', id, AFTERWARDS, ['reopen', id])
      call('claim', id, AFTERWARDS, ['claim', id])
    }
    // Of the commands that write, this is one that completes moves.
    call('start', id, AFTERWARDS, ['start', id])
    call('release', id, AFTERWARDS, ['release', id])
  }
  for (const lock of LOCKS) {
    const run = ['--run-id', AFTERWARDS]
    call('claim', `lock:${lock}`, AFTERWARDS, ['lock', 'claim', lock, ...run])
    call('release', `lock:${lock}`, AFTERWARDS, ['lock', 'release', lock, ...run])
  }
}

/** mulberry32 over FNV-1a, as in worker.mjs. */
function randomOf(seed: string): () => number {
  let state = 0x811c9dc5
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
