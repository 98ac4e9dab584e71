/** The package as a user gets it: packed, installed beside its dependencies, imported, type-checked. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { type Result, resultOf } from '../support/result.ts'

/** A user's project with wrk-cli in its node_modules. */
let app: string
let installed: string

const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
}

function call(program: string, args: readonly string[], cwd = app): Result {
  const done = spawnSync(program, args, { cwd, env: cleanEnv(tempFolder()), encoding: 'utf8' })
  return resultOf(done.status, done.stdout, done.stderr)
}

beforeAll(() => {
  app = tempFolder()
  const packed = call(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--offline', '--pack-destination', app],
    ROOT,
  )
  expect(packed).toMatchObject({ code: 0 })
  const modules = join(app, 'node_modules')
  installed = join(modules, 'wrk-cli')
  mkdirSync(installed, { recursive: true })
  const tarball = readdirSync(app).find(name => name.endsWith('.tgz'))!
  expect(call('tar', ['-xzf', join(app, tarball), '--strip-components=1', '-C', installed])).toMatchObject({
    code: 0,
  })
  // What `npm install` would fetch, without a network: the same packages as the project itself has.
  for (const name of [...Object.keys(MANIFEST.dependencies), '@types/node']) {
    mkdirSync(join(modules, name, '..'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(app, 'package.json'), '{"name": "app", "private": true, "type": "module"}\n')
}, 120_000)

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

describe('the library', () => {
  test('claims, tells who holds, and releases', () => {
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

  test('takes an id that is no text for a usage error, and names no option of the command', () => {
    const { stdout, stderr } = runModule(
      makeQueue(['WRK-3']),
      `const told = async work => work().then(() => 'done', error => [error instanceof WrkError && error.code, error.message])
const queue = await openQueue(dir, { session: 's', env: {} })
const all = []
for (const id of [undefined, null, 3, {}]) all.push(await told(() => queue.claim(id)))
all.push(await told(() => queue.release(3)), await told(() => queue.show(undefined)))
all.push(await told(() => openQueue('/nowhere', { env: {} })))
all.push(await told(() => openQueue(undefined, { env: { WRK_QUEUE: '/nowhere' } })))
log(all)`,
    )
    expect(stderr).toBe('')
    const no = (what: string) => ['USAGE', `an item id is a text, not ${what}`]
    expect(JSON.parse(stdout)).toEqual([
      ...[no('undefined'), no('null'), no('number'), no('object'), no('number'), no('undefined')],
      ['NOT_FOUND', 'no queue at /nowhere'],
      ['NOT_FOUND', 'no queue at /nowhere (WRK_QUEUE)'],
    ])
  })

  test('takes over nothing without a reason or by a time that is none, and no folder that is no text', () => {
    const queue = makeQueue({ 'pending/WRK-1.md': heldItem('WRK-1', 'other', ago(60_000)) })
    const before = queue.read('WRK-1')
    const { stdout, stderr } = runModule(
      queue,
      `const told = async work => work().then(() => 'done', error => [error instanceof WrkError && error.code, error.message])
const queue = await openQueue(dir, { session: 's', env: {} })
await (await openQueue(dir, { session: 'other', env: {} })).sessionStart({ provider: 'codex' })
const all = []
for (const force of ['', '  ', 5, null]) {
  all.push(await told(() => queue.claim('WRK-1', { force })))
  all.push(await told(() => queue.release('WRK-1', { force })))
  all.push(await told(() => queue.sessionEnd({ id: 'other', force })))
}
const times = []
for (const ms of [-5, NaN, Infinity, '5']) {
  times.push(await told(() => queue.claim('WRK-1', { ttlMs: ms })))
  times.push(await told(() => queue.claim('WRK-1', { waitMs: ms })))
}
log({ all, times, folder: await told(() => openQueue(5, { env: {} })) })`,
    )
    expect(stderr).toBe('')
    const { all, times, folder } = JSON.parse(stdout)
    expect(all).toEqual(Array(12).fill(['USAGE', 'force needs a reason, which is kept in the event log']))
    expect(times).toEqual(
      ['-5', 'NaN', 'Infinity', '5'].flatMap(ms =>
        ['ttlMs', 'waitMs'].map(name => ['USAGE', `${name} is not a length of time: ${ms}`]),
      ),
    )
    expect(folder).toEqual(['USAGE', 'the folder of a queue is a text, not number'])
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
    expect(queue.exists('.wrk')).toBe(false)
  })
})

describe('the types', () => {
  const config = {
    compilerOptions: {
      ...{ target: 'es2023', module: 'nodenext', moduleResolution: 'nodenext', strict: true, noEmit: true },
      ...{ skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      types: ['node'],
    },
    files: ['use.ts'],
  }

  function check(source: string): Result {
    const folder = join(app, 'typed')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'use.ts'), source)
    return call(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])
  }

  const GOOD = `import { openQueue, WrkError, type ClaimedItem, type ErrorCode, type ListedItem, type Queue, type QueueOptions } from 'wrk-cli'
const options: QueueOptions = { session: 'nightly-7', env: {}, clock: () => new Date() }
const queue: Queue = await openQueue('.claude/work-queue', options)
const result = await queue.claim('WRK-157', { ttlMs: 1000, waitMs: 10 })
if (result.kind === 'held') {
  const holder: string = result.holder.session_id
  console.log(holder)
} else {
  const claimed: ClaimedItem = result
  const by: string = claimed.lock.locked_by
  console.log(by, (await queue.release('WRK-157')).released satisfies boolean)
}
const items: ListedItem[] = await queue.list({ status: ['pending'], priority: 'high', mine: true })
console.log(items[0]?.problems[0]?.line.toFixed(), (await queue.log({ last: 3 })).map(event => event.seq), (await queue.where()).queue)
try {
  await queue.show('x')
} catch (error) {
  if (error instanceof WrkError) {
    const code: ErrorCode = error.code
    console.log(code, error.hint)
  }
}
`

  test('let a program compile that uses the library rightly', () => {
    expect(check(GOOD)).toMatchObject({ code: 0, stdout: '' })
  })

  test.each([
    [
      'a result’s lock without looking whether it was granted',
      "const { lock } = await queue.claim('WRK-1')\nconsole.log(lock)",
    ],
    ['an option that does not exist', "await queue.claim('WRK-1', { seconds: 5 })"],
    ['an id that is no text', 'await queue.claim(157)'],
    ['a code outside the closed list', "const code: import('wrk-cli').ErrorCode = 'OOPS'\nconsole.log(code)"],
  ])('do not compile %s', (_, line) => {
    const { code, stdout } = check(
      `import { openQueue } from 'wrk-cli'\nconst queue = await openQueue()\n${line}\nconsole.log(queue)\n`,
    )
    expect(code).not.toBe(0)
    expect(stdout).toMatch(/^use\.ts\(\d|use\.ts\(\d+,\d+\): error/m)
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
