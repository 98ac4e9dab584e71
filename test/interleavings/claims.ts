/**
 * What the search looks at: claims, releases and archivings of one item, by the production operations, and what must
 * hold of them. The record says who holds the item; the file follows it.
 *
 * Checked at the step that replaces the record or the item, or moves it, against what is true in the model and not
 * against what the process thinks:
 * 1  the claim that goes was free, its own, stale, or of a holder that the process sees as dead; a lock is
 *    shown in the file only by the one whom the record names
 * 2, 4  the record that goes, and the file that goes (or is moved), is the one that the process read since it took the
 *    guard; where outsiders are at work, of the file only that it was read
 * 3  the new file is the old one with its lock and status changed, whole, and nothing was ever written into it since;
 *    the item is in one place, and nothing is put over it there
 * 5  who changes it is one that has an identity
 * 8  what is archived is not claimed or released any more and comes back to no other place; what is moved has the
 *    status of the folder that it is moved to
 * and in every state, with all unfinished processes stopped: the next claim ends as record and status say (3), also
 * where the sessions live on, with the item in the folder of its status (8), leaves no guard, intent or note of a move
 * behind, and the event log reports every change of the item, once, in order; with right verdicts, who holds the item
 * has an entry of it.
 *
 * Outsiders know no guard: at any moment one of them puts old bytes in place of the item, as git does, or removes it.
 */
import { type ItemRecord, nextRecord, parseRecord, recordText } from '../../src/core/claims/record.ts'
import { DEFAULT_SETTINGS } from '../../src/core/config.ts'
import { stamp } from '../../src/core/time.ts'
import { claim } from '../../src/operations/claims/claim.ts'
import { release } from '../../src/operations/claims/release.ts'
import type { Context } from '../../src/operations/context.ts'
import { archive } from '../../src/operations/items/transitions/archive.ts'
import { transition } from '../../src/operations/items/transitions/transition.ts'
import type { GuardHost } from '../../src/store/files/guard.ts'
import { registryFile } from '../../src/store/sessions/session-registry.ts'
import { here } from '../../src/system/processes/process.ts'
import { heldItem, item } from '../support/items.ts'
import { registry, sessionFile } from '../support/sessions.ts'
import { Claimer, type Mutation, type Outcome, QUEUE, type Step } from './claimer.ts'
import { digest, ModelDisk, type Result, Violation } from './model-disk.ts'
import { type Found, type Scenario, Search, type State } from './search.ts'

/** Where the item is, by its status. */
const PLACE: Record<string, string> = {
  pending: 'pending/WRK-1.md',
  archived: 'archive/2026-02/WRK-1.md',
}
const PLACES = Object.values(PLACE)
const ITEM = PLACE.pending!
const GUARD = '.wrk/guards/wrk-1'
const RECORD = '.wrk/claims/wrk-1'
const NOW = new Date('2026-02-16T19:30:05Z')
const LONG_AGO = new Date(NOW.getTime() - 3 * DEFAULT_SETTINGS.ttlMs)
const OLD = 'old'

/** How the item is at the start: `held` by a living session, `stale`, or held by a dead one. */
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
  /** Sessions live on when the processes that speak for them stop. */
  outlives?: boolean
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

/** The record at the start: of an item that is free, one that was held and given up, where old bytes may come back. */
function recordAtStart({ standing, processes }: Setting): ItemRecord | null {
  const at = stamp(standing === 'stale' ? LONG_AGO : NOW)
  const held = nextRecord('WRK-1', null, { kind: 'take', holder: OLD, run: null, at, showsNew: true })
  if (standing !== 'free') return held
  if (!processes.some(isOutside)) return null
  return nextRecord('WRK-1', held, { kind: 'give', state: 'released', at, why: 'released' })
}

const isOutside = (what: What): boolean => what === 'putsFree' || what === 'putsOld' || what === 'removes'

