/**
 * How long the built command takes, as ratios to `node -e 0` timed in the same run, pair by pair, on queues that
 * it makes in a temporary folder; the memory that `list` needs; and what the library does within one process.
 *
 *   npm run bench                 a table with goals; about two minutes
 *   npm run bench -- --json       the same as one JSON object
 *   npm run bench -- --check      exit 1 when a goal is missed
 *   npm run bench -- --smoke      small queues, few pairs, no goals: only that everything runs
 *   npm run bench -- --pairs 100  more pairs for each case (the large queue takes half as many)
 *   npm run bench -- --clean      without the caller's environment: NODE_OPTIONS, NODE_EXTRA_CA_CERTS and the like
 *
 * `verify` is paired with `git status` in the same repository instead.
 *
 * Commands run as an established session (WRK_SESSION_ID, listed, seen within the minute), with their output
 * going to /dev/null. Ratios of a busy machine are noisy: the quartiles tell how much. Settings that slow down
 * every start of Node make all ratios smaller; --clean leaves them out, and the report says which are set.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { pairs, stop, summary, time } from './bench/measure.mjs'
import { makeQueue } from './bench/queue.mjs'
import { measureWatch } from './bench/watch.mjs'

const DIST = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist')
const WRK = join(DIST, 'wrk.cjs')
const SESSION = 'claude-bench-000001'
const TMPFS = 0x01021994
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** What `list` cannot do without: the names, and the first 4 KB of each item. */
const READ_BYTES = `
const fs = require('node:fs'), buffer = Buffer.allocUnsafe(4096)
const read = dir => {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const path = dir + '/' + entry.name
    if (entry.isDirectory()) read(path)
    else if (path.endsWith('.md')) {
      const fd = fs.openSync(path, 'r')
      fs.readSync(fd, buffer, 0, 4096, 0)
      fs.closeSync(fd)
    }
  }
}
read(process.argv[1])`

/** What `claim` cannot do without: a new file that is on the disk, in place of the old one, durably. */
const WRITE_BYTES = `
const fs = require('node:fs'), [, dir] = process.argv
const fd = fs.openSync(dir + '/new', 'w')
fs.writeSync(fd, Buffer.alloc(2700, 'x'))
fs.fsyncSync(fd)
fs.closeSync(fd)
fs.renameSync(dir + '/new', dir + '/old')
const folder = fs.openSync(dir, 'r')
fs.fsyncSync(folder)
fs.closeSync(folder)`

/** Loaded before the command: writes the largest memory that its process ever had, in KB, when it exits. */
const TELL_MEMORY = `
const fs = require('node:fs')
process.on('exit', () => {
  // The kernel's own peak of this program; maxRSS may be the parent's from before the program was loaded.
  const peak = process.platform === 'linux' && /VmHWM:\\s*(\\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'latin1'))
  fs.writeFileSync(process.env.MEMORY_FILE, String(peak ? peak[1] : process.resourceUsage().maxRSS))
})`

const options = readOptions()
if (!existsSync(WRK)) fail(2, 'there is no dist/wrk.cjs; run: npm run build')
const temp = realpathSync(mkdtempSync(join(tmpdir(), 'wrk-bench-')))
process.on('exit', () => rmSync(temp, { recursive: true, force: true, maxRetries: 5 }))
for (const [signal, code] of Object.entries(SIGNALS))
  process.on(signal, () => {
    stop()
    process.exit(code)
  })

// Nothing of who runs this reaches the commands. TMPDIR: newer Node keeps its compile cache there.
const env = {
  ...(options.clean ? { PATH: process.env.PATH, HOME: temp, LANG: 'C.UTF-8' } : withoutWrk(process.env)),
  TMPDIR: temp,
  WRK_SESSION_ID: SESSION,
}
const context = { cwd: temp, env }
/** The items of the made queues are bound to machines; on this one some of them may be done. */
const atPier = { ...context, env: { ...env, WRK_MACHINE: 'pier-1' } }

try {
  const report = await measure()
  if (options.json) console.log(JSON.stringify(report))
  else printReport(report)
  const missed = [...report.cases, report.memory, report.watch].some(({ pass }) => pass === false)
  if (options.check && missed) process.exitCode = 1
} catch (error) {
  fail(1, error.message)
}

