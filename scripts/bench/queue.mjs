/**
 * Makes a queue that looks like real ones: same seed, same items (but for the times, which count back from now).
 * The sessions in its session-state.yaml are alive, dead and unknown; the living ones are anchored to this process.
 */
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
/** Sizes of whole files are log-normal: half of them are below 2.7 KB, one in a hundred above 19 KB. */
const MEDIAN_SIZE = 2700
const SIZE_SPREAD = 0.84
const LARGEST_SIZE = 110_000

const FOLDERS = [
  ['pending', 0.3],
  ['working', 0.06],
  ['blocked', 0.04],
  ['done', 0.1],
  ['archive', 0.5],
]
const ONLY_ARCHIVE = FOLDERS.filter(([folder]) => folder === 'archive')
const WITHOUT_ARCHIVE = FOLDERS.filter(([folder]) => folder !== 'archive')
const STATUS_WORDS = {
  pending: ['pending', 'pending', 'pending', 'parked', 'deferred'],
  working: ['working', 'in_progress', 'in-progress'],
  blocked: ['blocked'],
  done: ['done', 'done', 'completed', 'merged'],
  archive: ['archived', 'archived', 'done', 'superseded'],
}
/** How many of the items in a folder somebody holds. */
const LOCKED = { pending: 0.05, working: 0.8, blocked: 0.1, done: 0.05, archive: 0.01 }

const VERBS = [
  'Add',
  'Fix',
  'Move',
  'Measure',
  'Replace',
  'Split',
  'Document',
  'Verify',
  'Speed up',
  'Retire',
]
const THINGS = [
  'the tide table import',
  'buoy calibration',
  'the harbour map tiles',
  'retry of failed uploads',
  'the night shift report',
  'wind gauge drivers',
  'the mooring planner',
  'unit conversion of depth soundings',
  'the ferry timetable feed',
  'permissions of the archive folder',
]
const ENDS = [
  '',
  ' for the north pier',
  ' (second part)',
  ': old stations',
  ' without a restart',
  ' – again',
  ' & its tests',
]
const WORDS =
  'the station sends a sounding every minute and keeps the last hour so that a gap can be filled when its link comes back while an operator who reads the chart should see at once which values were measured and which were estimated from neighbours'.split(
    ' ',
  )
const REPOS = ['tide-station', 'harbour-map', 'buoy-firmware', 'ferry-feed', 'chart-room']
const PROVIDERS = ['claude', 'codex', 'gemini']

