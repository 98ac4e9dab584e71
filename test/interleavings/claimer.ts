/**
 * One process of the search: production code, run so that it can be stopped before any of its steps.
 *
 * The code is synchronous between its steps and cannot be paused, so it is run again from its start: the results
 * of its steps so far are given back to it one by one, and at the step after those it is stopped by an exception
 * that no production code catches. What it does next is thus a function of the results that it was given, and is
 * worked out once for every history of results: the histories form a tree, and its nodes stand for the process's
 * own state.
 *
 * A `finally` of production code that runs on the way out does nothing: after it was stopped, every further step
 * throws as well. Random letters are counted, waiting advances a clock of the process's own, and a guard's name is
 * written short (PID~LETTERS), without the count that differs from run to run.
 */
import { constants } from 'node:fs'
import { codeOf } from '../../src/core/errno.ts'
import { WrkError } from '../../src/core/errors.ts'
import { shortHash } from '../../src/core/hash.ts'
import type { Disk } from '../../src/store/files/disk.ts'
import type { GuardHost } from '../../src/store/files/guard.ts'
import { type Call, digest, type Result, type Stat } from './model-disk.ts'

/** A step: an operation of the disk, a look at a process, or a pause. */
export type Step = Call | { call: 'look'; pid: number } | { call: 'sleep' }

/** How a run ended: what it returned, or the code of what it threw. */
export interface Outcome {
  result: unknown
  error: string | null
}

/** One history of results, and what comes after it. */
export interface Moment {
  id: number
  before: { moment: Moment; result: Result } | null
  step: Step | null
  /** How many times it had begun to try for a guard. */
  guards: number
  outcome: Outcome | null
  after: Map<string, Moment>
}

/** Thrown to stop a run; no Error, so that nothing that handles errors takes it for one. */
const STOPPED = Symbol('stopped')

export const QUEUE = '/queue'
const STARTED = '7'
const PLACE = { host: 'box', boot: '12345678', pidns: '1' }

/** So many random words at most are drawn between two pauses: two names for each of seven guards, some of changes. */
const LETTERS_A_TURN = 18

let moments = 0

function moment(before: Moment['before']): Moment {
  return { id: moments++, before, step: null, guards: 0, outcome: null, after: new Map() }
}

export type Program = (host: GuardHost) => Promise<unknown>
/** A change to how a program's steps reach the disk: a protocol with two of its steps swapped. */
export type Mutation = (disk: Disk) => Disk

export class Claimer {
  readonly start = moment(null)
  /** Runs of production code so far. */
  runs = 0
  readonly name: string
  readonly pid: number
  /** A program that knows no guard: each of its steps is one. */
  readonly isOutsider: boolean
  private readonly firsts = new Map<string, Moment>()
  private readonly aliases = new Map<Moment, Moment>()
  private readonly program: Program
  private readonly attempts: number
  private readonly mutation: Mutation

  /**
   * @param name one letter; part of all that the process makes
   * @param attempts how often it tries to get a guard before it ends
   */
  constructor(
    name: string,
    attempts: number,
    program: Program,
    mutation: Mutation = disk => disk,
    isOutsider = false,
  ) {
    this.name = name
    this.isOutsider = isOutsider
    this.pid = pidOf(name)
    this.attempts = attempts
    this.program = program
    this.mutation = mutation
  }

  /** The moment after a step ended so. */
  next(at: Moment, result: Result): Moment {
    const key = textOf(result)
    let after = at.after.get(key)
    if (!after) {
      after = moment({ moment: at, result })
      at.after.set(key, after)
    }
    return after
  }

  /**
   * The moment that stands for all in which a process knows no more than what the key says: the first one met.
   * What comes next must be the same for all of them; `checkMerged` makes sure of it.
   */
  merged(key: string, at: Moment): Moment {
    const first = this.firsts.get(key)
    if (!first) this.firsts.set(key, at)
    else if (first !== at) this.aliases.set(at, first)
    return first ?? at
  }

  async checkMerged(): Promise<void> {
    for (const [at, first] of this.aliases) {
      for (const one of [at, first]) await this.hold(one)
      const same = at.step
        ? first.step && sameStep(at.step, first.step)
        : at.outcome?.error === first.outcome?.error
      if (!same)
        throw new Error(`${this.name} knows more than it should: ${at.step && describeStep(at.step)}`)
    }
  }

