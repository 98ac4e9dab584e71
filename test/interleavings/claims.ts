/**
 * What the search looks at: claims, releases and archivings of one item, by the production operations, and what must
 * hold of them.
 *
 * Checked at the step that replaces or moves the item, against what is true in the model and not against what the
 * process thinks:
 * 1  the lock that goes was free, its own, stale, or of a holder that the process has been told is dead
 * 2, 4  the file that goes (or is moved) is the one that the process read since it took the guard
 * 3  the new file is the old one with its lock and status changed, whole, and nothing was ever written into it since;
 *    the item is in one place, and nothing is put over it there
 * 5  who changes it is one that has an identity
 * 8  what is archived is not claimed or released any more and comes back to no other place; what is moved has the
 *    status of the folder that it is moved to
 * and in every state, with all unfinished processes stopped: the next claim ends as lock and status say (3), with the
 * item in the folder of its status (8), leaves no guard, intent or note of a move behind, and the event log tells of
 * every change of the item, once, in order.
 */
import { DEFAULT_SETTINGS } from '../../src/core/config.ts'
import { claim } from '../../src/operations/claims/claim.ts'
import { release } from '../../src/operations/claims/release.ts'
import type { Context } from '../../src/operations/context.ts'
import { archive } from '../../src/operations/items/archive.ts'
import { transition } from '../../src/operations/items/transition.ts'
import type { GuardHost } from '../../src/store/files/guard.ts'
import { registryFile } from '../../src/store/sessions/session-registry.ts'
import { here } from '../../src/system/process.ts'
import { heldItem, item } from '../support/items.ts'
import { registry } from '../support/sessions.ts'
import { Claimer, type Mutation, type Outcome, QUEUE, type Step } from './claimer.ts'
import { digest, ModelDisk, type Result, Violation } from './model-disk.ts'
import { type Found, type Scenario, Search, type State } from './search.ts'

/** Where the item lies, by its status. */
const PLACE: Record<string, string> = {
  pending: 'pending/WRK-1.md',
  archived: 'archive/2026-02/WRK-1.md',
}
const PLACES = Object.values(PLACE)
const ITEM = PLACE.pending!
const GUARD = '.wrk/guards/wrk-1'
const NOW = new Date('2026-02-16T19:30:05Z')
const LONG_AGO = new Date(NOW.getTime() - 3 * DEFAULT_SETTINGS.ttlMs)
const OLD = 'old'

/** How the item stands at the start: `held` by a living session, `stale`, or held by a dead one. */
export type Standing = 'free' | 'held' | 'stale' | 'dead'

export interface Setting {
  standing: Standing
  processes: readonly What[]
  /** Each process begins at a time of its own; else all look around at the start. */
  late?: boolean
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

/** The invariants 1 to 5 and 8, how a process ends, and what is left behind and logged. */
export type Rule = '1' | '2' | '3' | '4' | '5' | '8' | 'end' | 'left' | 'log'

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
  disk.put('archive/2026-02', null)
  if (!firstUse) for (const folder of ['tmp', 'guards', 'outbox', 'moves']) disk.put(`.wrk/${folder}`, null)
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
    isCommittedCopy: () => false,
  }
  const queue = { root: QUEUE, via: 'test', linked: null, isUnshared: false }
  return { store, queue, clock: () => NOW, env: {}, session, agent: undefined }
}

/**
 * What a process does. `release` and `holderArchives` act for the holder, `stranger` releases what it does not hold,
 * `nameless` claims without an identity.
 */
type What = keyof typeof PROGRAMS

const PROGRAMS = {
  claim: (name: string) => (host: GuardHost) => claim(contextOf(host, name), 'WRK-1'),
  release: () => (host: GuardHost) => release(contextOf(host, OLD), 'WRK-1'),
  stranger: (name: string) => (host: GuardHost) => release(contextOf(host, name), 'WRK-1'),
  archive: (name: string) => (host: GuardHost) => archive(contextOf(host, name), 'WRK-1'),
  holderArchives: () => (host: GuardHost) => archive(contextOf(host, OLD), 'WRK-1'),
  reopen: (name: string) => (host: GuardHost) => transition(contextOf(host, name), 'reopen', 'WRK-1'),
  nameless: () => (host: GuardHost) => claim(contextOf(host, undefined), 'WRK-1'),
}

const lockIn = (text: string): string => /^locked_by: "(.*)"$/m.exec(text)?.[1] ?? ''
const statusIn = (text: string): string => /^status: (.*)$/m.exec(text)?.[1] ?? ''
/** What nobody may change. */
const rest = (text: string): string => text.replace(/^(locked_by|locked_at|status|completed_at): .*\n/gm, '')

