/**
 * wrk beside what one would write without it (rivals/*). All make the same edit of the same file: `locked_by` and
 * `locked_at` of an item that nobody holds. The rivals are handed the item's path; wrk finds it, knows who is
 * alive, and keeps a log. What is compared: time, how many believe to have won, and what a crash leaves.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, time, tracked } from './measure.mjs'
import { program } from './program.mjs'
import { makeQueue } from './queue.mjs'
import { items, progress, RATIO_COLUMNS, SESSION, step } from './setting.mjs'
import { goal } from './table.mjs'

const NODE = process.execPath
const HERE = fileURLToPath(new URL('rivals', import.meta.url))
/** Longer than proper-lockfile takes to call a lock stale (10 s); in seconds. */
const PATIENCE = 12
/** Exit code of all of them: another holds it. */
const HELD = 4

/** Each: the command line of a change, what is synced to the disk; a module is called within one process too. */
const RIVALS = [
  {
    name: 'wrk',
    synced: 'file, folder',
    command: ({ root, id }, verb, who) => [NODE, program.wrk, '--queue', root, verb, id, '--session', who],
    /** What is there while it is at work: the item's guard. */
    traces: ({ root, id }) => namesIn(join(root, '.wrk', 'guards', id.toLowerCase())),
  },
  { name: 'awk and mv, no lock', synced: 'no', command: script('awk-mv.sh') },
  { name: 'awk and mv, mkdir as a lock', synced: 'no', command: script('mkdir-lock.sh') },
  { name: 'write-file-atomic, no lock', synced: 'file', command: script('write-file-atomic.mjs') },
  {
    name: 'proper-lockfile, rename',
    synced: 'no',
    command: script('proper-lockfile.mjs'),
    package: 'proper-lockfile@4.1.2',
  },
].map(rival => ({ traces: besides, ...rival }))

function script(file) {
  const path = join(HERE, file)
  const program = file.endsWith('.mjs') ? [NODE, path] : ['sh', path]
  return Object.assign(({ path: item }, verb, who) => [...program, verb, item, who], { module: path })
}

export async function rivals(setting) {
  const title = 'A claim by wrk, and without it'
  if (process.platform === 'win32')
    return [{ title, columns: {}, rows: [], note: 'Not on Windows: the rivals need a POSIX shell.' }]
  const contenders = setting.smoke ? 4 : 16
  const present = []
  const missing = []
  for (const rival of RIVALS) {
    const { change, absent } = await moduleOf(rival)
    if (absent) missing.push({ name: rival.name, missing: `npm install --no-save ${rival.package}` })
    else present.push({ ...rival, change })
  }
  const timed = await times(setting, present)
  const safe = []
  for (const rival of present) {
    progress(`${contenders} at one instant: ${rival.name}`)
    const rounds = await contests(setting, rival, contenders)
    safe.push({ name: rival.name, goals: goalsOf(setting, rival, rounds), rounds })
  }
  const kills = await afterKills(setting, present)
  return [
    {
      title,
      columns: unlessMissing({
        ...RATIO_COLUMNS,
        synced: ({ synced }) => synced,
        'pairs per second in one process': ({ per_second }) => per_second?.toFixed(0),
      }),
      rows: [...timed, ...missing],
      note: [
        "The rivals are handed the item's path.",
        ...missing.map(({ name, missing: how }) => `${name}: not installed; ${how}`),
      ].join('\n'),
    },
    {
      title: `${contenders} processes claim a free item at one instant`,
      columns: unlessMissing({
        'one winner': ({ rounds }) =>
          `${rounds.filter(({ winners }) => winners === 1).length} of ${rounds.length} times`,
        'most winners': ({ rounds }) => String(Math.max(...rounds.map(({ winners }) => winners))),
        failed: ({ rounds }) => String(rounds.reduce((sum, { failed }) => sum + failed, 0)),
        'the next claim after kill -9': ({ kills }) => describedKills(kills),
      }),
      rows: [...safe.map((row, i) => ({ ...row, kills: kills[i] })), ...missing],
      note: 'Failed: neither won nor refused. After kill -9: a claim is killed while it works on the item, and another claims it.',
    },
  ]
}

