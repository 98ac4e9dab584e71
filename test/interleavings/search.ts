/**
 * The search: visits every state that some interleaving of the processes leads to, once.
 *
 * A state is the disk, and of each process its moment (see claimer.ts), what it has open, the folders that a
 * half-made operation holds on to, and whether it has stopped for ever. Two states that agree in these go on alike.
 *
 * Which steps are made without letting others come in between (all this only when `reduced`):
 * - What no other process can see and no other can change: a process's own draft in `.wrk/tmp` (nobody else opens,
 *   renames or removes it; nobody lists `.wrk/tmp` after the start), what it does to its slot through a
 *   descriptor (the model throws when another process opens a slot, and a slot gets out of the guard only by its
 *   maker's rename), reading a published file through a descriptor (the model throws when anybody writes to one),
 *   opening a folder, syncing and closing.
 * - `ownSlotAtOnce`: an operation on its own slot needs no step to resolve its folder. The slot is in the folder
 *   that the process made, until it is unlinked or published, and is never made again; a folder with something in
 *   it can neither be removed nor replaced. So as long as the slot is there, its path leads to it. (Not for
 *   mutations that make files inside a guard.)
 * - `isStill`: sessions and runs, which nobody changes here, and the entries by which a session remembers its claims:
 *   the records decide, and what is there is compared with them in every state.
 * - What an attempt that failed had seen is forgotten, and so is how a guard was come by: all that `withGuard` keeps
 *   is the number of attempts, and an item's change the record that it published. `checkMerged` compares what comes next.
 * - `beginning`: what a process reads before its first guard (where the item is, who is registered, whose drafts
 *   are to be swept, which moves are to be made) is read by all of them at the start, or, when they come `late`, by
 *   each in one step at any time. Of that, nothing but the item's place is used inside the guard.
 * - `between`: once it has left the item's guard, what a process still writes (event log, its record in the
 *   registry) is made in one step at any later time: to its end, or until it takes the item's guard once more, which
 *   is a step like any other.
 *
 * Stopping: a process may stop for ever before each of its steps. Others notice in two ways only. One that
 * looks at a process gets both answers, `running`, and `gone`, after which the other one takes no step any more:
 * stopping earlier makes no difference to anybody. And in every state that is visited all unfinished processes
 * are taken to have stopped, and a new one has to cope with what they left: `Scenario.afterStop`.
 *
 * Waiting: a process that pauses goes on when something that its next attempt looks at has changed. When all that
 * are left pause for ever, a guard was left behind by the living: that is a violation.
 */
import { type Claimer, describeStep, type Moment, type Outcome, type Step } from './claimer.ts'
import { digest, type Hands, type Id, type ModelDisk, type Result, Violation } from './model-disk.ts'

/** One process in a state. */
export interface Actor {
  moment: Moment
  hands: Hands
  /** The folders that its operation holds on to, when its first step is made. */
  held: readonly (Id | null)[] | null
  /**
   * `trying` to get the item's guard, `guarded` by it, or it has `left` it; `between`: what it does now is made in one
   * step; `alone`: all of it.
   */
  phase: 'beginning' | 'trying' | 'guarded' | 'left' | 'between' | 'alone'
  /** The moment at which it began to try for the item's guard. */
  origin: number
  /** How the guards stood when it last looked into one: a pause lasts until that is different. */
  seen: string | null
  pauses: number
  /** The record that it published last: a call remembers that over its attempts. */
  committed: string
  begun: boolean
  status: 'running' | 'finished' | 'stopped'
  /** What the scenario notes of it, part of the state. */
  note: string
}

export interface State {
  disk: ModelDisk
  actors: readonly Actor[]
  /** What the scenario notes, part of the state. */
  note: string
  /** Who made the last step, and how often somebody else went on where that one could have. */
  last: number | null
  preempted: number
}

export interface Scenario {
  /** The answers to a look at a process; `stops` says whose death makes it true. */
  looks(state: State, looker: number, pid: number): { look: 'running' | 'gone'; stops?: number }[]
  /** Notes and checks what a step did. Called before it is made, then with its result. @throws Violation */
  observe(before: State, after: State, actor: number, step: Step, result: Result): void
  /** @returns what it came to, in a word. @throws Violation */
  finished(state: State, actor: number, outcome: Outcome): string
  /** Every visited state: all unfinished processes have stopped. */
  afterStop(state: State): Promise<void>
}

