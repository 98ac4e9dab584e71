/**
 * One worker of a storm: claims, works, renews, releases, archives; under one session after another, until its time
 * is up. Half of its calls run the built command in processes of their own, some of which it kills; the others are
 * made by the built library within this process, which the driver stops and kills.
 *
 * What it does follows from its seed and its orders. It writes down each call before and after it.
 */
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const config = JSON.parse(process.argv[2])
const { name, dist, queue, home, items, locks, ttlSeconds, until, anchored, helper, skewMs, wrong, journal } =
  config
const { openQueue } = await import(pathToFileURL(join(dist, 'index.js')).href)
const HOOK = join(config.here, 'wrong-verdicts.cjs')

export const now = () => Number(process.hrtime.bigint()) / 1e6

/** mulberry32 over FNV-1a: the same seed, the same plan. */
function randomOf(seed) {
  let state = 0x811c9dc5
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
const random = randomOf(config.seed)
const chance = share => random() < share
const pick = list => list[Math.floor(random() * list.length)]
const sleep = most => pause(random() * most)
const isUp = () => now() < until

let calls = 0
let session = ''
let sessions = 0
const holder = () => (helper ? `${session}/${helper}` : session)

const note = entry => appendFileSync(journal, `${JSON.stringify(entry)}\n`)

function clock() {
  if (chance(0.04)) return pick(['+1h', '-2m', '+10m', '+3h'])
  return skewMs < 0 ? `-${-skewMs}ms` : `+${skewMs}ms`
}

function environment(at) {
  return {
    PATH: process.env.PATH,
    HOME: home,
    LANG: 'C.UTF-8',
    WRK_QUEUE: queue,
    WRK_SESSION_ID: session,
    WRK_NOW: at,
    LOCK_TTL_SECONDS: String(ttlSeconds),
    ...(wrong > 0 ? { CHAOS_WRONG_VERDICTS: String(wrong) } : {}),
  }
}

/** Makes one call and writes down what came of it. */
async function call(verb, item, via, act, more = {}) {
  const at = clock()
  const op = {
    ...{
      worker: name,
      n: calls++,
      session,
      who: holder(),
      item,
      verb,
      via,
      clock: at,
      begin: now(),
      end: null,
    },
    ...{ code: null, error: null, kind: null, changed: null, lockedAt: null, holder: null, superseded: [] },
    ...{ released: [], value: null, warned: false, showsLater: false, said: '', ...more },
  }
  note(op)
  Object.assign(op, await act(op, environment(at)))
  op.end = now()
  note(op)
  return op
}

const changes = {
  claim: () => true,
  release: json => json.released === true,
  set: json => json.changed,
  'lock release': json => json.released,
}

/** Runs the built command, and kills it sometimes. */
function command(verb, item, args, { more, calm = false } = {}) {
  return call(
    verb,
    item,
    'command',
    (_, env) => {
      const words = [...args, '--json', ...(helper && !item?.startsWith('lock:') ? ['--agent', helper] : [])]
      // The executable takes a module before itself from its environment, Node from the words.
      const hooked = wrong > 0 && !calm
      const [program, ...first] = config.command
      const hook = hooked && first.length > 0 ? ['--require', HOOK] : []
      const child = spawn(program, [...hook, ...first, ...words], {
        cwd: home,
        env: hooked && first.length === 0 ? { ...env, BUN_OPTIONS: `--preload ${HOOK}` } : env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const deadly =
        !calm && chance(0.12) ? setTimeout(() => child.kill('SIGKILL'), 20 + random() * 130) : null
      let [out, err] = ['', '']
      child.stdout.on('data', data => (out += data))
      child.stderr.on('data', data => (err += data))
      return new Promise(settle =>
        child.on('close', code => {
          if (deadly) clearTimeout(deadly)
          settle(code === null ? { code } : answerOf(verb, code, out, err))
        }),
      )
    },
    more,
  )
}

function answerOf(verb, code, out, err) {
  let json
  try {
    json = JSON.parse(out)
  } catch {
    return { code: 70, said: `no JSON: ${out} ${err}` }
  }
  const lock = verb.startsWith('lock ')
  return {
    code,
    error: lock ? json.error_code : (json.error?.code ?? null),
    kind:
      verb === 'lock claim' && code === 0
        ? (json.kind ?? null)
        : verb === 'claim'
          ? (json.kind ?? null)
          : null,
    changed: code === 0 ? (changes[verb]?.(json) ?? json.changed ?? true) : false,
    lockedAt: verb === 'claim' && code === 0 ? json.lock.locked_at : null,
    holder: lock ? (code === 4 ? (json.lock?.run_id ?? null) : null) : (json.holder?.session_id ?? null),
    superseded: json.superseded ? [json.superseded].flat().map(({ id }) => id) : [],
    released: verb === 'end' ? (json.released ?? []) : [],
    warned: /registry|event log|disk may|recorded|could not/.test(err),
    showsLater: SHOWS_LATER.test(err),
    said: code === 0 ? err.trim() : `${json.error?.message ?? json.error ?? ''} ${err}`.trim(),
  }
}

/** Calls the built library within this process. */
function library(verb, item, act) {
  return call(verb, item, 'library', async (_, env) => {
    try {
      const opened = await openQueue(queue, { session, env, ...(helper ? { agent: helper } : {}) })
      return await act(opened)
    } catch (error) {
      if (typeof error.code !== 'string') return { code: 70, said: error.stack }
      const code = {
        CLOSED: 5,
        INVALID_ITEM: 5,
        AMBIGUOUS: 5,
        NOT_FOUND: 1,
        BUSY: 75,
        NO_SESSION: 2,
        USAGE: 2,
      }[error.code]
      return { code: code ?? 74, error: error.code, said: error.message }
    }
  })
}

const SHOWS_LATER = /does not show it yet/
const warned = warnings => /could not|may not have it/.test(warnings.join())

function claim(item, args = []) {
  if (args.length > 0 || chance(0.4)) return command('claim', item, ['claim', item, ...args])
  return library('claim', item, async opened => {
    const got = await opened.claim(item)
    if (got.kind === 'held')
      return { code: 4, error: 'LOCKED', holder: got.holder.session_id, changed: false }
    return {
      code: 0,
      kind: got.kind,
      changed: true,
      lockedAt: got.lock.locked_at,
      warned: warned(got.warnings),
      showsLater: SHOWS_LATER.test(got.warnings.join()),
    }
  })
}

function release(item, args = []) {
  if (args.length > 0 || chance(0.4)) return command('release', item, ['release', item, ...args])
  return library('release', item, async opened => {
    const { released, reason, holder, superseded, warnings } = await opened.release(item)
    const code = released || reason === 'not-locked' ? 0 : 4
    const lost = superseded ? [superseded.id] : []
    return {
      code,
      changed: released,
      holder: code === 4 ? holder.session_id : null,
      superseded: lost,
      warned: warned(warnings),
    }
  })
}

function heartbeat() {
  if (chance(0.3)) return command('heartbeat', null, ['heartbeat'])
  return library('heartbeat', null, async opened => {
    const { superseded } = await opened.heartbeat()
    return { code: superseded.length > 0 ? 4 : 0, superseded: superseded.map(({ id }) => id), changed: false }
  })
}

function set(item) {
  const value = `${name}-${calls}`
  return command('set', item, ['set', item, `note=${value}`], { more: { value } })
}

const move = (verb, item, args = []) => command(verb, item, [verb, item, ...args])

/** Claims an item and works on it; what it does when it is superseded is to go on as if it were not. */
async function work(item) {
  const got = await claim(item)
  if (got.code === 5) return await move('reopen', item)
  if (got.code === 4) return chance(0.1) ? await stranger(item) : await sleep(60)
  const steps = Math.floor(random() * 5)
  for (let i = 0; i < steps && isUp(); i++) {
    await sleep(chance(0.06) ? ttlSeconds * 1200 : 60)
    const what = random()
    if (what < 0.4) await set(item)
    else if (what < 0.65) await claim(item)
    else if (what < 0.9) await heartbeat()
    else await move('start', item)
  }
  const end = random()
  if (end < 0.55) await release(item)
  else if (end < 0.65) await move('archive', item)
  else if (end < 0.75) await move('done', item)
  else if (end < 0.82) await move('block', item, ['--reason', 'waits for the tide'])
  else if (end < 0.87) await command('end', null, ['session', 'end']).then(begin)
}

/** Meddles with an item that it has not claimed, or not lately. */
async function stranger(item) {
  const what = random()
  if (what < 0.25) await set(item)
  else if (what < 0.45) await release(item)
  else if (what < 0.6) await move('archive', item)
  else if (what < 0.7) await move('unblock', item)
  else if (what < 0.8) await move('start', item)
  else if (what < 0.9) await claim(item, ['--force', '--reason', 'the storm'])
  else await release(item, ['--force', '--reason', 'the storm'])
}

/** A run that takes a session lock, renews it and gives it up. */
async function runWithLock(lock) {
  const run = `${name}-run-${calls}`
  const args = ['--run-id', run]
  const item = `lock:${lock}`
  const of = (verb, ...more) =>
    command(`lock ${verb}`, item, ['lock', verb, lock, ...args, ...more], { more: { who: run } })
  const got = await of('claim', '--ttl', String(ttlSeconds))
  if (got.code === 4) return
  for (let i = Math.floor(random() * 3); i > 0 && isUp(); i--) {
    await sleep(chance(0.15) ? ttlSeconds * 1200 : 60)
    await of(chance(0.5) ? 'renew' : 'claim')
  }
  if (chance(0.85)) await of('release')
}

/** A new session, with this worker's agent as its anchor or with nothing but its heartbeat. */
async function begin() {
  session = `${name}-s${sessions++}`
  const args = anchored
    ? ['session', 'start', '--provider', 'claude', '--session-id', session]
    : ['heartbeat']
  // Whatever is killed later, the session is listed.
  await command('begin', null, args, { calm: true })
}

await begin()
while (isUp()) {
  const what = random()
  if (what < 0.72) await work(pick(items))
  else if (what < 0.86) await stranger(pick(items))
  else if (what < 0.96) await runWithLock(pick(locks))
  else await heartbeat()
}
