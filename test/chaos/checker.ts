/**
 * Judges a storm by what was recorded of it: the calls as their callers saw them, files as an onlooker saw them, the
 * event log, and what was left. It shares no code with wrk.
 *
 * What must hold, whatever was killed, stopped or wrongly taken for dead:
 *  - numbers: the log's numbers rise by one, over rotations too; a line once written stays as it is
 *    (`gap`, `repeat`, `torn`)
 *  - history: the events of one item, in the order of their numbers, are a lawful life of a lock. It is granted only
 *    when free and open, renewed and released by its holder (or by force), taken over from who held it; who is not the
 *    holder changes only what is free, or with a takeover that is logged (`two-holders`, `foreign-write`, `illegal`)
 *  - one event for one change: the changes that callers saw succeed, and perhaps those of which nobody saw the end,
 *    are the events of the log, each once and in its caller's order (`lost-event`, `extra-event`)
 *  - order: what ended before another call on the same item began has the lower number. With the two above: all calls
 *    happened, each at one instant between its begin and its end, in the order of the log. So between the end of a claim and
 *    the begin of what ended it (its holder's release, or a logged takeover) nobody else got the item (`two-holders`, `order`)
 *  - sessions: the log has one event for each start and each end of a session, in turn, and the last is what
 *    session-state.yaml says of it (`session`)
 *  - refusals name only who can have been the holder meanwhile, and so do files; but the file of a claim that said that
 *    it shows later may name who it named before, until the holder's next change that is no renewal (`wrong-holder`). No
 *    claim says that without wrong verdicts or git in the tree (`not-shown`)
 *  - the superseded: a session that was given an item, lost it by a takeover, and has not asked for it
 *    again or given it up, changes it no more (`write-after-takeover`), and its next heartbeat reports it (`not-reported`)
 *  - a takeover by age is of a lock whose holder was last seen, if only by a renewal without an event, as long ago as the TTL
 *    by the clocks of the two; one by a clock that is far ahead of the taker's counts from when it was written
 *    (`early-takeover`). Where no wrong verdicts were made, one from the dead is from a session that was killed or ended
 *    (`false-death`)
 *  - bytes: outside the fields that were changed a file is always as it was made (`outside-fields`); at the end
 *    each item has one file, and its lock, status and value are those of its last events (`final`, `lost-update`)
 *  - where git was at work in the tree, the files show what it put there, and only the log and the answers tell who
 *    holds an item; of the bytes then only those outside the fields are looked at
 *  - afterwards a stranger can claim every item by one call (a closed one is reopened by one before), but for those of
 *    which git left two copies or, by a stash that had their removal in it, none (`unclaimable`); and nothing is left in
 *    `.wrk` but what belongs to those (`litter`)
 *  - no call ends with a code that the storm does not explain (`exit-code`): 0, 4, 5 (closed, or the wrong status), and
 *    75 when a process that held a guard was stopped
 *
 * Clocks differ between callers, which is why nothing but the age of locks is judged by the times in the log. Who
 * is ahead of others takes over by age what is young for them: that is a takeover, and logged.
 */
import type { LoggedEvent } from '../support/queue.ts'
import type { Op, Recording } from './recording.ts'

export interface Violation {
  kind: string
  what: string
}

/** An event of one item with what is known of when it happened, and by which calls. */
interface Step {
  event: LoggedEvent
  begin: number
  end: number
  ops: Op[]
  /** After it. */
  holder: string | null
  status: string
}

const TAKES = ['granted', 'renewed', 'takenOver', 'started']
const STATUS_AFTER: Record<string, string> = {
  started: 'working',
  blocked: 'blocked',
  unblocked: 'pending',
  finished: 'done',
  reopened: 'pending',
  archived: 'archived',
}
const CHANGES = [...TAKES, ...Object.keys(STATUS_AFTER), 'released', 'changed']
/** The events that a call may cause. */
const EVENTS_OF: Record<string, readonly string[]> = {
  claim: ['granted', 'renewed', 'takenOver'],
  release: ['released'],
  end: ['released'],
  set: ['changed'],
  start: ['started'],
  block: ['blocked'],
  unblock: ['unblocked'],
  done: ['finished'],
  reopen: ['reopened'],
  archive: ['archived'],
  'lock claim': ['granted', 'renewed', 'takenOver'],
  'lock release': ['released'],
}
const isClosed = (status: string) => status === 'done' || status === 'archived'