function readOptions() {
  try {
    const flags = { json: 'boolean', check: 'boolean', smoke: 'boolean', clean: 'boolean', pairs: 'string' }
    const { values } = parseArgs({
      options: Object.fromEntries(Object.entries(flags).map(([name, type]) => [name, { type }])),
    })
    const rounds = Number(values.pairs ?? (values.smoke ? 2 : 40))
    if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--pairs is a number from 2 up')
    return { ...values, rounds }
  } catch (error) {
    return fail(2, error.message)
  }
}

function withoutWrk(all) {
  const ours = /^(WRK_.*|WORK_ITEM_ROOT|SESSION_STATE_FILE|LOCK_TTL_SECONDS)$/
  return Object.fromEntries(Object.entries(all).filter(([name]) => !ours.test(name)))
}

function fail(code, message) {
  console.error(`bench: ${message}`)
  process.exit(code)
}

async function measure() {
  const load = loadavg()
  const [smallCount, largeCount] = options.smoke ? [120, 400] : [1200, 10_000]
  const rounds = options.rounds
  const fewer = Math.ceil(rounds / 2)
  const onDisk = join(temp, 'on-disk')
  mkdirSync(onDisk)

  const small = await queueOf(smallCount)
  const cases = [
    ...(await run(rounds, [step('show', 1.25, () => wrk(small, 'show', small.next()))])),
    ...(await run(rounds, claimAndRelease(small, 1.25))),
    ...(await run(rounds, [
      step('floor: write, fsync, rename', null, () => time(['-e', WRITE_BYTES, onDisk], context)),
    ])),
    ...(await run(rounds, [firstClaim(small)])),
    ...(await run(rounds, listAndFloor(small, 1.9))),
    ...(await run(rounds, [nextUnchanged(small, 2)])),
    ...(await run(rounds, [await execution(small)])),
    ...(await run(rounds, [await verification(smallCount)])),
  ]
  const library = [await libraryPairs(small)]
  rmSync(small.root, { recursive: true })
  const large = await queueOf(largeCount)
  cases.push(...(await run(fewer, claimAndRelease(large, null))))
  cases.push(...(await run(fewer, listAndFloor(large, 4.5))))
  cases.push(...(await run(fewer, [nextAnew(large, 5), nextUnchanged(large, 3)])))
  const memory = await memoryOfList(large)
  library.push(await libraryPairs(large))
  rmSync(large.root, { recursive: true })
  progress('watch')
  const watch = await watching(largeCount)
  return {
    schema_version: 1,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: load[0],
    fsync_is_free: isTmpfs(temp),
    clean_environment: options.clean ?? false,
    smoke: options.smoke ?? false,
    reference: { what: 'node -e 0', ms: summary(cases.flatMap(({ reference_ms }) => reference_ms)) },
    cases: cases.map(({ reference_ms: _, ...told }) => told),
    memory,
    library,
    watch,
  }
}

/** Claims and releases by other processes while `wrk watch` looks on. */
async function watching(count) {
  const measured = await measureWatch({ count, rounds: options.smoke ? 5 : 150, env })
  const { p99Ms, peakMB } = measured
  const pass = options.smoke ? null : p99Ms <= 200 && (peakMB === null || peakMB < 120)
  return {
    name: `watch, ${items(count)}`,
    goal: options.smoke ? null : '200 ms at the 99th percentile, under 120 MB',
    pass,
    ...measured,
  }
}

/** Makes a queue, and sees to it that wrk reads it as it was meant. */
async function queueOf(count) {
  progress(`making ${items(count)}`)
  const root = join(temp, `queue-${count}`)
  mkdirSync(root)
  const made = makeQueue(root, count, { session: SESSION })
  let turn = 0
  const queue = { ...made, next: () => made.free[turn++ % made.free.length] }
  const { openQueue } = await import(pathToFileURL(join(DIST, 'index.js')).href)
  const listed = await (await openQueue(root, { session: SESSION, env: {} })).list()
  const locks = { alive: 0, dead: 0, unknown: 0, stale: 0 }
  for (const { liveness } of listed) if (liveness) locks[liveness]++
  const odd = listed.find(({ problems }) => problems.length > 0)
  if (odd) throw new Error(`${odd.path} has a problem: ${odd.problems[0].message}`)
  if (listed.length !== count) throw new Error(`wrk lists ${listed.length} of ${count} items`)
  if (JSON.stringify(locks) !== JSON.stringify(made.locks))
    throw new Error(`wrk judges ${JSON.stringify(locks)}, made were ${JSON.stringify(made.locks)}`)
  return queue
}