  /** Finds out what comes next, and does not do it. */
  async hold(at: Moment): Promise<void> {
    if (at.step || at.outcome) return
    at.outcome = await this.explore(at, (step, guards) => {
      Object.assign(at, { step, guards })
      return null
    })
  }

  /**
   * Finds out what comes after a moment. `perform` is asked for every step that was not made yet; it gives the
   * result of one that is to be made at once, or null to stop there. `guards`: see Moment.
   */
  async explore(at: Moment, perform: (step: Step, guards: number) => Result | null): Promise<Outcome | null> {
    this.runs++
    const history: { step: Step; result: Result }[] = []
    for (let one = at.before; one; one = one.moment.before)
      history.push({ step: one.moment.step!, result: one.result })
    history.reverse()
    let done = 0
    let stopped = false
    let strayed: Error | null = null
    const make = (step: Step): Result => {
      if (stopped) throw STOPPED
      const known = history[done++]
      if (known && sameStep(known.step, step)) return known.result
      if (known)
        strayed = new Error(
          `not the same step as before: ${describeStep(step)}, not ${describeStep(known.step)}`,
        )
      const result = known ? null : perform(step, guards)
      if (result) return result
      stopped = true
      throw STOPPED
    }

    let clock = 0
    let letters = 0
    let guards = 0
    const patience = this.attempts - 1.5
    const host: GuardHost = {
      disk: this.mutation(diskOf(make)),
      self: { pid: this.pid, started: STARTED, place: PLACE },
      look: pid => {
        const { look } = make({ call: 'look', pid })
        return look === 'running' ? { kind: 'running', started: STARTED } : { kind: 'gone' }
      },
      randomLetters: count => this.name + (letters++).toString(36).padStart(count - 1, '0'),
      sleep: async () => {
        make({ call: 'sleep' })
        if (letters > LETTERS_A_TURN * ++clock) throw new Error('more random letters than expected')
        letters = LETTERS_A_TURN * clock
      },
      // Patience is compared to the clock before each pause, a pause takes 1. Who tries for a guard asks for it once.
      get patienceMs() {
        guards++
        return patience
      },
    }
    const { uptime } = process
    process.uptime = () => clock / 1000
    let outcome: Outcome
    try {
      outcome = { result: await this.program(host), error: null }
    } catch (error) {
      const expected = error instanceof WrkError || codeOf(error) !== undefined
      if (!stopped && !expected) strayed ??= error as Error
      outcome = { result: null, error: error instanceof WrkError ? error.code : (codeOf(error) ?? 'BUG') }
    } finally {
      process.uptime = uptime
    }
    if (strayed) throw strayed
    return stopped ? null : outcome
  }
}

const pidOf = (name: string): number => name.charCodeAt(0)

function textOf({ code, fd, stat, bytes, names, count, look }: Result): string {
  const { ino, kind, size, mode, version } = stat ?? ({} as Partial<Stat>)
  const read = bytes && (bytes.length > 32 ? digest(bytes.toString('latin1')) : bytes.toString('latin1'))
  const seen = stat && [ino, kind, size, mode, version].join()
  return [code, fd, seen, read, names?.map(name => name.join()).join('/'), count, look].join('|')
}

function sameStep(one: Step, other: Step): boolean {
  const keys = Object.keys(one) as (keyof Step)[]
  return keys.every(key => {
    const [a, b] = [one[key], other[key]] as unknown[]
    return a === b || (Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b))
  })
}

/** A step as a person reads it. */
export function describeStep(step: Step): string {
  if ('to' in step) return `rename ${step.path} -> ${step.to}`
  if ('path' in step)
    return `${step.call} ${step.path || '.'}${step.call === 'open' && step.create ? ' (create)' : ''}`
  if ('fd' in step) return `${step.call} #${step.fd}`
  return 'pid' in step ? `look at process ${step.pid}` : 'pause'
}

// --- what production code sees --------------------------------------------------------------------------