export function check(recording: Recording): Violation[] {
  const violations: Violation[] = []
  const report = (kind: string, what: string) => violations.push({ kind, what })
  const events = checkNumbers(recording, report)
  const items = new Set([
    ...Object.keys(recording.originals),
    ...recording.ops.flatMap(({ item }) => item ?? []),
  ])
  for (const event of events)
    if (event.item !== null && !items.has(event.item))
      report('illegal', `an event of a stranger: ${tell(event)}`)
  const histories = new Map<string, Step[]>()
  for (const item of items) {
    const steps = checkHistory(item, events, recording.git ?? false, report)
    matchOps(item, steps, recording.ops, report)
    checkOrder(item, steps, report)
    checkWitnesses(item, steps, recording, report)
    checkTakeovers(steps, recording, report)
    histories.set(item, steps)
  }
  checkSuperseded(histories, recording.ops, report)
  checkCodes(recording, report)
  checkFiles(histories, recording, report)
  checkSessions(events, recording, report)
  checkAfterwards(recording, report)
  return violations
}

type Report = (kind: string, what: string) => void

const tell = ({ seq, type, item, session, previous_holder, reason }: LoggedEvent) =>
  `#${seq} ${type} ${item} by ${session}${previous_holder ? ` from ${previous_holder}` : ''}${reason ? ` (${reason})` : ''}`
const tellOp = ({ worker, n, verb, item, who, via, code }: Op) =>
  `${verb} ${item ?? ''} by ${who} (${worker}, call ${n}, ${via}, exit ${code})`

function checkNumbers({ log, logAtEnd }: Recording, report: Report): LoggedEvent[] {
  const events: LoggedEvent[] = []
  const lines = new Map<number, string>()
  let last: number | null = null
  for (const line of log) {
    const event = parse(line)
    if (!event) {
      report('torn', line.slice(0, 200))
      continue
    }
    const before = lines.get(event.seq)
    if (before !== undefined) report('repeat', `number ${event.seq} stands twice:\n  ${before}\n  ${line}`)
    else if (last !== null && event.seq !== last + 1) report('gap', `number ${event.seq} follows ${last}`)
    if (before === undefined) events.push(event)
    lines.set(event.seq, line)
    last = event.seq
  }
  const end = logAtEnd.filter(line => line !== '')
  if (end.join('\n') !== log.slice(log.length - end.length).join('\n'))
    report('torn', 'lines of the log were changed after they had been written')
  return events.sort((a, b) => a.seq - b.seq)
}

function parse(line: string): LoggedEvent | null {
  try {
    const event = JSON.parse(line)
    return Number.isSafeInteger(event.seq) && typeof event.type === 'string' ? event : null
  } catch {
    return null
  }
}

/** Plays the events of an item in the order of their numbers. What is closed may be open again where git was at work. */
function checkHistory(item: string, events: readonly LoggedEvent[], git: boolean, report: Report): Step[] {
  let holder: string | null = null
  let status = 'pending'
  const steps: Step[] = []
  for (const event of events) {
    if (event.item !== item || !CHANGES.includes(event.type)) continue
    const { type, session, previous_holder: from, forced } = event
    const is = `${tell(event)}, while ${holder ?? 'nobody'} holds it`
    if (type === 'granted' && holder !== null) report('two-holders', is)
    if (type === 'renewed' && holder !== session) report(holder === null ? 'illegal' : 'two-holders', is)
    if (type === 'takenOver' && (holder === null || holder !== from || holder === session))
      report(holder === null ? 'illegal' : 'two-holders', is)
    if (
      (type === 'granted' || type === 'takenOver' || type === 'started') &&
      isClosed(status) &&
      !forced &&
      !git
    )
      report('illegal', `${is}, and it is ${status}`)
    if (type === 'released') {
      if (from !== holder || holder === null) report('foreign-write', is)
      else if (session !== holder && !forced) report('foreign-write', is)
    }
    if (type === 'changed' && holder !== null && holder !== session) report('foreign-write', is)
    if (type in STATUS_AFTER && holder !== session && holder !== from) report('foreign-write', is)
    if (TAKES.includes(type)) holder = session
    else if (type !== 'changed') holder = null
    status = STATUS_AFTER[type] ?? status
    steps.push({
      event,
      begin: Number.NEGATIVE_INFINITY,
      end: Number.POSITIVE_INFINITY,
      ops: [],
      holder,
      status,
    })
  }
  return steps
}