/** mulberry32: a small generator with a seed; Math.random has none. */
function generator(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = count => Math.floor(next() * count)
  return {
    next,
    below,
    pick: list => list[below(list.length)],
    chance: share => next() < share,
    /** Box and Muller's way to a normal deviate. */
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}

const stamp = ms => `${new Date(ms).toISOString().slice(0, 19)}Z`
const day = ms => stamp(ms).slice(0, 10)
const hex = (random, length) => Array.from({ length }, () => random.below(16).toString(16)).join('')
const number = (random, count) => `WRK-${1 + random.below(count)}`
const numbers = (random, count, most) =>
  Array.from({ length: 1 + random.below(most) }, () => number(random, count))

/**
 * @param root an empty folder
 * @param archived how many of the items, the first ones, lie in the archive, and no others do; without it half of
 *   all do, here and there
 * @returns `free`: ids that can be claimed; `bytes`: the size of all items; `locks`: how many of each liveness
 */
export async function makeQueue(root, count, { seed = 157, session, archived }) {
  const random = generator(seed)
  const now = Date.now()
  const sessions = makeSessions(random, now)
  const queue = { root, count, free: [], bytes: 0, locks: { alive: 0, dead: 0, unknown: 0, stale: 0 } }
  for (const [folder] of FOLDERS) mkdirSync(join(root, folder), { recursive: true })
  const months = Array.from({ length: 12 }, (_, i) => new Date(now - i * 30 * DAY).toISOString().slice(0, 7))
  for (const month of months) mkdirSync(join(root, 'archive', month), { recursive: true })

  for (let i = 1; i <= count; i++) {
    const folders = archived === undefined ? FOLDERS : i <= archived ? ONLY_ARCHIVE : WITHOUT_ARCHIVE
    // The first ten in a hundred are free whatever the dice say, so that a small queue has some too.
    const free = i % 10 === 1 && folders !== ONLY_ARCHIVE
    const top = free ? 'pending' : folderFor(random, folders)
    const folder = top === 'archive' ? join(top, random.pick(months)) : top
    const holder = !free && random.chance(LOCKED[top]) ? random.pick(sessions) : null
    const text = item(random, { id: `WRK-${i}`, count, status: random.pick(STATUS_WORDS[top]), holder, now })
    const suffix = random.chance(0.1) ? '-tide-table' : ''
    writeFileSync(join(root, folder, `WRK-${i}${suffix}.md`), text)
    queue.bytes += Buffer.byteLength(text)
    if (holder) queue.locks[holder.liveness]++
    else if (top === 'pending') queue.free.push(`WRK-${i}`)
    // So that a signal need not wait for the last of very many.
    if (i % 500 === 0) await new Promise(setImmediate)
  }
  writeFileSync(join(root, 'session-state.yaml'), registry(sessions, session, now))
  return queue
}

function folderFor(random, folders) {
  let left = random.next() * folders.reduce((sum, [, share]) => sum + share, 0)
  for (const [folder, share] of folders) {
    left -= share
    if (left < 0) return folder
  }
  return folders[0][0]
}

function item(random, about) {
  const head = random.chance(0.025) ? withLongValues(random, about) : frontmatter(random, about)
  const size = Math.min(LARGEST_SIZE, MEDIAN_SIZE * Math.exp(SIZE_SPREAD * random.normal()))
  return `${head}${body(random, size - head.length)}`
}

function frontmatter(random, { id, count, status, holder, now }) {
  const created = now - random.below(300) * DAY - random.below(1440) * MINUTE
  const done = status === 'pending' ? 0 : random.below(101)
  const spoken = `${random.pick(VERBS)} ${random.pick(THINGS)}${random.pick(ENDS)}`
  const title = spoken.includes(': ') ? `"${spoken}"` : random.pick([`"${spoken}"`, `'${spoken}'`, spoken])
  const list = items =>
    random.chance(0.5) ? ` [${items.join(', ')}]` : items.map(one => `\n  - ${one}`).join('')
  const lines = [
    `id: ${id}`,
    `title: ${title}`,
    `status: ${status}${random.chance(0.1) ? '  # see the plan' : ''}`,
    `priority: ${random.pick(['high', 'medium', 'medium', 'low'])}`,
    `complexity: ${random.pick(['simple', 'medium', 'complex'])}`,
    `compound: ${random.chance(0.2)}`,
    `created_at: ${random.pick([stamp(created), day(created), `"${stamp(created)}"`])}`,
    `updated_at: ${stamp(created + random.below(20) * DAY)}`,
    `target_repos:${list([random.pick(REPOS), random.pick(REPOS)])}`,
    `commit: ${random.chance(0.4) ? hex(random, 40) : ''}`.trimEnd(),
    `spec_ref: specs/${id.toLowerCase()}.md`,
    `related:${list(numbers(random, count, 3))}`,
    `blocked_by:${random.chance(0.2) ? list(numbers(random, count, 2)) : ' []'}`,
    `parent:${random.chance(0.15) ? ` ${number(random, count)}` : ''}`,
    `category: ${random.pick(['data', 'interface', 'maintenance'])}`,
    `subcategory: ${random.pick(['stations', 'charts', 'reports'])}`,
    '# set by review',
    `plan_reviewed: ${random.chance(0.6)}`,
    `plan_approved: ${random.chance(0.5)}`,
    `percent_complete: ${done}`,
    `brochure_status: ${random.pick(['pending', 'n/a'])}`,
    `computer: ${random.pick(['pier-1', 'pier-2'])}`,
    `provider: ${random.pick(PROVIDERS)}`,
    `provider_alt: ${random.pick(PROVIDERS)}`,
    `estimate_hours: ${1 + random.below(16)}`,
    `stage_evidence_ref: evidence/${id}/stages.yaml`,
  ]
  if (holder)
    lines.push(`locked_by: "${holder.id}"`, `locked_at: "${stamp(holder.since + random.below(5) * MINUTE)}"`)
  else if (random.chance(0.2)) lines.push('locked_by: ""', 'locked_at: ""')
  return `---\n${lines.join('\n')}\n---\n`
}

/** Values over several lines: block scalars, folded plain ones, and flow lists. */
function withLongValues(random, about) {
  const plain = () => sentence(random).replaceAll(',', '')
  const value = random.pick([
    () => `note: |\n  ${sentence(random)}\n  ${sentence(random)}\n`,
    () => `summary: ${plain()}\n  ${plain()}\n`,
    () => `stages: [\n  ${random.pick(WORDS)},\n  ${random.pick(WORDS)},\n  ]\n`,
  ])()
  return frontmatter(random, about).replace('compound:', () => `${value}compound:`)
}

function sentence(random) {
  let words = ''
  // By far the most frequent step, hence no Array.from.
  for (let left = 6 + random.below(10); left > 0; left--) words += ` ${random.pick(WORDS)}`
  return `${words[1].toUpperCase()}${words.slice(2)}.`
}

function body(random, size) {
  const parts = ['\n# What\n\n']
  let length = 0
  while (length < size) {
    const kind = random.next()
    const part =
      kind < 0.1
        ? `\n## ${sentence(random).slice(0, -1)}\n\n`
        : kind < 0.13
          ? '\n---\n\n'
          : kind < 0.4
            ? `- [${random.chance(0.5) ? 'x' : ' '}] ${sentence(random)}\n`
            : kind < 0.45
              ? `\n\`\`\`sh\nnpm run ${random.pick(WORDS)} -- --station ${random.below(90)}\n\`\`\`\n\n`
              : `${sentence(random)} ${sentence(random)}\n`
    parts.push(part)
    length += part.length
  }
  return parts.join('')
}

/** Who holds items: alive, dead, unknown, and alive no longer known for so long that their locks are stale. */
function makeSessions(random, now) {
  const host = hostname().split('.')[0].toLowerCase()
  const name = (maker, on) => `${maker}-${on}-${hex(random, 6)}`
  const here = processAnchor()
  const kinds = [
    // Without /proc nobody can be shown to be alive, but a recent heartbeat still keeps the lock.
    { liveness: here ? 'alive' : 'unknown', host, anchor: here, ageMs: 20 * MINUTE, many: 8 },
    {
      liveness: here ? 'dead' : 'unknown',
      host,
      anchor: here && { ...here, started: '1' },
      ageMs: 40 * MINUTE,
      many: 6,
    },
    {
      liveness: 'unknown',
      host: 'pier-9',
      anchor: { pid: 4242, started: '815', boot: 'b', pidns: '1' },
      ageMs: 30 * MINUTE,
      many: 4,
    },
    { liveness: 'stale', host, anchor: null, ageMs: 9 * 60 * MINUTE, many: 4 },
  ]
  return kinds.flatMap(({ many, ageMs, ...kind }) =>
    Array.from({ length: many }, () => ({
      ...kind,
      id: name(random.pick(PROVIDERS), kind.host),
      since: now - ageMs,
    })),
  )
}

/** This process as wrk writes an anchor, or null where there is no /proc. */
function processAnchor() {
  if (process.platform !== 'linux') return null
  const stat = readFileSync('/proc/self/stat', 'latin1')
  return {
    pid: process.pid,
    started: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19],
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    pidns: /\d+/.exec(readlinkSync('/proc/self/ns/pid'))[0],
  }
}

/** session-state.yaml with these sessions, and with `own`, which the benchmark acts as. */
function registry(sessions, own, now) {
  const entry = ({ id, host, anchor, since }) => `  - session_id: "${id}"
    orchestrator_agent: "${id.split('-')[0]}"
    host: "${host}"
    anchor: ${anchor ? `{ pid: ${anchor.pid}, started: "${anchor.started}", boot: "${anchor.boot}", pidns: "${anchor.pidns}" }` : 'null'}
    started_at: "${stamp(since)}"
    heartbeat_at: "${stamp(since)}"
    active_wrk: null
    last_stage: null
    claims: []
    ended_at: null
`
  const mine = { id: own, host: hostname().split('.')[0].toLowerCase(), anchor: processAnchor(), since: now }
  return `session_id: "${own}"
orchestrator_agent: "claude"
subagents_used: []
active_wrk: ""
last_stage: ""
handoff_allowed: false
updated_at: "${stamp(now)}"
sessions:
${[...sessions, mine].map(entry).join('')}`
}
