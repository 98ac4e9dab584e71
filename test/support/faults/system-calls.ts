/**
 * System calls of the built command that fail, or at which it is killed, by strace.
 *
 * `atEachCrash` and `atEachFailure` run the command once undisturbed and write down each system call that changes
 * something in the queue (or has to do with it at all); then they run it again for each of them, on a fresh copy of
 * the queue, and kill it with SIGKILL in place of that call, or let the call fail.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { finished, start, tempFolder } from '../processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM } from '../program.ts'
import { markAsNew, Queue } from '../queue.ts'
import { type Result, resultOf } from '../result.ts'
import { type Args, words } from '../run.ts'

/** Whether system calls can be made to fail; tests that need it are skipped where not. */
export function haveStrace(): boolean {
  const options = ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true']
  return spawnSync('strace', options).status === 0
}

export interface Injected {
  result: Result
  /** How many calls were made to fail. */
  hits: number
}

/** Runs the command as the session `tester`, with some of its system calls failing: `fsync,rename:error=EIO:when=2`. */
export function runInjected(queue: Queue, args: Args, inject: string): Injected {
  const trace = join(queue.home, 'trace')
  const [calls] = inject.split(':')
  const done = spawnSync('strace', tracing(trace, `trace=${calls}`, `inject=${inject}`, args), {
    cwd: queue.home,
    env: envOf(queue, 'tester'),
    encoding: 'utf8',
  })
  const hits = readFileSync(trace, 'utf8')
    .split('\n')
    .filter(line => /INJECTED|SIGKILL/.test(line)).length
  return { result: resultOf(done.status, done.stdout, done.stderr), hits }
}

const envOf = (queue: Queue, session: string, more: Env = {}) =>
  cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: session, ...more })

const tracing = (file: string, trace: string, inject: string | null, args: Args) => [
  '-f',
  '-y',
  '-qq',
  ...['-o', file, '-e', trace],
  ...(inject ? ['-e', inject] : []),
  PROGRAM,
  ...FIRST,
  ...words(args),
]

/** What changes something; the one of each pair that an architecture does not have is passed over. */
const CHANGING = [
  ...['openat', '?mkdir', '?mkdirat', '?rename', '?renameat', '?renameat2', '?link', '?linkat', '?symlink'],
  ...['?symlinkat', '?unlink', '?unlinkat', '?rmdir', 'write', 'writev', 'pwrite64', 'pwritev', 'ftruncate'],
  ...['?chmod', 'fchmod', 'fchmodat', 'fchown', 'fchownat', 'utimensat', 'copy_file_range'],
].join()

/** What else can fail. */
const READING = 'fsync,fdatasync,read,pread64,getdents64,fstat,?newfstatat,?lstat,?stat,?statx'

/** A system call, as its process's nth of that name. */
interface Call {
  name: string
  number: number
  /** What it does, the same in every run. */
  text: string
  /** It was made to fail. */
  failed: boolean
}

/** Names of guards, which tell the process, and other things that are random. */
const PASSING = /\d+\.\w+\.\w+\.\d+\.[0-9a-f]{8}\.\w+/g

/** The calls of a trace that have to do with something below a folder, in their order; or those that change it. */
function callsOf(trace: string, folder: string, all = false): Call[] {
  const counts = new Map<string, number>()
  return readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, pid, name, message] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? []
      if (!pid || !name || !message) return []
      const number = (counts.get(`${pid} ${name}`) ?? 0) + 1
      counts.set(`${pid} ${name}`, number)
      // What is written may hold anything; the file that it goes to comes before it.
      const [where = ''] = /write|read/.test(name) ? message.split(', "') : [message]
      const paths = [...where.matchAll(/["<]([^"<>]*)[">]/g)]
        .map(([, path]) => path!)
        .filter(path => path.startsWith(`${folder}/`))
      if (paths.length === 0 || (!all && name === 'openat' && !/O_CREAT|O_TRUNC/.test(message))) return []
      const names = [...new Set(paths)].map(path => path.slice(folder.length + 1).replace(PASSING, '~'))
      return [{ name, number, text: `${name} ${names.join(' -> ')}`, failed: line.endsWith('(INJECTED)') }]
    })
}