/** The cells of a rival that is not installed say so. */
function unlessMissing(columns) {
  return Object.fromEntries(
    Object.entries(columns).map(([head, cell], i) => [
      head,
      row => (row.missing ? (i === 0 ? 'not installed' : '') : cell(row)),
    ]),
  )
}

/** The function that makes a change within this process; none for what is no module. */
async function moduleOf({ command, package: asked }) {
  if (!command.module?.endsWith('.mjs')) return {}
  try {
    return await import(command.module)
  } catch (error) {
    if (asked && error.code === 'ERR_MODULE_NOT_FOUND') return { absent: true }
    throw error
  }
}

/** As ratios to `node -e 0`, and claims and releases within this process. */
async function times(setting, present) {
  const { smoke, rounds, context } = setting
  const queue = await setting.queueOf(smoke ? 120 : 1200, { name: 'rivals' })
  const opened = await setting.open(queue)
  const paths = new Map((await opened.list()).map(({ id, path }) => [id, path]))
  const next = () => {
    const id = queue.next()
    return { root: queue.root, id, path: paths.get(id) }
  }
  const call = (rival, item, verb) => {
    const [program, ...args] = rival.command(item, verb, SESSION)
    return time(args, { ...context, program })
  }
  const whole = await setting.ratios(
    Math.ceil(rounds / 2),
    present.map(rival =>
      step(`${rival.name}, ${items(queue.count)}`, [], async () => {
        const item = next()
        const ms = await call(rival, item, 'claim')
        const [{ lock, problems }] = await opened.show(item.id)
        if (lock?.locked_by !== SESSION || problems.length > 0)
          throw new Error(`after a claim by ${rival.name}, wrk does not see ${item.id} as held`)
        await call(rival, item, 'release')
        return ms
      }),
    ),
  )
  const library = async (verb, _path, _who, id) => {
    const result = verb === 'claim' ? await opened.claim(id) : await opened.release(id)
    return result.kind === 'granted' || result.released
  }
  const rows = []
  for (const [i, { name, synced, change }] of present.entries()) {
    const act = name === 'wrk' ? library : change
    rows.push({
      ...whole[i],
      name,
      synced,
      per_second: act ? await perSecond(act, next, smoke ? 0.1 : 1.5) : null,
    })
  }
  rmSync(queue.root, { recursive: true })
  return rows
}

async function perSecond(change, next, seconds) {
  const begin = performance.now()
  let pairs = 0
  for (; performance.now() - begin < seconds * 1000; pairs++) {
    const { id, path } = next()
    for (const verb of ['claim', 'release'])
      if (!(await change(verb, path, SESSION, id))) throw new Error(`${verb} of ${id} failed`)
    await new Promise(setImmediate)
  }
  return (pairs * 1000) / (performance.now() - begin)
}

/** Several rounds: a free item, and processes that claim it at the same instant, each for itself. */
async function contests(setting, rival, contenders) {
  const queue = await smallQueue(setting, 'contest')
  const rounds = []
  for (let i = 0; i < (setting.smoke ? 1 : 20); i++) {
    const codes = await atOnce(setting, contenders, who => rival.command(queue.item(i), 'claim', who))
    const winners = codes.filter(code => code === 0).length
    rounds.push({ winners, failed: codes.filter(code => code !== 0 && code !== HELD).length })
  }
  rmSync(queue.root, { recursive: true })
  return rounds
}

function goalsOf({ smoke }, { name }, rounds) {
  if (smoke || name !== 'wrk') return []
  const always = rounds.every(({ winners }) => winners === 1)
  return [goal('one winner', always)]
}

/**
 * Starts shells that stand at a named pipe, and lets them become the command at the same instant.
 * @returns their exit codes
 */
