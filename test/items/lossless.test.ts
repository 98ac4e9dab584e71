/**
 * A claim changes the two lock lines and nothing else: on every form in fixtures/queue and, where
 * WRK_CORPUS names some, on hundreds of real files. What is expected is worked out here from the lines of the
 * file, not by the code that is tested.
 */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { isMap, isScalar, parseDocument } from 'yaml'
import { CORPUS } from '../support/corpus.ts'
import { item } from '../support/items.ts'
import { ROOT } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'

const FIXTURES = join(ROOT, 'fixtures', 'queue')
const LIBRARY = pathToFileURL(join(ROOT, 'dist', 'index.js')).href
const NOW = '2026-02-16T19:30:05Z'
const IS_ROOT = process.getuid?.() === 0

const OPEN = [
  ...['WRK-250.md', 'blocked/WRK-220.md', 'done/WRK-231.md', 'pending/WRK-139-tide-table.md'],
  ...['pending/WRK-157.md', 'pending/WRK-201.md', 'pending/WRK-202.md', 'pending/WRK-203.md'],
  ...['pending/WRK-204.md', 'pending/WRK-205.md', 'pending/WRK-207.md', 'pending/WRK-208.md'],
  ...['pending/workspace-hub-1311.md', 'working/WRK-210.md', 'working/WRK-211.md', 'working/WRK-212.md'],
]
const CLOSED = ['archive/2026-01/WRK-240.md', 'done/WRK-230.md']
/** With the place that the message names. */
const REFUSED: Record<string, string> = {
  'blocked/WRK-221.md': '7:1',
  'pending/WRK-260.md': '2:1',
  'pending/WRK-262.md': '1:1',
  'pending/WRK-263.md': '1:4',
  'pending/WRK-264.md': '6:1',
  'pending/WRK-265.md': '3:1',
}
const AMBIGUOUS = ['archive/2026-01/WRK-241.md', 'pending/WRK-241.md']

function idOf(path: string): string {
  const [, prefix, number] = /^(.+?)-(\d+)/.exec(basename(path))!
  return `${prefix}-${number}`
}

/**
 * The file with another lock, worked out line by line: the value on a lock's own line is replaced, and a
 * line that is missing goes directly before the closing fence. Every other line is copied.
 */