async function traced(queue: Queue, args: Args, env: Env, calls: string, fault?: string) {
  const trace = join(queue.home, 'trace')
  const options = tracing(trace, `trace=${calls}`, fault ? `inject=${calls}:${fault}` : null, args)
  const result = await finished(start('strace', options, { cwd: queue.home, env }))
  return { result, trace }
}

/** Which call of a name is the first that has to do with the queue; 0 when there is none. */
const firstOf = (trace: string, folder: string, name: string): number =>
  callsOf(trace, folder, true).find(call => call.name === name)?.number ?? 0

/** What was there before the command, what is there now that it was killed, and what an undisturbed run came to. */
export interface Crash {
  /** What was to be done: `rename .wrk/guards/wrk-1/~ -> pending/WRK-1.md`. */
  call: string
  /** The queue after it. */
  queue: Queue
  /** Which one it is, from 1. */
  number: number
  before: Visible
  /** After a run that nobody disturbed. */
  done: Visible
}

export interface CrashOptions {
  session?: string
  /** Only calls that are shown like this: `rename .wrk/guards/wrk-1/~ -> pending/WRK-1.md`. */
  only?: RegExp
}

/**
 * Kills a command in place of each of its system calls that change something in the queue, in turn, two at a time.
 * @param template the queue before the command; each run gets a copy of it
 * @returns how many crashes there were
 */
export function atEachCrash(
  template: Queue,
  args: Args,
  check: (crash: Crash) => Promise<void>,
  options: CrashOptions = {},
): Promise<number> {
  return atEach(template, args, { ...options, fault: 'signal=SIGKILL' }, async (result, made, crash) => {
    // It was killed, and at this very call.
    expect([result.code, made.at(-1)?.text]).toEqual([null, crash.call])
    await check(crash)
  })
}

/** Lets each system call of a command that has to do with the queue fail in turn, two at a time; like `atEachCrash`. */
export function atEachFailure(
  template: Queue,
  args: Args,
  errno: string,
  check: (failed: Crash & { result: Result }) => Promise<void>,
  options: CrashOptions = {},
): Promise<number> {
  const fault = { fault: `error=${errno}`, all: true }
  return atEach(template, args, { ...options, ...fault }, (result, made, crash) => {
    expect(made.filter(({ failed }) => failed).map(({ text }) => text)).toEqual([crash.call])
    return check({ ...crash, result })
  })
}

/** How often a call is aimed at before it counts as not made. */
const TRIES = 30
const STRAIGHT = 10

/** How far from where it should be a call is looked for: at first nowhere else, then 1, -1, 2, -2 … away. */
function nearby(tries: number): number {
  const steps = tries - STRAIGHT + 1
  if (steps <= 0) return 0
  return steps % 2 === 0 ? -steps / 2 : (steps + 1) / 2
}