function start(setting: Setting, names: readonly string[]): ModelDisk {
  const { standing, firstUse, reuse } = setting
  const disk = new ModelDisk(reuse ?? false)
  disk.put(
    ITEM,
    standing === 'free' ? item('WRK-1') : heldItem('WRK-1', OLD, standing === 'stale' ? LONG_AGO : NOW),
  )
  const old = { ...listed(OLD, standing === 'stale' ? LONG_AGO : NOW) }
  disk.put('session-state.yaml', registry([old, ...names.map(name => listed(name, NOW))]))
  disk.put('outside/free', item('WRK-1'))
  disk.put('outside/old', heldItem('WRK-1', OLD, standing === 'stale' ? LONG_AGO : NOW))
  disk.put('.wrk/state.json', JSON.stringify({ root: QUEUE, made_at: stamp(LONG_AGO), made_by: 'init' }))
  for (const [name, seen] of [[OLD, old.started_at], ...names.map(name => [name, NOW] as const)] as const) {
    const { anchor } = listed(name, seen)
    disk.put(`.wrk/sessions/${name}`, sessionFile(name, seen, [anchor]))
    disk.put(`.wrk/held/${name}`, null)
  }
  const record = recordAtStart(setting)
  if (record) disk.put(RECORD, recordText(record))
  if (record?.state === 'held')
    disk.put(
      `.wrk/held/${OLD}/wrk-1`,
      JSON.stringify({ session: OLD, id: 'WRK-1', claimed_at: record.claimedAt, run_id: null }),
    )
  disk.put('archive/2026-02', null)
  if (!firstUse)
    for (const folder of ['tmp', 'guards', 'outbox', 'moves', ...(record ? [] : ['claims'])])
      disk.put(`.wrk/${folder}`, null)
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
  /** As git does: the committed bytes, or those of an old lock, in place of the item. */
  putsFree: () => async (host: GuardHost) =>
    host.disk.renameSync(`${QUEUE}/outside/free`, `${QUEUE}/${ITEM}`),
  putsOld: () => async (host: GuardHost) => host.disk.renameSync(`${QUEUE}/outside/old`, `${QUEUE}/${ITEM}`),
  removes: () => async (host: GuardHost) => host.disk.unlinkSync(`${QUEUE}/${ITEM}`),
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

/** What is noted of a process since it took the guard: what it read, and whom it saw as dead. */
interface Note {
  /** The item's file, and the lock in it. */
  read: string | null
  lock: string
  /** The record's file; '' when there was none. */
  record: string | null
  dead: readonly number[]
}

const NOTHING: Note = { read: null, lock: '', record: null, dead: [] }

interface LoggedChange {
  session: string | null
  type: string
}

const changeIn = ({ session, type }: LoggedChange): string => `${session}:${LOGGED[type] ?? session}`
const noteOf = (note: string): Note => (note === '' ? NOTHING : (JSON.parse(note) as Note))

/** What is warned of without anything being wrong. */
const ORDINARY =
  /was taken over|no longer yours|not yet moved to its folder: timed out waiting|the lock lines follow|its record is not yet|released in its record/

/** What a change comes to, by the type of its event; of all others the holder. */
const LOGGED: Record<string, string> = { released: '', archived: 'archived', reopened: 'pending' }

class Claims implements Scenario {
  private readonly setting: Setting
  readonly names: readonly string[]
  readonly claimers: readonly Claimer[]
  private readonly next: Claimer
  private readonly archiver: Claimer
  private readonly original: string
  /** The revision of the record at the start. */
  private readonly first: number
  private readonly outsiders: boolean
  private readonly looked = new Set<string>()
  search!: Search

  constructor(setting: Setting) {
    this.setting = setting
    const { processes, attempts, mutation } = setting
    this.names = processes.map((_, i) => 'abc'[i]!)
    this.claimers = processes.map((what, i) => {
      const name = this.names[i]!
      return new Claimer(name, attempts, PROGRAMS[what](name), mutation, isOutside(what))
    })
    this.first = recordAtStart(setting)?.rev ?? 0
    this.outsiders = processes.some(isOutside)
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

  /** How a change of the item by a process is noted, and how the log reports it. */
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
    const { verdicts, outlives } = this.setting
    const ofGuard = this.claimers.findIndex(claimer => claimer.pid === pid)
    const ofLock = this.names.findIndex(name => anchorPid(name) === pid)
    const of = ofGuard >= 0 ? ofGuard : ofLock
    const status = actors[of]?.status
    if (of === looker || of < 0) return [{ look: 'running' }]
    if (outlives && ofGuard < 0) return [{ look: 'running' }]
    if (status === 'stopped' || (ofGuard >= 0 && status === 'finished')) return [{ look: 'gone' }]
    const alone = looker >= this.claimers.length
    if (alone) return [{ look: 'running' }]
    const wrong = verdicts === 'wrongLocks' || (verdicts === 'wrong' && ofGuard >= 0)
    return [{ look: 'running' }, wrong ? { look: 'gone' } : { look: 'gone', stops: of }]
  }

  observe(before: State, after: State, actor: number, step: Step, result: Result): void {
    if (isOutside(this.whatDoes(actor))) return
    const one = after.actors[actor]!
    const who = one.hands.who
    const note = noteOf(one.note)
    const noted = (more: Partial<Note>) => {
      one.note = JSON.stringify({ ...note, ...more })
    }
    if (step.call === 'open' && step.path === RECORD && result.code === 'ENOENT') noted({ record: '' })
    if (result.code !== undefined) return
    if (step.call === 'look' && result.look === 'gone')
      noted({ dead: [...new Set([...note.dead, step.pid])].sort() })
    else if (step.call === 'open' && PLACES.includes(step.path))
      noted({ read: after.disk.find(step.path)!, lock: lockIn(textAt(after, step.path)) })
    else if (step.call === 'open' && step.path === RECORD) noted({ record: after.disk.find(RECORD)! })
    else if (step.call === 'rename' && step.to === GUARD) one.note = ''
    else if (step.call === 'rename' && step.to === RECORD) this.recorded(before, after, actor, note)
    else if (step.call === 'rename' && PLACES.includes(step.to)) {
      if (PLACES.includes(step.path)) this.moved(before, who, step, note)
      else this.shown(before, after, actor, step.to, note)
    } else if ('path' in step && PLACES.includes(step.path) && !['lstat', 'open'].includes(step.call))
      this.violated('3', `${who} removes the item`)
  }

  /** Changes that have happened: they are in the note of the state, and in the record unless one is cut short. */
  private isHalf(state: State): boolean {
    const rev = recordIn(state)?.rev ?? this.first
    return changesOf(state).length > rev - this.first
  }

  /** Who holds the item, as record and file say: the record's holder, or one whose lock it never showed. */
  private holderOf(record: ItemRecord | null, lock: string): string {
    if (record?.state === 'held') return record.holder
    const isHistory = record !== null && Object.hasOwn(record.shown, lock)
    return isHistory ? '' : lock
  }

  /** The record is replaced: that is the change, but for one whose item came first. */
  private recorded(before: State, after: State, actor: number, { lock, record, dead }: Note): void {
    const who = after.actors[actor]!.hands.who
    const old = recordIn(before)
    const now = recordIn(after)
    if (!now) {
      this.violated('3', `${who} publishes what is no record`)
      return
    }
    if (record === null)
      this.violated('2', `${who} replaces the record without having read it inside the guard`)
    if (record !== (before.disk.find(RECORD) ?? ''))
      this.violated('4', `${who} replaces another record than the one that it decided on`)
    if (now.rev !== (old?.rev ?? 0) + 1)
      this.violated('4', `${who} does not go on from the record that it replaces`)
    if (this.isHalf(before)) return
    const intents = before.disk.namesIn('.wrk/outbox').map(name => textAt(before, `.wrk/outbox/${name}`))
    const text = textAt(after, RECORD)
    const intent = intents
      .flatMap(written => jsonIn<{ events: LoggedChange[]; change?: { record: string } }>(written) ?? [])
      .find(({ change }) => change?.record === text)
    const change = intent?.events.at(-1)
    after.note += `${change ? changeIn(change) : '?'} `
    const holder = this.holderOf(old, lock)
    const taker = now.state === 'held' ? now.holder : (change?.session ?? '')
    if (now.state === 'held' && taker !== this.sessionOf(actor))
      this.violated('3', `${who} gives the item to ${taker}`)
    this.mayTake(actor, holder, taker, dead, now.state === 'held')
  }

  private mayTake(
    actor: number,
    holder: string,
    taker: string,
    dead: readonly number[],
    takes: boolean,
  ): void {
    const who = this.names[actor] ?? 'z'
    const what = this.whatDoes(actor)
    const stale = holder === OLD && this.setting.standing === 'stale'
    if (takes && (what === 'stranger' || what === 'nameless'))
      this.violated('5', `${who} changes the item without the right to`)
    if (holder !== '' && holder !== taker && !stale && !dead.includes(anchorPid(holder)))
      this.violated('1', `${who} takes the item from ${holder}, which lives and holds it`)
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

  /** The item is replaced: a claim only shows what its record says; of everything else this is the change. */
  private shown(
    before: State,
    after: State,
    actor: number,
    path: string,
    { read, record, lock, dead }: Note,
  ): void {
    const who = after.actors[actor]!.hands.who
    const what = this.whatDoes(actor)
    const old = before.disk.fileAt(path)?.bytes.toString()
    const now = textAt(after, path)
    if (old === undefined && !this.outsiders) {
      this.violated('8', `${who} puts the item where it is no more`)
      return
    }
    const session = this.sessionOf(actor)
    const then = old ?? this.original
    const status = GIVES[what] ?? statusIn(then)
    const asMeant = lockIn(now) === (what === 'claim' ? session : '') && statusIn(now) === status
    if (rest(now) !== rest(this.original) || !asMeant)
      this.violated('3', `${who} publishes what is not the whole item with its lock and status`)
    if (statusIn(then) === 'archived' && what !== 'reopen')
      this.violated('8', `${who} changes the item, which is archived`)
    if (read === null) this.violated('2', `${who} replaces the item without having read it inside the guard`)
    if (read !== before.disk.find(path) && !this.outsiders)
      this.violated(
        '4',
        `${who} replaces another file than the one that it decided on (locked by "${lockIn(then)}")`,
      )
    if (what === 'stranger' || what === 'nameless')
      this.violated('5', `${who} changes the item without the right to`)
    const there = recordIn(before)
    if (what === 'claim') {
      if (there?.state !== 'held' || there.holder !== session)
        this.violated('1', `${who} is shown as the holder, but the record says "${there?.holder ?? ''}"`)
      return
    }
    if (record !== (before.disk.find(RECORD) ?? ''))
      this.violated('4', `${who} changes the item by another record than the one that it decided on`)
    this.mayTake(actor, this.holderOf(there, lock), session, dead, false)
    after.note += `${this.changeBy(actor)} `
  }

  finished(state: State, actor: number, { result, error }: Outcome): string {
    const who = state.actors[actor]!.hands.who
    const what = this.whatDoes(actor)
    if (isOutside(what)) return error ?? 'done'
    const did = state.note.split(' ').includes(this.changeBy(actor))
    const { kind, released, changed, warnings } = (result ?? {}) as {
      kind?: string
      released?: boolean
      changed?: boolean
      warnings?: string[]
    }
    const reported =
      ['granted', 'takenOver', 'renewed'].includes(kind ?? '') || released === true || changed === true
    // Archived, but somebody else was at it when it was to be moved: the next completes it.
    const unmoved = GIVES[what] !== undefined && error === 'BUSY'
    // Of what an outsider replaced while it was given up, others complete the change; it then finds nothing left to do.
    const completed = this.outsiders && did && !reported
    // Taken for dead right after its claim was recorded, it finds the item with another.
    const lost = this.setting.verdicts === 'wrongLocks' && did && !reported
    if (did !== reported && !unmoved && !completed && !lost)
      this.violated(
        'end',
        `${who} ${did ? 'changed the item' : 'did not change the item'} but ends with ${kind ?? error}`,
      )
    const closes = this.setting.processes.some(one => GIVES[one] === 'archived')
    const isRemoved = this.setting.processes.includes('removes')
    const mayEnd = [
      ...(what === 'nameless' ? ['NO_SESSION'] : [null, 'BUSY']),
      ...(closes ? ['CLOSED'] : []),
      ...(isRemoved ? ['NOT_FOUND'] : []),
    ]
    if (!mayEnd.includes(error)) this.violated('end', `${who} fails with ${error}`)
    const odd = (warnings ?? []).filter(warning => !ORDINARY.test(warning))
    if (odd.length > 0) this.violated('end', `${who} warns: ${odd.join('; ')}`)
    return `${error ?? kind ?? (released ? 'released' : 'not released')}${changed === false ? ' already' : ''}`
  }

  /**
   * The item is where its status says. Who was taken for dead while it completed a move may have removed the note
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

  /** How the next claim may end. */
  private expectedKinds(state: State, record: ItemRecord | null, lock: string): string[] {
    const half = this.isHalf(state)
    const holder = half ? '' : this.holderOf(record, lock)
    const at = state.actors[this.names.indexOf(holder)]
    const lives =
      holder === OLD
        ? this.setting.standing === 'held'
        : holder !== '' && (this.setting.outlives === true || at?.status === 'finished')
    const kind = lives ? 'held' : holder === '' ? 'granted' : 'takenOver'
    // What was about to be given up when an outsider replaced the file is completed by the next.
    const gives = this.outsiders && /"order":"item-first"/.test(outboxIn(state))
    return gives ? [kind, 'granted'] : [kind]
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
    const record = recordIn(state)
    if (
      this.setting.verdicts === 'right' &&
      record?.state === 'held' &&
      !state.disk.find(`.wrk/held/${record.holder}/wrk-1`) &&
      !this.isHalf(state)
    )
      this.violated('left', `${record.holder} holds the item and has no entry of it`)
    const { state: after, outcome } = await this.search.alone(state, this.next)
    if (!PLACES.some(place => state.disk.find(place))) {
      if (outcome.error !== 'NOT_FOUND') this.violated('3', 'the next claim finds an item that is gone')
      return
    }
    const { text } = this.itemIn(state)
    const closed = statusIn(text) === 'archived'
    const kind = (outcome.result as { kind?: string } | null)?.kind ?? outcome.error
    const expected = this.expectedKinds(state, record, lockIn(text))
    if (closed ? kind !== 'CLOSED' : !expected.includes(kind!))
      this.violated('3', `the next claim ends with ${kind}, not ${closed ? 'CLOSED' : expected}`)
    const { disk } = await this.inItsPlace(after)
    const left = ['guards', 'outbox', 'tmp', 'moves'].flatMap(folder => disk.namesIn(`.wrk/${folder}`))
    if (left.length > 0) this.violated('left', `the next claim leaves behind: ${left.join(', ')}`)
    const events = (disk.fileAt('.wrk/events.jsonl')?.bytes.toString() ?? '').split('\n').slice(0, -1)
    const logged = events.map(
      line => JSON.parse(line) as { seq: number; type: string; session: string | null; tx: string },
    )
    const changes = logged.filter(({ type }) => type !== 'refused').map(changeIn)
    if (changes.join(' ') !== after.note.trim())
      this.violated(
        'log',
        `the event log has [${changes.join(' ')}], what happened is [${after.note.trim()}]`,
      )
    if (logged.some(({ seq }, i) => seq !== i + 1))
      this.violated('log', `sequence numbers: ${logged.map(({ seq }) => seq)}`)
  }
}

const textAt = ({ disk }: State, path: string): string => disk.fileAt(path)?.bytes.toString() ?? ''

function recordIn(state: State): ItemRecord | null {
  const reading = parseRecord(textAt(state, RECORD))
  return reading.kind === 'record' ? reading.record : null
}

const outboxIn = (state: State): string =>
  state.disk
    .namesIn('.wrk/outbox')
    .map(name => textAt(state, `.wrk/outbox/${name}`))
    .join('\n')

const changesOf = ({ note }: State): string[] => note.split(' ').filter(Boolean)

/** Null for what was cut short. */
function jsonIn<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T
  } catch {
    return null
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