export interface Found {
  states: number
  /** Steps between states that were made, each with what it drew after it. */
  steps: number
  /** Different orders in which the processes' steps can come, from the start to an end. */
  interleavings: number
  /** What all of it can come to: how each process ends, and who changed the item in which order. */
  endings: ReadonlySet<string>
  violation: { message: string; trace: string[] } | null
}

export interface Options {
  reduced: boolean
  /** Make what comes before and after the item's guard in one step. */
  guardedOnly: boolean
  /** Make an operation on the process's own slot in one step. */
  ownSlotAtOnce: boolean
  /** All processes do the same: then only those orders are gone through in which they begin one after the other. */
  twins: boolean
  /** How often at most a process is interrupted that could go on; Infinity for all interleavings. */
  preemptions: number
  /** Each begins at a time of its own; else all of them at the start. */
  late: boolean
}

interface Branch {
  actor: number
  /** For a look at a process: the answer, and who stops by it. */
  answer?: { look: 'running' | 'gone'; stops?: number }
}

export class Search {
  private readonly claimers: readonly Claimer[]
  private readonly scenario: Scenario
  private readonly options: Options
  steps = 0

  constructor(claimers: readonly Claimer[], scenario: Scenario, options: Options) {
    this.claimers = claimers
    this.scenario = scenario
    this.options = options
  }