/** Whether a call must, may or cannot have changed an item. */
function effect(op: Op, item: string): 'must' | 'may' | 'none' {
  if (!(op.verb in EVENTS_OF)) return 'none'
  if (op.code === null || op.code >= 70) return 'may'
  if (op.verb === 'end') return op.code !== 0 ? 'may' : op.released.includes(item) ? 'must' : 'none'
  return op.code === 0 && op.changed ? 'must' : 'none'
}

function fits(op: Op, { event }: Step): boolean {
  if (!EVENTS_OF[op.verb]!.includes(event.type)) return false
  if (op.code !== 0) return true
  // A renewal may leave the file's lock as it is.
  const isSince = op.lockedAt === null || op.kind === 'renewed' || op.lockedAt === event.time
  return (op.kind === null || op.kind === event.type) && isSince
}

/** Finds for each caller which of its calls made which event; where several ways are as good, all of them count. */
function matchOps(item: string, steps: readonly Step[], all: readonly Op[], report: Report): void {
  const callers = new Map<string, { ops: Op[]; steps: Step[] }>()
  const of = (who: string) => {
    const found = callers.get(who) ?? { ops: [], steps: [] }
    callers.set(who, found)
    return found
  }
  for (const op of all)
    if ((op.item === item || (op.verb === 'end' && !item.startsWith('lock:'))) && effect(op, item) !== 'none')
      of(op.who).ops.push(op)
  for (const step of steps) of(step.event.session ?? '').steps.push(step)
  for (const { ops, steps: own } of callers.values()) {
    ops.sort((a, b) => a.n - b.n)
    matchCaller(item, ops, own, report)
  }
}

/** Cost of what stays alone: a change that must have an event, or an event without a call. */
const ALONE = 1

function matchCaller(item: string, ops: readonly Op[], steps: readonly Step[], report: Report): void {
  const alone = (op: Op) => (effect(op, item) === 'must' ? ALONE : 0)
  const wide = steps.length + 1
  const ahead = new Float64Array((ops.length + 1) * wide)
  const behind = new Float64Array((ops.length + 1) * wide)
  // behind[i, j]: the least cost of the first i calls and j events; ahead: of those from i and j on.
  for (let i = 0; i <= ops.length; i++)
    for (let j = 0; j <= steps.length; j++) {
      let best = i === 0 && j === 0 ? 0 : Number.POSITIVE_INFINITY
      if (i > 0) best = Math.min(best, behind[(i - 1) * wide + j]! + alone(ops[i - 1]!))
      if (j > 0) best = Math.min(best, behind[i * wide + j - 1]! + ALONE)
      if (i > 0 && j > 0 && fits(ops[i - 1]!, steps[j - 1]!))
        best = Math.min(best, behind[(i - 1) * wide + j - 1]!)
      behind[i * wide + j] = best
    }
  for (let i = ops.length; i >= 0; i--)
    for (let j = steps.length; j >= 0; j--) {
      let best = i === ops.length && j === steps.length ? 0 : Number.POSITIVE_INFINITY
      if (i < ops.length) best = Math.min(best, ahead[(i + 1) * wide + j]! + alone(ops[i]!))
      if (j < steps.length) best = Math.min(best, ahead[i * wide + j + 1]! + ALONE)
      if (i < ops.length && j < steps.length && fits(ops[i]!, steps[j]!))
        best = Math.min(best, ahead[(i + 1) * wide + j + 1]!)
      ahead[i * wide + j] = best
    }
  const total = ahead[0]!
  const matched = new Set<Op>()
  for (const [j, step] of steps.entries()) {
    step.ops = ops.filter(
      (op, i) => fits(op, step) && behind[i * wide + j]! + ahead[(i + 1) * wide + j + 1]! === total,
    )
    for (const op of step.ops) matched.add(op)
    if (step.ops.length === 0) {
      report('extra-event', `no call made it: ${tell(step.event)}`)
      continue
    }
    step.begin = Math.min(...step.ops.map(op => op.begin))
    step.end = Math.max(...step.ops.map(endOf))
  }
  for (const op of ops)
    if (alone(op) > 0 && !matched.has(op)) report('lost-event', `no event for it: ${tellOp(op)}`)
  if (
    total === 0 ||
    steps.some(step => step.ops.length === 0) ||
    ops.some(op => alone(op) > 0 && !matched.has(op))
  )
    return
  const kind = steps.length > ops.length ? 'extra-event' : 'lost-event'
  report(kind, `${ops.length} calls of ${ops[0]!.who} on ${item} made ${steps.length} events`)
}

