/**
 * What the search looks at: claims of one item, by the production operation, and what must hold of them.
 *
 * Checked at the step that replaces the item, against what is true in the model and not against what the claimer
 * thinks:
 * 1  the lock that goes was free, its own, stale, or of a holder that the claimer has been told is dead
 * 2, 4  the file that goes is the one that the claimer read since it took the guard
 * 3  the new file is the old one with the claimer's lock in it, whole, and nothing was ever written into it since
 * 5  the claimer is one that has an identity
 * and in every state, with all unfinished processes stopped: the next claim ends as the lock says (3), leaves no
 * guard and no intent behind, and the event log tells of every change of the item, once, in order.
 */
import { DEFAULT_SETTINGS } from '../../src/core/config.ts'
import { claim } from '../../src/operations/claim.ts'
import type { Context } from '../../src/operations/context.ts'
import { release } from '../../src/operations/release.ts'
import type { GuardHost } from '../../src/store/guard.ts'
import { registryFile } from '../../src/store/session-registry.ts'
import { here } from '../../src/system/process.ts'
import { heldItem, item, registry } from '../helpers.ts'
import { Claimer, type Mutation, type Outcome, QUEUE, type Step } from './claimer.ts'
import { digest, ModelDisk, type Result, Violation } from './model-disk.ts'
import { type Found, type Scenario, Search, type State } from './search.ts'

const ITEM = 'pending/WRK-1.md'
const GUARD = '.wrk/guards/wrk-1'
const NOW = new Date('2026-02-16T19:30:05Z')
const LONG_AGO = new Date(NOW.getTime() - 3 * DEFAULT_SETTINGS.ttlMs)
const OLD = 'old'

/** How the item stands at the start: `held` by a living session, `stale`, or held by a dead one. */
export type Standing = 'free' | 'held' | 'stale' | 'dead'

export interface Setting {
  standing: Standing
  /** What each process does; `stranger` releases what it does not hold, `nameless` claims without an identity. */
  processes: readonly ('claim' | 'release' | 'stranger' | 'nameless')[]
  /** How often each tries to get a guard. */
  attempts: number
  /** `wrong`: any holder of a guard may be taken for dead; `wrongLocks`: also any holder of a lock. */
  verdicts: 'right' | 'wrong' | 'wrongLocks'
  /** At most so many interruptions of a process that could go on; all interleavings when not given. */
  preemptions?: number
  reduced?: boolean
  guardedOnly?: boolean
  reuse?: boolean
  /** Without `.wrk`, as at the first use of a queue. */
  firstUse?: boolean
  /** What the processes do wrong on purpose; the one that comes afterwards does not. */
  mutation?: Mutation
  /** Look for a violation of these alone. */
  only?: readonly Rule[]
}

/** The invariants 1 to 5, how a process ends, and what is left behind and logged. */
export type Rule = '1' | '2' | '3' | '4' | '5' | 'end' | 'left' | 'log'

/** The process that a session is anchored to; that of `old` is 300. */
const anchorPid = (session: string): number => (session === OLD ? 300 : session.charCodeAt(0) + 100)

const listed = (id: string, heartbeat: Date) => ({
  id,
  anchor: { pid: anchorPid(id), started: '7', ...here() },
  started_at: heartbeat,
})

function start({ standing, firstUse, reuse }: Setting, names: readonly string[]): ModelDisk {
  const disk = new ModelDisk(reuse ?? false)
  disk.put(
    ITEM,
    standing === 'free' ? item('WRK-1') : heldItem('WRK-1', OLD, standing === 'stale' ? LONG_AGO : NOW),
  )
  const old = { ...listed(OLD, standing === 'stale' ? LONG_AGO : NOW) }
  disk.put('session-state.yaml', registry([old, ...names.map(name => listed(name, NOW))]))
  if (!firstUse) for (const folder of ['tmp', 'guards', 'outbox']) disk.put(`.wrk/${folder}`, null)
  return disk
}

function contextOf(host: GuardHost, session: string | undefined): Context {
  const stateDir = `${QUEUE}/.wrk`
  const store = {
    host,
    root: QUEUE,
    stateDir,
    registry: registryFile(QUEUE, undefined, stateDir),
    settings: DEFAULT_SETTINGS,
  }
  const queue = { root: QUEUE, via: 'test', linked: null }
  return { store, queue, clock: () => NOW, env: {}, session, agent: undefined }
}

const PROGRAMS = {
  claim: (name: string) => (host: GuardHost) => claim(contextOf(host, name), 'WRK-1'),
  release: () => (host: GuardHost) => release(contextOf(host, OLD), 'WRK-1'),
  stranger: (name: string) => (host: GuardHost) => release(contextOf(host, name), 'WRK-1'),
  nameless: () => (host: GuardHost) => claim(contextOf(host, undefined), 'WRK-1'),
}