async function atOnce({ temp, context }, contenders, commandOf) {
  const gate = join(temp, 'gate')
  await time([gate], { ...context, program: 'mkfifo' })
  const children = Array.from({ length: contenders }, (_, i) => {
    const wait = ['-c', 'echo; : < "$0"; exec "$@" > /dev/null', gate, ...commandOf(`racer-${i}`)]
    const child = tracked(spawn('sh', wait, { ...context, stdio: ['ignore', 'pipe', 'ignore'] }))
    const ended = new Promise((settle, fail) => {
      child.once('error', fail)
      child.once('close', (code, signal) => settle(code ?? signal))
    })
    return {
      ended,
      waits: Promise.race([new Promise(settle => child.stdout.once('data', settle)), ended]),
    }
  })
  await Promise.all(children.map(({ waits }) => waits))
  // Held open to the end, so that one which comes to the pipe a little later passes too.
  const fd = openSync(gate, 'r+')
  const codes = await Promise.all(children.map(({ ended }) => ended))
  closeSync(fd)
  rmSync(gate)
  return codes
}

/** Claims that are killed in the middle of their work, each followed by a claim of the same item by another. */
async function afterKills(setting, present) {
  const many = setting.smoke ? 1 : 3
  const patience = setting.smoke ? 1 : PATIENCE
  const context = { ...setting.context, env: { ...setting.env, PATIENCE: String(patience) } }
  const claimAgain = async (rival, item) => {
    const [program, ...args] = rival.command(item, 'claim', 'second')
    const { ms, code } = await run(args, { ...context, program })
    return { claimed: code === 0, code, ms }
  }
  const kills = []
  const roots = []
  for (const [i, rival] of present.entries()) {
    progress(`killed in mid-claim: ${rival.name}`)
    const queue = await smallQueue(setting, `kills-${i}`)
    const next = []
    for (let turn = 0; turn < 20 && next.length < many; turn++)
      if (await killedAtWork(rival, queue.item(turn), context)) next.push(claimAgain(rival, queue.item(turn)))
    // Some wait for many seconds: meanwhile it goes on.
    kills.push(Promise.all(next))
    roots.push(queue.root)
  }
  progress('waiting for claims after kills')
  const all = await Promise.all(kills)
  // What a killed shell had started may still be writing.
  for (const root of roots) rmSync(root, { recursive: true, maxRetries: 5 })
  return all
}

/** Whether the kill fell between the first trace of the claim and its success. */
async function killedAtWork(rival, item, context) {
  const [program, ...args] = rival.command(item, 'claim', 'first')
  const child = tracked(spawn(program, args, { ...context, stdio: 'ignore' }))
  let over = false
  const ended = new Promise((settle, fail) => {
    child.once('error', fail)
    child.once('close', () => {
      over = true
      settle()
    })
  })
  // Looking all the time, since it is a matter of a millisecond; every now and then the child's end gets its turn.
  while (!over) {
    const until = performance.now() + 20
    while (performance.now() < until)
      if (rival.traces(item).length > 0) {
        child.kill('SIGKILL')
        break
      }
    await new Promise(setImmediate)
  }
  await ended
  return rival.traces(item).length > 0 && !/^locked_by: *"?[a-z]/m.test(readFileSync(item.path, 'utf8'))
}

/** How the claims after the kills ended. */
function describedKills(kills) {
  if (kills.length === 0) return 'no claim was caught at work'
  const longest = `${(Math.max(...kills.map(({ ms }) => ms)) / 1000).toFixed(1)} s`
  const failed = kills.filter(({ claimed }) => !claimed)
  return failed.length === 0
    ? `succeeds within ${longest}`
    : `fails ${failed.length} of ${kills.length} times (exit code ${failed[0].code}), ${longest}`
}

/** A queue of its own, since some leave behind what would disturb others. */
async function smallQueue({ temp, open }, name) {
  const root = join(temp, name)
  const made = await makeQueue(root, 240, { session: SESSION })
  const paths = new Map((await (await open(made)).list()).map(({ id, path }) => [id, path]))
  const item = i => ({ root, id: made.free[i], path: paths.get(made.free[i]) })
  return { root, item }
}

/** What is beside the item and begins with its name: a lock, or a file that is not yet in its place. */
function besides({ path }) {
  const name = path.slice(dirname(path).length + 1)
  return namesIn(dirname(path)).filter(other => other !== name && other.startsWith(name))
}

function namesIn(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