/** The status that a process gives the item; null: it keeps the one that it has. */
const GIVES: Partial<Record<What, string>> = {
  archive: 'archived',
  holderArchives: 'archived',
  reopen: 'pending',
}

/** What is noted of a process: the file that it read, and whom it was told to be dead, since it took the guard. */
interface Note {
  read: string | null
  dead: readonly number[]
}

const NOTHING: Note = { read: null, dead: [] }
const noteOf = (note: string): Note => (note === '' ? NOTHING : (JSON.parse(note) as Note))

/** What is warned of without anything being wrong. */
const ORDINARY = /was taken over|no longer held|not in its folder yet: could not get the guard/

/** What a change comes to, by the type of its event; of all others the holder. */
const LOGGED: Record<string, string> = { released: '', archived: 'archived', reopened: 'pending' }

class Claims implements Scenario {
  private readonly setting: Setting
  readonly names: readonly string[]
  readonly claimers: readonly Claimer[]
  private readonly next: Claimer
  private readonly archiver: Claimer
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
    this.archiver = new Claimer('y', 3, PROGRAMS.archive('y'))
    this.original = start(setting, ['z']).fileAt(ITEM)!.bytes.toString()
  }

  run(): Promise<Found> {
    const { reduced = true, guardedOnly = true, late = false } = this.setting
    const { preemptions = Number.POSITIVE_INFINITY } = this.setting
    const ownSlotAtOnce = reduced && this.setting.mutation === undefined
    const twins = reduced && new Set(this.setting.processes).size === 1
    const options = { reduced, guardedOnly, ownSlotAtOnce, twins, preemptions, late }
    this.search = new Search(this.claimers, this, options)
    return this.search.run(start(this.setting, [...this.names, 'y', 'z']))
  }

  /** As whom a process acts: one that releases does it for the holder. */
  private sessionOf(actor: number): string {
    const what = this.whatDoes(actor)
    return what === 'release' || what === 'holderArchives' ? OLD : (this.names[actor] ?? 'z')
  }

  private whatDoes(actor: number): What {
    return this.setting.processes[actor] ?? 'claim'
  }

  /** How a change of the item by a process is noted, and how the log tells of it. */
  private changeBy(actor: number): string {
    const session = this.sessionOf(actor)
    const what = this.whatDoes(actor)
    const gives = GIVES[what]
    return `${session}:${gives ?? (what === 'claim' ? session : '')}`
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
    } else if (step.call === 'open' && PLACES.includes(step.path)) {
      one.note = JSON.stringify({ ...noteOf(note), read: after.disk.find(step.path)! })
    } else if (step.call === 'rename' && step.to === GUARD) one.note = ''
    else if (step.call === 'rename' && PLACES.includes(step.to)) {
      if (PLACES.includes(step.path)) this.moved(before, who, step, noteOf(note))
      else {
        this.replaced(before, after, actor, step.to, noteOf(note))
        after.note += `${this.changeBy(actor)} `
      }
      one.note = ''
    } else if ('path' in step && PLACES.includes(step.path) && step.call !== 'lstat')
      this.violated('3', `${who} removes the item`)
  }

  private moved(
    before: State,
    who: string,
    { path, to }: { path: string; to: string },
    { read }: Note,
  ): void {
    const status = statusIn(before.disk.fileAt(path)!.bytes.toString())
    if (PLACE[status] !== to)
      this.violated('8', `${who} moves the item to ${to}, but its status is ${status}`)
    if (before.disk.find(to)) this.violated('3', `${who} moves the item over another`)
    if (read === null) this.violated('2', `${who} moves the item without having read it inside the guard`)
    if (read !== before.disk.find(path))
      this.violated('4', `${who} moves another file than the one that it decided on`)
  }

  private replaced(before: State, after: State, actor: number, path: string, { read, dead }: Note): void {
    const who = after.actors[actor]!.hands.who
    const what = this.whatDoes(actor)
    const old = before.disk.fileAt(path)?.bytes.toString()
    const now = after.disk.fileAt(path)!.bytes.toString()
    if (old === undefined) {
      this.violated('8', `${who} puts the item where it is no more`)
      return
    }
    const status = GIVES[what] ?? statusIn(old)
    const asMeant = lockIn(now) === (what === 'claim' ? who : '') && statusIn(now) === status
    if (rest(now) !== rest(this.original) || !asMeant)
      this.violated('3', `${who} publishes what is not the whole item with its lock and status`)
    if (statusIn(old) === 'archived' && what !== 'reopen')
      this.violated('8', `${who} changes the item, which is archived`)
    if (read === null) this.violated('2', `${who} replaces the item without having read it inside the guard`)
    if (read !== before.disk.find(path))
      this.violated(
        '4',
        `${who} replaces another file than the one that it decided on (locked by "${lockIn(old)}")`,
      )
    const holder = lockIn(old)
    const mine = holder === this.sessionOf(actor) || (holder === '' && what !== 'release')
    const stale = holder === OLD && this.setting.standing === 'stale'
    if (what === 'stranger' || what === 'nameless')
      this.violated('5', `${who} changes the item without the right to`)
    if (!mine && !stale && !dead.includes(anchorPid(holder)))
      this.violated('1', `${who} takes the item from ${holder}, which lives and holds it`)
  }

  finished(state: State, actor: number, { result, error }: Outcome): string {
    const who = state.actors[actor]!.hands.who
    const what = this.whatDoes(actor)
    const did = state.note.split(' ').includes(this.changeBy(actor))
    const { kind, released, changed, warnings } = (result ?? {}) as {
      kind?: string
      released?: boolean
      changed?: boolean
      warnings?: string[]
    }
    const told =
      ['granted', 'takenOver', 'renewed'].includes(kind ?? '') || released === true || changed === true
    // Archived, but somebody else was at it when it was to be moved: the next completes it.
    const unmoved = GIVES[what] !== undefined && error === 'BUSY'
    if (did !== told && !unmoved)
      this.violated(
        'end',
        `${who} ${did ? 'changed the item' : 'did not change the item'} but ends with ${kind ?? error}`,
      )
    const closes = this.setting.processes.some(one => GIVES[one] === 'archived')
    const mayEnd = [...(what === 'nameless' ? ['NO_SESSION'] : [null, 'BUSY']), ...(closes ? ['CLOSED'] : [])]
    if (!mayEnd.includes(error)) this.violated('end', `${who} fails with ${error}`)
    const odd = (warnings ?? []).filter(warning => !ORDINARY.test(warning))
    if (odd.length > 0) this.violated('end', `${who} warns: ${odd.join('; ')}`)
    return `${error ?? kind ?? (released ? 'released' : 'not released')}${changed === false ? ' already' : ''}`
  }

  /**
   * The item lies where its status says. Who was taken for dead while it completed a move may have removed the note
   * of the next one as well (see item-move.ts); then it takes another `wrk archive`.
   */
  private async inItsPlace(state: State): Promise<State> {
    const misplaced = ({ path, text }: { path: string; text: string }) => path !== PLACE[statusIn(text)]
    if (!misplaced(this.itemIn(state))) return state
    const isClosed = statusIn(this.itemIn(state).text) === 'archived'
    if (this.setting.verdicts === 'right' || !isClosed)
      this.violated('8', `the item stays in ${this.itemIn(state).path}`)
    const { state: after } = await this.search.alone(state, this.archiver)
    if (misplaced(this.itemIn(after))) this.violated('8', 'archiving it once more does not move the item')
    return after
  }

  /** The one place of the item. */
  private itemIn({ disk }: State): { path: string; text: string } {
    const [path, ...others] = PLACES.filter(place => disk.find(place))
    const text = path && disk.fileAt(path)?.bytes.toString()
    if (!path || !text || others.length > 0)
      throw new Violation(`3: the item is in ${path ? 'two places' : 'no place'}`)
    return { path, text }
  }

  /** All that are not finished have stopped; then somebody else claims the item. */
  async afterStop(state: State): Promise<void> {
    const key = digest(
      `${state.disk.key()}${state.actors.map(({ status }) => status === 'finished')}${state.note}`,
    )
    if (this.looked.has(key)) return
    this.looked.add(key)
    const { text } = this.itemIn(state)
    const holder = lockIn(text)
    const closed = statusIn(text) === 'archived'
    const { state: after, outcome } = await this.search.alone(state, this.next)
    const kind = (outcome.result as { kind?: string } | null)?.kind ?? outcome.error
    const lives =
      holder === OLD
        ? this.setting.standing === 'held'
        : holder !== '' && state.actors[this.names.indexOf(holder)]!.status === 'finished'
    const expected = closed ? 'CLOSED' : lives ? 'held' : holder === '' ? 'granted' : 'takenOver'
    if (kind !== expected)
      this.violated('3', `the next claim ends with ${kind}, not ${expected}, over "${holder}"`)
    const { disk } = await this.inItsPlace(after)
    const left = ['guards', 'outbox', 'tmp', 'moves'].flatMap(folder => disk.namesIn(`.wrk/${folder}`))
    if (left.length > 0) this.violated('left', `the next claim leaves behind: ${left.join(', ')}`)
    const events = (disk.fileAt('.wrk/events.jsonl')?.bytes.toString() ?? '').split('\n').slice(0, -1)
    const told = events.map(
      line => JSON.parse(line) as { seq: number; type: string; session: string | null; tx: string },
    )
    const changes = told
      .filter(({ type }) => type !== 'refused')
      .map(({ session, type }) => `${session}:${LOGGED[type] ?? session}`)
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