/** Times one call; a call that fails ends the benchmark. */
function wrk({ root }, ...words) {
  return time([WRK, '--queue', root, ...words], context)
}

function step(name, goal, run) {
  return { name, goal, run }
}

/** Each round claims a free item and gives it back. */
function claimAndRelease(queue, goal) {
  let id
  return [
    step(`claim, ${items(queue.count)}`, goal, () => {
      id = queue.next()
      return wrk(queue, 'claim', id)
    }),
    step(`release, ${items(queue.count)}`, null, () => wrk(queue, 'release', id)),
  ]
}

/** A session that wrk has not seen registers itself by its first claim. */
function firstClaim(queue) {
  let sessions = 0
  return step(`first claim of a session, ${items(queue.count)}`, null, async () => {
    const id = `new-${++sessions}`
    const ms = await wrk(queue, 'claim', queue.next(), '--session', id)
    await wrk(queue, 'session', 'end', id, '--session', id)
    return ms
  })
}

function listAndFloor(queue, goal) {
  const count = items(queue.count)
  return [
    step(`list, ${count}`, goal, () => wrk(queue, 'list')),
    step(`floor: only read ${count}`, null, () => time(['-e', READ_BYTES, queue.root], context)),
  ]
}

function nextUnchanged({ root, count }, goal) {
  const once = () => time([WRK, 'next', '--queue', root], atPier)
  return step(`next, ${items(count)}, nothing changed`, goal, once)
}

/** Without what an earlier call has kept. */
function nextAnew({ root, count }, goal) {
  return step(`next, ${items(count)}, for the first time`, goal, () => {
    rmSync(join(root, '.wrk', 'cache'), { recursive: true, force: true })
    return time([WRK, 'next', '--queue', root], atPier)
  })
}

/** Gates, claim, `true`, release. */
async function execution(queue) {
  const id = queue.next()
  await wrk(queue, 'set', id, 'plan_approved=true', 'provider=claude')
  return step(`execute … -- true, ${items(queue.count)}`, 1.6, () =>
    wrk(queue, 'execute', id, '--provider', 'claude', '--', 'true'),
  )
}

/** Three items staged of many, against `git status` in the same repository. */
async function verification(count) {
  progress(`committing ${items(count)}`)
  const cwd = join(temp, 'repository')
  const root = join(cwd, '.claude', 'work-queue')
  mkdirSync(root, { recursive: true })
  const { free } = makeQueue(root, count, { session: SESSION })
  const settings = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const git = { cwd, env: { ...env, ...settings }, program: 'git' }
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']
  await time(['init', '-q'], git)
  await time(['add', '.'], git)
  await time([...identity, 'commit', '-qm', 'Items'], git)
  for (const id of free.slice(0, 3)) await time([WRK, 'set', id, 'priority=urgent', '--queue', root], context)
  await time(['add', '-u'], git)
  return {
    ...step(`verify --staged, ${items(count)}, to git status`, 4, () =>
      time([WRK, 'verify', '--staged'], { ...context, cwd, env: git.env }),
    ),
    reference: () => time(['status', '--porcelain'], git),
  }
}

async function run(rounds, steps) {
  progress(steps.map(({ name }) => name).join('; '))
  const results = await pairs(rounds, steps, context)
  return results.map(({ name, ratios, ms, referenceMs }, i) => {
    const ratio = summary(ratios)
    const goal = options.smoke ? null : steps[i].goal
    const pass = goal === null ? null : ratio.median <= goal
    const toNode = steps[i].reference === undefined
    return {
      name,
      goal,
      pass,
      pairs: rounds,
      ratio,
      ms: summary(ms),
      reference_ms: toNode ? referenceMs : [],
    }
  })
}