async function atEach(
  template: Queue,
  args: Args,
  { session = 'tester', only = /^/, fault, all = false }: CrashOptions & { fault: string; all?: boolean },
  check: (result: Result, made: readonly Call[], crash: Crash) => Promise<void>,
): Promise<number> {
  const before = visible(template)
  // The same instant in every run: a heartbeat that is due in one of them would be another call.
  const now = { WRK_NOW: new Date().toISOString() }
  const trial = copyOf(template)
  const calls = all ? `${CHANGING},${READING}` : CHANGING
  const { result, trace } = await traced(trial, args, envOf(trial, session, now), calls)
  expect([args, result.code, result.stderr]).toEqual([args, 0, expect.any(String)])
  const done = visible(trial)
  const points = callsOf(trace, trial.root, all).filter(({ text }) => only.test(text))
  const failures: string[] = []
  const disturb = async (call: Call, index: number) => {
    try {
      const first = firstOf(trace, trial.root, call.name)
      // How many files Node opens before it comes to the queue differs now and then, and between its calls there.
      for (let tries = 0, shift = 0; ; tries++) {
        const queue = copyOf(template)
        const once = `${fault}:when=${Math.max(1, call.number + shift + nearby(tries))}`
        const ended = await traced(queue, args, envOf(queue, session, now), call.name, once)
        const made = callsOf(ended.trace, queue.root, true)
        // Where the number is past all of its calls, nothing was hit, and the command ended as ever.
        const struck = made.find(({ failed }) => failed) ?? (ended.result.code === null ? made.at(-1) : null)
        const late = firstOf(ended.trace, queue.root, call.name) - first
        if (struck?.text !== call.text && tries < TRIES) {
          shift = late > -first ? late : 0
          continue
        }
        await check(ended.result, made, { queue, number: index + 1, before, done, call: call.text })
        return
      }
    } catch (error) {
      failures.push(`${fault} at ${index + 1} of ${points.length}, ${call.text}: ${(error as Error).message}`)
    }
  }
  const left = [...points.entries()]
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await disturb(next[1], next[0])
  }
  await Promise.all([worker(), worker()])
  expect(failures).toEqual([])
  return points.length
}

/** The same queue in a folder of its own. */
export function copyOf(template: Queue): Queue {
  const queue = new Queue(tempFolder())
  cpSync(template.root, queue.root, { recursive: true, preserveTimestamps: true })
  // For wrk it would be a copy of a queue that is in use elsewhere, whose claims are not its own.
  rmSync(join(queue.root, '.wrk', 'state.json'), { force: true })
  markAsNew(queue.root)
  return queue
}

/** In `.wrk`: who holds what, and who is at work. The rest of it is in use only while a command runs, or a cache. */
const TRUTH = /^\.wrk\/(ops\/locks|claims|sessions)\//

/** What counts in a queue, by its path: what people and other programs see, the records and the sessions. */
export type Visible = Record<string, string>

export function visible(queue: Queue): Visible {
  const files = readdirSync(queue.root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(queue.root.length + 1))
    .filter(name => !name.startsWith('.wrk/') || TRUTH.test(name))
  return Object.fromEntries(files.sort().map(name => [name, queue.read(name)]))
}

const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g
/** Which file a claim was made on: every copy of a queue has others. */
const MADE_ON = /"made_on":"[^"]*"/g
/** A text without the times in it. */
export const timeless = (text: string | undefined): string | undefined =>
  text?.replace(STAMP, 'TIME').replace(MADE_ON, '"made_on":"FILE"')

/** What a session works on: there may be something else between the old and the new. */
const WORK = /\b(active_wrk): (?:null|"(?:WRK-\d+)?")$|\b(claims): \[.*\]$/gm

/**
 * Every file is the old one, byte for byte, or the new one apart from times. `session-state.yaml` may be changed more
 * than once by one command: each of its lines is one of the old or of the new file, and none is missing.
 */
export function expectOldOrNew(queue: Queue, { before, done }: Pick<Crash, 'before' | 'done'>): void {
  const now = visible(queue)
  for (const name of new Set([...Object.keys(now), ...Object.keys(before), ...Object.keys(done)])) {
    const [text, old, whole] = [now[name], before[name], timeless(done[name])]
    if (text === old || timeless(text) === whole) continue
    expect([name, text]).toEqual(['session-state.yaml', expect.any(String)])
    const lines = (of: string | undefined) => (timeless(of) ?? '').replace(WORK, '$1$2: WORK').split('\n')
    const known = new Set([...lines(old), ...lines(whole)])
    expect(lines(text).filter(line => !known.has(line))).toEqual([])
    expect([lines(old).length, lines(whole).length]).toContain(lines(text).length)
    expect([lines(old).at(-1), lines(whole).at(-1)]).toContain(lines(text).at(-1))
  }
}