const lockIn = (text: string): string => /^locked_by: "(.*)"$/m.exec(text)?.[1] ?? ''
const withoutLock = (text: string): string => text.replace(/^locked_(by|at): .*\n/gm, '')

/** What is noted of a process: the file that it read, and whom it was told to be dead, since it took the guard. */
interface Note {
  read: string | null
  dead: readonly number[]
}

const NOTHING: Note = { read: null, dead: [] }
const noteOf = (note: string): Note => (note === '' ? NOTHING : (JSON.parse(note) as Note))

class Claims implements Scenario {
  private readonly setting: Setting
  readonly names: readonly string[]
  readonly claimers: readonly Claimer[]
  private readonly next: Claimer
  private readonly original: string
  private readonly looked = new Set<string>()
  search!: Search

  constructor(setting: Setting) {
    this.setting = setting
    const { processes, attempts, mutation } = setting
    this.names = processes.map((_, i) => 'abc'[i]!)
    this.claimers = processes.map((what, i) => {
      const name = this.names[i]!
      return new Claimer(name, attempts, PROGRAMS[what](name), mutation)
    })
    this.next = new Claimer('z', 3, PROGRAMS.claim('z'))
    this.original = start(setting, ['z']).fileAt(ITEM)!.bytes.toString()
  }

  run(): Promise<Found> {
    const { reduced = true, guardedOnly = true, preemptions = Number.POSITIVE_INFINITY } = this.setting
    const ownSlotAtOnce = reduced && this.setting.mutation === undefined
    const twins = reduced && new Set(this.setting.processes).size === 1
    this.search = new Search(this.claimers, this, { reduced, guardedOnly, ownSlotAtOnce, twins, preemptions })
    return this.search.run(start(this.setting, [...this.names, 'z']))
  }

  /** As whom a process acts: one that releases does it for the holder. */
  private sessionOf(actor: number): string {
    return this.setting.processes[actor] === 'release' ? OLD : (this.names[actor] ?? 'z')
  }

  private violated(rule: Rule, message: string): void {
    const { only } = this.setting
    if (!only || only.includes(rule)) throw new Violation(`${rule}: ${message}`)
  }

  looks({ actors }: State, looker: number, pid: number): { look: 'running' | 'gone'; stops?: number }[] {
    if (pid === anchorPid(OLD)) return [{ look: this.setting.standing === 'dead' ? 'gone' : 'running' }]
    const { verdicts } = this.setting
    const ofGuard = this.claimers.findIndex(claimer => claimer.pid === pid)
    const ofLock = this.names.findIndex(name => anchorPid(name) === pid)
    const of = ofGuard >= 0 ? ofGuard : ofLock
    const status = actors[of]?.status
    if (of === looker || of < 0) return [{ look: 'running' }]
    if (status === 'stopped' || (ofGuard >= 0 && status === 'finished')) return [{ look: 'gone' }]
    const alone = looker >= this.claimers.length
    if (alone) return [{ look: 'running' }]
    const wrong = verdicts === 'wrongLocks' || (verdicts === 'wrong' && ofGuard >= 0)
    return [{ look: 'running' }, wrong ? { look: 'gone' } : { look: 'gone', stops: of }]
  }

  observe(before: State, after: State, actor: number, step: Step, result: Result): void {
    if (result.code !== undefined) return
    const one = after.actors[actor]!
    const who = one.hands.who
    const { note } = one
    if (step.call === 'look' && result.look === 'gone') {
      const noted = noteOf(note)
      one.note = JSON.stringify({ ...noted, dead: [...new Set([...noted.dead, step.pid])].sort() })
    } else if (step.call === 'open' && step.path === ITEM) {
      one.note = JSON.stringify({ ...noteOf(note), read: after.disk.find(ITEM)! })
    } else if (step.call === 'rename' && step.to === GUARD) one.note = ''
    else if (step.call === 'rename' && step.to === ITEM) {
      this.replaced(before, after, actor, noteOf(note))
      one.note = ''
      after.note += `${this.sessionOf(actor)}:${lockIn(after.disk.fileAt(ITEM)!.bytes.toString())} `
    } else if (
      ('path' in step && step.path === ITEM && step.call !== 'lstat') ||
      ('to' in step && step.path === ITEM)
    )
      this.violated('3', `${who} removes the item`)
  }

