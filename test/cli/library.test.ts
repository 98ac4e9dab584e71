/** The package as a user gets it: packed, installed beside its dependencies, imported, type-checked. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { ROOT } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { app, call, compile, installed, MANIFEST } from './library.shared.ts'

/** Runs a module of the user's project and gives what it logs as JSON. */
function runModule(queue: Queue, body: string): Result {
  const file = join(app, `use-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(
    file,
    `import { openQueue, WrkError } from 'wrk-cli'
const dir = ${JSON.stringify(queue.root)}
const log = value => console.log(JSON.stringify(value))
${body}
`,
  )
  return call(process.execPath, [file])
}

describe('the packed package', () => {
  test('holds the commands, the library with its types and the templates, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    for (const name of [
      'dist/wrk.cjs',
      'dist/index.js',
      'dist/types/index.d.ts',
      'templates/item.md',
      'package.json',
    ])
      expect(files).toContain(name)
    const strange = files.filter(
      name => !/^(dist|templates)(\/|$)|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(name),
    )
    expect(strange).toEqual([])
  })

  test('has both commands, which work where nothing of the project is around', () => {
    const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      bin: Record<string, string>
    }
    expect(Object.keys(bin).sort()).toEqual(['wrk', 'wrk-cli'])
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { title: '&a "x"' }) })
    for (const path of Object.values(bin)) {
      const program = join(installed, path)
      expect(readFileSync(program, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true)
      expect(call(program, ['--version']).stdout).toBe(`${MANIFEST.version}\n`)
      expect(call(program, ['show', 'WRK-1', '--queue', queue.root]).stdout).toContain('WRK-1  x')
    }
    const fresh = join(tempFolder(), 'queue')
    expect(call(join(installed, bin.wrk!), ['init', fresh]).code).toBe(0)
    expect(existsSync(join(fresh, 'templates', 'item.md'))).toBe(true)
  })

  test('names neither the place where it was made nor its sources', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(name =>
      /\.(c?js|ts|json|md)$/.test(name),
    )
    expect(files.filter(name => readFileSync(join(installed, name), 'utf8').includes(ROOT))).toEqual([])
  })
})

test('its types compile in strict programs that check them, without types of Node.js or of any other package', () => {
  const source = `import { openQueue, type ClaimedItem, type Queue } from 'wrk-cli'
const queue: Queue = await openQueue('.', { session: 'nightly-7' })
const claim = await queue.claim('WRK-157')
export const claimed: ClaimedItem | null = claim.kind === 'held' ? null : claim
export const isStopped = await queue.withClaim('WRK-158', ({ signal }) => signal.aborted)
`
  expect(compile(source)).toMatchObject({ code: 0, stdout: '' })
})

describe('the library', () => {
  test('claims, says who holds, and releases', () => {
    const queue = makeQueue(['WRK-157'])
    const { code, stdout, stderr } = runModule(
      queue,
      `const first = await openQueue(dir, { session: 'first', env: {} })
const second = await openQueue(dir, { session: 'second', env: {} })
const claim = await first.claim('WRK-157')
const held = await second.claim('157')
const refused = await second.release('WRK-157')
const shown = await second.show('WRK-157')
const listed = await second.list({ locked: true })
const status = await second.status()
const beat = await first.heartbeat()
const released = await first.release('WRK-157')
const mine = await first.releaseMine()
log({ claim, held, refused, shown, listed, status, beat, released, mine, log: await first.log({ last: 1 }), where: await first.where(), id: await first.sessionId() })`,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      claim: {
        kind: 'granted',
        item: { id: 'WRK-157' },
        lock: { locked_by: 'first' },
        from: null,
        warnings: [],
      },
      held: { kind: 'held', holder: { session_id: 'first', liveness: 'unknown' } },
      refused: { released: false, reason: 'held-by-other', holder: { session_id: 'first' } },
      shown: [{ item: { id: 'WRK-157' }, holder: { session_id: 'first' }, problems: [] }],
      listed: [{ id: 'WRK-157', locked_by: 'first' }],
      status: {
        sessions: [{ session_id: 'first', items: [{ id: 'WRK-157' }] }, { session_id: 'second' }],
        orphans: [],
      },
      beat: { session: { id: 'first' }, superseded: [] },
      released: { released: true, reason: 'released' },
      mine: [],
      log: [{ type: 'released', item: 'WRK-157' }],
      where: { queue: queue.root },
      id: { session: { id: 'first', source: 'flag' } },
    })
    expect(queue.read('WRK-157')).toBe(item('WRK-157'))
  })

  test('starts and ends sessions, and takes over with a warning', () => {
    const queue = makeQueue({ 'pending/WRK-1.md': heldItem('WRK-1', 'older', ago(9 * HOUR)) })
    const { stdout, stderr } = runModule(
      queue,
      `const queue = await openQueue(dir, { session: 'nightly-7', env: {} })
const started = await queue.sessionStart({ provider: 'codex' })
const claim = await queue.claim('WRK-1', { ttlMs: 3600_000, runId: 'r1' })
log({ started, claim, ended: await queue.sessionEnd() })`,
    )
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      started: { id: 'nightly-7', agent: 'codex' },
      claim: { kind: 'takenOver', from: { locked_by: 'older' } },
      ended: { session: 'nightly-7', released: [{ released: true }] },
    })
  })

  test('ends what cannot be done with a WrkError and a code of the closed list', () => {
    const queue = makeQueue({
      'pending/WRK-1.md': '# nothing\n',
      'done/WRK-2.md': item('WRK-2', { status: 'done' }),
      'pending/WRK-3.md': item('WRK-3'),
      'working/WRK-3.md': item('WRK-3'),
      'pending/WRK-4.md': item('WRK-4'),
    })
    const { stdout, stderr } = runModule(
      queue,
      `const codes = []
const code = async work => codes.push(await work().then(() => 'done', error => error instanceof WrkError && error instanceof Error && error.hint !== '' && error.code))
const queue = await openQueue(dir, { session: 's', env: {} })
for (const id of ['nonsense', '../x', 'WRK-9', 'WRK-1', 'WRK-2', 'WRK-3', 'WRK-4']) await code(() => queue.claim(id))
await code(() => openQueue('/nowhere', { env: {} }))
await code(() => openQueue(dir, { env: { WRK_NOW: 'nonsense' } }))
await code(async () => (await openQueue(dir, { session: 'a b', env: {} })).claim('WRK-4'))
log(codes)`,
    )
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([
      ...['USAGE', 'USAGE', 'NOT_FOUND', 'INVALID_ITEM', 'CLOSED', 'AMBIGUOUS', 'done'],
      ...['NOT_FOUND', 'USAGE', 'USAGE'],
    ])
  })

  test('refuses an id that is not text as a usage error, and names no option of the command', () => {
    const { stdout, stderr } = runModule(
      makeQueue(['WRK-3']),
      `const answer = async work => work().then(() => 'done', error => [error instanceof WrkError && error.code, error.message])
const queue = await openQueue(dir, { session: 's', env: {} })
const all = []
for (const id of [undefined, null, 3, {}]) all.push(await answer(() => queue.claim(id)))
all.push(await answer(() => queue.release(3)), await answer(() => queue.show(undefined)))
all.push(await answer(() => openQueue('/nowhere', { env: {} })))
all.push(await answer(() => openQueue(undefined, { env: { WRK_QUEUE: '/nowhere' } })))
log(all)`,
    )
    expect(stderr).toBe('')
    const no = (what: string) => ['USAGE', `the id must be a string, not ${what}`]
    expect(JSON.parse(stdout)).toEqual([
      ...[no('undefined'), no('null'), no('number'), no('object'), no('number'), no('undefined')],
      ['NOT_FOUND', 'no queue at /nowhere'],
      ['NOT_FOUND', 'no queue at /nowhere (WRK_QUEUE)'],
    ])
  })

  test('refuses force without a reason, a time that is not one, and a folder that is not text', () => {
    const queue = makeQueue({ 'pending/WRK-1.md': heldItem('WRK-1', 'other', ago(60_000)) })
    const before = queue.read('WRK-1')
    const { stdout, stderr } = runModule(
      queue,
      `const answer = async work => work().then(() => 'done', error => [error instanceof WrkError && error.code, error.message])
const queue = await openQueue(dir, { session: 's', env: {} })
await (await openQueue(dir, { session: 'other', env: {} })).sessionStart({ provider: 'codex' })
const all = []
for (const force of ['', '  ', 5, null]) {
  all.push(await answer(() => queue.claim('WRK-1', { force })))
  all.push(await answer(() => queue.release('WRK-1', { force })))
  all.push(await answer(() => queue.sessionEnd({ id: 'other', force })))
}
const times = []
for (const ms of [-5, NaN, Infinity, '5']) {
  times.push(await answer(() => queue.claim('WRK-1', { ttlMs: ms })))
  times.push(await answer(() => queue.claim('WRK-1', { waitMs: ms })))
}
log({ all, times, folder: await answer(() => openQueue(5, { env: {} })) })`,
    )
    expect(stderr).toBe('')
    const { all, times, folder } = JSON.parse(stdout)
    expect(all).toEqual(Array(12).fill(['USAGE', 'force needs a reason']))
    expect(times).toEqual(
      ['-5', 'NaN', 'Infinity', '5'].flatMap(ms =>
        ['ttlMs', 'waitMs'].map(name => [
          'USAGE',
          `${name} must be a length of time in milliseconds, not ${ms}`,
        ]),
      ),
    )
    expect(folder).toEqual(['USAGE', 'the folder of a queue must be a string, not number'])
    expect(queue.read('WRK-1')).toBe(before)
  })

  test('lists by one word as by a list of them', () => {
    const items = {
      'pending/WRK-1.md': item('WRK-1'),
      'working/WRK-2.md': item('WRK-2', { status: 'working' }),
    }
    const { stdout, stderr } = runModule(
      makeQueue(items),
      `const queue = await openQueue(dir, { session: 's', env: {} })
const ids = async options => (await queue.list(options)).map(({ id }) => id)
log([await ids({ status: 'working' }), await ids({ status: ['working'] }), await ids({ priority: 'no-such' })])`,
    )
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([['WRK-2'], ['WRK-2'], []])
  })

  test('gives one of many simultaneous claims within a process the item', () => {
    const queue = makeQueue(['WRK-1'])
    const { stdout } = runModule(
      queue,
      `const queues = await Promise.all(Array.from({ length: 24 }, (_, i) => openQueue(dir, { session: 's' + i, env: {} })))
const results = await Promise.all(queues.map(queue => queue.claim('WRK-1')))
log(results.map(result => result.kind))`,
    )
    const kinds = JSON.parse(stdout) as string[]
    expect(kinds.filter(kind => kind === 'granted')).toHaveLength(1)
    expect(kinds.filter(kind => kind === 'held')).toHaveLength(23)
  })

  test('loads nothing and prints nothing when it is imported, and lets the process end', () => {
    const queue = makeQueue()
    expect(runModule(queue, '')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(runModule(queue, 'await openQueue(dir)')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(queue.stateFiles()).toEqual([])
  })
})

test('the example queue can be listed and claimed by the library as it was packed', () => {
  const queue = makeQueue()
  cpSync(join(ROOT, 'fixtures', 'queue'), queue.root, { recursive: true })
  const { stdout, stderr } = runModule(
    queue,
    `const queue = await openQueue(dir, { session: 's', env: {} })
const items = await queue.list()
log({ items: items.length, title: (await queue.show('205'))[0].fields.title, kind: (await queue.claim('WRK-205')).kind })`,
  )
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    items: 26,
    title: 'Collect the requirements of all three harbours in one place',
    kind: 'granted',
  })
})

describe('withClaim', () => {
  const two = `const mine = await openQueue(dir, { session: 'mine', env: {} })
const other = await openQueue(dir, { session: 'other', env: {} })
`

  test('does work under a claim, gives what the work gave, and releases', () => {
    const queue = makeQueue(['WRK-1'])
    const { stderr, json } = runModule(
      queue,
      `${two}const done = await mine.withClaim('1', async ({ item, lock, session, signal }) => ({
  item, lock, session, aborted: signal.aborted, refused: (await other.claim('WRK-1')).kind,
}))
log(done)`,
    )
    expect([stderr, json.kind, json.released, json.lost]).toEqual(['', 'done', true, null])
    expect(json.value).toMatchObject({
      item: { id: 'WRK-1', path: queue.path('WRK-1') },
      lock: { locked_by: 'mine' },
      session: { id: 'mine' },
      aborted: false,
      refused: 'held',
    })
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.events().map(({ type }) => type)).toEqual(expect.arrayContaining(['granted', 'released']))
    expect(queue.leftovers()).toEqual([])
  })

  test('does not begin the work where another holds the item', () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = runModule(
      queue,
      `${two}await other.claim('WRK-1')
let began = false
const { kind, holder } = await mine.withClaim('WRK-1', () => { began = true })
log({ kind, by: holder.session_id, began })`,
    )
    expect(json).toEqual({ kind: 'held', by: 'other', began: false })
    expect(queue.lock('WRK-1').by).toBe('other')
  })

  test('releases when the work fails, and passes its error on', () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = runModule(
      queue,
      `${two}log(await mine.withClaim('WRK-1', () => { throw new RangeError('my own') }).catch(error => [error.name, error.message]))`,
    )
    expect(json).toEqual(['RangeError', 'my own'])
    expect(queue.lock('WRK-1').by).toBe('')
  })

  test('fires the signal when the claim is lost, and leaves the item to whoever took it', () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = runModule(
      queue,
      `${two}const done = await mine.withClaim('WRK-1', async ({ signal }) => {
  await other.claim('WRK-1', { force: 'urgent' })
  await new Promise(settle => signal.addEventListener('abort', settle))
  return 'stopped'
})
log(done)`,
    )
    expect(json).toMatchObject({ kind: 'done', value: 'stopped', released: false, lost: { by: 'other' } })
    expect(queue.lock('WRK-1').by).toBe('other')
  })

  test('ends by the caller’s signal: before the work, or with it', () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = runModule(
      queue,
      `${two}const early = await mine.withClaim('WRK-1', () => 'began', { signal: AbortSignal.abort(new Error('too late')) }).catch(error => error.message)
const stop = new AbortController()
const late = await mine.withClaim('WRK-1', async ({ signal }) => {
  stop.abort(new Error('enough'))
  signal.throwIfAborted()
}, { signal: stop.signal }).catch(error => error.message)
log([early, late])`,
    )
    expect(json).toEqual(['too late', 'enough'])
    expect(queue.lock('WRK-1').by).toBe('')
  })

  test('keeps what the session held before', () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = runModule(
      queue,
      `${two}await mine.claim('WRK-1')
const { released, value } = await mine.withClaim('WRK-1', () => 7)
log([released, value])`,
    )
    expect(json).toEqual([false, 7])
    expect(queue.lock('WRK-1').by).toBe('mine')
  })

  test('of a process that is killed frees the item for the next', () => {
    const queue = makeQueue(['WRK-1'])
    runModule(queue, `${two}await mine.withClaim('WRK-1', () => process.kill(process.pid, 'SIGKILL'))`)
    expect(queue.lock('WRK-1').by).toBe('mine')
    const { json } = runModule(
      queue,
      `${two}const { kind, from } = await other.claim('WRK-1')\nlog([kind, from.locked_by])`,
    )
    expect(json).toEqual(['takenOver', 'mine'])
  })

  test('needs work to do', () => {
    const { json } = runModule(
      makeQueue(['WRK-1']),
      `${two}log(await mine.withClaim('WRK-1').catch(error => [error.code, error.message]))`,
    )
    expect(json).toEqual(['USAGE', 'withClaim needs a function'])
  })
})
