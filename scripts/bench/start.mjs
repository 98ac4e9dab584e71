/** What it costs to start each main command, and the memory of `list`. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { time } from './measure.mjs'
import { program } from './program.mjs'
import { makeQueue } from './queue.mjs'
import { items, progress, RATIO_COLUMNS, SESSION, step } from './setting.mjs'
import { goal } from './table.mjs'

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

export async function start(setting) {
  const { smoke, rounds, temp, context, ratios } = setting
  const [smallCount, largeCount] = smoke ? [120, 400] : [1200, 10_000]
  const fewer = Math.ceil(rounds / 2)
  const onDisk = join(temp, 'on-disk')
  mkdirSync(onDisk)

  const small = await setting.queueOf(smallCount)
  const rows = [
    ...(await ratios(rounds, [step('show', [1.2], () => setting.wrk(small, 'show', small.next()))])),
    ...(await ratios(rounds, claimAndRelease(setting, small, [1.3]))),
    ...(await ratios(rounds, [
      step('floor: write, fsync, rename', [], () => time(['-e', WRITE_BYTES, onDisk], context)),
    ])),
    ...(await ratios(rounds, [firstClaim(setting, small)])),
    ...(await ratios(rounds, listAndFloor(setting, small, [1.6]))),
    ...(await ratios(rounds, [nextUnchanged(setting, small, [1.5]), statusUnchanged(setting, small, [1.5])])),
    ...(await ratios(rounds, [await execution(setting, small)])),
    ...(await ratios(rounds, await verification(setting, smallCount))),
  ]
  rmSync(small.root, { recursive: true })
  const large = await setting.queueOf(largeCount)
  rows.push(
    ...(await ratios(fewer, claimAndRelease(setting, large, []))),
    ...(await ratios(fewer, listAndFloor(setting, large, [2.5]))),
    ...(await ratios(fewer, [nextAnew(setting, large, [5]), nextUnchanged(setting, large, [2.5])])),
  )
  const memory = await memoryOfList(setting, large)
  rmSync(large.root, { recursive: true })
  return [
    { title: 'Whole processes', columns: RATIO_COLUMNS, rows },
    {
      title: 'Peak memory',
      columns: {
        MB: ({ mb }) => mb.toFixed(0),
        'node -e 0': ({ reference_mb }) => reference_mb.toFixed(0),
      },
      rows: [memory],
    },
  ]
}

/** Each round claims a free item and gives it back. */
function claimAndRelease({ wrk }, queue, goals) {
  let id
  return [
    step(`claim, ${items(queue.count)}`, goals, () => {
      id = queue.next()
      return wrk(queue, 'claim', id)
    }),
    step(`release, ${items(queue.count)}`, [], () => wrk(queue, 'release', id)),
  ]
}

/** A session that wrk has not seen registers itself by its first claim. */
function firstClaim({ wrk }, queue) {
  let sessions = 0
  return step(`first claim of a session, ${items(queue.count)}`, [], async () => {
    const id = `new-${++sessions}`
    const ms = await wrk(queue, 'claim', queue.next(), '--session', id)
    await wrk(queue, 'session', 'end', id, '--session', id)
    return ms
  })
}

function listAndFloor({ wrk, context }, queue, goals) {
  const count = items(queue.count)
  return [
    step(`list, ${count}, nothing changed`, goals, () => wrk(queue, 'list')),
    step(`list, ${count}, for the first time`, [], () => {
      rmSync(cacheOf(queue), { recursive: true, force: true })
      return wrk(queue, 'list')
    }),
    step(`floor: only read ${count}`, [], () => time(['-e', READ_BYTES, queue.root], context)),
  ]
}

/** The items of the made queues are bound to machines; on this one some of them may be done. */
function next({ context }, { root }) {
  return time([program.wrk, 'next', '--queue', root], {
    ...context,
    env: { ...context.env, WRK_MACHINE: 'pier-1' },
  })
}

function nextUnchanged(setting, queue, goals) {
  return step(`next, ${items(queue.count)}, nothing changed`, goals, () => next(setting, queue))
}

/** Without what an earlier call has kept. */
function nextAnew(setting, queue, goals) {
  return step(`next, ${items(queue.count)}, for the first time`, goals, () => {
    rmSync(cacheOf(queue), { recursive: true, force: true })
    return next(setting, queue)
  })
}

function statusUnchanged({ wrk }, queue, goals) {
  return step(`status, ${items(queue.count)}, nothing changed`, goals, () => wrk(queue, 'status'))
}

function cacheOf({ root }) {
  return join(root, '.wrk', 'cache')
}

/** Gates, claim, `true`, release. */
async function execution({ wrk }, queue) {
  const id = queue.next()
  await wrk(queue, 'set', id, 'plan_approved=true', 'provider=claude')
  return step(`execute … -- true, ${items(queue.count)}`, [1.6], () =>
    wrk(queue, 'execute', id, '--provider', 'claude', '--', 'true'),
  )
}

/** Three items staged of many, and none; also against `git status` in the same repository. */
async function verification({ temp, env, context }, count) {
  progress(`committing ${items(count)}`)
  const cwd = join(temp, 'repository')
  const root = join(cwd, '.claude', 'work-queue')
  mkdirSync(root, { recursive: true })
  const { free } = await makeQueue(root, count, { session: SESSION })
  const settings = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const git = { cwd, env: { ...env, ...settings }, program: 'git' }
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']
  await time(['init', '-q'], git)
  await time(['add', '.'], git)
  await time([...identity, 'commit', '-qm', 'Items'], git)
  const verify = () =>
    time([program.wrk, 'verify', '--staged', '--complete'], { ...context, cwd, env: git.env })
  const stage = async (...args) => {
    await time(args, git)
    return verify()
  }
  for (const id of free.slice(0, 3))
    await time([program.wrk, 'set', id, 'priority=urgent', '--queue', root], context)
  return [
    step(`verify --staged, three of ${items(count)}`, [1.5], () => stage('add', '-u')),
    {
      ...step('the same, to git status', [], verify),
      reference: () => time(['status', '--porcelain'], git),
    },
    step('verify --staged, nothing staged', [1.3], () => stage('reset', '-q')),
  ]
}

/** The peak memory of the command in its own process, and of a Node that does nothing. */
async function memoryOfList({ smoke, temp, context }, queue) {
  progress('memory')
  const hook = join(temp, 'tell-memory.cjs')
  const file = join(temp, 'memory')
  writeFileSync(hook, TELL_MEMORY)
  const peak = async args => {
    await time(['--require', hook, ...args], { ...context, env: { ...context.env, MEMORY_FILE: file } })
    return Number(readFileSync(file, 'utf8')) / 1024
  }
  const mb = Math.max(
    await peak([program.wrk, 'list', '--queue', queue.root]),
    await peak([program.wrk, 'list', '--json', '--queue', queue.root]),
  )
  return {
    name: `list, ${items(queue.count)}`,
    goals: smoke ? [] : [goal('under 150 MB', mb < 150)],
    mb,
    reference_mb: await peak(['-e', '0']),
  }
}