/** Its process may have gone on when nobody looked any more. */
const endOf = ({ code, end }: Op) => (code === null || end === null ? Number.POSITIVE_INFINITY : end)

/** No event may have ended before one with a lower number began. */
function checkOrder(item: string, steps: readonly Step[], report: Report): void {
  let latest: Step | null = null
  for (const step of steps) {
    if (latest && step.end < latest.begin) {
      const others = TAKES.includes(step.event.type) && step.event.session !== latest.event.session
      report(
        others ? 'two-holders' : 'order',
        `of ${item}, ${tell(step.event)} was over before ${tell(latest.event)} began`,
      )
    }
    if (!latest || step.begin > latest.begin) latest = step
  }
}

/** Who can have held an item at some instant of a span; null stands for nobody. */
function holdersDuring(steps: readonly Step[], from: number, to: number): Set<string | null> {
  const holders = new Set<string | null>()
  for (let i = -1; i < steps.length; i++) {
    const begin = i < 0 ? Number.NEGATIVE_INFINITY : steps[i]!.begin
    const end = steps[i + 1]?.end ?? Number.POSITIVE_INFINITY
    if (begin <= to && end >= from) holders.add(i < 0 ? null : steps[i]!.holder)
  }
  return holders
}

/** Whom the file can have named at some instant of a span. */
function shownDuring(steps: readonly Step[], from: number, to: number): Set<string | null> {
  const names = holdersDuring(steps, from, to)
  const isLate = ({ ops }: Step) => ops.some(({ showsLater }) => showsLater)
  for (const [i, step] of steps.entries()) {
    if (!isLate(step) || step.begin > to) continue
    // A renewal leaves alone a file from which something took the lock.
    const shown = steps.slice(i + 1).find(next => next.event.type !== 'renewed' && !isLate(next))
    if ((shown?.end ?? Number.POSITIVE_INFINITY) >= from) names.add(steps[i - 1]?.holder ?? null)
  }
  return names
}

function checkWitnesses(item: string, steps: readonly Step[], recording: Recording, report: Report): void {
  for (const op of recording.ops) {
    if (op.item !== item || op.code !== 4 || op.holder === null || op.end === null) continue
    const holders = holdersDuring(steps, op.begin, op.end)
    if (!holders.has(op.holder))
      report(
        'wrong-holder',
        `${tellOp(op)} was refused for ${op.holder}, but it was ${[...holders].join(' or ')}`,
      )
  }
  if (recording.git) return
  for (const { from, to, text } of recording.samples.filter(sample => sample.item === item)) {
    const by = fieldOf(text, 'locked_by') || null
    const holders = shownDuring(steps, from, to)
    if (!holders.has(by))
      report(
        'wrong-holder',
        `the file of ${item} named ${by} at ${to}, but it was ${[...holders].join(' or ')}`,
      )
  }
}

/** Further ahead than this a clock is wrong. */
const FAR_AHEAD = 300_000
/** What a holder does that shows its life. */
const SIGNS = ['claim', 'lock claim', 'lock renew', 'heartbeat']

/** How far a clock that a call was given is ahead of this machine's: `+400ms`, `-2m`. */
function aheadOf({ clock }: Op): number {
  const [, sign, count, unit] = /^([+-])(\d+)(ms|s|m|h)$/.exec(clock)!
  return Number(`${sign}${count}`) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit!]!
}