function withLock(before: Buffer, by: string, at: string): Buffer {
  // One character per byte, so that nothing but what is meant to can change.
  const lines = before.toString('latin1').split('\n')
  const fence = lines.findIndex((line, i) => i > 0 && /^---[ \t]*\r?$/.test(line))
  expect(fence).toBeGreaterThan(0)
  const indent = /^ *(?=[A-Za-z"'])/.exec(lines.slice(1, fence).find(line => /^ *[A-Za-z"']/.test(line))!)![0]
  const missing: string[] = []
  for (const [key, value] of [
    ['locked_by', by],
    ['locked_at', at],
  ] as const) {
    const own = new RegExp(
      `^${indent}${key}:([ \\t]+(?:"[^"]*"|'[^']*'|[^#\\s]\\S*))?([ \\t]+#.*?)?[ \\t]*(\\r?)$`,
    )
    const place = lines.findIndex((line, i) => i > 0 && i < fence && own.test(line))
    const eol = lines[fence - 1]!.endsWith('\r') ? '\r' : ''
    if (place < 0) missing.push(`${indent}${key}: "${value}"${eol}`)
    else
      lines[place] = lines[place]!.replace(
        own,
        (_, _old, note, cr) => `${indent}${key}: "${value}"${note ?? ''}${cr}`,
      )
  }
  lines.splice(fence, 0, ...missing)
  return Buffer.from(lines.join('\n'), 'latin1')
}

/** Says where two files differ in place of printing both. */
function expectSame(found: Buffer, wanted: Buffer): void {
  if (found.equals(wanted)) return
  expect(found.toString('latin1')).toBe(wanted.toString('latin1'))
}

let openQueue: typeof import('../../src/index.ts').openQueue

beforeAll(async () => {
  const library = (await import(/* @vite-ignore */ LIBRARY)) as typeof import('../../src/index.ts')
  openQueue = library.openQueue
})

/** The library as one session sees a queue, at a standing clock. */
function opened(queue: Queue, session: string) {
  return openQueue(queue.root, { session, env: {}, clock: () => new Date(NOW) })
}

interface Subject {
  queue: Queue
  /** Relative to the queue. */
  path: string
}

/** Claim, release, claim, release by the library, looking at the bytes and the file's attributes each time. */
async function expectLossless({ queue, path }: Subject): Promise<void> {
  const id = idOf(path)
  const before = readFileSync(join(queue.root, path))
  const { mode, uid, gid } = statSync(join(queue.root, path))
  const calls = await opened(queue, 'lossless-check')
  const claim = async () => {
    const result = await calls.claim(id).catch(error => error)
    if (result.kind !== 'held' && result.code !== 'CLOSED') return result
    return calls.claim(id, { force: 'the test wants it' })
  }

  const claimed = await claim()
  expect({ [path]: claimed.kind ?? claimed.message }).toEqual({
    [path]: expect.stringMatching(/^(granted|takenOver)$/),
  })
  const locked = withLock(before, 'lossless-check', NOW)
  expectSame(readFileSync(join(queue.root, path)), locked)
  expect((await calls.release(id)).reason).toBe('released')
  const released = withLock(locked, '', '')
  expectSame(readFileSync(join(queue.root, path)), released)

  expect((await claim()).kind).toBe('granted')
  expectSame(readFileSync(join(queue.root, path)), locked)
  expect((await calls.release(id)).released).toBe(true)
  expectSame(readFileSync(join(queue.root, path)), released)

  const after = statSync(join(queue.root, path))
  expect({ mode: after.mode, uid: after.uid, gid: after.gid }).toEqual({ mode, uid, gid })
}

function copyOfFixtures(): Queue {
  const queue = makeQueue()
  cpSync(FIXTURES, queue.root, { recursive: true })
  // Half a lock counts from the file's own time; a copy of it was made just now.
  const old = new Date('2026-01-01T00:00:00Z')
  for (const path of filesBelow(queue.root)) utimesSync(join(queue.root, path), old, old)
  return queue
}

function filesBelow(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter(name => statSync(join(folder, name)).isFile()).sort()
}

test('the example queue holds the items that these tests know, and its bytes are as they were made', () => {
  const known = [...OPEN, ...CLOSED, ...Object.keys(REFUSED), ...AMBIGUOUS, 'INDEX.md'].sort()
  expect(filesBelow(FIXTURES)).toEqual(known)
  const bytes = (path: string) => readFileSync(join(FIXTURES, path), 'latin1')
  expect(bytes('pending/WRK-201.md')).toContain('---\r\nid: WRK-201\r\n')
  expect(bytes('pending/WRK-201.md').replaceAll('\r\n', '')).not.toContain('\n')
  expect(bytes('pending/WRK-202.md').startsWith('\xef\xbb\xbf---\n')).toBe(true)
  expect(bytes('pending/WRK-203.md').endsWith('\n---')).toBe(true)
  expect(bytes('pending/WRK-204.md').endsWith('\n')).toBe(false)
  const told = readFileSync(join(ROOT, 'fixtures', 'README.md'), 'utf8')
  for (const path of known) expect(told).toContain(`\`${path}\``)
})

describe('in the example queue, claim and release by the command change only the lock lines of', () => {
  test.each([...OPEN, ...CLOSED])('%s', async path => {
    const queue = copyOfFixtures()
    const others = () =>
      filesBelow(queue.root)
        .filter(name => name.endsWith('.md') && name !== path)
        .map(name => [name, readFileSync(join(queue.root, name), 'latin1')])
    const untouched = others()
    const before = readFileSync(join(queue.root, path))
    chmodSync(join(queue.root, path), 0o664)
    const env = { WRK_NOW: NOW }
    const force = CLOSED.includes(path) ? ['--force', '--reason', 'to see'] : []
    const claim = ['claim', idOf(path), ...force]

    expect(await queue.run(claim, { env })).toMatchObject({ code: 0 })
    const locked = withLock(before, 'tester', NOW)
    expectSame(readFileSync(join(queue.root, path)), locked)

    expect(await queue.run(['release', idOf(path)], { env })).toMatchObject({ code: 0 })
    const released = withLock(locked, '', '')
    expectSame(readFileSync(join(queue.root, path)), released)

    expect(await queue.run(claim, { env })).toMatchObject({ code: 0 })
    expect(await queue.run(['release', '--mine'], { env })).toMatchObject({ code: 0 })
    expectSame(readFileSync(join(queue.root, path)), released)
    expect(statSync(join(queue.root, path)).mode & 0o7777).toBe(0o664)
    expect(others()).toEqual(untouched)
    expect(queue.leftovers()).toEqual([])
  })
})

describe('in the example queue, the command refuses with line and column, and does not touch', () => {
  test.each(Object.entries(REFUSED))('%s (%s)', async (path, place) => {
    const queue = copyOfFixtures()
    const before = filesBelow(queue.root).map(name => [name, queue.read(name)])
    const claim = await queue.run(['claim', idOf(path), '--json'])
    expect(claim.code).toBe(5)
    expect(claim.json).toMatchObject({ ok: false, error: { code: 'INVALID_ITEM', hint: expect.any(String) } })
    expect(claim.json.error.message).toContain(`${join(queue.root, path)}:${place}: `)
    const forced = await queue.run(['claim', idOf(path), '--force', '--reason', 'all the same'])
    expect(forced.code).toBe(5)
    const release = await queue.run(['release', idOf(path), '--json'])
    // One that cannot be written can still be read: nobody holds it, so there is nothing to release.
    expect(release.code).toBe(path === 'pending/WRK-265.md' ? 0 : 5)
    expect(before.map(([name]) => [name, queue.read(name!)])).toEqual(before)
    expect(existsSync(join(queue.home, 'canary'))).toBe(false)
  })
})

describe('one item keeps', () => {
  test.each([0o600, 0o664, 0o640, 0o444])('its mode %o', async mode => {
    const queue = makeQueue(['WRK-157'])
    chmodSync(queue.path('WRK-157'), mode)
    expect((await queue.run('claim WRK-157')).code).toBe(0)
    expect(statSync(queue.path('WRK-157')).mode & 0o7777).toBe(mode)
    expect((await queue.run('release WRK-157')).code).toBe(0)
    expect(statSync(queue.path('WRK-157')).mode & 0o7777).toBe(mode)
  })

  test.skipIf(!IS_ROOT)('its owner and group when root claims it', async () => {
    const queue = makeQueue(['WRK-157'])
    chownSync(queue.path('WRK-157'), 1234, 5678)
    expect((await queue.run('claim WRK-157')).code).toBe(0)
    expect(statSync(queue.path('WRK-157'))).toMatchObject({ uid: 1234, gid: 5678 })
  })

  test('a body of two megabytes, byte by byte, whatever the bytes are', async () => {
    const body = Buffer.alloc(2 * 1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
    const before = Buffer.concat([Buffer.from(item('WRK-1', { locked_by: null, locked_at: null })), body])
    const queue = makeQueue({ 'pending/WRK-1.md': before })
    expect((await queue.run('claim WRK-1', { env: { WRK_NOW: NOW } })).code).toBe(0)
    expectSame(readFileSync(queue.path('WRK-1')), withLock(before, 'tester', NOW))
  })
})

/** A file of the corpus, under a name that agrees with its id, and whether wrk has to be able to claim it. */
interface RealFile {
  from: string
  name: string
  usable: boolean
}

/** Judged by the `yaml` package and the contract's words, not by wrk. */
function judge(from: string, bytes: Buffer, number: number): RealFile {
  const other = { from, name: `WRK-${number}.md`, usable: false }
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  const yaml = /(?<![\s\S])---[ \t]*\r?\n([\s\S]*?)^---[ \t]*\r?$/m.exec(text)?.[1]
  if (yaml === undefined) return other
  const document = parseDocument(yaml, { uniqueKeys: false, logLevel: 'error' })
  if (document.errors.length > 0 || !isMap(document.contents) || document.contents.flow) return other
  const keys = document.contents.items.map(({ key }) => String(key))
  if (['id', 'locked_by', 'locked_at'].some(key => keys.filter(one => one === key).length > 1)) return other
  const id = document.get('id', true)
  if (id === undefined || (isScalar(id) && (id.value === null || id.value === '')))
    return { ...other, usable: true }
  const word = isScalar(id) ? (id.source ?? '') : ''
  if (!/^(?:[A-Za-z][A-Za-z0-9_.]*(?:-[A-Za-z][A-Za-z0-9_.]*)*[-#])?\d{1,9}$/.test(word)) return other
  return { from, name: `${/^\d+$/.test(word) ? `WRK-${word}` : word.replace('#', '-')}.md`, usable: true }
}

function realFiles(part: string): RealFile[] {
  const folder = join(CORPUS!, part)
  return filesBelow(folder)
    .filter(name => name.endsWith('.md') && /\d/.test(basename(name)))
    .map((name, i) => judge(join(folder, name), readFileSync(join(folder, name)), 900_000 + i))
}

function place(queue: Queue, { from, name }: RealFile, i: number): string {
  const path = `pending/${name}`
  cpSync(from, join(queue.root, path))
  chmodSync(join(queue.root, path), i % 2 ? 0o600 : 0o664)
  if (IS_ROOT && i % 3 === 0) chownSync(join(queue.root, path), 1234, 5678)
  return path
}

describe.skipIf(CORPUS === null)('of the real files', () => {
  test.each(['items', 'queue'])(
    'in %s, every usable one can be claimed and released without loss, and every other is refused as it is',
    async part => {
      const queue = makeQueue()
      const files = realFiles(part)
      for (const [i, file] of files.entries()) {
        const path = place(queue, file, i)
        if (file.usable) await expectLossless({ queue, path })
        else await expectRefused({ queue, path }, file)
        rmSync(join(queue.root, path))
      }
      expect(files.length).toBeGreaterThan(0)
    },
    240_000,
  )

  test('a sample can be claimed by the command too', async () => {
    const queue = makeQueue()
    const files = realFiles('items').filter(({ usable }) => usable)
    for (const [i, file] of files.filter((_, n) => n % 60 === 7).entries()) {
      const path = place(queue, file, i)
      const before = readFileSync(join(queue.root, path))
      const claim = await queue.run(['claim', idOf(path), '--force', '--reason', 'a sample'], {
        env: { WRK_NOW: NOW },
      })
      expect(claim).toMatchObject({ code: 0 })
      expectSame(readFileSync(join(queue.root, path)), withLock(before, 'tester', NOW))
      rmSync(join(queue.root, path))
    }
  })
})

async function expectRefused({ queue, path }: Subject, { from }: RealFile): Promise<void> {
  const before = readFileSync(join(queue.root, path))
  const calls = await opened(queue, 'lossless-check')
  const answer = await calls.claim(idOf(path), { force: 'the test wants it' }).catch(error => error)
  expect({ [from]: answer.code }).toEqual({ [from]: 'INVALID_ITEM' })
  expect(answer.message).toMatch(/^.*\/pending\/[^/]*\.md:\d+:\d+: ./)
  expect(answer.message).toContain(join(queue.root, path))
  expectSame(readFileSync(join(queue.root, path)), before)
}