/** The peak memory of the command in its own process, and of a Node that does nothing. */
async function memoryOfList(queue) {
  progress('memory')
  const hook = join(temp, 'tell-memory.cjs')
  const file = join(temp, 'memory')
  writeFileSync(hook, TELL_MEMORY)
  const peak = async args => {
    await time(['--require', hook, ...args], { ...context, env: { ...env, MEMORY_FILE: file } })
    return Number(readFileSync(file, 'utf8')) / 1024
  }
  const mb = Math.max(
    await peak([WRK, 'list', '--queue', queue.root]),
    await peak([WRK, 'list', '--json', '--queue', queue.root]),
  )
  const goal = options.smoke ? null : 150
  return {
    name: `peak memory of list, ${items(queue.count)}`,
    goal,
    pass: goal === null ? null : mb < goal,
    mb,
    reference_mb: await peak(['-e', '0']),
  }
}

/** Claims and releases through the library, all in this process. */
async function libraryPairs(queue) {
  progress('library')
  const { openQueue } = await import(pathToFileURL(join(DIST, 'index.js')).href)
  const opened = await openQueue(queue.root, { session: SESSION, env: {} })
  const most = options.smoke ? 5 : 500
  const begin = performance.now()
  let done = 0
  for (; done < most && performance.now() - begin < 5000; done++) {
    const id = queue.next()
    const { kind } = await opened.claim(id)
    const { released } = await opened.release(id)
    if (kind !== 'granted' || !released) throw new Error(`${id}: claim was ${kind}, released: ${released}`)
    // Files only: without this, a signal would wait for the last pair.
    await new Promise(setImmediate)
  }
  const seconds = (performance.now() - begin) / 1000
  return {
    name: `library: claim and release, ${items(queue.count)}`,
    pairs: done,
    per_second: done / seconds,
  }
}

function isTmpfs(folder) {
  return process.platform === 'linux' && statfsSync(folder).type === TMPFS
}

function items(count) {
  return `${count.toLocaleString('en')} items`
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${text ? ' …' : ''}`)
}

function printReport(report) {
  progress('')
  const { node, platform, cpu, cores, load, reference, cases, memory, library, watch } = report
  const verdict = ({ goal, pass }) => (goal === null ? '' : pass ? 'pass' : 'MISS')
  const two = value => value.toFixed(2)
  const rows = [
    ['', 'ratio', 'quartiles', 'min', 'max', 'ms', 'pairs', 'goal', ''],
    ...cases.map(one => [
      one.name,
      two(one.ratio.median),
      `${two(one.ratio.q1)}-${two(one.ratio.q3)}`,
      two(one.ratio.min),
      two(one.ratio.max),
      one.ms.median.toFixed(1),
      String(one.pairs),
      one.goal === null ? '' : two(one.goal),
      verdict(one),
    ]),
  ]
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => row[i].length)))
  const lines = rows.map(row =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  )
  console.log(`Node ${node}, ${platform}, ${cores} x ${cpu}, load ${load.toFixed(1)}`)
  console.log(`Ratios to ${reference.what} (median ${reference.ms.median.toFixed(1)} ms), timed in pairs\n`)
  console.log(`${lines.join('\n')}\n`)
  const limit = memory.goal === null ? '' : `, goal under ${memory.goal} MB: ${verdict(memory)}`
  console.log(
    `${memory.name}: ${memory.mb.toFixed(0)} MB (node -e 0: ${memory.reference_mb.toFixed(0)} MB)${limit}`,
  )
  for (const one of library) console.log(`${one.name}: ${one.per_second.toFixed(0)} pairs per second`)
  const mb = watch.peakMB === null ? '' : `, ${watch.peakMB.toFixed(0)} MB`
  console.log(
    `${watch.name}: told of a claim after ${watch.medianMs.toFixed(0)} ms (median), ${watch.p99Ms.toFixed(0)} ms (99th percentile of ${watch.samples})${mb}${watch.goal === null ? '' : `, goal ${watch.goal}: ${verdict(watch)}`}`,
  )
  const slowing = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'].filter(name => process.env[name])
  if (slowing.length > 0)
    console.log(
      `${slowing.join(' and ')} ${report.clean_environment ? 'left out (--clean)' : 'kept; npm run bench -- --clean leaves it out'}.`,
    )
  if (report.fsync_is_free)
    console.log(
      'The temporary folder is in memory, where fsync costs nothing; TMPDIR=DIR chooses one on a disk.',
    )
}