  /** Depth first, so that the interleavings below a state are known when it is left. */
  async run(disk: ModelDisk): Promise<Found> {
    const paths = new Map<string, number>()
    const stack: { key: string; branches: Branch[]; state: State; paths: number; made: Branch | null }[] = []
    const endings = new Set<string>()
    const found = (violation: Found['violation'], interleavings: number): Found => ({
      states: paths.size,
      steps: this.steps,
      interleavings,
      endings,
      violation,
    })
    const enter = async (state: State, key: string) => {
      stack.push({ key, branches: [], state, paths: 0, made: null })
      const top = stack.at(-1)!
      await this.scenario.afterStop(state)
      top.branches = this.branches(state)
      if (top.branches.length > 0) return
      top.paths = 1
      endings.add([...state.actors.map(({ status, note }) => `${status} ${note}`), state.note].join(', '))
    }
    try {
      const first = await this.begin(disk)
      await enter(first, digest(keyOf(first)))
      for (;;) {
        const top = stack.at(-1)!
        const branch = top.branches.pop()
        if (!branch) {
          stack.pop()
          paths.set(top.key, top.paths)
          const below = stack.at(-1)
          if (!below) {
            for (const claimer of this.claimers) await claimer.checkMerged()
            return found(null, top.paths)
          }
          below.paths += top.paths
          continue
        }
        top.made = branch
        const state = await this.take(top.state, branch)
        const key = digest(keyOf(state))
        const known = paths.get(key)
        if (known !== undefined) top.paths += known
        else await enter(state, key)
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      const trace = stack.flatMap(({ state, made }) => (made ? this.tell(state, made) : []))
      return found({ message: error.message, trace }, 0)
    }
  }

  private async begin(disk: ModelDisk): Promise<State> {
    const actors = this.claimers.map(claimer => newActor(claimer))
    const state: State = { disk: disk.clone(), actors, note: '', last: null, preempted: 0 }
    for (const i of actors.keys())
      if (this.options.late) await this.claimers[i]!.hold(actors[i]!.moment)
      else await this.settle(state, i)
    return state
  }

  /** Runs one more process, alone, on what all others left; gives how it ended. */
  async alone(state: State, claimer: Claimer): Promise<{ state: State; outcome: Outcome }> {
    const others = state.actors.map(actor => (actor.status === 'running' ? stopped(actor) : { ...actor }))
    const after = { ...state, disk: state.disk.clone(), actors: [...others, newActor(claimer, 'alone')] }
    after.disk.collect([])
    const last = others.length
    await this.settle(after, last, claimer)
    const { outcome } = after.actors[last]!.moment
    if (!outcome) throw new Violation(`${claimer.name} waits for ever for what the stopped left behind`)
    return { state: after, outcome }
  }

  // --- what can come next -------------------------------------------------------------------------------

  private branches(state: State): Branch[] {
    const branches: Branch[] = []
    let waiting = 0
    for (const [actor, { moment, status, seen }] of state.actors.entries()) {
      if (status !== 'running') continue
      const step = moment.step!
      if (step.call === 'look') {
        const answers = this.scenario.looks(state, actor, step.pid)
        // An answer that hangs on nobody's doing: whether it comes now or later is the same.
        const own = answers.every(({ stops }) => stops === undefined) && answers.length > 1
        const mine = answers.map(answer => ({ actor, answer }))
        if (own && this.options.reduced) return mine
        branches.push(...mine)
      } else if (step.call === 'sleep' && seen === this.sight(state)) waiting++
      else branches.push({ actor })
    }
    if (branches.length === 0 && waiting > 0)
      throw new Violation('all that are left wait, and nothing will ever change')
    const { twins } = this.options
    // Who of those that do the same comes first is a matter of names: in the order of the alphabet.
    const late = twins ? state.actors.findIndex(({ begun }) => !begun) : -1
    if (late >= 0)
      return this.unlessInterrupted(
        state,
        branches.filter(({ actor }) => actor <= late),
      )
    return this.unlessInterrupted(state, branches)
  }

  private unlessInterrupted(state: State, branches: Branch[]): Branch[] {
    const goesOn = branches.some(({ actor }) => actor === state.last)
    if (goesOn && state.preempted >= this.options.preemptions)
      return branches.filter(({ actor }) => actor === state.last)
    return branches
  }

  /** What an attempt to get a guard depends on. */
  private sight({ disk, actors }: State): string {
    const guards = disk.namesIn('.wrk/guards').map(key => {
      const names = disk.namesIn(`.wrk/guards/${key}`)
      const owners = names.map(
        name => actors[this.claimers.findIndex(({ pid }) => pid === Number.parseInt(name, 10))],
      )
      return [
        key,
        disk.find(`.wrk/guards/${key}`),
        ...names,
        ...owners.map(owner => owner && `${owner.moment.id}${owner.status}`),
      ].join()
    })
    return guards.join(';')
  }

  /** Makes one step, and what the same process does next unseen. */
  private async take(from: State, { actor, answer }: Branch): Promise<State> {
    this.steps++
    const state: State = { ...from, disk: from.disk.clone(), actors: from.actors.map(one => ({ ...one })) }
    const one = state.actors[actor]!
    if (this.options.preemptions !== Number.POSITIVE_INFINITY) {
      if (
        from.last !== null &&
        from.last !== actor &&
        this.branches(from).some(branch => branch.actor === from.last)
      )
        state.preempted++
      state.last = actor
    }
    const step = one.moment.step!
    one.begun = true
    if (answer) {
      const { stops, look } = answer
      if (stops !== undefined) (state.actors as Actor[])[stops] = stopped(state.actors[stops]!)
      this.complete(from, state, actor, step, { look })
    } else if (step.call === 'sleep' || step.call === 'look') {
      one.seen = null
      this.complete(from, state, actor, step, {})
    } else if (!one.held && this.hasFirstStep(state, one, step)) {
      one.held = state.disk.first(step, one.hands)
      // A folder that is not there will not be there for this operation; its second step only says so.
      if (this.options.reduced && one.held.includes(null)) this.second(from, state, actor, step)
    } else {
      this.second(from, state, actor, step)
    }
    if (state.actors[actor]!.held === null) await this.settle(state, actor)
    state.disk.collect(state.actors.flatMap(({ hands }) => hands.fds))
    // A removed folder is as good as none, whichever it was.
    for (const each of state.actors)
      if (each.held) each.held = each.held.map(id => (id !== null && state.disk.node(id) ? id : null))
    return state
  }

  private hasFirstStep(
    { disk }: State,
    { hands }: Actor,
    step: Exclude<Step, { call: 'look' | 'sleep' }>,
  ): boolean {
    const { reduced, ownSlotAtOnce } = this.options
    if (ownSlotAtOnce && 'path' in step && isOwnSlot(hands, step.path)) return false
    return disk.hasFirstStep(step, hands, !reduced)
  }

  private second(
    from: State,
    state: State,
    actor: number,
    step: Exclude<Step, { call: 'look' | 'sleep' }>,
  ): void {
    const one = state.actors[actor]!
    const [result, hands] = one.held
      ? state.disk.second(step, one.held, one.hands)
      : state.disk.atOnce(step, one.hands)
    one.hands = hands
    one.held = null
    this.complete(from, state, actor, step, result)
  }

  private complete(from: State, state: State, actor: number, step: Step, result: Result): void {
    const one = state.actors[actor]!
    this.advancePhase(one, step, result)
    if (step.call === 'readdir' && step.path.startsWith('.wrk/guards/')) one.seen = this.sight(state)
    else if (step.call === 'rename') one.seen = null
    this.scenario.observe(from, state, actor, step, result)
    const claimer = this.claimerOf(actor)
    const next = claimer.next(one.moment, result)
    // An attempt that failed is forgotten but for its number, and so is how a guard was come by.
    const entered = step.call === 'rename' && step.to.startsWith('.wrk/guards/') && result.code === undefined
    if (step.call === 'sleep') one.pauses++
    const withItem = one.phase === 'guarded' || one.phase === 'trying'
    const forgets = this.options.reduced && withItem && (entered || step.call === 'sleep')
    if (step.call === 'rename' && step.to.startsWith('.wrk/claims/') && result.code === undefined)
      one.committed = state.disk.fileAt(step.to)!.text
    const attempt = entered ? step.path : `pause ${one.pauses}`
    const key = `${one.origin} ${one.moment.guards} ${attempt} ${one.committed}`
    one.moment = forgets ? claimer.merged(key, next) : next
  }

  private advancePhase(one: Actor, step: Step, { code }: Result): void {
    if (!this.options.guardedOnly) return
    const path = 'path' in step ? step.path : ''
    const drafts = step.call === 'mkdir' && path.startsWith('.wrk/tmp/')
    const { phase } = one
    if (drafts && (phase === 'beginning' || phase === 'left')) {
      one.phase = 'trying'
      one.origin = one.moment.id
    } else if (phase === 'trying' && takesItemGuard(step) && code === undefined) one.phase = 'guarded'
    else if (phase === 'guarded' && step.call === 'rmdir' && isItemGuard(path)) one.phase = 'left'
    else if (phase === 'left' && step.call === 'sleep') one.phase = 'trying'
    else if ((phase === 'trying' || phase === 'left') && (looksAround(step) || takesOtherGuard(step)))
      one.phase = 'between'
  }

  private claimerOf(actor: number): Claimer {
    return this.claimers[actor] ?? this.guest!
  }

  private guest: Claimer | undefined

  /** Goes on as long as a process's next step is one that others cannot tell from its last. */
  private async settle(state: State, actor: number, guest?: Claimer): Promise<void> {
    this.guest = guest
    const one = state.actors[actor]!
    const claimer = this.claimerOf(actor)
    const perform = (step: Step): Result | null => {
      if (one.phase === 'between' && takesItemGuard(step)) {
        one.phase = 'trying'
        one.origin = one.moment.id
      }
      const answers = step.call === 'look' ? this.scenario.looks(state, actor, step.pid) : []
      if (!this.isUnseen(state, one, step, answers)) return null
      let result: Result
      const before = step.call === 'rename' ? { ...state, disk: state.disk.clone() } : state
      // Alone it goes on at once: its attempts are counted, and then it ends BUSY.
      if (step.call === 'sleep' && one.phase !== 'alone') return null
      if (step.call === 'sleep') result = {}
      else if (step.call === 'look') result = { look: answers[0]!.look }
      else {
        const [ended, hands] = state.disk.atOnce(step, one.hands)
        result = ended
        one.hands = hands
      }
      this.complete(before, state, actor, step, result)
      return result
    }
    for (;;) {
      const { step, outcome } = one.moment
      if (outcome) {
        one.status = 'finished'
        one.note = this.scenario.finished(state, actor, outcome)
        return
      }
      if (step) {
        if (!perform(step)) break
      } else {
        const ended = await claimer.explore(one.moment, (asked, guards) => {
          Object.assign(one.moment, { step: asked, guards })
          return perform(asked)
        })
        one.moment.outcome = ended
        if (!ended) break
      }
    }
  }

  private isUnseen(state: State, one: Actor, step: Step, answers: readonly unknown[]): boolean {
    const { reduced, guardedOnly } = this.options
    if (one.phase === 'between' || one.phase === 'alone') return true
    if (guardedOnly && one.phase === 'beginning') return true
    // A single answer is one that stays: the dead do not come back.
    if (step.call === 'look') return reduced && answers.length === 1
    if (!reduced || step.call === 'sleep') return false
    if ('path' in step && isStill(step.path)) return true
    if ('fd' in step) {
      if (step.call === 'close' || step.call === 'fsync') return true
      const id = one.hands.fds[step.fd]!
      const node = state.disk.node(id)
      if (node?.kind !== 'file' || isStill(id.slice(id.indexOf(':') + 1))) return true
      return (
        node.use === 'slot' || (node.use === 'published' && (step.call === 'fstat' || step.call === 'read'))
      )
    }
    if (guardedOnly && step.call !== 'rename' && isOwnDraft(one, step.path) && state.disk.find('.wrk/tmp'))
      return true
    return (
      step.call === 'open' &&
      !step.create &&
      state.disk.node(state.disk.find(step.path) ?? '')?.kind === 'dir'
    )
  }

  private tell(state: State, { actor, answer }: Branch): string {
    const { moment, held, hands } = state.actors[actor]!
    const step = moment.step!
    const twoSteps = 'path' in step && this.hasFirstStep(state, state.actors[actor]!, step)
    const part = held ? ' (acts)' : twoSteps ? ' (resolves)' : ''
    const said = answer ? `: ${answer.look}${answer.stops === undefined ? '' : ', it has stopped'}` : ''
    return `${hands.who}  ${describeStep(step)}${part}${said}`
  }
}

function newActor(
  { name, start, isOutsider }: Claimer,
  phase: Actor['phase'] = isOutsider ? 'left' : 'beginning',
): Actor {
  const hands = { who: name, fds: [] }
  return {
    moment: start,
    hands,
    held: null,
    phase,
    origin: 0,
    seen: null,
    pauses: 0,
    committed: '',
    begun: false,
    status: 'running',
    note: '',
  }
}

/** A process that has stopped for ever: nothing of it is left but what it did. */
function stopped(actor: Actor): Actor {
  return { ...actor, hands: { ...actor.hands, fds: [] }, held: null, seen: null, status: 'stopped', note: '' }
}

/** What nobody changes while items are claimed, and the entries of a session's claims, by which nothing is decided. */
const isStill = (path: string): boolean =>
  /^\.wrk\/(held|sessions|runs)(\/|$)|^(\.wrk\/(session-state|state)\.json|session-state\.yaml)$/.test(path)

function isOwnDraft({ hands }: Actor, path: string): boolean {
  return path.startsWith(`.wrk/tmp/${hands.who.charCodeAt(0)}~`)
}

function isOwnSlot({ who }: Hands, path: string): boolean {
  return /^\.wrk\/guards\/[^/]+\/(\d+)~/.exec(path)?.[1] === String(who.charCodeAt(0))
}

const isItemGuard = (path: string): boolean => /^\.wrk\/guards\/wrk-\d+$/.test(path)
const takesItemGuard = (step: Step): boolean => 'to' in step && isItemGuard(step.to)

/** Out of the item's guard: it looks where the item is, or which session calls, for what it does next. */
function looksAround(step: Step): boolean {
  return 'path' in step && step.call === 'readdir' && (step.path === '' || step.path.startsWith('.wrk/held/'))
}

/** What a process still does after the item's guard begins so. */
function takesOtherGuard(step: Step): boolean {
  return step.call === 'rename' && /^\.wrk\/guards\/(events|session-state)$/.test(step.to)
}

function keyOf({ disk, actors, note, last, preempted }: State): string {
  const actorLines = actors.map(
    ({ moment, hands, held, phase, seen, pauses, committed, begun, status, note: of }) =>
      status === 'running'
        ? [moment.id, hands.fds.join('+'), held?.join('+'), phase, seen, pauses, committed, begun, of].join()
        : `${status}${of}`,
  )
  return `${disk.key()}\n${actorLines.join('\n')}\n${note}\n${last}${preempted}`
}