function checkTakeovers(steps: readonly Step[], recording: Recording, report: Report): void {
  const { mode, deaths, ops } = recording
  for (const [i, { event, end }] of steps.entries()) {
    const from = event.previous_holder
    if (!from || from === event.session || event.forced || event.type === 'released') continue
    if (event.reason?.includes('TTL')) checkAge(steps, i, recording, report)
    else if (event.reason?.includes('dead') && mode === 'right') {
      const session = ops.find(op => op.who === from)?.session
      const worker = ops.find(op => op.session === session)?.worker
      const died =
        deaths.some(death => death.worker === worker && death.at <= end) ||
        ops.some(op => op.verb === 'end' && op.session === session && op.begin <= end)
      if (!died) report('false-death', tell(event))
    }
  }
}

/** Of a takeover by age: how old the lock was, by the events, and by all that its holder did to keep it. */
function checkAge(steps: readonly Step[], i: number, { ttlMs, ops }: Recording, report: Report): void {
  const { event, begin, end, ops: takers } = steps[i]!
  const from = event.previous_holder!
  const session = ops.find(op => op.who === from)?.session
  const signs = ops.filter(
    op =>
      SIGNS.includes(op.verb) &&
      (op.verb === 'heartbeat' ? op.session === session : op.who === from && op.item === event.item) &&
      op.begin <= end,
  )
  const takersAhead = Math.max(...takers.map(aheadOf))
  const isFar = (op: Op) => aheadOf(op) > takersAhead + FAR_AHEAD

  const taken = steps.slice(0, i).findLast(step => TAKES.includes(step.event.type))
  const age = Date.parse(event.time) - Date.parse(taken?.event.time ?? event.time)
  // Far ahead of the taker's clock, a lock counts from its file's time. Times are cut to the second.
  const isByFile = signs.some(op => isFar(op) && op.verb !== 'heartbeat' && endOf(op) > (taken?.begin ?? 0))
  if (!isByFile && age > -FAR_AHEAD && age <= ttlMs - 1000) {
    report('early-takeover', `${tell(event)}: it was ${age} ms old`)
    return
  }
  for (const sign of takers.length > 0 ? signs : []) {
    if (sign.code !== 0 || endOf(sign) > begin) continue
    const at = sign.begin + (isFar(sign) ? 0 : Math.min(0, aheadOf(sign)))
    const silence = end + takersAhead - at
    // Those of an item are cut to the second, those of a session lock are rounded up.
    if (silence >= (sign.verb.startsWith('lock ') ? ttlMs : ttlMs - 1000)) continue
    report('early-takeover', `${tell(event)}: ${tellOp(sign)} was at most ${Math.round(silence)} ms before`)
    return
  }
}

/** What a session was given, and lost by a takeover. */
function checkSuperseded(histories: ReadonlyMap<string, Step[]>, ops: readonly Op[], report: Report): void {
  const sessions = new Map<string, Op[]>()
  for (const op of [...ops].sort((a, b) => a.n - b.n))
    if (!op.item?.startsWith('lock:')) sessions.set(op.session, [...(sessions.get(op.session) ?? []), op])
  for (const own of sessions.values()) {
    // The items that the session was given and that the registry must know of, by the claim that gave each.
    const given = new Map<string, Op>()
    for (const op of own) {
      const claim = op.item === null ? undefined : given.get(op.item)
      if (op.verb === 'heartbeat' && op.code === 0)
        for (const [item, by] of given) {
          const loss = lossAfter(histories.get(item)!, by)
          if (loss && loss.end < op.begin)
            report('not-reported', `${tellOp(op)}, but before: ${tell(loss.event)}`)
        }
      if (
        claim &&
        op.verb in EVENTS_OF &&
        !['claim', 'start', 'release', 'end'].includes(op.verb) &&
        op.code === 0 &&
        op.changed
      ) {
        const steps = histories.get(op.item!)!
        const loss = lossAfter(steps, claim)
        const written = steps.filter(step => step.ops.includes(op))
        if (loss && written.length > 0 && written.every(step => step.event.seq > loss.event.seq))
          report('write-after-takeover', `${tellOp(op)}, but before: ${tell(loss.event)}`)
      }
      if (op.verb === 'end') given.clear()
      if (op.item === null || op.verb === 'set' || !(op.verb in EVENTS_OF)) continue
      const got = op.code === 0 && op.changed && !op.warned && (op.verb === 'claim' || op.verb === 'start')
      if (got) given.set(op.item, op)
      else if (op.verb === 'release' || effect(op, op.item) !== 'none') given.delete(op.item)
    }
  }
}