const NAME = /(\d+)\.[0-9A-Za-z]+\.[0-9A-Za-z]+\.\d+\.[0-9a-f]{8}\.([a-z0-9]{8})[0-9a-z]*/g
const SHORT = /^(\d+)~([a-z0-9]{8})(\.[ab])?$/
const LONG = `$1.${STARTED}.${PLACE.boot}.${PLACE.pidns}.${shortHash(PLACE.host)}.$2$3`

/** The path below the queue, with guards' names written short. */
function short(path: unknown): string {
  if (typeof path !== 'string' || !`${path}/`.startsWith(`${QUEUE}/`))
    throw new Error(`outside the queue: ${path}`)
  return path.slice(QUEUE.length + 1).replace(NAME, '$1~$2')
}

function failed(code: string, step: Step): Error {
  const path = 'path' in step ? { path: step.path } : {}
  return Object.assign(new Error(`${code}: ${describeStep(step)}`), { code, syscall: step.call, ...path })
}

function diskOf(make: (step: Step) => Result): Disk {
  const must = (step: Step): Result => {
    const result = make(step)
    if (result.code !== undefined) throw failed(result.code, step)
    return result
  }
  const disk = {
    openSync(path: string, flags: number | string) {
      const create = typeof flags === 'string' ? flags !== 'r' : (flags & constants.O_CREAT) !== 0
      const write =
        typeof flags === 'string' ? flags !== 'r' : (flags & (constants.O_RDWR | constants.O_WRONLY)) !== 0
      const exclusive = flags === 'wx'
      return must({ call: 'open', path: short(path), write, create, exclusive, truncate: flags === 'w' }).fd!
    },
    closeSync: (fd: number) => void must({ call: 'close', fd }),
    fsyncSync: (fd: number) => void must({ call: 'fsync', fd }),
    fchmodSync: (fd: number) => void must({ call: 'fchmod', fd }),
    fstatSync: (fd: number, options?: { bigint?: boolean }) =>
      statsOf(must({ call: 'fstat', fd }).stat!, options),
    lstatSync: (path: string, options?: { bigint?: boolean }) =>
      statsOf(must({ call: 'lstat', path: short(path) }).stat!, options),
    readSync(fd: number, buffer: Buffer, offset: number, length: number, position: number) {
      return must({ call: 'read', fd, length, position }).bytes!.copy(buffer, offset)
    },
    writeSync(
      fd: number,
      data: string | Buffer,
      offset = 0,
      length?: number,
      position: number | null = null,
    ) {
      const all = Buffer.from(data)
      // A copy: production code may use its buffer again.
      const bytes = all.subarray(offset, length === undefined ? all.length : offset + length)
      return must({ call: 'write', fd, bytes, position }).count!
    },
    readdirSync(path: string, options?: { withFileTypes?: boolean }) {
      const names = must({ call: 'readdir', path: short(path) }).names!.map(
        ([name, kind]) => [name.replace(SHORT, LONG), kind] as const,
      )
      if (!options?.withFileTypes) return names.map(([name]) => name)
      return names.map(([name, kind]) => ({ name, isDirectory: () => kind === 'dir' }))
    },
    renameSync: (path: string, to: string) => void must({ call: 'rename', path: short(path), to: short(to) }),
    rmdirSync: (path: string) => void must({ call: 'rmdir', path: short(path) }),
    unlinkSync: (path: string) => void must({ call: 'unlink', path: short(path) }),
    mkdirSync(path: string, { recursive = false } = {}) {
      const step = { call: 'mkdir', path: short(path) } as const
      if (!recursive) return void must(step)
      const { code } = make(step)
      if (code === 'ENOENT') {
        disk.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive })
        disk.mkdirSync(path, { recursive })
      } else if (code !== undefined && code !== 'EEXIST') throw failed(code, step)
    },
  }
  return disk as unknown as Disk
}

function statsOf({ ino, kind, size, mode, version }: Stat, { bigint = false } = {}): unknown {
  const big = (value: number) => (bigint ? BigInt(value) : value)
  return {
    ino: big(ino),
    dev: big(1),
    size: big(size),
    mode: big(mode),
    uid: big(0),
    gid: big(0),
    mtimeNs: BigInt(version),
    // Never old: that a guard is revoked for its age is a wrong verdict, and those are given by `look`.
    mtimeMs: big(Number.MAX_SAFE_INTEGER),
    mtime: new Date(version),
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'dir',
  }
}
