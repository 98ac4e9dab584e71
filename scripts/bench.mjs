/**
 * How fast wrk is, on queues that it makes in a temporary folder, and against what one would write without it.
 *
 *   npm run bench                 tables with goals; some minutes, and up to 700 MB in TMPDIR
 *   npm run bench -- --json       the same as one JSON object
 *   npm run bench -- --check      exit 1 when a goal is missed
 *   npm run bench -- --only start,rivals    these parts: start, agents, sessions, library, growth, rivals,
 *                                 watch, board, coordination, git
 *   npm run bench -- --smoke      small queues, few pairs, no goals: only that everything runs
 *   npm run bench -- --pairs 100  more pairs for each case (large queues take fewer)
 *   npm run bench -- --checkout   dist/ of this checkout; without it, the package as npm installs it
 *   npm run bench -- --inherit    with the caller's environment: NODE_OPTIONS, NODE_EXTRA_CA_CERTS and the like
 *
 * What is measured is what users have: `npm pack`, and `npm install` of that file into a temporary folder. Whole processes are shown as ratios to `node -e 0` timed in the same run, pair by pair. Commands run as an
 * established session (WRK_SESSION_ID, listed, seen within the minute), with their output going to /dev/null.
 * Ratios of a busy machine are noisy: the quartiles tell how much. The environment is PATH, HOME and TMPDIR: settings
 * that slow down every start of Node make all ratios smaller.
 */
import { rmSync, statfsSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { agents } from './bench/agents.mjs'
import { board } from './bench/board.mjs'
import { coordination } from './bench/coordination.mjs'
import { git } from './bench/git.mjs'
import { growth } from './bench/growth.mjs'
import { library } from './bench/library.mjs'
import { stop, summary } from './bench/measure.mjs'
import { installPackage, useCheckout } from './bench/program.mjs'
import { rivals } from './bench/rivals.mjs'
import { sessions } from './bench/sessions.mjs'
import { makeSetting, progress } from './bench/setting.mjs'
import { start } from './bench/start.mjs'
import { asJson, printTable } from './bench/table.mjs'
import { watch } from './bench/watch.mjs'

/** Each takes the setting and gives tables. */
const PARTS = { start, agents, sessions, library, growth, rivals, watch, board, coordination, git }
const TMPFS = 0x01021994
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

const options = readOptions()
const setting = makeSetting(options)
process.on('exit', () => rmSync(setting.temp, { recursive: true, force: true, maxRetries: 5 }))
for (const [signal, code] of Object.entries(SIGNALS))
  process.on(signal, () => {
    stop()
    process.exit(code)
  })

try {
  progress('installing the package')
  if (options.checkout) useCheckout()
  else await installPackage(join(setting.temp, 'installed'))
  const load = loadavg()[0]
  const parts = {}
  for (const name of options.parts) parts[name] = await PARTS[name](setting)
  progress('')
  const about = describe(load)
  if (options.json)
    console.log(JSON.stringify({ ...about, parts: mapValues(parts, tables => tables.map(asJson)) }))
  else printReport(about, parts)
  const goals = Object.values(parts).flatMap(tables =>
    tables.flatMap(({ rows }) => rows.flatMap(row => row.goals ?? [])),
  )
  if (options.check && goals.some(({ pass }) => !pass)) process.exitCode = 1
} catch (error) {
  fail(1, error.message)
}

function readOptions() {
  try {
    const flags = {
      json: 'boolean',
      check: 'boolean',
      smoke: 'boolean',
      checkout: 'boolean',
      inherit: 'boolean',
      pairs: 'string',
      only: 'string',
    }
    const { values } = parseArgs({ options: mapValues(flags, type => ({ type })) })
    const rounds = Number(values.pairs ?? (values.smoke ? 2 : 24))
    if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--pairs is a number from 2 up')
    const parts = values.only?.split(',') ?? Object.keys(PARTS)
    const unknown = parts.find(name => !Object.hasOwn(PARTS, name))
    if (unknown !== undefined)
      throw new Error(`--only takes ${Object.keys(PARTS).join(', ')}, not "${unknown}"`)
    return { ...values, rounds, parts }
  } catch (error) {
    return fail(2, error.message)
  }
}

function fail(code, message) {
  console.error(`bench: ${message}`)
  process.exit(code)
}

/** On what, and under which conditions. */
function describe(load) {
  return {
    schema_version: 3,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load,
    fsync_is_free: process.platform === 'linux' && statfsSync(setting.temp).type === TMPFS,
    measured: options.checkout ? 'checkout' : 'package',
    clean_environment: !options.inherit,
    smoke: options.smoke ?? false,
    reference:
      setting.referenceMs.length > 0 ? { what: 'node -e 0', ms: summary(setting.referenceMs) } : null,
  }
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
}

function printReport(about, parts) {
  const { node, platform, cpu, cores, load, reference } = about
  console.log(`The ${about.measured}, Node ${node}, ${platform}, ${cores} x ${cpu}, load ${load.toFixed(1)}`)
  if (reference)
    console.log(
      `Ratios are to ${reference.what} (median ${reference.ms.median.toFixed(1)} ms), timed in pairs`,
    )
  console.log()
  for (const table of Object.values(parts).flat()) printTable(table)
  const slowing = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'].filter(name => process.env[name])
  if (slowing.length > 0 && !about.clean_environment)
    console.log(`${slowing.join(' and ')} kept, as --inherit asks; ratios without are larger.`)
  if (about.fsync_is_free)
    console.log(
      'The temporary folder is in memory, where fsync costs nothing; TMPDIR=DIR chooses one on a disk.',
    )
}