/** The takeover that ended what a claim had got. */
function lossAfter(steps: readonly Step[], claim: Op): Step | undefined {
  const at = steps.findLastIndex(step => step.ops.includes(claim))
  if (at < 0) return undefined
  const next = steps.slice(at + 1).find(step => step.holder !== claim.who)
  const { event } = next ?? {}
  return event &&
    event.previous_holder === claim.who &&
    event.session !== claim.who &&
    event.type !== 'released'
    ? next
    : undefined
}

function checkCodes({ ops, mode, git = false }: Recording, report: Report): void {
  for (const op of ops) {
    const { code, error } = op
    const explained =
      code === null ||
      code === 0 ||
      code === 4 ||
      code === 75 ||
      // It takes the process that its own session is anchored to for gone.
      (mode === 'wrong' && error === 'NO_SESSION') ||
      // While git takes a file away, or has put it where it was before.
      (git && (code === 1 || code === 5)) ||
      (code === 5 && (error === 'CLOSED' || (error === 'INVALID_ITEM' && op.verb !== 'claim')))
    if (!explained) report('exit-code', `${tellOp(op)}: ${error} ${op.said}`)
    if (op.showsLater && mode === 'right' && !git) report('not-shown', `${tellOp(op)}: ${op.said}`)
  }
}

/** The fields that the storm changes, and the values of which are not compared. */
const FIELDS = 'locked_by|locked_at|status|completed_at|blocked_reason|note'
const FIELD = new RegExp(
  `^(${FIELDS})(:[ \\t]*)("[^"\\n]*"|'[^'\\n]*'|[^\\s#][^#\\r\\n]*?)?([ \\t]*(?:#.*)?\\r?\\n)$`,
)

/** What is between the fences, and the rest with them. */
function split(text: string): { head: string; rest: string } {
  const [whole = '', head = ''] = /^\ufeff?---\r?\n([\s\S]*?^)---\r?$/m.exec(text) ?? []
  return { head, rest: text.slice(0, whole.indexOf(head)) + text.slice(whole.indexOf(head) + head.length) }
}

/** A file without the values of those fields, and without those that it was not made with. */
function outside(text: string, original: string): string {
  const made = new Set(split(original).head.match(new RegExp(`^(?:${FIELDS})(?=:)`, 'gm')) ?? [])
  const { head, rest } = split(text)
  const lines = head.split(/(?<=\n)/).map(line => {
    const [, key, colon, , comment] = FIELD.exec(line) ?? []
    if (key === undefined) return line
    return made.has(key) ? `${key}${colon!.trimEnd()} ?${comment}` : ''
  })
  return lines.join('') + rest
}