  private replaced(before: State, after: State, actor: number, { read, dead }: Note): void {
    const who = after.actors[actor]!.hands.who
    const what = this.setting.processes[actor] ?? 'claim'
    const old = before.disk.fileAt(ITEM)!.bytes.toString()
    const now = after.disk.fileAt(ITEM)!.bytes.toString()
    if (withoutLock(now) !== withoutLock(this.original) || lockIn(now) !== (what === 'claim' ? who : ''))
      this.violated('3', `${who} publishes what is not the whole item with its lock`)
    if (read === null) this.violated('2', `${who} replaces the item without having read it inside the guard`)
    if (read !== before.disk.find(ITEM))
      this.violated(
        '4',
        `${who} replaces another file than the one that it decided on (locked by "${lockIn(old)}")`,
      )
    const holder = lockIn(old)
    const mine = what === 'release' ? holder === OLD : holder === '' || holder === who
    const stale = holder === OLD && this.setting.standing === 'stale'
    if (what === 'stranger' || what === 'nameless')
      this.violated('5', `${who} changes the item without the right to`)
    if (!mine && !stale && !dead.includes(anchorPid(holder)))
      this.violated('1', `${who} takes the item from ${holder}, which lives and holds it`)
  }

  finished(state: State, actor: number, { result, error }: Outcome): string {
    const who = state.actors[actor]!.hands.who
    const what = this.setting.processes[actor] ?? 'claim'
    const changed = state.note.includes(`${this.sessionOf(actor)}:`)
    const { kind, released, warnings } = (result ?? {}) as {
      kind?: string
      released?: boolean
      warnings?: string[]
    }
    const told = kind === 'granted' || kind === 'takenOver' || kind === 'renewed' || released === true
    if (changed !== told)
      this.violated(
        'end',
        `${who} ${changed ? 'changed the item' : 'did not change the item'} but ends with ${kind ?? error}`,
      )
    const expected = what === 'nameless' ? error === 'NO_SESSION' : error === null || error === 'BUSY'
    if (!expected) this.violated('end', `${who} fails with ${error}`)
    const odd = (warnings ?? []).filter(warning => !/was taken over|no longer held/.test(warning))
    if (odd.length > 0) this.violated('end', `${who} warns: ${odd.join('; ')}`)
    return error ?? kind ?? (released ? 'released' : 'not released')
  }

  /** All that are not finished have stopped; then somebody else claims the item. */
  async afterStop(state: State): Promise<void> {
    const key = digest(
      `${state.disk.key()}${state.actors.map(({ status }) => status === 'finished')}${state.note}`,
    )
    if (this.looked.has(key)) return
    this.looked.add(key)
    const text = state.disk.fileAt(ITEM)?.bytes.toString()
    if (text === undefined) throw new Violation('3: there is no item')
    const holder = lockIn(text)
    const { state: after, outcome } = await this.search.alone(state, this.next)
    const kind = (outcome.result as { kind?: string } | null)?.kind ?? outcome.error
    const lives =
      holder === OLD
        ? this.setting.standing === 'held'
        : holder !== '' && state.actors[this.names.indexOf(holder)]!.status === 'finished'
    const expected = lives ? 'held' : holder === '' ? 'granted' : 'takenOver'
    if (kind !== expected)
      this.violated('3', `the next claim ends with ${kind}, not ${expected}, over "${holder}"`)
    const { disk } = after
    const left = [...disk.namesIn('.wrk/guards'), ...disk.namesIn('.wrk/outbox'), ...disk.namesIn('.wrk/tmp')]
    if (left.length > 0) this.violated('left', `the next claim leaves behind: ${left.join(', ')}`)
    const events = (disk.fileAt('.wrk/events.jsonl')?.bytes.toString() ?? '').split('\n').slice(0, -1)
    const told = events.map(
      line => JSON.parse(line) as { seq: number; type: string; session: string | null; tx: string },
    )
    const changes = told
      .filter(({ type }) => type !== 'refused')
      .map(({ session, type }) => `${session}${type === 'released' ? ':' : `:${session}`}`)
    if (changes.join(' ') !== after.note.trim())
      this.violated(
        'log',
        `the event log tells of [${changes.join(' ')}], what happened is [${after.note.trim()}]`,
      )
    if (told.some(({ seq }, i) => seq !== i + 1))
      this.violated('log', `sequence numbers: ${told.map(({ seq }) => seq)}`)
  }
}

export interface Report extends Found {
  /** How often production code was run, and with how many different histories of results. */
  runs: number
  seconds: number
}

export async function interleave(setting: Setting): Promise<Report> {
  const began = process.hrtime.bigint()
  const claims = new Claims(setting)
  const found = await claims.run()
  const runs = claims.claimers.reduce((sum, claimer) => sum + claimer.runs, 0)
  return { ...found, runs, seconds: Number(process.hrtime.bigint() - began) / 1e9 }
}