function fieldOf(text: string, key: string): string | undefined {
  const [, value] =
    new RegExp(`^${key}:[ \\t]*("[^"\\n]*"|'[^'\\n]*'|[^\\s#][^#\\r\\n]*?)?[ \\t]*(?:#.*)?\\r?$`, 'm').exec(
      split(text).head,
    ) ?? []
  return value?.replace(/^(["'])(.*)\1$/, '$2')
}

const FOLDERS: Record<string, RegExp> = {
  pending: /^pending$/,
  working: /^working$/,
  blocked: /^blocked$/,
  done: /^(?:done|archive\/\d{4}-\d{2})$/,
  archived: /^archive\/\d{4}-\d{2}$/,
}

function checkFiles(histories: ReadonlyMap<string, Step[]>, recording: Recording, report: Report): void {
  const { originals, samples, files } = recording
  for (const [item, original] of Object.entries(originals)) {
    const wanted = outside(original, original)
    const found = files.filter(({ path }) => path.endsWith(`/${item}.md`))
    // Git writes files in place: an onlooker may see half of one.
    const looks = recording.git ? [] : samples.filter(sample => sample.item === item)
    for (const { text } of [...looks, ...found])
      if (outside(text, original) !== wanted) {
        report('outside-fields', `${item}:\n${text}\ninstead of\n${original}`)
        break
      }
    if (recording.git) continue
    const [file, ...others] = found
    if (!file || others.length > 0) {
      report('final', `${item} is in ${found.length} places: ${found.map(({ path }) => path).join(', ')}`)
      continue
    }
    const steps = histories.get(item)!
    const last = steps.at(-1)
    const holder = last?.holder ?? null
    const by = fieldOf(file.text, 'locked_by') || null
    if (by !== holder) report('final', `${item} names ${by}, but by its events it is ${holder}`)
    const since = holder === null ? null : steps.findLast(step => TAKES.includes(step.event.type))?.event.time
    const at = fieldOf(file.text, 'locked_at') || null
    if (at !== since) report('final', `${item} is locked since ${at}, but by its events since ${since}`)
    const status = last?.status ?? 'pending'
    if (fieldOf(file.text, 'status') !== status)
      report('final', `${item} is ${fieldOf(file.text, 'status')}, but by its events ${status}`)
    if (!FOLDERS[status]!.test(file.path.slice(0, file.path.lastIndexOf('/'))))
      report('final', `${item} is ${status}, but lies at ${file.path}`)
    const set = steps.findLast(step => step.event.type === 'changed')
    const note = fieldOf(file.text, 'note')
    if (set && set.ops.length > 0 && !set.ops.some(({ value }) => value === note))
      report(
        'lost-update',
        `${item} says ${note}, but the last to set it was ${set.ops.map(({ value }) => value).join(' or ')}`,
      )
  }
  const items = Object.keys(originals)
  for (const { path } of files) if (!items.some(item => path.endsWith(`/${item}.md`))) report('litter', path)
}

/** Nobody is forgotten within a storm, so all sessions are listed at its end. */
function checkSessions(events: readonly LoggedEvent[], { sessions }: Recording, report: Report): void {
  const on: Record<string, boolean> = {}
  for (const event of events) {
    if (event.type !== 'sessionStarted' && event.type !== 'sessionEnded') continue
    const started = event.type === 'sessionStarted'
    const { session } = event
    if (session === null || started === (on[session] ?? false))
      report('session', `out of turn: ${tell(event)}`)
    if (session !== null) on[session] = started
  }
  for (const id of new Set([...Object.keys(on), ...Object.keys(sessions)]))
    if (on[id] !== sessions[id])
      report('session', `${id} is listed as ${sessions[id]}, but by its events it is ${on[id]}`)
}

/** The worker that comes when the storm is over: a stranger with a clock ahead of all. */
export const AFTERWARDS = 'afterwards'

function checkAfterwards(recording: Recording, report: Report): void {
  const { originals, ops, leftovers, files, git = false, stashed = [] } = recording
  const locks = new Set(ops.flatMap(({ item }) => (item?.startsWith('lock:') ? [item] : [])))
  const allowed = [/^guards\/(session|anchor)-/, ...(git ? [/^moves\//] : [])]
  for (const item of [...Object.keys(originals), ...locks]) {
    const tries = ops.filter(
      op => op.worker === AFTERWARDS && op.item === item && !['start', 'release'].includes(op.verb),
    )
    const said = tries.map(({ verb, code, error }) => `${verb} ${code} ${error ?? ''}`.trim()).join(', ')
    if (/^(?:claim 5 CLOSED, reopen 0, )?claim 0$/.test(said)) continue
    // A stash that is popped into a copy that git had put back leaves two of which a person has to choose. One that was
    // taken while the item lay elsewhere removes it where it was before, even if it is there again.
    const isNowhere = !files.some(({ path }) => path.endsWith(`/${item}.md`))
    const isGone = said === 'claim 1 NOT_FOUND' && isNowhere && stashed.includes(item)
    if (git && (said === 'claim 5 AMBIGUOUS' || isGone))
      allowed.push(new RegExp(`^outbox/${item.toLowerCase()}~`))
    else report('unclaimable', `${item}: ${said || 'nobody tried'}`)
  }
  // The guard of a session whose process died in it waits for that session's next call, or for doctor.
  for (const name of leftovers)
    if (!allowed.some(pattern => pattern.test(name))) report('litter', `.wrk/${name}`)
}
